//! Every kind of slot through the same cases: opened by its own key alone, in its own bundle alone, unaltered alone.

use std::sync::Arc;

use super::*;
use crate::{
    bundle::{BundleKeys, SetId},
    crypto::Passphrase,
    error::{Code, Error},
    job::Ctx,
};

const SET_ID: SetId = [7; 32];
const CHEAP: KdfCost = KdfCost { memory_kib: 64, num_passes: 1, num_lanes: 1 };

fn nobody() -> Arc<dyn Ask> {
    Arc::new(NobodyAnswers)
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

/// A recipient, and what opens its slot.
fn pair(kind: &str) -> (Recipient, Identities) {
    match kind {
        "password" => (Recipient::Passphrase(passphrase("p")), Identities::from(&passphrase("p"))),
        "key-file" => {
            let file = KeyFile::generate();
            let same = KeyFile::parse(&file.to_text()).unwrap();
            (Recipient::KeyFile(file), Identities::new(vec![Identity::KeyFile(same)]))
        }
        "age" => {
            let (text, recipient) = AgeIdentity::generate();
            let identity = AgeIdentity::parse(text.as_bytes(), "", &nobody()).unwrap().unwrap();
            let recipient = AgeRecipient::parse(&recipient, &nobody()).unwrap();
            (Recipient::Age(recipient), Identities::new(vec![Identity::Age(identity)]))
        }
        "shares" => {
            let (split, shares) = SplitKey::generate(2, 3).unwrap();
            let shares = shares.into_iter().skip(1).map(|share| Identity::Share(Arc::new(share)));
            (Recipient::Split(split), Identities::new(shares.collect()))
        }
        _ => {
            let (recipients, identities): (Vec<_>, Vec<_>) =
                ["password", "key-file", "age"].map(pair).into_iter().unzip();
            let all = identities.iter().flat_map(|all| Identities::from(all).into_vec());
            (Recipient::All(recipients), Identities::new(all.collect()))
        }
    }
}

const HERE: [&str; 5] = ["password", "key-file", "age", "shares", "all-of"];

fn seal(recipient: &Recipient, keys: &BundleKeys) -> Slot {
    recipient.seal(&Ctx::new(), keys.set_id(), keys.bundle_key(), CHEAP).unwrap()
}

fn opened(set_id: SetId, slot: &Slot, identities: &Identities) -> Option<[u8; 32]> {
    let keys = try_slot(&Ctx::new(), set_id, slot, identities).unwrap();
    keys.map(|keys| *keys.bundle_key().as_bytes())
}

#[test]
fn a_slot_opens_with_its_own_key_alone_and_in_its_own_bundle_alone() {
    let keys = BundleKeys::new(Key::random(), SET_ID);
    for kind in HERE {
        let ((recipient, own), (_, other)) = (pair(kind), pair(kind));
        let slot = seal(&recipient, &keys);
        assert_eq!(describe(&slot).0, kind);
        assert_eq!(opened(SET_ID, &slot, &own), Some(*keys.bundle_key().as_bytes()), "{kind}");
        assert_eq!(opened([8; 32], &slot, &own), None, "{kind} in another bundle");
        if kind != "password" {
            assert_eq!(opened(SET_ID, &slot, &other), None, "{kind} with another key");
        }
    }
}

#[test]
fn every_altered_bit_of_every_kind_is_refused() {
    let keys = BundleKeys::new(Key::random(), SET_ID);
    for kind in HERE {
        let (recipient, own) = pair(kind);
        let slot = seal(&recipient, &keys);
        for bit in 0..slot.body.len() * 8 {
            let mut flipped = slot.clone();
            flipped.body[bit / 8] ^= 1 << (bit % 8);
            // Costs that would take real time are for the bounds test.
            if passwords(&flipped).iter().any(|password| password.cost.work_kib() > 64 << 3) {
                continue;
            }
            assert_eq!(opened(SET_ID, &flipped, &own), None, "{kind}, bit {bit}");
        }
        for len in 0..slot.body.len() {
            let cut = Slot { kind: slot.kind, body: slot.body[..len].to_vec() };
            assert_eq!(opened(SET_ID, &cut, &own), None, "{kind}, {len} bytes");
        }
        let longer = Slot { kind: slot.kind, body: [&slot.body[..], &[0]].concat() };
        assert_eq!(opened(SET_ID, &longer, &own), None, "{kind}, a byte more");
        for other in KINDS.iter().filter(|other| other.number != slot.kind) {
            let renamed = Slot { kind: other.number, body: slot.body.clone() };
            assert_eq!(opened(SET_ID, &renamed, &own), None, "{kind} called {}", other.name);
        }
    }
}

#[test]
fn a_part_of_a_group_opens_nothing() {
    let keys = BundleKeys::new(Key::random(), SET_ID);
    let (recipient, own) = pair("all-of");
    let slot = seal(&recipient, &keys);
    let all = own.into_vec();
    for left_out in 0..all.len() {
        let some = all.iter().enumerate().filter(|(place, _)| *place != left_out);
        let some = Identities::new(some.map(|(_, identity)| identity.share()).collect());
        assert_eq!(opened(SET_ID, &slot, &some), None);
    }
    let nested = Recipient::All(vec![pair("all-of").0, pair("age").0]);
    let refused = nested.seal(&Ctx::new(), &SET_ID, keys.bundle_key(), CHEAP);
    assert_eq!(refused.map(drop).map_err(|e| e.code()), Err(Code::BadRecipient));
}

#[test]
fn shares_are_told_apart_by_their_hashes() {
    let keys = BundleKeys::new(Key::random(), SET_ID);
    let (split, shares) = SplitKey::generate(3, 5).unwrap();
    let (_, foreign) = SplitKey::generate(3, 5).unwrap();
    let slot = seal(&Recipient::Split(split), &keys);
    let given = |numbers: &[usize], strangers: &[usize]| {
        let ours = numbers.iter().map(|number| &shares[number - 1]);
        let all = ours.chain(strangers.iter().map(|number| &foreign[number - 1]));
        // As holders give them: told in words, or as a code.
        let told =
            all.enumerate().map(|(place, share)| if place % 2 == 0 { share.words() } else { share.code() });
        let read = told.map(|told| Identity::Share(Arc::new(KeyShare::parse(&told).unwrap())));
        try_slot(&Ctx::new(), SET_ID, &slot, &Identities::new(read.collect())).unwrap().is_some()
    };
    assert!(given(&[1, 2, 3], &[]) && given(&[5, 3, 1], &[]) && given(&[1, 2, 3, 4, 5], &[]));
    assert!(
        !given(&[1, 2], &[]) && !given(&[2, 2, 2], &[]) && !given(&[1, 2], &[3]) && !given(&[], &[1, 2, 3])
    );
    assert!(given(&[1, 2, 4], &[3]), "a share of another key does no harm");
    for bad in ["", "1 abandon", "SEALIFT-SHARE-1QQQQ", &shares[0].words().replacen(' ', " zoo ", 1)] {
        assert_eq!(KeyShare::parse(bad).map(drop).map_err(|e| e.code()), Err(Code::BadShare), "{bad}");
    }
    for (threshold, num) in [(0, 3), (1, 3), (4, 3), (2, 33)] {
        assert_eq!(SplitKey::generate(threshold, num).map(drop).map_err(|e| e.code()), Err(Code::Usage));
    }
}

#[test]
fn files_that_are_no_keys_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let key = KeyFile::generate().to_text();
    let (rest, last) = key.trim_end().split_at(key.trim_end().len() - 1);
    let mistyped = format!("{rest}{}", if last == "Q" { 'P' } else { 'Q' });
    let (identity, recipient) = AgeIdentity::generate();
    let write =
        |content: &str| crate::fs::write(&path, content.as_bytes(), crate::fs::Existing::Replace).unwrap();
    let code = |result: crate::error::Result<()>| result.map_err(|e: Error| e.code());
    for (content, expected) in [
        (key.as_str(), Ok(())),
        (&*key.to_lowercase(), Ok(())),
        (identity.as_str(), Ok(())),
        ("", Err(Code::BadIdentity)),
        ("hello", Err(Code::BadIdentity)),
        (mistyped.as_str(), Err(Code::BadIdentity)),
        ("AGE-SECRET-KEY-1XXXX", Err(Code::BadIdentity)),
        ("age-encryption.org/v1\nnonsense", Err(Code::BadIdentity)),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            Err(Code::BadIdentity),
        ),
        (recipient.as_str(), Err(Code::BadIdentity)),
    ] {
        write(content);
        assert_eq!(code(Identity::read(&path, &nobody()).map(drop)), expected, "{content}");
    }
    for (content, expected) in [
        (key.as_str(), Ok(())),
        (&*format!("# the site\n\n{recipient}\n"), Ok(())),
        ("", Err(Code::BadRecipient)),
        (identity.as_str(), Err(Code::BadRecipient)),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", Err(Code::BadRecipient)),
        ("ssh-ed25519 AAAA", Err(Code::BadRecipient)),
    ] {
        write(content);
        let text = path.display().to_string();
        let parsed = Recipient::parse(&text, &nobody());
        if let Err(e) = &parsed {
            assert!(
                !e.render(crate::locale::Lang::En).contains("AGE-SECRET"),
                "a private key is never shown"
            );
        }
        assert_eq!(code(parsed.map(drop)), expected, "{content}");
    }
    for bad in [
        "age1qqqq",
        "ssh-rsa x",
        "vault://",
        "vault://h/a b",
        "vault://h/k?colour=red",
        "vault://h/k?role-id=a",
    ] {
        let refused = Recipient::parse(bad, &nobody()).map(drop).map_err(|e| e.code());
        assert!(matches!(refused, Err(Code::BadRecipient | Code::BadVaultAddress)), "{bad}: {refused:?}");
    }
    let plain = Recipient::parse("vault+http://vault.example/k", &nobody()).map(drop).map_err(|e| e.code());
    assert_eq!(plain, Err(Code::PlainHttp));
}

#[test]
fn the_slots_of_an_interrupted_run_open_for_the_same_recipients_at_a_bounded_cost() {
    let (ctx, keys) = (Ctx::new(), BundleKeys::new(Key::random(), SET_ID));
    let reopen = |recipients: &Recipients, slots: &[Slot]| recipients.reopen(&ctx, SET_ID, slots).unwrap();
    let recipients = Recipients::new(vec![pair("age").0, pair("password").0, pair("key-file").0]);
    let slots: Vec<Slot> = recipients.iter().map(|recipient| seal(recipient, &keys)).collect();
    let (found, opened) = reopen(&recipients, &slots).unwrap();
    assert_eq!(found.bundle_key().as_bytes(), keys.bundle_key().as_bytes());
    // Who packs has no key of a recipient of age: that slot is made again.
    assert_eq!(opened, [None, Some(slots[1].clone()), Some(slots[2].clone())]);
    assert!(reopen(&Recipients::new(vec![pair("age").0]), &slots[..1]).is_none());
    assert!(reopen(&Recipients::new(vec![pair("password").0]), &slots).is_none(), "others may open it too");
    let other = Recipients::new(vec![pair("age").0, pair("password").0, pair("key-file").0]);
    assert!(reopen(&other, &slots).is_none(), "another key file");
    // One slot under another key: a run has only one.
    let strange = seal(&pair("password").0, &BundleKeys::new(Key::random(), SET_ID));
    let both = Recipients::new(vec![pair("password").0, pair("password").0]);
    assert!(reopen(&both, &[slots[1].clone(), strange]).is_none());

    // Five slots of 16 GiB: refused by their sum, before the first is tried.
    let mut costly = slots[1].clone();
    costly.body[16..28].copy_from_slice(&[1_u32 << 20, 16, 16].map(u32::to_le_bytes).concat());
    let five = Recipients::new((0..5).map(|_| pair("password").0).collect());
    let began = std::time::Instant::now();
    assert!(reopen(&five, &vec![costly; 5]).is_none());
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}
