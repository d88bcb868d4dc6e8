//! Texts in the user's language, from the Fluent files under `assets/locales`.
//!
//! Every text a user sees has one id there, in English and in Chinese. Knows no screen: the shells pass
//! their own ids through [`text`]. What comes from outside is shown as [`Shown`] alone.

use std::{
    borrow::Borrow,
    fmt::{self, Write as _},
    ops::Deref,
    path::Path,
    sync::OnceLock,
};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unicode_normalization::char::is_combining_mark;

/// A language the product speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Lang {
    /// Both, in the order of `assets/locales`.
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// The language of a BCP 47 or POSIX locale name: Chinese for any `zh`, else English.
    pub fn from_locale(name: &str) -> Self {
        let language = name.split(['-', '_', '.']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") { Self::ZhCn } else { Self::En }
    }

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The Fluent files, in `en` and `zh-CN` alike.
    const fn files(self) -> [&'static str; 3] {
        match self {
            Self::En => [
                include_str!("../assets/locales/en/errors.ftl"),
                include_str!("../assets/locales/en/cli.ftl"),
                include_str!("../assets/locales/en/gui.ftl"),
            ],
            Self::ZhCn => [
                include_str!("../assets/locales/zh-CN/errors.ftl"),
                include_str!("../assets/locales/zh-CN/cli.ftl"),
                include_str!("../assets/locales/zh-CN/gui.ftl"),
            ],
        }
    }
}

fn bundle(lang: Lang) -> &'static FluentBundle<FluentResource> {
    static BUNDLES: OnceLock<[FluentBundle<FluentResource>; 2]> = OnceLock::new();
    &BUNDLES.get_or_init(|| Lang::ALL.map(load))[lang as usize]
}

fn load(lang: Lang) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(lang.tag().parse().into_iter().collect());
    // Isolation marks are for BiDi languages; in a terminal they show as boxes.
    bundle.set_use_isolating(false);
    for file in lang.files() {
        // A file with an error still yields its good entries; the test below allows none.
        let resource = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(resource, _)| resource);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// Text that is safe to show: in it no character from outside can move the cursor, start a line, reorder or hide
/// what is around it.
///
/// It is made by [`escape`], by the conversions below, which escape, and by [`text`], from words of ours. Everything that
/// prints, draws or logs takes it, so text from outside is escaped wherever it ends up.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown(String);

impl Shown {
    /// Several lines: the line breaks between them are kept, those within one are escaped.
    pub fn lines<T: Into<Self>>(lines: impl IntoIterator<Item = T>) -> Self {
        Self(lines.into_iter().map(|line| line.into().0).collect::<Vec<_>>().join("\n"))
    }

    /// A JSON document. What [`escape`] would escape becomes `\uXXXX`, so the document has the same value.
    pub fn json(document: &str) -> Self {
        let mut shown = String::with_capacity(document.len());
        for c in document.chars() {
            if c != '\n' && is_hidden(c) {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                    let _ = write!(shown, "\\u{unit:04x}");
                });
            } else {
                shown.push(c);
            }
        }
        Self(shown)
    }
}

impl Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Shown {
    fn borrow(&self) -> &str {
        self
    }
}

impl AsRef<str> for Shown {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl PartialEq<&str> for Shown {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        escape(text)
    }
}

impl From<&String> for Shown {
    fn from(text: &String) -> Self {
        escape(text)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        escape(&text)
    }
}

impl From<fmt::Arguments<'_>> for Shown {
    fn from(text: fmt::Arguments<'_>) -> Self {
        escape(&text.to_string())
    }
}

impl From<&Path> for Shown {
    fn from(path: &Path) -> Self {
        escape(&path.to_string_lossy())
    }
}

impl From<&Self> for Shown {
    fn from(shown: &Self) -> Self {
        shown.clone()
    }
}

impl From<Shown> for String {
    fn from(shown: Shown) -> Self {
        shown.0
    }
}

/// The text `id` (or `id.attribute`) with `args` filled in; the id itself where there is none.
pub fn text(lang: Lang, id: &str, args: &[(&str, String)]) -> Shown {
    lookup(lang, id, args).unwrap_or_else(|| escape(id))
}

/// As [`text`], but `None` where the language has no such id.
pub fn lookup(lang: Lang, id: &str, args: &[(&str, String)]) -> Option<Shown> {
    let bundle = bundle(lang);
    let (id, attribute) = id.split_once('.').map_or((id, None), |(id, attribute)| (id, Some(attribute)));
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(attribute) => message.get_attribute(attribute)?.value(),
        None => message.value()?,
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, fluent_value(value))).collect();
    let mut errors = Vec::new();
    Some(Shown(bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned()))
}

/// Whole numbers become numbers, so that texts can tell one from many; everything else is escaped.
fn fluent_value(value: &str) -> FluentValue<'_> {
    let is_number = (1..=15).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { FluentValue::try_number(value) } else { FluentValue::from(escape(value).0) }
}

/// Combining marks that may follow one another: more of them paint over the lines around.
const MAX_MARKS: usize = 4;

/// Escapes text from outside: control, `BiDi`, zero-width and blank characters, and combining marks that do not belong
/// to a letter. What is escaped already stays as it is.
pub fn escape(text: &str) -> Shown {
    let mut shown = String::with_capacity(text.len());
    // A mark that comes first would sit on whatever is shown before it.
    let mut num_marks = MAX_MARKS;
    for c in text.chars() {
        num_marks = if is_combining_mark(c) { num_marks + 1 } else { 0 };
        if is_hidden(c) || num_marks > MAX_MARKS {
            let _ = write!(shown, "\\u{{{:x}}}", c as u32);
        } else {
            shown.push(c);
        }
    }
    Shown(shown)
}

/// Whether a terminal or a window acts on `c` or shows nothing for it: control characters, those that Unicode calls
/// format characters or default ignorable, and letters that are blank.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Bytes for people: `1.48 GiB`.
pub(crate) fn human_bytes(num_bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let Some(unit) = (num_bytes.checked_ilog2().unwrap_or(0) / 10).checked_sub(1) else {
        return format!("{num_bytes} B");
    };
    let shift = 10 * (unit + 1);
    let hundredths = (u128::from(num_bytes) * 100 + (1 << (shift - 1))) >> shift;
    format!("{}.{:02} {}", hundredths / 100, hundredths % 100, UNITS[unit as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Ids and `id.attribute`s of one language.
    fn ids(lang: Lang) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for file in lang.files() {
            FluentResource::try_new(file.to_owned()).expect("every Fluent file parses");
            let mut id = String::new();
            for line in file.lines() {
                let Some((key, _)) = line.split_once(" =") else { continue };
                if let Some(attribute) = key.trim_start().strip_prefix('.') {
                    assert!(ids.insert(format!("{id}.{attribute}")), "{id}.{attribute} twice");
                } else if !key.starts_with([' ', '#']) {
                    key.clone_into(&mut id);
                    assert!(ids.insert(id.clone()), "{id} twice");
                }
            }
        }
        ids
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let (en, zh) = (ids(Lang::En), ids(Lang::ZhCn));
        assert_eq!(en.difference(&zh).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in zh-CN");
        assert_eq!(zh.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in en");
        assert!(en.len() > 100);
    }

    #[test]
    fn names_from_outside_cannot_play_tricks() {
        for (raw, shown) in [
            ("nginx\u{1b}[2J\u{202e}gnp\u{200b}", "nginx\\u{1b}[2J\\u{202e}gnp\\u{200b}"),
            ("a\rb\nc\td\u{7}\u{9b}", "a\\u{d}b\\u{a}c\\u{9}d\\u{7}\\u{9b}"),
            ("x\u{e0041}\u{fe0f}\u{2800}\u{fff9}", "x\\u{e0041}\\u{fe0f}\\u{2800}\\u{fff9}"),
            // A mark with no letter of its own, and more marks than a letter has in any language.
            ("\u{301}a", "\\u{301}a"),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}\u{301}\u{301}\\u{301}\\u{301}"),
        ] {
            assert_eq!(&*escape(raw), shown);
            assert_eq!(&*escape(shown), shown, "what is escaped stays as it is");
        }
        for plain in ["支付网关:1.0", "Tiếng Việt", "e\u{301}te\u{301}", "ประเทศ", "हिन्दी", "🚢 📦", "a b"]
        {
            assert_eq!(&*escape(plain), plain);
        }
    }

    #[test]
    fn arguments_of_texts_are_escaped_and_our_own_line_breaks_stay() {
        let path = [("path", "a\nb\u{1b}".to_owned()), ("recipient", "age1\u{202e}".to_owned())];
        let shown = text(Lang::En, "keys-generated", &path);
        assert!(shown.contains("a\\u{a}b\\u{1b}") && shown.contains("age1\\u{202e}"), "{shown}");
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert_eq!(&*text(Lang::En, "no-such-id\u{7}", &[]), "no-such-id\\u{7}");
        assert_eq!(&*Shown::lines(["a\rb", "c"]), "a\\u{d}b\nc");
        assert_eq!(&*Shown::from(format_args!("{}: {}", 1, "\u{9b}2J")), "1: \\u{9b}2J");
    }

    #[test]
    fn json_is_shown_with_escapes_of_its_own() {
        let value = serde_json::json!({ "支付\u{9b}": "\u{202e}\u{1b}\u{7f}\u{e0041}\n🚢" });
        for document in [value.to_string(), format!("{value:#}")] {
            let shown = Shown::json(&document);
            assert!(!shown.chars().any(|c| c != '\n' && is_hidden(c)), "{shown}");
            assert!(shown.contains("支付") && shown.contains('🚢'), "{shown}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn locale_names_choose_a_language() {
        for (name, lang) in [
            ("zh-CN", Lang::ZhCn),
            ("zh_TW.UTF-8", Lang::ZhCn),
            ("en_US", Lang::En),
            ("C", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::from_locale(name), lang, "{name}");
        }
    }
}
