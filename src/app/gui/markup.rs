//! Text within HTML.

use sealift::Shown;

/// Text as it stands in HTML: nothing in it can become markup, or move what is next to it.
pub(crate) fn text(text: impl Into<Shown>) -> String {
    let mut out = String::new();
    for c in text.into().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(text("<b a='\"'>&\u{202e}\n"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\\u{202e}\\u{a}");
        assert_eq!(text("支付网关 🚢"), "支付网关 🚢");
    }
}
