//! Pictures of the Keys page.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{Code, Ctx, Error, KeyBook, KeyFile, PackOptions, Recipient};

use super::*;
use crate::gui::{
    action::Page,
    new_passphrase::Change,
    new_recipients, other_keys,
    own_keys::{self, Adding, Lists, Which},
    screens::keys::{self, Task},
};

/// Public keys, always the same ones: pictures show them.
const RECIPIENT: &str = "age1g4v26peju4fmrxhk39ujxueuyzqg968gzc9p4ffs3mdrhax6evcqxyeqrg";
const RECIPIENT_OF_SITE: &str = "age1mcgfxs87uv6u72l5wjtn03wuz0py54y6qczs9yhesjqx2p0mjfpqh3pvqy";
const PUBLIC_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErSa5FMihVmnfrQ3IRf/4ITIgLWNF
9Rwp6xEfO6S7sW4pZ7RlCwlJTPdFae4wmDgcwDkjGqpxbPg/vicjlg1TTA==
-----END PUBLIC KEY-----
";

fn file(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

/// An identity, a recipient, a signing key that is due and a vendor's key.
pub(super) fn own_lists() -> Lists {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.toml");
    let text = format!(
        r#"version = 1
[[key]]
kind = "identity"
name = "研发部打包机"
address = "/home/operator/keys/packer.txt"
public = "{RECIPIENT}"
added = "2026-03-02T08:00:00Z"
[[key]]
kind = "recipient"
name = "支付网关现场"
address = "{RECIPIENT_OF_SITE}"
added = "2026-03-02T08:00:00Z"
[[key]]
kind = "signing"
name = "镜渡供应"
address = "/home/u/keys/acme.key"
public = """
{PUBLIC_KEY}"""
added = "2024-11-02T08:00:00Z"
"#
    );
    file(&path, &text);
    let book = KeyBook::load(&path).unwrap();
    let path = dir.path().join("trust.toml");
    let key_id = book.keys()[2].key_id().unwrap();
    let text = format!(
        "version = 1\n[[vendor]]\nname = \"acme\"\nkey_id = \"{key_id}\"\nadded = \"2024-10-05T08:00:00Z\"\nkey = \"\"\"\n{PUBLIC_KEY}\"\"\"\n"
    );
    file(&path, &text);
    let vendors = sealift::TrustStore::load(&path).unwrap().keys().to_vec();
    Lists { book, vendors }
}

fn with_own(actions: impl IntoIterator<Item = own_keys::Action>) -> State {
    let loaded = own_keys::Action::Loaded(Ok(own_lists()));
    let own = [loaded].into_iter().chain(actions).map(Action::Own);
    after([Action::Go(Page::Keys)].into_iter().chain(own))
}

#[test]
fn own_keys_and_those_of_vendors() {
    let mut pictures = Pictures::default();
    pictures.check("keys-own-empty", || after([Action::Go(Page::Keys)]));
    pictures.check("keys-own", || with_own([]));
    pictures.check("keys-own-remove", || {
        let which = Which::Own(sealift::KnownKeyKind::Recipient, "支付网关现场".into());
        with_own([own_keys::Action::Remove(Some(which))])
    });
    pictures.check("keys-own-make", || {
        with_own([
            own_keys::Action::Add(Some(Adding::NewSigningKey)),
            own_keys::Action::Name("镜渡供应 2027".into()),
            own_keys::Action::Address("/home/operator/keys/2027.key".into()),
            own_keys::Action::New(Change::First(typed("天涯若比邻"))),
        ])
    });
    pictures.check("keys-own-trust", || {
        with_own([
            own_keys::Action::Add(Some(Adding::Vendor)),
            own_keys::Action::Name("acme".into()),
            own_keys::Action::Address("/media/operator/acme.pub".into()),
            own_keys::Action::Seen(Ok(own_lists().vendors[0].public_key.clone())),
        ])
    });
}

#[test]
fn a_slot_for_a_recipient() {
    Pictures::default().check("keys-add-recipient", || {
        let chosen =
            new_recipients::Chosen { name: "ops@site-b".into(), text: "ssh-ed25519 AAAA ops".into() };
        opened([
            keys::Action::Task(Some(Task::Add)),
            keys::Action::Current(typed("the old one")),
            keys::Action::Recipients(new_recipients::Change::Tick(chosen)),
        ])
    });
}

/// A bundle in `folder` for `recipients`.
fn packed(folder: &Path, recipients: Vec<Recipient>) -> PathBuf {
    let (sample, bundle) = (folder.join("sample.tar"), folder.join("a.sealift"));
    sealift::write_sample(&sample).unwrap();
    let ctx = Ctx::new();
    let plan = sealift::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
    sealift::pack(&ctx, &plan, &bundle, recipients, &PackOptions::default()).unwrap();
    bundle
}

/// A key file in `folder`, and who holds it.
fn key_file(folder: &Path, name: &str) -> (PathBuf, Recipient) {
    let (path, key) = (folder.join(name), KeyFile::generate());
    file(&path, &key.to_text());
    (path, Recipient::KeyFile(key))
}

/// Does this on the Keys page, and runs the jobs that follow.
fn does(state: &mut State, actions: impl IntoIterator<Item = keys::Action>) {
    for action in actions {
        let mut effects = Effects::new();
        state.apply(Action::Keys(action), &mut effects);
        settle(state, effects);
    }
}

#[test]
fn a_key_file_alone_opens_a_bundle_to_change_its_slots() {
    let dir = tempfile::tempdir().unwrap();
    let ((mine, me), (_, other)) = (key_file(dir.path(), "mine.key"), key_file(dir.path(), "other.key"));
    let mut state = after([]);
    does(
        &mut state,
        [keys::Action::Open(packed(dir.path(), vec![me, other])), keys::Action::Task(Some(Task::Remove(2)))],
    );
    assert!(state.keys.others.is_open, "no passphrase opens it");
    does(&mut state, [keys::Action::Others(other_keys::Change::Files(vec![mine])), keys::Action::Start]);
    assert_eq!((state.keys.done, state.keys.header.unwrap().slots.len()), (Some(Task::Remove(2)), 1));
}

fn opened(actions: impl IntoIterator<Item = keys::Action>) -> State {
    let open = [Action::Go(Page::Keys), Action::Keys(keys::Action::Opened(Ok(header())))];
    after(open.into_iter().chain(actions.into_iter().map(Action::Keys)))
}

#[test]
fn slots_that_are_listed_and_changed() {
    let mut pictures = Pictures::default();
    pictures.check("keys-list", || opened([]));
    pictures.check("keys-add", || {
        opened([
            keys::Action::Task(Some(Task::Add)),
            keys::Action::Current(typed("the old one")),
            keys::Action::New(Change::First(typed("天涯若比邻"))),
        ])
    });
    pictures.check("keys-remove", || {
        let error = Error::new(Code::KeyRefused).at(&header().path);
        opened([
            keys::Action::Task(Some(Task::Remove(2))),
            keys::Action::Current(typed("not it")),
            keys::Action::Changed(Task::Remove(2), Err(Arc::new(error))),
        ])
    });
    pictures.check("keys-other-keys", || {
        let mut state = opened([
            keys::Action::Task(Some(Task::Remove(2))),
            keys::Action::Others(other_keys::Change::Files(vec!["/media/operator/站点.key".into()])),
        ]);
        let own = own_keys::Action::Loaded(Ok(own_lists()));
        let tick = other_keys::Change::Tick("/home/operator/keys/packer.txt".into());
        for action in [Action::Own(own), Action::Keys(keys::Action::Others(tick))] {
            state.apply(action, &mut Effects::new());
        }
        state
    });
    pictures.check("keys-changed", || opened([keys::Action::Changed(Task::Change, Ok(header()))]));
}
