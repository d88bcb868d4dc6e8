//! The file of runs: one `SQLite` table, newest last. Knows nothing of threads or screens.

use std::path::Path;

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::{Run, RunKind, RunOutcome, Trouble};
use crate::gui::folders;

/// What brings the file from each version to the next; `user_version` counts those applied. Only ever added to.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    began TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    bundle TEXT NOT NULL,
    target TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    num_bytes INTEGER NOT NULL,
    millis INTEGER NOT NULL,
    report TEXT NOT NULL
) STRICT;",
    "ALTER TABLE run ADD COLUMN parts TEXT NOT NULL DEFAULT '[]';",
];

/// Most runs that are listed: years of work, and still a list that fits in memory.
const MAX_LISTED: i64 = 20_000;
/// How long another program that reads the file is waited for.
const BUSY: std::time::Duration = std::time::Duration::from_secs(3);

const COLUMNS: &str = "id, began, kind, outcome, bundle, target, fingerprint, num_bytes, millis, parts";

/// The open file.
pub(super) struct Store(Connection);

impl Store {
    /// Opens the file at `path`, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Trouble::Unreadable(error.to_string()))?;
        }
        // SQLite gives its own files the rights of this one. What cannot be written may still be read.
        let _ = folders::private_file(path);
        let unreadable = |error: rusqlite::Error| Trouble::Unreadable(error.to_string());
        let connection = Connection::open(path).map_err(unreadable)?;
        connection.busy_timeout(BUSY).map_err(unreadable)?;
        migrate(connection, MIGRATIONS).map(Self)
    }

    /// Keeps a run and gives its number.
    pub(super) fn add(&self, run: &Run) -> Result<i64, Trouble> {
        let values = params![
            run.began,
            run.kind.name(),
            run.outcome.name(),
            run.bundle,
            run.target,
            run.fingerprint,
            i64::try_from(run.num_bytes).unwrap_or(i64::MAX),
            i64::try_from(run.millis).unwrap_or(i64::MAX),
            run.report.to_string(),
            serde_json::json!(run.parts).to_string(),
        ];
        let sql =
            "INSERT INTO run (began, kind, outcome, bundle, target, fingerprint, num_bytes, millis, report, parts)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.0.execute(sql, values).map_err(|error| Trouble::Unwritable(error.to_string()))?;
        Ok(self.0.last_insert_rowid())
    }

    /// The newest runs, newest first, without their reports.
    pub(super) fn list(&self) -> Result<Vec<Run>, Trouble> {
        let list = || -> rusqlite::Result<Vec<Run>> {
            let sql = format!("SELECT {COLUMNS} FROM run ORDER BY id DESC LIMIT {MAX_LISTED}");
            let mut statement = self.0.prepare(&sql)?;
            let rows = statement.query_map([], run_of)?;
            rows.filter_map(Result::transpose).collect()
        };
        list().map_err(|error| Trouble::Unreadable(error.to_string()))
    }

    /// The report of run `id`.
    pub(super) fn report(&self, id: i64) -> Result<Value, Trouble> {
        let text = self
            .0
            .query_row("SELECT report FROM run WHERE id = ?1", [id], |row| row.get::<_, String>(0))
            .map_err(|error| Trouble::Unreadable(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| Trouble::Unreadable(error.to_string()))
    }
}

/// A kind or an outcome that only a newer Sealift knows is left out.
fn run_of(row: &Row<'_>) -> rusqlite::Result<Option<Run>> {
    let (kind, outcome): (String, String) = (row.get("kind")?, row.get("outcome")?);
    let (Some(kind), Some(outcome)) = (RunKind::from_name(&kind), RunOutcome::from_name(&outcome)) else {
        return Ok(None);
    };
    let number = |name| row.get::<_, i64>(name).map(|number| u64::try_from(number).unwrap_or_default());
    Ok(Some(Run {
        id: row.get("id")?,
        began: row.get("began")?,
        kind,
        outcome,
        bundle: row.get("bundle")?,
        target: row.get("target")?,
        fingerprint: row.get("fingerprint")?,
        num_bytes: number("num_bytes")?,
        millis: number("millis")?,
        // What only a newer Sealift can read is left out.
        parts: serde_json::from_str(&row.get::<_, String>("parts")?).unwrap_or_default(),
        report: Value::Null,
    }))
}

/// Brings the file to the version that `steps` leads to, each step whole or not at all.
fn migrate(mut connection: Connection, steps: &[&str]) -> Result<Connection, Trouble> {
    let unreadable = |error: rusqlite::Error| Trouble::Unreadable(error.to_string());
    let unwritable = |error: rusqlite::Error| Trouble::Unwritable(error.to_string());
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let version = usize::try_from(version.map_err(unreadable)?).unwrap_or(usize::MAX);
    let todo = steps.get(version..).ok_or(Trouble::Newer)?;
    for (number, step) in (version + 1..).zip(todo) {
        let apply = |connection: &mut Connection| {
            let change = connection.transaction()?;
            change.execute_batch(step)?;
            change.pragma_update(None, "user_version", i64::try_from(number).unwrap_or(i64::MAX))?;
            change.commit()
        };
        apply(&mut connection).map_err(unwritable)?;
    }
    Ok(connection)
}

#[cfg(test)]
pub(super) mod tests {
    use sealift::Class;

    use super::*;
    use crate::gui::history::RunPart;

    pub(in crate::gui::history) fn run(bundle: &str, outcome: RunOutcome) -> Run {
        Run {
            id: 0,
            began: "2026-11-24T03:05:00Z".into(),
            kind: RunKind::Pack,
            outcome,
            bundle: bundle.into(),
            target: String::new(),
            fingerprint: "9f2c".repeat(16),
            num_bytes: 7,
            millis: 1500,
            parts: Vec::new(),
            report: serde_json::json!({ "report": { "num_images": 5 } }),
        }
    }

    #[test]
    fn runs_survive_a_restart_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/history.db");
        let store = Store::open(&path).unwrap();
        let first = store.add(&run("/media/交付 一.sealift", RunOutcome::Done)).unwrap();
        store.add(&run("/media/b.sealift", RunOutcome::Cancelled)).unwrap();
        drop(store);
        let store = Store::open(&path).unwrap();
        let runs = store.list().unwrap();
        assert_eq!(
            runs.iter().map(|run| run.outcome).collect::<Vec<_>>(),
            [RunOutcome::Cancelled, RunOutcome::Done]
        );
        let report = store.report(first).unwrap();
        let expected = Run { id: first, ..run("/media/交付 一.sealift", RunOutcome::Done) };
        assert_eq!(Run { report, ..runs[1].clone() }, expected);
    }

    #[test]
    fn a_delivery_is_one_run_with_all_its_bundles() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        // A file of before there were deliveries.
        let older = migrate(Connection::open(&path).unwrap(), &MIGRATIONS[..1]).unwrap();
        let kept = "INSERT INTO run VALUES (1, '2026', 'pack', 'done', '/a.sealift', '', '', 7, 1, 'null')";
        older.execute(kept, []).unwrap();
        drop(older);
        let part = |class: Class| RunPart {
            class,
            bundle: format!("/media/交付.{class}.sealift"),
            fingerprint: "9f2c".repeat(16),
            num_bytes: 7,
        };
        let parts: Vec<RunPart> = Class::ALL.map(part).into();
        let delivery = Run { parts: parts.clone(), ..run("/media/交付.sealift", RunOutcome::Done) };
        Store::open(&path).unwrap().add(&delivery).unwrap();
        let runs = Store::open(&path).unwrap().list().unwrap();
        assert_eq!((&runs[0].parts, runs[1].parts.len()), (&parts, 0));
    }

    #[test]
    fn an_older_file_is_brought_up_and_a_newer_one_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        drop(Store::open(&path).unwrap());
        let steps = [MIGRATIONS, &["ALTER TABLE run ADD COLUMN note TEXT"]].concat();
        let newer = migrate(Connection::open(&path).unwrap(), &steps).unwrap();
        newer
            .execute("INSERT INTO run SELECT 1, '', '', '', '', '', '', 0, 0, '', '[]', 'kept' WHERE 1", [])
            .unwrap();
        drop(newer);
        assert_eq!(Store::open(&path).err(), Some(Trouble::Newer));
        let kept: String =
            Connection::open(&path).unwrap().query_row("SELECT note FROM run", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "kept");
    }

    #[test]
    fn a_file_that_is_no_database_is_told_and_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        let text = "not a database ".repeat(100);
        std::fs::OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .unwrap();
        assert!(matches!(Store::open(&path), Err(Trouble::Unreadable(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
