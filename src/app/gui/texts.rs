//! The app's texts in the language that is shown, from `assets/locales/*/gui.ftl`.

use sealift::{Class, Error, Lang, Notice, lookup, text};

/// Looks texts up in one language; cheap to copy and to hand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) Lang);

impl Texts {
    /// The text `id`.
    pub(crate) fn t(self, id: &str) -> String {
        text(self.0, id, &[]).into()
    }

    /// What a sensitivity class is called.
    pub(crate) fn class(self, class: Class) -> String {
        self.t(&format!("class-{class}"))
    }

    /// The text `id` with `args` filled in.
    pub(crate) fn with(self, id: &str, args: &[(&str, String)]) -> String {
        text(self.0, id, args).into()
    }

    /// What to do about `error`: in this app's words where the library's speak of the command line.
    pub(crate) fn hint(self, error: &Error) -> Option<String> {
        if error.concerns_server() {
            return error.hint(self.0).map(String::from);
        }
        lookup(self.0, &format!("hint-{}", error.code().id()), &[])
            .or_else(|| error.hint(self.0))
            .map(String::from)
    }

    /// What was noticed: in this app's words where the library's speak of the command line.
    pub(crate) fn notice(self, notice: &Notice) -> String {
        self.notice_of(notice.kind.id(), &notice.about).unwrap_or_else(|| notice.render(self.0).into())
    }

    /// The same of one that was kept by its id; `None` of one that only a newer Sealift knows.
    pub(crate) fn notice_of(self, kind: &str, about: &str) -> Option<String> {
        let about = [("about", about.to_owned())];
        ["app-note", "note"]
            .iter()
            .find_map(|prefix| lookup(self.0, &format!("{prefix}-{kind}"), &about))
            .map(String::from)
    }

    /// The text `id` for a number, which the text calls `$num`.
    pub(crate) fn count(self, id: &str, num: usize) -> String {
        text(self.0, id, &[("num", num.to_string())]).into()
    }
}
