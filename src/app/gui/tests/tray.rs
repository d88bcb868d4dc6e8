//! Pictures of the tray, from an empty passphrase to each end.

use std::sync::Arc;

use sealift::{Code, Error, Fact, PackReport, Phase, WordList};

use super::*;
use crate::gui::{
    new_passphrase::Change,
    screens::pack::{Action as Pack, Seen, Split},
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
    [Pack::New(Change::First(typed(text))), Pack::New(Change::Again(typed(text)))]
}

#[test]
fn a_passphrase_that_is_chosen() {
    const WORDS: &str = "mural cabbage unplug sixteen zebra wooing";
    let mut pictures = Pictures::default();
    pictures.check("tray-empty", || with([]));
    pictures.check("tray-strong", || with(both(WORDS)));
    pictures.check("tray-weak", || with(both("bank2026").into_iter().chain([Pack::Start])));
    pictures.check("tray-mismatch", || {
        with([Pack::New(Change::First(typed("海内存知己"))), Pack::New(Change::Again(typed("海内存")))])
    });
    pictures
        .check("tray-generated", || with([Pack::New(Change::Generated(WordList::English, typed(WORDS)))]));
    pictures.check("tray-generated-zh", || {
        let words = typed("窗 朽 邮 鼎 蔗 拂 谜");
        with([Pack::New(Change::Generated(WordList::Chinese, words))])
    });
    pictures.check("tray-short", || with(both("q7#Vz!m2Kd@9").into_iter().chain([Pack::Start])));
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
            volumes: vec![OUT.into()],
            bundle_bytes: 1_073_000_000,
            kept_bytes: 0,
            fingerprint: FINGERPRINT.into(),
            num_images: 5,
            sum_bytes: 2_610_000_000,
            unique_bytes: 2_000_000_000,
        };
        with([Pack::Packed(Ok(report), Phase::Flush)])
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
