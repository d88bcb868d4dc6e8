//! The label for a stick as a page to print: the fingerprint as words and as a QR code. It names no image.

use qrcode::{QrCode, render::svg};
use sealift::Lang;

use crate::gui::{bundle::Header, markup::text as plain, texts::Texts};

/// One page of HTML, without anything that is fetched.
pub(super) fn html(texts: Texts, header: &Header) -> String {
    let text = |id: &str| plain(texts.t(id));
    let words = |lang: Lang| plain(sealift::fingerprint_words(&header.fingerprint, lang).join("  "));
    let volumes = texts.with("usb-label-volumes", &[("num", header.num_volumes.to_string())]);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n\
         body {{ font: 11pt sans-serif; color: #000 }}\n\
         div {{ border: 1px solid #000; width: 90mm; padding: 4mm; display: flex; gap: 4mm; break-inside: avoid }}\n\
         svg {{ width: 30mm; height: 30mm; flex: none }}\n\
         p {{ margin: 0 0 1.5mm }} code {{ font-size: 8pt; word-break: break-all }}\n</style>\n\
         <div>\n{code}\n<section>\n<p><strong>{name}</strong></p>\n<p>{volumes}</p>\n<p>{zh}</p>\n<p>{en}</p>\n\
         <p><code>{grouped}</code></p>\n</section>\n</div>\n<p>{why}</p>\n</html>\n",
        lang = texts.0.tag(),
        title = text("usb-label"),
        code = svg_of(&header.fingerprint),
        name = plain(header.file_name()),
        volumes = plain(volumes),
        zh = words(Lang::ZhCn),
        en = words(Lang::En),
        grouped = sealift::grouped(&header.fingerprint),
        why = text("usb-label-why"),
    )
}

fn svg_of(text: &str) -> String {
    let Ok(code) = QrCode::new(text) else { return String::new() };
    let svg = code.render::<svg::Color<'_>>().quiet_zone(false).build();
    // The declaration of an XML file has no place within a page.
    svg.split_once("?>").map_or(svg.clone(), |(_, svg)| svg.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::{FINGERPRINT, header};

    #[test]
    fn a_label_bears_the_fingerprint_in_words_of_both_languages_and_as_a_code() {
        let mut header = header();
        header.path = "/media/<a>&b.sealift".into();
        let page = html(Texts(Lang::ZhCn), &header);
        for part in [
            sealift::fingerprint_words(FINGERPRINT, Lang::En).join("  "),
            sealift::fingerprint_words(FINGERPRINT, Lang::ZhCn).join("  "),
            sealift::grouped(FINGERPRINT),
            "&lt;a&gt;&amp;b.sealift".into(),
            "<svg".into(),
        ] {
            assert!(page.contains(&part), "{part} is not in {page}");
        }
        assert!(!page.contains("http:") || page.contains("xmlns=\"http://www.w3.org/2000/svg\""));
        assert!(!page.contains("<?xml"));
    }
}
