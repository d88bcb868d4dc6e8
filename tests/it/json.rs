//! What `--json` prints: every key of it stands in docs/json.md.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Place, Scratch};

/// Adds every key of `value`, but not the names of facts, which are those that errors show.
fn collect(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());
                if key != "facts" {
                    collect(value, keys);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

#[test]
fn every_key_that_is_printed_is_documented() {
    let place = Place(Scratch::new());
    sealift::write_sample(&place.path("sample.tar")).unwrap();
    place.0.write("pw", "correct horse battery staple\n");
    place.0.write("other", "incorrect horse battery staple\n");
    place.0.write("policy.toml", "version = 1\n[signers]\nall_of = ['acme']\n");
    let pw = place.path("pw").display().to_string();
    place.0.write(
        "classes.toml",
        format!(
            "version = 1\ndefault = 'public'\n[public]\npassword_file = '{pw}'\n\
             [secret]\nimages = ['sealift.example/demo:1*']\npassword_file = '{pw}'\n"
        ),
    );
    let mut keys = BTreeSet::new();
    for args in [
        "signing-key new @acme --key-password-file @pw",
        "trust add acme --key @acme.pub --yes",
        "pack @sample.tar --out @a.sealift --password-file @pw --kdf low --recovery 10% \
         --sign @acme.key --key-password-file @pw --product suite --release 1.4.2",
        "pack @sample.tar --out @d.sealift --kdf low --classes @classes.toml",
        "verify @a.sealift",
        "verify @a.sealift --password-file @pw --policy @policy.toml",
        "verify @d.sealift --password-file @pw",
        "restore @a.sealift --to oci:@out --password-file @pw --policy @policy.toml --dry-run",
        "restore @a.sealift --to oci:@out --password-file @pw --policy @policy.toml",
        "handoff @a.sealift --to @stick --kit",
    ] {
        if args.starts_with("handoff") {
            std::fs::create_dir(place.path("stick")).unwrap();
        }
        let printed = place.done(args);
        if !args.starts_with("signing-key") && !args.starts_with("trust") {
            collect(&printed, &mut keys);
        }
    }
    let (_, refused) = place.run("verify @a.sealift --password-file @other");
    collect(&refused, &mut keys);
    hurt(&place);
    let (output, damaged) = place.run("verify @a.sealift --password-file @pw");
    assert_eq!(output.status.code(), Some(3), "{damaged}");
    collect(&damaged, &mut keys);

    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let unnamed: Vec<&String> = keys.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(unnamed.is_empty(), "docs/json.md lacks {unnamed:?}");
    assert!(keys.len() > 60, "{keys:?}");
}

/// Damages a record of `a.sealift`.
#[expect(clippy::disallowed_methods, reason = "plays a bad stick")]
fn hurt(place: &Place) {
    let mut bundle = std::fs::read(place.path("a.sealift")).unwrap();
    bundle[(128 << 10) + 5000] ^= 1;
    std::fs::write(place.path("a.sealift"), bundle).unwrap();
}
