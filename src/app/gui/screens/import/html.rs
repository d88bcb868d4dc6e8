//! The report as one HTML file that needs nothing else and prints well.

use std::fmt::Write as _;

use sealift::Class;

use super::{
    delivery::Stand,
    report::{Ending, Report, Used},
};
use crate::gui::{figures, markup::text, standing, texts::Texts};

const STYLE: &str = "
body{font:14px/1.6 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;color:#17202a;max-width:860px;margin:32px auto;padding:0 20px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:24px 0 -8px}.done{color:#157853}.failed{color:#bf2f2a}.cancelled{color:#5a6876}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:20px 0}dt{color:#5a6876}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin:20px 0}th,td{text-align:left;vertical-align:top;padding:6px 8px;border-bottom:1px solid #dce2e8;overflow-wrap:anywhere}
th{color:#5a6876;font-weight:600}td.n{text-align:right;white-space:nowrap}code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
.box{border:1px solid #dce2e8;border-radius:6px;padding:10px 14px}
@page{margin:16mm}@media print{body{margin:0;max-width:none;padding:0}thead{display:table-header-group}tr{break-inside:avoid}}
";

/// The whole file.
pub(super) fn html(texts: Texts, report: &Report, version: &str) -> String {
    let title = texts.t(title_id(report));
    let lang = texts.0.tag();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{0}</title><style>{STYLE}</style></head>\n<body>\n<h1 class=\"{1}\">{0}</h1>\n",
        text(&title),
        report.outcome()
    );
    if let Ending::Failed(error) = &report.ending {
        let mut lines: Vec<String> = vec![error.message(texts.0).into()];
        lines.extend(error.facts(texts.0).into_iter().map(String::from));
        lines.extend(texts.hint(error));
        lines.push(error.code().id().to_owned());
        let lines: Vec<String> = lines.into_iter().map(text).collect();
        let _ = writeln!(page, "<p class=\"box\">{}</p>", lines.join("<br>"));
    }
    let facts =
        facts(texts, report).into_iter().chain([(texts.t("report-by"), format!("Sealift {version}"))]);
    write_list(&mut page, facts);
    for used in &report.bundles {
        let _ = writeln!(page, "<h2>{}</h2>", text(bundle_title(texts, used)));
        let fingerprint = (texts.t("report-fingerprint"), sealift::grouped(&used.part.fingerprint));
        write_list(&mut page, of_bundle(texts, used).into_iter().chain([fingerprint]));
    }
    for line in left_out(texts, report) {
        let _ = writeln!(page, "<p class=\"box\">{}</p>", text(&line));
    }
    let _ = writeln!(page, "<table><thead><tr>");
    for id in ["report-image", "report-digest", "pack-column-size"] {
        let _ = write!(page, "<th>{}</th>", text(texts.t(id)));
    }
    let _ = writeln!(page, "</tr></thead><tbody>");
    for image in &report.images {
        let was = image.was().map(|was| texts.with("import-was", &[("name", was)]));
        let was = was.map(|was| format!("<br>{}", text(&was))).unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><td>{}{was}</td><td><code>{}</code></td><td class=\"n\">{}</td></tr>",
            text(image.title()),
            text(image.digest.to_string()),
            text(figures::bytes(image.size_bytes))
        );
    }
    let _ = writeln!(page, "</tbody></table>\n</body></html>");
    page
}

fn write_list(page: &mut String, facts: impl IntoIterator<Item = (String, String)>) {
    let _ = writeln!(page, "<dl>");
    for (name, value) in facts {
        let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", text(name), text(value));
    }
    let _ = writeln!(page, "</dl>");
}

pub(super) const fn title_id(report: &Report) -> &'static str {
    match report.ending {
        Ending::Done { .. } => "import-done",
        Ending::Failed(_) => "import-failed",
        Ending::Cancelled => "import-cancelled",
    }
}

/// Names and values of what is told of a run, in the order they are shown.
pub(super) fn facts(texts: Texts, report: &Report) -> Vec<(String, String)> {
    let mut facts = vec![("report-images", report.images.len().to_string())];
    if let Ending::Done { written_bytes, num_present, .. } = report.ending {
        facts.push(("report-written", figures::bytes(written_bytes)));
        if num_present > 0 {
            facts.push(("report-present", num_present.to_string()));
        }
    }
    facts.extend([
        ("report-to", format!("{}:{}", report.transport, report.path.display())),
        ("report-took", figures::duration(texts, report.took)),
        ("report-ended", report.ended.clone()),
    ]);
    facts.into_iter().map(|(id, value)| (texts.t(id), value)).collect()
}

/// What the part on a bundle is headed: with its class, where it has one.
pub(super) fn bundle_title(texts: Texts, used: &Used) -> String {
    let Some(class) = used.part.class else { return texts.t("report-bundle") };
    texts.with("report-bundle-of", &[("class", texts.class(class))])
}

/// Names and values of what is told of a bundle, but for its fingerprint: who signed it and what the policies found too.
pub(super) fn of_bundle(texts: Texts, used: &Used) -> Vec<(String, String)> {
    let Used { part, .. } = used;
    let signed: Vec<String> =
        used.trusted().map(|signature| standing::told(texts, signature, str::to_owned).1).collect();
    let found = standing::found(texts, &part.policies).into_iter().map(|(_, line)| line);
    let mut facts = vec![
        ("report-file", part.path.display().to_string()),
        ("report-created", format!("{} · {}", part.created, part.tool)),
        ("signatures", if signed.is_empty() { texts.t("report-unsigned") } else { signed.join("; ") }),
    ];
    facts.extend(found.map(|line| ("report-policy", line)));
    facts.into_iter().map(|(id, value)| (texts.t(id), value)).collect()
}

/// Which classes of a delivery were left out, and why.
pub(super) fn left_out(texts: Texts, report: &Report) -> Vec<String> {
    let line = |(class, stand): &(Class, Stand)| {
        Some(texts.with(stand.left_out_id()?, &[("class", texts.class(*class))]))
    };
    report.left_out.iter().filter_map(line).collect()
}
