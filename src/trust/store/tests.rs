use super::*;
use crate::{
    crypto::{SigningKey, SigningKeyType},
    job::Ctx,
};

fn key() -> PublicKey {
    SigningKey::generate(SigningKeyType::EcdsaP256).public_key()
}

fn taken(release: &str) -> Vec<AcceptedRelease> {
    vec![AcceptedRelease { vendor: "甲方 Acme".into(), product: "suite".into(), release: release.into() }]
}

#[test]
fn keys_and_releases_are_kept_in_a_file() {
    let path = tempfile::tempdir().unwrap().keep().join("new/trust.toml");
    let mut store = TrustStore::load(&path).unwrap();
    assert!(store.keys().is_empty());
    let first = key();
    store.add("甲方 Acme", first.clone()).unwrap();
    store.add("甲方 Acme", key()).unwrap();
    assert_eq!(store.add("other", first.clone()).unwrap_err().code(), Code::KeyTrusted);
    assert!(store.remember(&taken("1.10")) && !store.remember(&taken("1.9")));
    store.save(&path).unwrap();

    let mut read = TrustStore::load(&path).unwrap();
    assert_eq!(read.keys(), store.keys());
    assert_eq!(read.newest("甲方 Acme", "suite").unwrap().to_string(), "1.10");
    assert!(!read.keys()[0].is_due());
    assert_eq!(read.remove(&first.id()[..8]).unwrap(), 1);
    assert_eq!(read.remove("甲方 Acme").unwrap(), 1);
    assert_eq!(read.remove("甲方 Acme").unwrap_err().code(), Code::NoSuchVendor);
    assert!(read.newest("甲方 Acme", "suite").is_some(), "what was taken stays known");
    let _ = std::fs::remove_dir_all(path.parent().and_then(Path::parent).unwrap());
}

#[test]
fn identities_are_kept_with_their_trusted_root() {
    const ROOT: &str = include_str!("../../../tests/testkit/keyless/public/trusted_root.json");
    let root = || TrustedRoot::from_json(ROOT).unwrap();
    let issuer = "https://issuer.example.com";
    let mut store = TrustStore::default();
    store.add_identity("acme", "a@example.com", issuer, root()).unwrap();
    store.add_identity("acme", "b@example.com", issuer, root()).unwrap();
    let again = store.add_identity("other", "a@example.com", issuer, root()).unwrap_err();
    assert_eq!(again.code(), Code::IdentityTrusted);
    for (identity, issuer) in
        [("", issuer), ("a b", issuer), ("*@example.com", issuer), ("a@example.com", "\u{7}")]
    {
        let bad = store.add_identity("acme", identity, issuer, root()).unwrap_err();
        assert_eq!(bad.code(), Code::BadSigner, "{identity:?} {issuer:?}");
    }
    assert!(store.has_vendor("acme") && !store.has_vendor("other"));
    let text = store.encode().unwrap();
    let mut read = TrustStore::parse(&text).unwrap();
    assert_eq!(read.identities(), store.identities());
    assert_eq!((read.trusted_roots(), read.trusted_roots().len()), (store.trusted_roots(), 1));
    for (from, to) in [
        ("[[trusted_root]]\nsha256 = \"", "[[trusted_root]]\nsha256 = \"0"),
        ("\ntrusted_root = \"", "\ntrusted_root = \"0"),
        ("rekor.sigstore.dev", "rekor.sigstore.example"),
        ("a@example.com", "b@example.com"),
        ("issuer.example.com", "issuer example"),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_eq!(TrustStore::parse(&altered).unwrap_err().code(), Code::BadTrustStore, "{from}");
    }
    // Of the same person by another issuer, one goes and one stays.
    let twin = "https://twin.example.com";
    let twin = read.add_identity("acme", "a@example.com", twin, root()).unwrap().clone();
    read.remove_identity(&twin).unwrap();
    assert_eq!(read.remove_identity(&twin).unwrap_err().code(), Code::NoSuchVendor);
    assert_eq!(read.remove("a@example.com").unwrap(), 1);
    assert_eq!(read.trusted_roots().len(), 1);
    assert_eq!(read.remove(&root().id()[..8]).unwrap(), 1);
    assert!(read.trusted_roots().is_empty() && read.encode().unwrap().len() < 100);
    let last = read.add_identity("acme", "a@example.com", issuer, root()).unwrap().clone();
    read.remove_identity(&last).unwrap();
    assert!(read.trusted_roots().is_empty(), "no identity stands under it");
    // A root keeps its bytes, whatever ends its lines.
    let root = TrustedRoot::from_json(&ROOT.replace('\n', "\r\n")).unwrap();
    read.add_identity("acme", "c@example.com", issuer, root).unwrap();
    TrustStore::parse(&read.encode().unwrap()).unwrap();
}

#[test]
fn names_that_mislead_are_refused() {
    for bad in ["", " a", "a\n", "a\u{202e}b", "a/b", "0123abcd", &"a".repeat(129)] {
        let refused = TrustStore::default().add(bad, key()).unwrap_err();
        assert_eq!(refused.code(), Code::BadVendorName, "{bad:?}");
    }
}

#[test]
fn a_store_that_was_altered_is_refused() {
    let mut store = TrustStore::default();
    store.add("acme", key()).unwrap();
    store.remember(&taken("1.0"));
    let text = store.encode().unwrap();
    TrustStore::parse(&text).unwrap();
    let id = &store.keys()[0].key_id;
    for (from, to) in [
        ("version = 1", "version = 2"),
        ("name = ", "nickname = "),
        (&id[..1], if id.starts_with('0') { "1" } else { "0" }),
        ("\"1.0\"", "\"one\""),
        ("BEGIN PUBLIC", "BEGIN PRIVATE"),
        ("added = \"2", "added = \"x2"),
    ] {
        let at = if from.len() == 1 { text.find(id.as_str()).unwrap() } else { text.find(from).unwrap() };
        let altered = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
        assert_eq!(TrustStore::parse(&altered).unwrap_err().code(), Code::BadTrustStore, "{from} → {to}");
    }
}

#[test]
fn changes_at_the_same_time_are_made_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trust.toml");
    let taken = |number: usize| AcceptedRelease {
        vendor: "acme".into(),
        product: format!("p{number}"),
        release: "1.0".into(),
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (path, taken) = (&path, taken(number));
            scope.spawn(move || {
                TrustStore::check_memory(path, std::slice::from_ref(&taken)).unwrap();
                assert!(TrustStore::remember_restored(&Ctx::new(), path, &[taken]));
            });
        }
    });
    let store = TrustStore::load(&path).unwrap();
    assert!((0..8).all(|number| store.newest("acme", &taken(number).product).is_some()));
}
