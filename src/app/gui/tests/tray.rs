//! Pictures of the tray, from an empty passphrase to each end.

use std::sync::Arc;

use sealift::{Code, Error, Fact, PackReport, Phase, WordList};

use super::*;
use crate::gui::{
    new_passphrase::Change,
    new_recipients::{self, LockedFor, Needs, ToldShares},
    own_keys,
    screens::pack::{Action as Pack, Packed, PackedBundle, Seen, SignEdit, Split},
};

const OUT: &str = "/home/operator/交付/交付-2026-11-24.sealift";

fn with(actions: impl IntoIterator<Item = Pack>) -> State {
    let begin = [
        Pack::Out(OUT.into()),
        Pack::Saw(OUT.into(), Seen { free_bytes: Some(58 << 30), ..Seen::default() }),
    ];
    after([with_images(5)].into_iter().chain(begin.into_iter().chain(actions).map(Action::Pack)))
}

fn both(text: &str) -> [Pack; 2] {
    [Pack::New(None, Change::First(typed(text))), Pack::New(None, Change::Again(typed(text)))]
}

#[test]
fn a_passphrase_that_is_chosen() {
    const WORDS: &str = "mural cabbage unplug sixteen zebra wooing";
    let mut pictures = Pictures::default();
    pictures.check("tray-empty", || with([]));
    pictures.check("tray-strong", || with(both(WORDS)));
    pictures.check("tray-weak", || with(both("bank2026").into_iter().chain([Pack::Start])));
    pictures.check("tray-mismatch", || {
        with([
            Pack::New(None, Change::First(typed("海内存知己"))),
            Pack::New(None, Change::Again(typed("海内存"))),
        ])
    });
    pictures.check("tray-generated", || {
        with([Pack::New(None, Change::Generated(WordList::English, typed(WORDS)))])
    });
    pictures.check("tray-generated-zh", || {
        let words = typed("窗 朽 邮 鼎 蔗 拂 谜");
        with([Pack::New(None, Change::Generated(WordList::Chinese, words))])
    });
    pictures.check("tray-short", || with(both("q7#Vz!m2Kd@9").into_iter().chain([Pack::Start])));
}

#[test]
fn whom_it_is_locked_for_and_who_signs() {
    let make = |actions: Vec<Pack>| {
        let mut state = with([]);
        let own = Action::Own(own_keys::Action::Loaded(Ok(super::keys::own_lists())));
        for action in [own].into_iter().chain(actions.into_iter().map(Action::Pack)) {
            state.apply(action, &mut Effects::new());
        }
        state
    };
    let tick = |name: &str, text: &str| {
        let chosen = new_recipients::Chosen { name: name.into(), text: text.into() };
        Pack::Recipients(None, new_recipients::Change::Tick(chosen))
    };
    let site = super::keys::own_lists().book.keys()[1].address.clone();
    let mut pictures = Pictures::default();
    pictures.check("tray-recipients", || {
        make(vec![
            tick("支付网关现场", &site),
            tick("ops@site-b", "ssh-ed25519 AAAA ops@site-b"),
            Pack::Recipients(None, new_recipients::Change::Needs(Needs::All)),
            Pack::Sign(SignEdit::Tick("镜渡供应".into(), "/home/u/keys/acme.key".into())),
            Pack::Sign(SignEdit::Passphrase(typed("the key's own"))),
            Pack::Sign(SignEdit::Product("支付平台".into())),
            Pack::Sign(SignEdit::Release("1.4.2".into())),
        ])
    });
    pictures.check("tray-recipient-refused", || {
        let error = Error::new(Code::BadRecipient);
        let changes = [
            new_recipients::Change::Typed("age1zz".into()),
            new_recipients::Change::Added(Err(Arc::new(error))),
        ];
        make(changes.map(|change| Pack::Recipients(None, change)).into())
    });
}

#[test]
fn a_place_that_is_taken_or_too_small() {
    let mut pictures = Pictures::default();
    pictures.check("tray-exists", || {
        let seen = Seen { exists: true, free_bytes: Some(600 << 20), ..Seen::default() };
        with([
            Pack::Out("/mnt/usb/a.sealift".into()),
            Pack::Saw("/mnt/usb/a.sealift".into(), seen),
            Pack::Split(Split::Custom),
        ])
    });
}

#[test]
fn each_end() {
    let mut pictures = Pictures::default();
    pictures.check("tray-result", || {
        let report = PackReport {
            signature: None,
            volumes: vec![OUT.into()],
            bundle_bytes: 1_073_000_000,
            kept_bytes: 0,
            fingerprint: FINGERPRINT.into(),
            num_images: 5,
            sum_bytes: 2_610_000_000,
            unique_bytes: 2_000_000_000,
        };
        let locked_for = LockedFor {
            earlier: Vec::new(),
            has_passphrase: true,
            names: vec!["支付网关现场".into(), "ops@site-b".into()],
            shares: Some(ToldShares {
                threshold: 2,
                files: (1..=3).map(|n| format!("/media/operator/share-{n}-of-3.txt").into()).collect(),
            }),
            needs: Needs::Any,
        };
        let bundles = vec![PackedBundle { class: None, report, locked_for }];
        let packed = Packed { bundles, signed: Some("镜渡供应".into()) };
        with([Pack::Packed(Ok(packed), Phase::Flush)])
    });
    pictures.check("tray-failed", || {
        let error = Error::new(Code::DiskFull).with(Fact::Path, OUT);
        with([Pack::Packed(Err(Arc::new(error)), Phase::Pack)])
    });
    pictures.check("tray-cancelled", || {
        with([Pack::Packed(Err(Arc::new(Error::new(Code::Cancelled))), Phase::Pack)])
    });
}

#[test]
fn a_layer_lights_up_its_holders() {
    let mut pictures = Pictures::default();
    pictures.check("pack-layer-lit", || {
        let layer = rows(1)[0].layers[0].0;
        with([Pack::Light(Some(layer))])
    });
}
