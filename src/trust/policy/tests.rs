use super::*;
use crate::{
    crypto::{SigningKey, SigningKeyType},
    digest::Digest,
    job::Ctx,
    oci::{Descriptor, Image, Name},
    trust::{SignatureInfo, SignatureState, TrustStore, Vouched},
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
        let checked = policy_read.check(&found, &store(newest));
        let checked = checked.map(|report| report.signers.join(" ")).map_err(|e| e.code());
        assert_eq!(checked, expected.map(str::to_owned), "{policy}{signatures:?} {newest:?}");
    }
    let since = Policy::parse(&format!("version = 1\n{SINCE}")).unwrap();
    for (day, expected) in [("2026-02-01", true), ("2026-01-31", false)] {
        assert_eq!(since.check(&[signature("acme", day)], &store(None)).is_ok(), expected, "{day}");
    }
}

/// An image of these names, separated by spaces, which these vendors signed.
fn image(names: &str, vendors: &[&'static str]) -> (Image, Vec<&'static str>) {
    let names: Vec<Name> = names.split_whitespace().map(|name| name.parse().unwrap()).collect();
    let digest = Digest::of(format!("{names:?}").as_bytes());
    let target = Descriptor { media_type: String::new(), digest, size: 1 };
    let (indexes, manifests, absent, listed) = Default::default();
    (Image { names, target, indexes, manifests, absent, listed, synthesized: false }, vendors.to_vec())
}

/// How many of `images`, which get `more` names, a policy finds signed.
fn check(policy: &str, images: &[(Image, Vec<&str>)], more: &[&str]) -> std::result::Result<usize, Code> {
    let policy = Policy::parse(&format!("version = 1\n{policy}")).unwrap();
    let signed: Vec<(&str, Digest)> = images
        .iter()
        .flat_map(|(image, vendors)| vendors.iter().map(|vendor| (*vendor, image.target.digest)))
        .collect();
    let vouched = Vouched::made(&signed, &images.iter().map(|(image, _)| image).collect::<Vec<_>>());
    let more: Vec<Name> = more.iter().map(|name| Name::qualified(name).unwrap()).collect();
    let named =
        images.iter().map(|(image, _)| Named { image, names: image.names.iter().chain(&more).collect() });
    let named: Vec<Named<'_>> = named.collect();
    check_images(&Ctx::new(), policy.image_rules(), &named, &vouched).map_err(|e| e.code())
}

#[test]
fn images_must_be_signed_where_a_rule_says_so() {
    const RULE: &str = "[[image]]\nnames = 'registry.local/acme/*'\nsigned_by = ['acme', 'other']\n";
    const ALL: &str = "[[image]]\nnames = '*'\nsigned_by = ['acme']\n";
    for (policy, images, expected) in [
        (RULE, vec![image("registry.local/acme/api:1", &["acme"])], Ok(1)),
        (RULE, vec![image("registry.local/acme/api:1", &["audit", "other"])], Ok(1)),
        (RULE, vec![image("registry.local/base:1", &[])], Ok(0)),
        (RULE, vec![image("registry.local/acme/api:1", &["audit"])], Err(Code::ImageNotSigned)),
        (RULE, vec![image("quay.io/api:1 registry.local/acme/api:1", &[])], Err(Code::ImageNotSigned)),
        (RULE, vec![image("", &[])], Ok(0)),
        (ALL, vec![image("", &[])], Err(Code::ImageNotSigned)),
        (ALL, vec![image("latest", &[])], Err(Code::ImageNotSigned)),
        (ALL, vec![image("a:1", &["acme"]), image("b:1", &["other"])], Err(Code::ImageNotSigned)),
    ] {
        assert_eq!(check(policy, &images, &[]), expected, "{images:?}");
    }
    let keyless = Policy::parse(&format!("version = 1\n{ALL}")).unwrap().check(&[], &store(None)).unwrap();
    assert_eq!(keyless.images, ImageCheck::Locked);
}

#[test]
fn a_rule_meets_every_spelling_of_every_name() {
    let is_ruled = |pattern: &str, name: &str, more: &[&str]| {
        let policy = format!("[[image]]\nnames = '{pattern}'\nsigned_by = ['acme']\n");
        check(&policy, &[image(name, &[])], more).is_err()
    };
    for (pattern, name) in [
        ("registry.vendor.cn/*", "REGISTRY.vendor.cn/app:9"),
        ("registry.vendor.cn/*", "registry.vendor.cn:443/app:9"),
        ("registry.vendor.cn/*", "registry.vendor.cn:0443/app:9"),
        ("Registry.Vendor.cn:443/*", "registry.vendor.cn/app:9"),
        ("*.VENDOR.cn/*", "registry.vendor.cn/app:9"),
        ("docker.io/acme/*", "index.docker.io/acme/app:9"),
        ("registry-1.docker.io/acme/*", "acme/app:9"),
        ("nginx", "registry-1.docker.io/library/nginx:1"),
        ("registry.vendor.cn/app", "registry.vendor.cn/app:9"),
        ("*", "mirror.local/app:9"),
        ("**", ""),
    ] {
        assert!(is_ruled(pattern, name, &[]), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("registry.vendor.cn/*", "registry.vendor.cn:5000/app:9"),
        ("registry.vendor.cn/*", "registry.vendor.cn.evil.example/app:9"),
        ("registry.vendor.cn/app", "registry.vendor.cn/app/b:9"),
        ("docker.io/*", "quay.io/app:9"),
    ] {
        assert!(!is_ruled(pattern, name, &[]), "{pattern} {name}");
    }
    // A name that the destination gives counts, and hides none.
    assert!(is_ruled("site.local/*", "mirror.local/app:9", &["site.local:443/app:9"]));
    assert!(is_ruled("mirror.local/*", "mirror.local/app:9", &["site.local/app:9"]));
    assert!(!is_ruled("site.local/*", "mirror.local/app:9", &[]));
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
    let rule = |names: &str| format!("version = 1\n[[image]]\nnames = \"{names}\"\nsigned_by = ['acme']");
    // Such a pattern meets nothing, and would let in what it was meant to rule.
    for names in [
        "docker://quay.io/acme/*",
        "https://quay.io/*",
        "quay.io/acme/* ",
        "\u{200b}quay.io/*",
        "quay.io//acme/*",
        "quay.io\\\\acme",
        "quay.io/acme/",
        "/acme/*",
        "quay.io/a*, quay.io/b*",
        "quay.io/{a,b}",
        "quay.io/a:[0-9]",
        "^quay.io/*",
        "quay.io./acme/*",
        "quay.io:0443/acme/*",
        "quay.io:x/acme",
        "中.cn/*",
    ] {
        assert_eq!(Policy::parse(&rule(names)).unwrap_err().code(), Code::BadPolicy, "{names}");
    }
    for names in [
        "*",
        "app",
        "app:1.?",
        "quay.io/acme/*",
        "QUAY.io:443/a_b/c-d:v1",
        "quay.io:*/acme/*",
        "*.example.com/a@sha256:*",
        "[::1]:5000/acme/*",
    ] {
        assert!(Policy::parse(&rule(names)).is_ok(), "{names}");
    }
    let unknown = Policy::parse("version = 1\n[signers]\nany_of = ['acme', 'nobody']").unwrap();
    let refused = unknown.check(&[signature("acme", "2026-01-01")], &store(None)).unwrap_err();
    assert_eq!(refused.code(), Code::NoSuchVendor);
}
