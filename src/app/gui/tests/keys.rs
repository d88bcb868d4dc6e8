//! Pictures of the Keys page.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sealift::{
    Class, ClientCertificate, Code, Ctx, Error, KeyBook, KeyFile, Question, Recipient, TrustedIdentity,
};

use super::*;
use crate::gui::{
    action::Page,
    asking::{self, Asked, What},
    bundle::Part,
    new_passphrase::Change,
    new_recipients::{self, LockedFor, ShareEdit, ToldShares},
    other_keys,
    own_keys::{self, Adding, Lists, Seen, Which},
    screens::keys::{self, Task},
    secret::Secret,
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

const TRUSTED_ROOT: &str = "tests/testkit/keyless/public/trusted_root.json";
const WORKFLOW: &str = "https://git.example.com/supply/images/.ci/workflows/release.yml@refs/tags/v2.8.1";

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
    Lists { book, vendors, ..Lists::default() }
}

/// What is trusted of vendors, and nothing of one's own: their keys and identities are in sight.
fn of_vendors() -> Lists {
    let identity = |name: &str, identity: &str, issuer: &str| TrustedIdentity {
        name: name.into(),
        identity: identity.into(),
        issuer: issuer.into(),
        trusted_root: FINGERPRINT.into(),
        added: "2026-10-05T08:00:00Z".into(),
    };
    let identities = vec![
        identity("acme", "release@acme.example", "https://accounts.acme.example"),
        identity("镜渡供应", WORKFLOW, "https://token.actions.example.com"),
    ];
    Lists { book: KeyBook::default(), identities, ..own_lists() }
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
    pictures.check("keys-own-certificates", || {
        let certificate = |host: &str, ends: &str, days_left| ClientCertificate {
            host: host.into(),
            path: format!("/etc/docker/certs.d/{host}/client.cert").into(),
            ends: ends.into(),
            days_left,
        };
        let certificates = vec![
            certificate("harbor.bank.cn", "2026-11-20T08:00:00Z", -4),
            certificate("registry.bank.cn:5000", "2027-01-31T23:59:59Z", 68),
            certificate("quay.bank.cn", "2027-11-30T23:59:59Z", 371),
        ];
        with_own([own_keys::Action::Loaded(Ok(Lists { certificates, ..own_lists() }))])
    });
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
            own_keys::Action::Seen(Ok(Seen::Key(own_lists().vendors[0].public_key.clone()))),
        ])
    });
    pictures.check("keys-own-vendors", || with_own([own_keys::Action::Loaded(Ok(of_vendors()))]));
    pictures.check("keys-own-distrust", || {
        let lists = Lists { vendors: Vec::new(), ..of_vendors() };
        let which = Which::Identity(lists.identities[0].clone());
        with_own([own_keys::Action::Loaded(Ok(lists)), own_keys::Action::Remove(Some(which))])
    });
    pictures.check("keys-own-trust-identity", || {
        let root = sealift::read_trusted_root(Path::new(TRUSTED_ROOT)).unwrap();
        with_own([
            own_keys::Action::Add(Some(Adding::VendorIdentity)),
            own_keys::Action::Name("镜渡供应".into()),
            own_keys::Action::Identity(WORKFLOW.into()),
            own_keys::Action::Issuer("https://token.actions.example.com".into()),
            own_keys::Action::Address("/media/operator/trusted_root.json".into()),
            own_keys::Action::Seen(Ok(Seen::Root(root))),
        ])
    });
}

#[test]
fn what_a_key_asks() {
    let asks = |what: What| {
        let mut state = opened([keys::Action::Task(Some(Task::Remove(2)))]);
        state.apply(Action::Asking(asking::Change::Came(Asked::by_nobody(what))), &mut Effects::new());
        state
    };
    let mut pictures = Pictures::default();
    pictures.check("ask-pin", || {
        let mut state = asks(What::Secret(Question::Pin("运维令牌 01".into())));
        state.apply(Action::Asking(asking::Change::Typed(typed("1234"))), &mut Effects::new());
        state
    });
    pictures.check("ask-choice", || {
        let message = "This key was made on another machine. Use it all the same?".into();
        asks(What::Choice { message, yes: "Use it".into(), no: Some("Leave it out".into()) })
    });
    pictures.check("ask-message", || asks(What::Message("Please touch your YubiKey".into())));
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
        [
            keys::Action::Open(vec![packed(dir.path(), vec![me, other])]),
            keys::Action::Task(Some(Task::Remove(2))),
        ],
    );
    assert!(state.keys.others.is_open, "no passphrase opens it");
    does(&mut state, [keys::Action::Others(other_keys::Change::Files(vec![mine])), keys::Action::Start]);
    let task = state.keys.done.map(|(task, _)| task);
    assert_eq!((task, state.keys.header.unwrap().slots.len()), (Some(Task::Remove(2)), 1));
}

#[test]
fn of_a_key_that_was_replaced_nobody_is_told_and_of_the_others_all_are() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ["a.key", "b.key", "c.key", "new.key"].map(|name| key_file(dir.path(), name));
    let paths = keys.each_ref().map(|(path, _)| path.clone());
    let [a, b, c, _] = keys.map(|(_, recipient)| recipient);
    let mut state = after([]);
    does(
        &mut state,
        [
            keys::Action::Open(vec![packed(dir.path(), vec![a, b, c])]),
            keys::Action::Task(Some(Task::Change)),
            keys::Action::Others(other_keys::Change::Files(vec![paths[1].clone()])),
            keys::Action::RecipientFile(paths[3].display().to_string()),
            keys::Action::Start,
        ],
    );
    let (task, locked) = state.keys.done.as_ref().unwrap();
    let earlier: Vec<usize> = locked.earlier.iter().map(|slot| slot.number).collect();
    assert_eq!((*task, &*locked.names, &*earlier), (Task::Change, &["new.key".to_owned()][..], &[1, 3][..]));
}

#[test]
fn a_bundle_is_written_anew_under_a_key_that_the_old_one_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let ((old, me), (new, _)) = (key_file(dir.path(), "old.key"), key_file(dir.path(), "new.key"));
    let (bundle, out) = (packed(dir.path(), vec![me]), dir.path().join("anew.sealift"));
    let before = sealift::inspect(&bundle).unwrap().fingerprint();
    let mut state = after([]);
    does(
        &mut state,
        [
            keys::Action::Open(vec![bundle.clone()]),
            keys::Action::Task(Some(Task::Reseal)),
            keys::Action::Others(other_keys::Change::Files(vec![old.clone()])),
            keys::Action::RecipientFile(new.display().to_string()),
            keys::Action::Out(out.display().to_string()),
            keys::Action::Start,
        ],
    );
    assert!(state.keys.failed.is_none(), "{:?}", state.keys.failed);
    let header = state.keys.header.as_ref().unwrap();
    assert_eq!((&header.path, state.keys.done.as_ref().map(|done| done.0)), (&out, Some(Task::Reseal)));
    assert_ne!(header.fingerprint, before);
    let nobody: Arc<dyn sealift::Ask> = Arc::new(sealift::NobodyAnswers);
    let opens = |bundle: &Path, key: &Path| {
        let mut keys = other_keys::OtherKeys::default();
        keys.apply(other_keys::Change::Files(vec![key.to_owned()]));
        let given = keys.given(&Secret::default()).identities(&nobody).unwrap();
        sealift::inspect(bundle).unwrap().unlock(&Ctx::new(), given).map_err(|e| e.code()).map(drop)
    };
    assert_eq!(opens(&out, &old), Err(Code::IdentityRefused));
    assert_eq!((opens(&out, &new), opens(&bundle, &old)), (Ok(()), Ok(())));
}

#[test]
fn a_key_in_shares_is_added_and_two_of_them_open() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, me) = key_file(dir.path(), "mine.key");
    let share = |number: u8| dir.path().join(format!("share-{number}-of-3.txt"));
    let mut state = after([]);
    let add = |mine: PathBuf, folder: &Path| {
        let want = [ShareEdit::Want(true), ShareEdit::Folder(folder.display().to_string())];
        let want = want.map(|edit| keys::Action::Recipients(new_recipients::Change::Shares(edit)));
        [keys::Action::Task(Some(Task::Add)), keys::Action::Others(other_keys::Change::Files(vec![mine]))]
            .into_iter()
            .chain(want)
            .chain([keys::Action::Start])
    };
    does(&mut state, [keys::Action::Open(vec![packed(dir.path(), vec![me])])]);
    let (stranger, _) = key_file(dir.path(), "stranger.key");
    does(&mut state, add(stranger, dir.path()));
    assert!(state.keys.failed.is_some() && !share(1).exists(), "nothing was locked with them");
    does(&mut state, add(mine, dir.path()));
    let locked = &state.keys.done.as_ref().unwrap().1;
    let earlier: Vec<_> = locked.earlier.iter().map(|slot| (slot.number, slot.kind)).collect();
    assert_eq!(earlier, [(1, "key-file")], "what opened it before is told beside the new key");
    let told = locked.shares.as_ref().unwrap();
    assert_eq!((told.threshold, &told.files[2]), (2, &share(3)));

    let words = std::fs::read_to_string(share(3)).unwrap().lines().nth(1).unwrap().to_owned();
    does(
        &mut state,
        [
            keys::Action::Task(Some(Task::Remove(1))),
            keys::Action::Others(other_keys::Change::Files(vec![share(1)])),
            keys::Action::Start,
        ],
    );
    assert_eq!(state.keys.failed.as_ref().map(|e| e.code()), Some(Code::TooFewShares));
    does(
        &mut state,
        [
            keys::Action::Others(other_keys::Change::Share(typed(&words))),
            keys::Action::Others(other_keys::Change::AddShare),
            keys::Action::Start,
        ],
    );
    assert_eq!(state.keys.header.unwrap().slots[0].kind, "shares");
}

#[test]
fn a_job_asks_for_the_passphrase_of_an_identity_and_one_that_is_cancelled_asks_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let of_ssh = dir.path().join("id_ed25519");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "its own passphrase", "-f"])
        .arg(&of_ssh)
        .status();
    assert!(made.expect("openssh-client is installed").success());
    let nobody: Arc<dyn sealift::Ask> = Arc::new(sealift::NobodyAnswers);
    let public = std::fs::read_to_string(of_ssh.with_extension("pub")).unwrap();
    let mut recipients = Recipient::parse(&public, &nobody).unwrap();
    recipients.push(key_file(dir.path(), "other.key").1);
    let bundle = packed(dir.path(), recipients);
    let asks = |answers: Vec<Action>| {
        let (mut state, mut effects) = (after([]), Effects::new());
        let header = Header::read(&bundle).unwrap();
        let others = other_keys::Change::Files(vec![of_ssh.clone()]);
        for action in [
            keys::Action::Opened(Ok(header)),
            keys::Action::Task(Some(Task::Remove(2))),
            keys::Action::Others(others),
            keys::Action::Start,
        ] {
            state.apply(Action::Keys(action), &mut effects);
        }
        let Some(Effect::Run(work)) = effects.pop() else { panic!("nothing runs") };
        let (job, mut view) = Job::start(work, || {});
        let mut answers = Some(answers);
        while view.is_running() {
            job.poll(&mut view).into_iter().for_each(|action| state.apply(action, &mut effects));
            if !state.asked.is_empty() {
                let answers = answers.take().expect("it is asked once");
                for action in answers {
                    state.apply(action, &mut effects);
                }
            }
            std::thread::yield_now();
        }
        (state.keys.header.map(|header| header.slots.len()), state.keys.failed.map(|e| e.code()))
    };
    let answer = |text: &str| {
        Vec::from([asking::Change::Typed(typed(text)), asking::Change::Answer].map(Action::Asking))
    };
    assert_eq!(asks(vec![Action::CancelJob]), (Some(2), None));
    assert_eq!(asks(vec![Action::Asking(asking::Change::Decline)]), (Some(2), None));
    assert_eq!(asks(answer("not it")), (Some(2), Some(Code::IdentityLocked)));
    assert_eq!(asks(answer("its own passphrase")), (Some(1), None));
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
    pictures.check("keys-add-shares", || {
        let numbers = [ShareEdit::Want(true), ShareEdit::Threshold("4".into())];
        let mut actions =
            vec![keys::Action::Task(Some(Task::Add)), keys::Action::Current(typed("the old one"))];
        let change = |edit| keys::Action::Recipients(new_recipients::Change::Shares(edit));
        actions.extend(numbers.map(change));
        opened(actions)
    });
    pictures.check("keys-added-shares", || {
        let files = (1..=3).map(|number| format!("/media/operator/分片/share-{number}-of-3.txt").into());
        let shares = Some(ToldShares { threshold: 2, files: files.collect() });
        let locked = LockedFor { shares, ..LockedFor::default() };
        opened([keys::Action::Changed(Task::Add, Ok((header(), Box::new(locked))))])
    });
    pictures.check("keys-typed-shares", || {
        let slots = vec![SlotInfo { number: 1, kind: "shares", details: "2/3".into() }];
        let header = Header { slots, ..header() };
        let words = format!("2 {}", ["abandon"; 23].join(" ") + " art");
        let share = |edit| keys::Action::Others(other_keys::Change::Share(edit));
        let actions = [
            keys::Action::Opened(Ok(header)),
            keys::Action::Task(Some(Task::Reseal)),
            share(typed(&words)),
            keys::Action::Others(other_keys::Change::AddShare),
            share(typed("3 abandn")),
            keys::Action::Others(other_keys::Change::AddShare),
        ];
        opened(actions)
    });
    pictures.check("keys-changed", || {
        opened([keys::Action::Changed(Task::Change, Ok((header(), Box::default())))])
    });
    pictures.check("keys-added", || {
        let names = vec!["支付网关现场".into(), "ops@site-b".into()];
        let earlier = header().slots;
        let new = SlotInfo { number: 3, kind: "all-of", details: "2".into() };
        let slots = earlier.iter().cloned().chain([new]).collect();
        let now = Header { slots, ..header() };
        let locked = LockedFor { names, needs: new_recipients::Needs::All, earlier, ..LockedFor::default() };
        opened([keys::Action::Changed(Task::Add, Ok((now, Box::new(locked))))])
    });
    // Of a delivery, and in volumes.
    let of_delivery = || -> Header {
        let others = vec![(Class::Public, None), (Class::Internal, None)];
        let part = Some(Part { class: Class::Secret, others });
        Header { num_volumes: 3, part, ..header() }
    };
    pictures.check("keys-change-part", || {
        opened([keys::Action::Opened(Ok(of_delivery())), keys::Action::Task(Some(Task::Change))])
    });
    pictures.check("keys-resealed-part", || {
        let locked = LockedFor { has_passphrase: true, ..LockedFor::default() };
        opened([keys::Action::Changed(Task::Reseal, Ok((of_delivery(), Box::new(locked))))])
    });
}
