//! The order of modules: each imports only from lower ranks, and no screen reaches into the library.
//! docs/architecture.md, "Ranks".

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Modules of the library, lowest first.
const RANKS: &[&[&str]] = &[
    &["locale"],
    &["error"],
    &["class", "digest", "job", "fs"],
    &["words", "drive", "document"],
    &["oci", "crypto", "net"],
    &["bundle"],
    &["engine"],
    &["keyslot", "source", "dest", "sample", "kit", "trust"],
    &["plan"],
    &["pipeline", "verify", "repair"],
    &["restore", "handoff"],
    &["api"],
    &["fuzz"],
];

/// Crates of screens and arguments: none of the library's business.
const SHELL_CRATES: &[&str] = &[
    "arboard",
    "clap",
    "clap_complete",
    "clap_mangen",
    "csv",
    "ctrlc",
    "directories",
    "indicatif",
    "keyring",
    "rpassword",
    "eframe",
    "egui",
    "egui_extras",
    "egui_system_font_provider",
    "qrcode",
    "rfd",
    "rusqlite",
    "tracing_appender",
    "winit",
    "zeroizing_alloc",
    "zxcvbn",
];

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|rank| rank.contains(&module))
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Modules named after `crate::` in `text`: `crate::a`, and the first level of `crate::{a::…, b}`.
fn imports(text: &str) -> Vec<String> {
    let word =
        |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut at_start = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                c if at_start && !c.is_whitespace() => {
                    found.push(word(&group[at..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    found.retain(|module| module.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

#[test]
fn modules_import_only_from_lower_ranks() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut num_imports = 0;
    for path in files {
        let relative = path.strip_prefix(&src).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if matches!(module, "app" | "lib") {
            continue;
        }
        let own = rank(module).unwrap_or_else(|| panic!("{module} has no rank: add it where it belongs"));
        let text = fs::read_to_string(&path).unwrap();
        // Links in comments may point anywhere.
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for import in imports(&code.join("\n")) {
            let theirs = rank(&import)
                .unwrap_or_else(|| panic!("{}: crate::{import} has no rank", relative.display()));
            assert!(
                import == module || theirs < own,
                "{}: {module} may not import {import}",
                relative.display()
            );
            num_imports += 1;
        }
    }
    assert!(num_imports > 100, "only {num_imports} imports found: the scan is broken");
}

#[test]
fn screens_and_arguments_stay_in_the_app() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut num_in_app = 0;
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let uses_shell = SHELL_CRATES.iter().any(|name| text.contains(&format!("{name}::")));
        let in_app = path.strip_prefix(&src).unwrap().starts_with("app");
        assert!(in_app || !uses_shell, "{} uses a shell's crate", path.display());
        num_in_app += usize::from(uses_shell && in_app);
    }
    assert!(num_in_app > 3, "the scan is broken");
}

#[test]
fn the_scan_sees_every_form_of_import() {
    let text = "use crate::{\n    a::{B, c::D},\n    e,\n};\nuse crate::f::G;\nlet x = crate::h::i();";
    assert_eq!(imports(text), ["a", "e", "f", "h"]);
}

/// What Sealift itself says in an error is in the texts of both languages; a literal there would be shown to everyone in
/// English.
#[test]
fn details_of_errors_are_texts_in_both_languages() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files.retain(|path| path.components().all(|part| part.as_os_str() != "tests"));
    let mut num_ids = 0;
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let code: String = text.split("#[cfg(test)]").next().unwrap().split_whitespace().collect();
        assert!(
            !code.contains(".with(Fact::Detail,\"") && !code.contains(".with(Fact::Detail,format!(\""),
            "{}",
            path.display()
        );
        for literal in code.split('"') {
            let is_id = ["detail-", "found-", "form-", "field-"].iter().any(|kind| literal.starts_with(kind));
            if !is_id || literal.ends_with('-') || literal.contains(['{', '(', '=']) {
                continue;
            }
            for lang in sealift::Lang::ALL {
                let worded = sealift::lookup(lang, literal, &[]);
                assert!(worded.is_some(), "{}: {literal} in {}", path.display(), lang.tag());
            }
            num_ids += 1;
        }
    }
    assert!(num_ids > 60, "only {num_ids} ids found: the scan is broken");
}
