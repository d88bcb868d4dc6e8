//! Runs as a file for others: CSV (RFC 4180) for spreadsheets, JSON for programs.

use std::{
    io::{self, Write},
    path::Path,
};

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
        Format::Json => serde_json::to_writer_pretty(&mut partial, runs)?,
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
        let (num_bytes, millis, report) =
            (run.num_bytes.to_string(), run.millis.to_string(), run.report.to_string());
        let parts =
            if run.parts.is_empty() { String::new() } else { serde_json::json!(run.parts).to_string() };
        csv.write_record([
            &run.began,
            run.kind.name(),
            run.outcome.name(),
            &inert(&run.bundle),
            &inert(&run.target),
            &run.fingerprint,
            &num_bytes,
            &millis,
            code.unwrap_or_default(),
            &report,
            &parts,
        ])?;
    }
    csv.flush()
}

/// A name that a spreadsheet would take for a formula, with the sign that makes it a text.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::history::{RunOutcome, store::tests::run};

    #[test]
    fn csv_keeps_commas_quotes_line_ends_and_chinese() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("记录.csv");
        let odd = "/media/支付, \"测试\"\n.sealift";
        write(&path, Format::Csv, &[run(odd, RunOutcome::Failed), run("=1+1", RunOutcome::Done)]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(&[0xef, 0xbb, 0xbf]));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\"/media/支付, \"\"测试\"\"\n.sealift\"") && text.ends_with("\r\n"), "{text}");
        let mut read = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let records: Vec<csv::StringRecord> = read.records().collect::<Result<_, _>>().unwrap();
        assert_eq!((&records[0][3], &records[0][2], &records[1][3]), (odd, "failed", "'=1+1"));
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
