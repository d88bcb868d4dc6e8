//! The testkit: small bundles, right and wrong, that Sealift and `assets/recover.py` must read alike.
//! tests/testkit/README.md tells what a case is.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use sealift::{Admission, Code, Ctx, Digest, ErrorKind, Existing, Passphrase, Selection, Unlocked};
use serde_json::{Value, json};

use crate::support::{Scratch, run};

/// Where the testkit lies.
const TESTKIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testkit");
const RECOVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/recover.py");
/// What the format's designers asked for; a loader that loses cases must not go unnoticed.
const LEAST_CASES: usize = 120;

/// One bundle and what every reader must find in it.
#[derive(PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: String,
    fields: BTreeMap<String, String>,
    /// Files in order; `None` for one that is missing.
    volumes: Vec<Option<Vec<u8>>>,
}

impl Case {
    pub(crate) fn load(name: &str) -> Self {
        Self::read(&Path::new(TESTKIT).join("cases").join(format!("{name}.case")))
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(path).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let field = |line: &str| {
            let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{name}: {line}"));
            (key.to_owned(), value.to_owned())
        };
        let fields: BTreeMap<_, _> = std::str::from_utf8(&bytes[..end]).unwrap().lines().map(field).collect();
        assert_eq!(fields["compressed"], "zlib", "{name}");
        let mut content = flate2::read::ZlibDecoder::new(&bytes[end + 2..]);
        let mut volume = |len: &str| {
            let mut volume = vec![0; len.parse().ok()?];
            content.read_exact(&mut volume).unwrap_or_else(|e| panic!("{name}: {e}"));
            Some(volume)
        };
        let volumes = fields["volumes"].split(' ').map(&mut volume).collect();
        assert_eq!(content.read(&mut [0]).unwrap(), 0, "{name}: bytes behind the volumes");
        Self { name, fields, volumes }
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).unwrap_or_else(|| panic!("{}: no {name}", self.name))
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(self.field(name)).unwrap()
    }

    fn is_ok(&self) -> bool {
        self.field("expect") == "ok"
    }

    pub(crate) fn passphrase(&self) -> Vec<u8> {
        match self.fields.get("passphrase-hex") {
            None => self.json("passphrase").as_str().unwrap().into(),
            Some(hex) => hex
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect(),
        }
    }

    /// Digests and sizes of all blobs.
    fn blobs(&self) -> BTreeMap<String, u64> {
        serde_json::from_value(self.json("blobs")).unwrap()
    }

    /// Writes the volumes to `dir` and gives the file to open.
    pub(crate) fn unfold(&self, dir: &Path) -> PathBuf {
        let path = |number: usize| match number {
            1 => dir.join("a.sealift"),
            _ => dir.join(format!("a.sealift.{number:04}")),
        };
        for (number, volume) in (1..).zip(&self.volumes) {
            if let Some(bytes) = volume {
                write(&path(number), bytes);
            }
        }
        path(self.field("open").parse().unwrap())
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

fn cases_in(dir: &Path) -> Vec<Case> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

fn cases() -> Vec<Case> {
    let cases = cases_in(&Path::new(TESTKIT).join("cases"));
    assert!(cases.len() >= LEAST_CASES, "only {} cases", cases.len());
    cases
}

/// Runs `check` on every case, each in a folder of its own, and tells all that disagree at once.
fn check_all(mut check: impl FnMut(&Case, &Path) -> Result<(), String>) {
    let (mut wrong, dir) = (Vec::new(), Scratch::new());
    for case in cases() {
        let folder = dir.join(&case.name);
        fs::create_dir(&folder).unwrap();
        if let Err(found) = check(&case, &folder) {
            wrong.push(format!("{} ({}): {found}", case.name, case.field("comment")));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
    assert!(wrong.is_empty(), "{} cases disagree:\n{}", wrong.len(), wrong.join("\n"));
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}

// --- Sealift

#[test]
fn sealift_finds_in_every_case_what_it_should() {
    check_all(|case, dir| {
        let bundle = case.unfold(dir);
        agree("without a key", &keyless(&bundle).as_str(), &case.field("keyless"))?;
        let (found, unlocked) = keyed(&bundle, case.passphrase());
        agree("with the key", &found.as_str(), &case.field("expect"))?;
        unlocked.filter(|_| case.is_ok()).map_or(Ok(()), |unlocked| check_contents(case, &bundle, &unlocked))
    });
}

/// What a check without a key comes to: `ok`, `damaged` and the numbers of the records, or a code.
pub(crate) fn keyless(bundle: &Path) -> String {
    match sealift::inspect(bundle).and_then(|inspection| inspection.verify(&Ctx::new())) {
        Err(e) => e.code().id().to_owned(),
        Ok(report) if report.is_whole() => "ok".to_owned(),
        Ok(report) => {
            let numbers: Vec<String> = report.damaged.iter().map(u64::to_string).collect();
            format!("damaged {}", numbers.join(","))
        }
    }
}

/// What a check with a key comes to: `ok` or a code, that of the error or of the worst damage listed. And the
/// bundle, if it could be unlocked.
pub(crate) fn keyed(bundle: &Path, passphrase: Vec<u8>) -> (String, Option<Unlocked>) {
    let ctx = Ctx::new();
    let checked = Passphrase::new(passphrase).and_then(|passphrase| {
        let unlocked = sealift::inspect(bundle)?.unlock(&ctx, &passphrase)?;
        let (report, verified) = unlocked.verify(&ctx)?;
        // Only what is whole may be restored, and what is not must say why.
        assert_eq!((report.is_whole(), report.is_whole()), (verified.is_some(), report.cause.is_none()));
        Ok((report.cause.map_or("ok", Code::id).to_owned(), Some(unlocked)))
    });
    checked.unwrap_or_else(|e| (e.code().id().to_owned(), None))
}

/// Fingerprint, images, blobs, and their bytes once they are restored.
fn check_contents(case: &Case, bundle: &Path, unlocked: &Unlocked) -> Result<(), String> {
    let (ctx, blobs) = (Ctx::new(), case.blobs());
    let inspection = sealift::inspect(bundle).map_err(|e| e.to_string())?;
    agree(
        "damaged copies",
        &inspection.num_damaged_header_copies().to_string(),
        &case.field("damaged-copies").into(),
    )?;
    agree("fingerprint", &unlocked.fingerprint().as_str(), &case.field("fingerprint"))?;
    let images = unlocked.contents().images;
    let listed: Vec<Value> =
        images.iter().map(|image| json!({ "names": image.names.iter().map(ToString::to_string).collect::<Vec<_>>(), "target": image.target.digest })).collect();
    agree("images", &Value::from(listed), &case.json("images"))?;
    let (report, verified) = unlocked.verify(&ctx).map_err(|e| e.to_string())?;
    agree("blobs", &(report.num_blobs, report.num_bytes), &(blobs.len(), blobs.values().sum()))?;

    let (Some(verified), false) = (verified, images.is_empty()) else { return Ok(()) };
    let out = bundle.with_extension("out");
    let dest = format!("oci:{}", out.display()).parse().unwrap();
    let restored =
        sealift::plan_restore(&ctx, &verified, &Admission::unruled(), &dest, &Selection::default())
            .and_then(|plan| sealift::restore(&ctx, &verified, &plan, Existing::Keep));
    restored.map_err(|e| format!("restore: {}", e.code().id()))?;
    let needed = images.iter().flat_map(|image| image.blobs().into_keys()).map(|digest| digest.to_string());
    let needed: BTreeMap<String, u64> = needed.map(|digest| (digest.clone(), blobs[&digest])).collect();
    agree("restored blobs", &blobs_of_layout(&out), &needed)
}

/// Digests, of what the files really hold, and sizes.
fn blobs_of_layout(layout: &Path) -> BTreeMap<String, u64> {
    let files = fs::read_dir(layout.join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().path());
    let blob = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        let digest = Digest::of(&bytes);
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), digest.hex());
        (digest.to_string(), bytes.len() as u64)
    };
    files.map(blob).collect()
}

// --- recover.py

/// `recover.py`, kept running for all cases.
struct Recover(Child);

/// What one run of `recover.py` came to.
struct Ended {
    status: i64,
    stdout: String,
    stderr: String,
}

impl Recover {
    fn start() -> Self {
        let mut command = python();
        command.arg(Path::new(TESTKIT).join("recover_all.py")).arg(RECOVER);
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn run(&mut self, output: &mut impl BufRead, arguments: &[&Path]) -> Ended {
        let mut job = serde_json::to_vec(arguments).unwrap();
        job.push(b'\n');
        self.0.stdin.as_mut().unwrap().write_all(&job).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "no answer for {arguments:?}: what was said is on stderr");
        let ended: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ended[name].as_str().unwrap().to_owned();
        Ended { status: ended["status"].as_i64().unwrap(), stdout: text("stdout"), stderr: text("stderr") }
    }
}

impl Drop for Recover {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A `python3` that has what the scripts import: a version manager's in `PATH`, or Debian's.
pub(crate) fn python() -> Command {
    let dirs = env::var_os("PATH").unwrap_or_default();
    let dirs = env::split_paths(&dirs).chain([PathBuf::from("/usr/bin")]);
    for python in dirs.map(|dir| dir.join("python3")).filter(|python| python.is_file()) {
        let mut probe = Command::new(&python);
        probe
            .args(["-c", "import cryptography, argon2, zstandard"])
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        if probe.status().is_ok_and(|status| status.success()) {
            let mut command = Command::new(python);
            // Python must leave nothing in the source tree.
            command.env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
            return command;
        }
    }
    panic!(
        "this test needs a python3 with these packages: pip install cryptography argon2-cffi zstandard, \
         or apt-get install python3-cryptography python3-argon2 python3-zstandard (or `make test`)"
    );
}

/// The exit status that goes with a code. docs/bundle-format.md §9.3.
fn status_of(code: &str) -> Option<i64> {
    let kind = Code::ALL.iter().find(|known| known.id() == code)?.kind();
    Some(match kind {
        ErrorKind::Failed => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Integrity => 3,
        ErrorKind::Key => 4,
        ErrorKind::Cancelled => 130,
    })
}

#[test]
fn recover_py_finds_in_every_case_what_sealift_does() {
    let mut recover = Recover::start();
    let mut output = BufReader::new(recover.0.stdout.take().unwrap());
    check_all(|case, dir| {
        let (bundle, password_file) = (case.unfold(dir), dir.join("passphrase"));
        write(&password_file, &case.passphrase());
        let (list, to, option) = (Path::new("--list"), Path::new("--out"), Path::new("--password-file"));
        let ended = recover.run(&mut output, &[&bundle, list, option, &password_file]);
        if !case.is_ok() || ended.status != 0 {
            let code = ended.stderr.split(':').next().unwrap();
            let found = if ended.status == 0 { "ok" } else { code };
            agree("code", &found, &case.field("expect"))
                .map_err(|e| format!("{e} ({})", ended.stderr.trim()))?;
            agree("status", &Some(ended.status), &status_of(code))?;
            return agree("lines", &(ended.stdout.lines().count(), ended.stderr.lines().count()), &(0, 1));
        }
        let listed: Value = serde_json::from_str(&ended.stdout).unwrap();
        agree("contents", &listed, &json!({ "images": case.json("images"), "blobs": case.json("blobs") }))?;
        let out = dir.join("out");
        let ended = recover.run(&mut output, &[&bundle, to, &out, option, &password_file]);
        agree("status with --out", &(ended.status, ended.stderr.as_str()), &(0, ""))?;
        agree("recovered blobs", &blobs_of_layout(&out), &case.blobs())
    });
}

// --- the cases themselves

#[test]
fn the_generator_makes_the_cases_that_are_here() {
    let dir = Scratch::new();
    run(python().arg(Path::new(TESTKIT).join("generate.py")).arg(dir.path()));
    let (made, kept) = (cases_in(dir.path()), cases());
    let names = |cases: &[Case]| cases.iter().map(|case| case.name.clone()).collect::<BTreeSet<_>>();
    assert_eq!(names(&made), names(&kept));
    // The texts and volumes, not the files: another zlib may compress them to other bytes.
    for (made, kept) in made.iter().zip(&kept) {
        assert!(made == kept, "{} is not what generate.py makes", kept.name);
    }
}

#[test]
fn the_cases_cover_every_code_that_reading_a_bundle_can_give() {
    let expected: BTreeSet<String> = cases().iter().map(|case| case.field("expect").to_owned()).collect();
    for code in Code::ALL {
        // The cases are opened with passphrases; other keys have tests of their own, with what makes them.
        let by_writing_or_by_choice = matches!(code, Code::LastSlot | Code::SlotsFull | Code::NoSuchSlot);
        let by_other_keys = code.id().starts_with("KEY-") && code.id() >= Code::IdentityRefused.id();
        let is_readers = ["BUNDLE-", "INTEGRITY-", "KEY-"].iter().any(|area| code.id().starts_with(area));
        if is_readers && !by_writing_or_by_choice && !by_other_keys {
            assert!(expected.contains(code.id()), "no case expects {}", code.id());
        }
    }
}
