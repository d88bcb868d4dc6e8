//! Runs as a file for others: CSV (RFC 4180) for spreadsheets, JSON for programs.

use std::{
    io::{self, Write},
    path::Path,
};

use sealift::Shown;
use unicode_normalization::UnicodeNormalization;

use super::Run;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
}

impl Format {
    /// The id of the name that a file of this kind is given.
    pub(crate) const fn name_id(self) -> &'static str {
        match self {
            Self::Csv => "history-csv-name",
            Self::Json => "history-json-name",
        }
    }
}

/// Excel takes a file for UTF-8 only when it begins with this.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The columns of the CSV, named as in the JSON.
const COLUMNS: [&str; 11] = [
    "began",
    "kind",
    "outcome",
    "bundle",
    "target",
    "fingerprint",
    "num_bytes",
    "millis",
    "code",
    "report",
    "parts",
];

/// Writes `runs` to `path`, whole or not at all.
pub(super) fn write(path: &Path, format: Format, runs: &[Run]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut partial = tempfile::Builder::new();
    // A file of the user's like any other; the umask takes away what it must.
    #[cfg(unix)]
    partial.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut partial = partial.tempfile_in(folder)?;
    match format {
        Format::Csv => csv(&mut partial, runs)?,
        Format::Json => partial.write_all(Shown::json(&serde_json::to_string_pretty(runs)?).as_bytes())?,
    }
    partial.as_file().sync_all()?;
    partial.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

fn csv(mut out: impl Write, runs: &[Run]) -> io::Result<()> {
    out.write_all(BOM)?;
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record(COLUMNS)?;
    for run in runs {
        let code = run.report.pointer("/error/code").and_then(serde_json::Value::as_str);
        let parts = if run.parts.is_empty() { String::new() } else { serde_json::to_string(&run.parts)? };
        let cells: [Shown; COLUMNS.len()] = [
            (&run.began).into(),
            run.kind.name().into(),
            run.outcome.name().into(),
            (&run.bundle).into(),
            (&run.target).into(),
            (&run.fingerprint).into(),
            run.num_bytes.to_string().into(),
            run.millis.to_string().into(),
            code.unwrap_or_default().into(),
            Shown::json(&run.report.to_string()),
            Shown::json(&parts),
        ];
        csv.write_record(cells.iter().map(inert))?;
    }
    csv.flush()
}

/// A cell; one that a spreadsheet would take for a formula, with the sign that makes it a text. Spreadsheets pass over
/// spaces before a formula, and some take full-width signs for the plain ones.
fn inert(cell: &Shown) -> String {
    let first = cell.nfkc().find(|c| !c.is_whitespace());
    if matches!(first, Some('=' | '+' | '-' | '@')) { format!("'{cell}") } else { cell.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::history::{RunOutcome, store::tests::run};

    #[test]
    fn csv_keeps_commas_quotes_and_chinese_and_holds_no_formula() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("记录.csv");
        let odd = "/media/支付, \"测试\".sealift";
        let formulas =
            ["=1+1", "+1", "-1", "@a", "＝1", "＋1", "－1", "＠a", "  =1", "\u{3000}＝1", "\u{a0}@a", "﹦1"];
        let hostile = ["\t=1", "\r\n=1", "a\u{1b}]0;\u{7}\u{202e}"];
        let names = [odd].into_iter().chain(formulas).chain(hostile);
        let runs: Vec<Run> = names.map(|name| run(name, RunOutcome::Failed)).collect();
        write(&path, Format::Csv, &runs).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(&[0xef, 0xbb, 0xbf]));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\"/media/支付, \"\"测试\"\".sealift\"") && text.ends_with("\r\n"), "{text}");
        assert_eq!(text.lines().count(), 1 + runs.len(), "a line for each run");
        let mut read = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let records: Vec<csv::StringRecord> = read.records().collect::<Result<_, _>>().unwrap();
        assert_eq!((&records[0][3], &records[0][2]), (odd, "failed"));
        for (record, formula) in records[1..].iter().zip(formulas) {
            assert_eq!(record[3], format!("'{formula}"));
        }
        for (record, hostile) in records[1 + formulas.len()..].iter().zip(hostile) {
            assert_eq!(record[3], *sealift::escape(hostile), "no formula begins with a backslash");
        }
    }

    #[test]
    fn json_holds_the_full_reports() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runs.json");
        write(&path, Format::Json, &[run("/a.sealift", RunOutcome::Done)]).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(value[0]["report"]["report"]["num_images"], 5);
        assert_eq!(value[0]["outcome"], "done");
    }
}
