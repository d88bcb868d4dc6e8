//! Texts in the user's language, from the Fluent files under `assets/locales`.
//!
//! Every text a user sees has one id there, in English and in Chinese. Knows no screen: the shells pass
//! their own ids through [`text`].

use std::{fmt, sync::OnceLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

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

/// The text `id` (or `id.attribute`) with `args` filled in; the id itself where there is none.
pub fn text(lang: Lang, id: &str, args: &[(&str, String)]) -> String {
    lookup(lang, id, args).unwrap_or_else(|| id.to_owned())
}

/// As [`text`], but `None` where the language has no such id.
pub fn lookup(lang: Lang, id: &str, args: &[(&str, String)]) -> Option<String> {
    let bundle = bundle(lang);
    let (id, attribute) = id.split_once('.').map_or((id, None), |(id, attribute)| (id, Some(attribute)));
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(attribute) => message.get_attribute(attribute)?.value(),
        None => message.value()?,
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, fluent_value(value))).collect();
    let mut errors = Vec::new();
    Some(bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned())
}

/// Whole numbers become numbers, so that texts can tell one from many.
fn fluent_value(value: &str) -> FluentValue<'_> {
    let is_number = (1..=15).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { FluentValue::try_number(value) } else { FluentValue::from(value) }
}

/// Shows text that came from outside: control, `BiDi` and zero-width characters are escaped, so a name
/// can neither move the cursor nor pass for another one.
pub fn escape(text: &str) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        text.chars().try_for_each(|c| {
            let hidden = c.is_control()
                || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                    | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                    | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
            if hidden { write!(f, "\\u{{{:x}}}", c as u32) } else { write!(f, "{c}") }
        })
    })
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
        assert_eq!(
            escape("nginx\u{1b}[2J\u{202e}gnp\u{200b}").to_string(),
            "nginx\\u{1b}[2J\\u{202e}gnp\\u{200b}"
        );
        assert_eq!(escape("支付网关:1.0").to_string(), "支付网关:1.0");
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
