//! The restore kit: what a host with nothing installed needs beside a bundle.
//!
//! Files in, files out. Knows nothing of drives; `handoff` says when a kit is wanted.

mod program;

use std::{
    fmt::Write as _,
    fs::read_dir,
    io::{Read, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    bundle::Bundle,
    digest::{Digest, HashingReader, hex},
    error::{Code, Error, Result},
    fs::{Existing, PARTIAL_SUFFIX, PartialFile, create_dir, is_marked, open_file, type_in_folder, write},
    job::Ctx,
    locale::{Lang, text},
    words::{fingerprint_words, grouped},
};

/// Folder of the program and what it needs, beside the bundles.
const FOLDER: &str = "sealift-kit";
/// The program, in the folder.
const PROGRAM: &str = "sealift";
/// What else is in the folder.
const TEXTS: [(&str, &[u8]); 6] = [
    ("recover.py", include_bytes!("../../assets/recover.py")),
    ("LICENSE-APACHE", include_bytes!("../../LICENSE-APACHE")),
    ("LICENSE-MIT", include_bytes!("../../LICENSE-MIT")),
    ("Inter-OFL.txt", include_bytes!("../../assets/fonts/Inter-OFL.txt")),
    ("JetBrainsMono-OFL.txt", include_bytes!("../../assets/fonts/JetBrainsMono-OFL.txt")),
    ("NotoSansSC-OFL.txt", include_bytes!("../../assets/fonts/NotoSansSC-OFL.txt")),
];
/// Digests of what is in the folder; a folder without them is no kit.
const SUMS: &str = "SHA256SUMS";
/// What opens the bundle on a host with nothing installed.
const LAUNCHER: &str = "restore.sh";
/// What to read first; ASCII, as old hosts show other names wrongly.
const README: &str = "READ-ME-FIRST.txt";

/// A kit that was written.
#[derive(Debug, Serialize)]
pub struct KitReport {
    /// Its files.
    pub files: Vec<PathBuf>,
    /// What its program runs on.
    pub system: String,
    /// The bundles that its page names.
    pub bundles: Vec<PathBuf>,
    /// Each file with its digest.
    #[serde(skip)]
    pub(crate) digests: Vec<(PathBuf, Digest)>,
}

/// Free bytes that a kit with `program` takes, at most.
pub(crate) fn needed_bytes(program: &Path) -> Result<u64> {
    const TEXTS_BYTES: u64 = 1 << 20;
    let len = open_file(program)?.metadata().map_err(|e| Error::read(program, e))?.len();
    Ok(len + TEXTS_BYTES)
}

/// Writes a kit with `program`, a build of Sealift, to `folder`; its page names the bundles that lie there. A kit that
/// is there already is replaced.
///
/// # Errors
/// [`crate::Code::NotFound`] without the folder or the program; [`crate::Code::Exists`] when something else has one of
/// its names.
pub fn write_kit(ctx: &Ctx, folder: &Path, program: &Path) -> Result<KitReport> {
    let system = program::system(program)?;
    let bundles = open_bundles(folder)?;
    refuse_strangers(folder)?;
    let kit = folder.join(FOLDER);
    create_dir(&kit)?;
    let mut digests =
        vec![(kit.join(PROGRAM), copy_program(ctx, open_file(program)?, program, &kit.join(PROGRAM))?)];
    for (name, bytes) in TEXTS {
        ctx.checkpoint()?;
        digests.push(put(kit.join(name), bytes)?);
    }
    let sums = digests.iter().map(|(path, digest)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{}  {name}\n", digest.hex())
    });
    let sums: String = sums.collect();
    digests.push(put(kit.join(SUMS), sums.as_bytes())?);
    let launcher = filled(include_str!("../../assets/kit/restore.sh"), &[("@SYSTEM@", system.clone())]);
    let path = folder.join(LAUNCHER);
    digests.push((path.clone(), copy_program(ctx, launcher.as_bytes(), folder, &path)?));
    digests.push(put(folder.join(README), page(&bundles, &system).as_bytes())?);
    let bundles = bundles.into_iter().map(|bundle| bundle.path().to_owned()).collect();
    let files = digests.iter().map(|(path, _)| path.clone()).collect();
    Ok(KitReport { files, system, bundles, digests })
}

/// A kit replaces a kit, and nothing else that has its names: not a user's file, and not where a link or a mount leads.
///
/// # Errors
/// [`Code::Exists`]
pub(crate) fn refuse_strangers(folder: &Path) -> Result<()> {
    let kit = folder.join(FOLDER);
    let (is_kit, is_ours) = match type_in_folder(&kit) {
        Some(found) if found.is_dir() => (kit.join(SUMS).is_file(), is_begun(&kit)),
        Some(_) => (false, false),
        None => (false, kit.symlink_metadata().is_err()),
    };
    // The launcher and the page come last: beside a kit that was only begun, they are not ours.
    for (path, may_replace) in
        [(kit, is_kit || is_ours), (folder.join(LAUNCHER), is_kit), (folder.join(README), is_kit)]
    {
        if path.symlink_metadata().is_ok() && !may_replace {
            return Err(Error::new(Code::Exists).at(&path));
        }
    }
    Ok(())
}

/// Whether all that is in the folder are files of a kit, as a run that broke off leaves them.
fn is_begun(kit: &Path) -> bool {
    let is_ours = |name: &str| name == PROGRAM || name == SUMS || TEXTS.iter().any(|(text, _)| *text == name);
    let is_known = |name: &str| is_ours(name) || name.strip_suffix(PARTIAL_SUFFIX).is_some_and(is_ours);
    read_dir(kit).is_ok_and(|entries| {
        entries
            .into_iter()
            .all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_known)))
    })
}

fn put(path: PathBuf, bytes: &[u8]) -> Result<(PathBuf, Digest)> {
    write(&path, bytes, Existing::Replace)?;
    Ok((path, Digest::of(bytes)))
}

/// Writes what `reader` gives of `from` to a file that can be run; returns its digest.
fn copy_program(ctx: &Ctx, reader: impl Read, from: &Path, to: &Path) -> Result<Digest> {
    let mut reader = HashingReader::new(reader);
    let mut file = PartialFile::create(to, Existing::Replace)?;
    let mut piece = vec![0; 1 << 20];
    loop {
        ctx.checkpoint()?;
        let len = reader.read(&mut piece).map_err(|e| Error::read(from, e))?;
        if len == 0 {
            break;
        }
        file.write_all(&piece[..len]).map_err(|e| Error::write(to, e))?;
    }
    file.let_run();
    file.commit()?;
    Ok(reader.finish().0)
}

/// The bundles whose first volumes are in `folder`, by name; those that a link only leads to are not.
pub fn bundles_in(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(open_bundles(folder)?.iter().map(|bundle| bundle.path().to_owned()).collect())
}

fn open_bundles(folder: &Path) -> Result<Vec<Bundle>> {
    let entries = read_dir(folder).map_err(|e| Error::read(folder, e))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| !is_marked(path) && type_in_folder(path).is_some_and(|found| found.is_file()));
    paths.sort();
    Ok(paths.iter().filter_map(|path| Bundle::open(path).ok()).collect())
}

/// The page to read first.
fn page(bundles: &[Bundle], system: &str) -> String {
    let listed = |lang: Lang| {
        let mut list = String::from("\n");
        for bundle in bundles {
            let name = bundle.path().file_name().unwrap_or_default().to_string_lossy();
            let fingerprint = hex(&bundle.header().fingerprint());
            let num_volumes = bundle.header().geometry.num_volumes;
            let named = [("name", name.into_owned()), ("volumes", num_volumes.to_string())];
            let _ = writeln!(list, "    {}", text(lang, "kit-bundle", &named));
            let words = fingerprint_words(&fingerprint, lang).join(" ");
            let _ = writeln!(list, "    {}", text(lang, "kit-fingerprint", &[("words", words)]));
            for half in grouped(&fingerprint).as_bytes().chunks(HALF) {
                let _ = writeln!(list, "        {}", String::from_utf8_lossy(half).trim_end());
            }
        }
        list
    };
    let values = [
        ("@BUNDLES-ZH@", listed(Lang::ZhCn)),
        ("@BUNDLES-EN@", listed(Lang::En)),
        ("@SYSTEM@", system.to_owned()),
    ];
    filled(include_str!("../../assets/kit/READ-ME-FIRST.txt"), &values)
}

/// The template with every mark replaced by its value, in one pass: a mark in a value, as a file may be named, stays.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    let next = |rest: &str| {
        let found = values.iter().filter_map(|(mark, value)| Some((rest.find(mark)?, *mark, value)));
        found.min_by_key(|(at, ..)| *at)
    };
    while let Some((at, mark, value)) = next(rest) {
        filled.push_str(&rest[..at]);
        filled.push_str(value);
        rest = &rest[at + mark.len()..];
    }
    filled + rest
}

/// Characters of half a fingerprint in groups of four, with the space behind it.
const HALF: usize = 40;
