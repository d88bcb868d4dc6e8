//! The result of a check as a file: in words for people, as JSON for programs. Pure.

use sealift::{Shown, fingerprint_in_all_languages, fingerprint_words, grouped};

use super::state::Verdict;
use crate::gui::{bundle::Header, figures, texts::Texts};

/// Words for the verdict's title and the line under it.
pub(super) fn verdict(texts: Texts, verdict: &Verdict) -> (String, String) {
    match (&verdict.blobs, &verdict.records) {
        (Some((blobs, num_images)), _) if verdict.is_whole() => {
            let counts = [
                ("images", num_images.to_string()),
                ("blobs", blobs.num_blobs.to_string()),
                ("size", figures::bytes(blobs.num_bytes)),
            ];
            (texts.t("verify-whole-blobs"), texts.with("verify-whole-blobs-line", &counts))
        }
        (_, Some(records)) if verdict.is_whole() => {
            let counts = [("records", records.num_records.to_string())];
            (texts.t("verify-whole"), texts.with("verify-whole-line", &counts))
        }
        (_, Some(records)) if !records.is_whole() => {
            let counts = [
                ("damaged", records.damaged.len().to_string()),
                ("records", records.num_records.to_string()),
            ];
            (texts.t("verify-broken"), texts.with("verify-broken-line", &counts))
        }
        _ => (texts.t("verify-broken"), texts.t("verify-forged-line")),
    }
}

/// A page of text.
pub(super) fn text(texts: Texts, header: &Header, found: &Verdict) -> Shown {
    let (title, line) = verdict(texts, found);
    let mut lines = vec![title, line, String::new()];
    let mut fact = |id: &str, value: String| lines.push(texts.with(id, &[("value", value)]));
    fact("verify-report-file", header.path.display().to_string());
    fact("verify-report-fingerprint", grouped(&header.fingerprint));
    fact("verify-report-words", fingerprint_words(&header.fingerprint, texts.0).join(" "));
    if let Some(records) = found.records.as_ref().filter(|records| !records.is_whole()) {
        fact("verify-report-damaged", records.damaged_ranges());
    }
    for image in found.blobs.iter().flat_map(|(blobs, _)| &blobs.damaged) {
        fact("verify-report-image", image.image.clone());
    }
    lines.push(String::new());
    Shown::lines(lines)
}

/// The same names that `sealift verify --json` gives.
pub(super) fn json(header: &Header, found: &Verdict) -> Shown {
    let value = serde_json::json!({
        "bundle": header.path.display().to_string(),
        "fingerprint": header.fingerprint,
        "fingerprint_words": fingerprint_in_all_languages(&header.fingerprint),
        "blobs": found.blobs.as_ref().map(|(blobs, _)| blobs),
        "records": found.records,
        "is_whole": found.is_whole(),
    });
    Shown::json(&format!("{value:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::{damaged, header};
    use sealift::Lang;

    #[test]
    fn a_saved_result_names_what_is_damaged() {
        for lang in Lang::ALL {
            let text = text(Texts(lang), &header(), &damaged());
            assert!(text.contains("37–39, 81") && text.contains("payment-gateway"), "{text}");
        }
        let json: serde_json::Value = serde_json::from_str(&json(&header(), &damaged())).unwrap();
        assert_eq!(json["records"]["damaged"], serde_json::json!([37, 38, 39, 81]));
        assert_eq!(json["is_whole"], false);
        assert_eq!(json["fingerprint_words"]["en"].as_array().map(Vec::len), Some(12));
    }
}
