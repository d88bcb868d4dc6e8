use super::*;
use crate::{
    crypto::{SigningKey, SigningKeyType},
    trust::{SignatureInfo, SignatureState, TrustStore},
};

fn store(newest: Option<&str>) -> TrustStore {
    let mut store = TrustStore::default();
    for name in ["acme", "audit", "other"] {
        store.add(name, SigningKey::generate(SigningKeyType::Ed25519).public_key()).unwrap();
    }
    let newest = newest.map(|release| AcceptedRelease {
        vendor: "acme".into(),
        product: "suite".into(),
        release: release.into(),
    });
    store.remember(newest.as_slice());
    store
}

/// `VENDOR[!|?][ PRODUCT RELEASE]`, signed on a day: `!` is damaged, `?` by a key that is not known.
fn signature(text: &str, signed: &str) -> SignatureInfo {
    let mut words = text.split(' ');
    let vendor = words.next().unwrap();
    let state = match vendor.chars().last() {
        Some('!') => SignatureState::Damaged,
        Some('?') => SignatureState::UnknownKey,
        _ => SignatureState::Trusted,
    };
    let vendor = vendor.trim_end_matches(['!', '?']);
    SignatureInfo {
        state,
        vendor: (state != SignatureState::UnknownKey).then(|| vendor.to_owned()),
        key_id: None,
        key_type: None,
        signed: Some(format!("{signed}T12:00:00Z")),
        product: words.next().map(str::to_owned),
        release: words.next().map(str::to_owned),
        public_key: None,
    }
}

#[test]
fn each_rule_lets_in_and_refuses() {
    const ANY: &str = "[signers]\nany_of = ['acme', 'other']\n";
    const ALL: &str = "[signers]\nall_of = ['acme', 'audit']\n";
    const SINCE: &str = "[signers]\nany_of = ['acme']\noldest_signing = 2026-02-01\n";
    const OLDEST: &str =
        "[signers]\nany_of = ['acme']\n[[product]]\nname = 'suite'\noldest_release = '1.4'\n";
    const FORGETFUL: &str = "[signers]\nany_of = ['acme']\nrefuse_rollback = false\n";
    use Code::{NoRelease, NotSigned, ReleaseTooOld, Rollback, SignatureDamaged, SignedTooLongAgo};
    for (policy, signatures, newest, expected) in [
        (ANY, &["acme"][..], None, Ok("acme")),
        (ANY, &["other"], None, Ok("other")),
        (ANY, &["acme", "other"], None, Ok("acme other")),
        (ANY, &["acme", "audit"], None, Ok("acme")),
        (ANY, &["acme", "acme"], None, Ok("acme")),
        (ANY, &[], None, Err(NotSigned)),
        (ANY, &["audit"], None, Err(NotSigned)),
        (ANY, &["acme?"], None, Err(NotSigned)),
        (ANY, &["acme!"], None, Err(SignatureDamaged)),
        (ANY, &["acme!", "other"], None, Ok("other")),
        (ANY, &["acme!", "acme"], None, Ok("acme")),
        (ALL, &["acme", "audit"], None, Ok("acme audit")),
        (ALL, &["audit", "other", "acme"], None, Ok("acme audit")),
        (ALL, &["acme"], None, Err(NotSigned)),
        (ALL, &["acme", "other"], None, Err(NotSigned)),
        (ALL, &["acme", "audit!"], None, Err(SignatureDamaged)),
        // Signed on 2026-01-20.
        (SINCE, &["acme"], None, Err(SignedTooLongAgo)),
        (SINCE, &["acme!"], None, Err(SignatureDamaged)),
        (OLDEST, &["acme suite 1.4"], None, Ok("acme")),
        (OLDEST, &["acme suite 1.10"], None, Ok("acme")),
        (OLDEST, &["acme suite 1.3.9"], None, Err(ReleaseTooOld)),
        (OLDEST, &["acme suite 1.4.0-rc.1"], None, Err(ReleaseTooOld)),
        (OLDEST, &["acme"], None, Err(NoRelease)),
        (OLDEST, &["acme", "other suite 2"], None, Err(NoRelease)),
        (OLDEST, &["acme other 1.0"], None, Ok("acme")),
        (OLDEST, &["acme suite 1.5", "acme suite 1.0"], None, Err(ReleaseTooOld)),
        (ANY, &["acme suite 1.4"], Some("1.4"), Ok("acme")),
        (ANY, &["acme suite 1.5"], Some("1.4"), Ok("acme")),
        (ANY, &["acme suite 1.3"], Some("1.4"), Err(Rollback)),
        (ANY, &["acme suite 1.9"], Some("1.10"), Err(Rollback)),
        (ANY, &["acme base 1.3"], Some("1.4"), Ok("acme")),
        (ANY, &["other suite 1.3"], Some("1.4"), Ok("other")),
        (FORGETFUL, &["acme suite 1.3"], Some("1.4"), Ok("acme")),
    ] {
        let policy_read = Policy::parse(&format!("version = 1\n{policy}")).unwrap();
        let found: Vec<_> = signatures.iter().map(|text| signature(text, "2026-01-20")).collect();
        let checked = policy_read.check(&found, None, &store(newest));
        let checked = checked.map(|report| report.signers.join(" ")).map_err(|e| e.code());
        assert_eq!(checked, expected.map(str::to_owned), "{policy}{signatures:?} {newest:?}");
    }
    let since = Policy::parse(&format!("version = 1\n{SINCE}")).unwrap();
    for (day, expected) in [("2026-02-01", true), ("2026-01-31", false)] {
        assert_eq!(since.check(&[signature("acme", day)], None, &store(None)).is_ok(), expected, "{day}");
    }
}

#[test]
fn images_must_be_signed_where_a_rule_says_so() {
    let policy = "version = 1\n[[image]]\nnames = 'registry.local/acme/*'\nsigned_by = ['acme', 'other']\n";
    let all = "version = 1\n[[image]]\nnames = '*'\nsigned_by = ['acme']\n";
    let image = |name: &str, vendors: &[&str]| SignedImage {
        title: name.into(),
        names: (!name.is_empty()).then(|| name.to_owned()).into_iter().collect(),
        vendors: vendors.iter().map(ToString::to_string).collect(),
    };
    for (policy, images, expected) in [
        (policy, vec![image("registry.local/acme/api:1", &["acme"])], Ok(ImageCheck::Signed(1))),
        (policy, vec![image("registry.local/acme/api:1", &["audit", "other"])], Ok(ImageCheck::Signed(1))),
        (policy, vec![image("registry.local/base:1", &[])], Ok(ImageCheck::Signed(0))),
        (policy, vec![image("registry.local/acme/api:1", &["audit"])], Err(Code::ImageNotSigned)),
        (policy, vec![image("", &[])], Ok(ImageCheck::Signed(0))),
        (all, vec![image("", &[])], Err(Code::ImageNotSigned)),
        (all, vec![image("a:1", &["acme"]), image("b:1", &["other"])], Err(Code::ImageNotSigned)),
    ] {
        let checked = Policy::parse(policy).unwrap().check(&[], Some(&images), &store(None));
        assert_eq!(checked.map(|report| report.images).map_err(|e| e.code()), expected, "{images:?}");
    }
    let keyless = Policy::parse(all).unwrap().check(&[], None, &store(None)).unwrap();
    assert_eq!(keyless.images, ImageCheck::Locked);
}

#[test]
fn a_policy_that_is_not_understood_in_full_is_refused() {
    for bad in [
        "",
        "version = 1",
        "version = 2\n[signers]\nany_of = ['acme']",
        "version = 1\n[signers]\nany_off = ['acme']",
        "version = 1\n[signers]\nany_of = 'acme'",
        "version = 1\n[signers]\nany_of = ['acme']\nany_of = ['other']",
        "version = 1\n[signer]\nany_of = ['acme']",
        "version = 1\n[signers]\nany_of = ['acme']\noldest_signing = 2026-01-01T00:00:00",
        "version = 1\n[signers]\noldest_signing = 2026-01-01",
        "version = 1\n[signers]\nany_of = ['acme']\n[[product]]\nname = 'suite'\noldest_release = 'one'",
        "version = 1\n[signers]\nany_of = ['acme']\n[[product]]\nname = 'a b'\noldest_release = '1'",
        "version = 1\n[[product]]\nname = 'suite'\noldest_release = '1'",
        "version = 1\n[[image]]\nnames = '*'\nsigned_by = []",
        "version = 1\n[[image]]\nnames = ''\nsigned_by = ['acme']",
    ] {
        assert_eq!(Policy::parse(bad).unwrap_err().code(), Code::BadPolicy, "{bad}");
    }
    let unknown = Policy::parse("version = 1\n[signers]\nany_of = ['acme', 'nobody']").unwrap();
    let refused = unknown.check(&[signature("acme", "2026-01-01")], None, &store(None)).unwrap_err();
    assert_eq!(refused.code(), Code::NoSuchVendor);
}
