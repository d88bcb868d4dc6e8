//! Who signed a bundle, what the policy says, and keys beside the passphrase: pictures, and what is refused.

use std::sync::Arc;

use sealift::{
    Error, Fact, ImageCheck, PolicyReport, PublicKey, SignatureInfo, SignatureState, SigningKeyType, SlotInfo,
};

use super::*;
use crate::gui::{
    other_keys::Change,
    screens::{
        import::{self, Step},
        verify,
    },
    standing::Trust,
};

fn key() -> PublicKey {
    PublicKey::from_pem(include_bytes!("../../../../tests/testkit/cosign/image-signature.pub")).unwrap()
}

fn signature(state: SignatureState) -> SignatureInfo {
    let is_trusted = state == SignatureState::Trusted;
    let fits = is_trusted || state == SignatureState::UnknownKey;
    SignatureInfo {
        state,
        vendor: is_trusted.then(|| "acme".into()),
        key_id: Some(key().id()),
        key_type: Some(SigningKeyType::EcdsaP256),
        signed: fits.then(|| "2026-11-20T08:30:00Z".into()),
        product: is_trusted.then(|| "suite".into()),
        release: is_trusted.then(|| "1.4.2".into()),
        public_key: fits.then(key),
    }
}

fn signed(states: &[SignatureState]) -> Header {
    let signatures = states.iter().copied().map(signature).collect();
    Header { standing: Standing { signatures, policies: Ok(Vec::new()) }, ..header() }
}

fn refused() -> Header {
    let error = Error::new(Code::NotSigned).with(Fact::Vendor, "acme").at(&header().path);
    let mut header = signed(&[SignatureState::UnknownKey]);
    header.standing.policies = Err(Arc::new(error));
    header
}

fn only_keys() -> Header {
    let slots = vec![SlotInfo { number: 1, kind: "age", details: "X25519".into() }];
    Header { slots, ..signed(&[]) }
}

fn wizard(header: Header, actions: impl IntoIterator<Item = import::Action>) -> State {
    let open = [import::Action::Opened(Ok(header.into()))];
    let actions = open.into_iter().chain(actions).map(Action::Import);
    after([Action::Go(Page::Import)].into_iter().chain(actions))
}

fn verifying(header: Header, actions: impl IntoIterator<Item = verify::Action>) -> State {
    let open = [verify::Action::Opened(Ok(header))];
    let actions = open.into_iter().chain(actions).map(Action::Verify);
    after([Action::Go(Page::Verify)].into_iter().chain(actions))
}

fn listed() -> Change {
    Change::Files(vec!["/home/operator/密钥/站点.key".into(), "/home/operator/.ssh/id_ed25519".into()])
}

#[test]
fn what_a_site_makes_of_a_bundle() {
    let mut pictures = Pictures::default();
    pictures
        .check("import-signed", || wizard(signed(&[SignatureState::Trusted, SignatureState::Damaged]), []));
    pictures.check("import-unknown-key", || wizard(signed(&[SignatureState::UnknownKey]), []));
    pictures.check("import-refused", || wizard(refused(), []));
    pictures.check("import-trust", || {
        let mut state = wizard(refused(), []);
        for change in [Trust::Begin(vec![header().path], key()), Trust::Name("acme".into())] {
            state.apply(Action::Trust(change), &mut Effects::new());
        }
        state
    });
    pictures.check("import-inspect-signed", || {
        let mut contents = super::import::contents(3);
        contents.images[0].signed_by = vec!["acme".into()];
        contents.parts[0].path = header().path;
        contents.parts[0].fingerprint = header().fingerprint;
        contents.parts[0].policies = vec![PolicyReport {
            signers: vec!["acme".into()],
            images: ImageCheck::Signed(1),
            ..PolicyReport::default()
        }];
        wizard(signed(&[SignatureState::Trusted]), [import::Action::Unlocked(Ok(contents))])
    });
    pictures.check("import-other-keys", || wizard(header(), [import::Action::Keys(listed())]));
    pictures.check("import-only-keys", || wizard(only_keys(), []));
    pictures.check("verify-refused", || verifying(refused(), []));
    pictures.check("verify-other-keys", || {
        verifying(header(), [verify::Action::Keys(Change::Open), verify::Action::Keys(listed())])
    });
}

#[test]
fn a_refused_bundle_leads_nowhere_until_its_key_is_trusted() {
    let mut state = wizard(refused(), [import::Action::Passphrase(typed("the right one"))]);
    assert_eq!(state.import.why_not(), Some("import-why-refused"));
    let mut effects = Effects::new();
    state.apply(Action::Import(import::Action::Next), &mut effects);
    assert!(effects.is_empty() && state.import.step == Step::Unlock);

    let standing = signed(&[SignatureState::Trusted]).standing;
    state.apply(Action::Trust(Trust::Done(Ok(vec![(header().path, standing)]))), &mut effects);
    assert_eq!(state.import.why_not(), None);
    state.apply(Action::Import(import::Action::Next), &mut effects);
    assert!(!effects.is_empty());
}

#[test]
fn keys_alone_lead_on_and_are_gone_with_the_bundle() {
    let mut state = wizard(only_keys(), []);
    assert_eq!(state.import.why_not(), Some("import-why-keys"));
    state.apply(Action::Import(import::Action::Keys(listed())), &mut Effects::new());
    assert_eq!(state.import.why_not(), None);
    state.apply(Action::Import(import::Action::Close), &mut Effects::new());
    assert!(state.import.keys.is_empty());

    let mut state = verifying(only_keys(), [verify::Action::Keys(listed())]);
    let mut effects = Effects::new();
    state.apply(Action::Verify(verify::Action::Start), &mut effects);
    let is_of_blobs = |effect: &Effect| matches!(effect, Effect::Run(work) if work.kind == crate::gui::job::Kind::VerifyBlobs);
    assert!(effects.iter().any(is_of_blobs), "a key makes the check one of every blob");
}
