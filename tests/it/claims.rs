//! Promises in the documents and the tests that hold them.

use std::{collections::BTreeSet, fs, path::Path};

/// Documents of which every promise names its test.
const DOCUMENTS: [&str; 2] = ["docs/threat-model.md", "docs/zh-CN/threat-model.md"];

/// Names in backquotes in the last column of a table whose heading is "test" or "测试".
fn named_tests(document: &str) -> Vec<String> {
    let (mut names, mut is_of_tests) = (Vec::new(), false);
    for line in document.lines() {
        let Some(row) = line.strip_prefix('|') else {
            is_of_tests = false;
            continue;
        };
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        is_of_tests |= matches!(last, "test" | "测试");
        if is_of_tests && !matches!(last, "test" | "测试") && !last.starts_with("--") {
            let named: Vec<_> = last.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            assert!(!named.is_empty(), "a promise without a test: {line}");
            names.extend(named);
        }
    }
    names
}

/// Names of the functions that are tests, in `folder` and below.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut lines = text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line == "#[test]" {
                    let function = lines.find_map(|line| line.strip_prefix("fn "));
                    found.extend(function.and_then(|function| function.split('(').next()).map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn every_promise_of_the_threat_model_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests_in(&root.join(folder), &mut tests);
    }
    assert!(tests.len() > 300, "{}", tests.len());
    let [english, chinese] = DOCUMENTS.map(|path| named_tests(&fs::read_to_string(root.join(path)).unwrap()));
    assert!(english.len() > 40, "{}", english.len());
    let missing: Vec<_> = english.iter().filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "no such test: {missing:#?}");
    assert_eq!(english, chinese, "both languages promise the same, in the same order");
}
