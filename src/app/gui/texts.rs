//! The app's texts in the language that is shown, from `assets/locales/*/gui.ftl`.

use sealift::{Lang, text};

/// Looks texts up in one language; cheap to copy and to hand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) Lang);

impl Texts {
    /// The text `id`.
    pub(crate) fn t(self, id: &str) -> String {
        text(self.0, id, &[])
    }

    /// The text `id` with `args` filled in.
    pub(crate) fn with(self, id: &str, args: &[(&str, String)]) -> String {
        text(self.0, id, args)
    }

    /// The text `id` for a number, which the text calls `$num`.
    pub(crate) fn count(self, id: &str, num: usize) -> String {
        text(self.0, id, &[("num", num.to_string())])
    }
}
