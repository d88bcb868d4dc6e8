//! The wizard's jobs: each a call or two of the library.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use sealift::{Ask, Ctx, Existing, Phase, RestoreReport, VerifiedBundle};

use super::{
    Action, Format, Import,
    contents::{Contents, Opened},
    html, plan,
    report::{Ran, Report},
};
use crate::gui::{
    action,
    bundle::{Header, file_name},
    history::{About, Account},
    job::{Kind, Outcome, Work},
    other_keys::Given,
    texts::Texts,
};
use crate::site::Site;

/// Opens the bundle with the keys given and reads what is inside.
pub(super) fn unlock(header: &Header, given: Given) -> Work {
    let (path, name) = (header.path.clone(), header.file_name());
    let call = move |ctx: &Ctx, ask: &Arc<dyn Ask>| open(ctx, &path, given, ask, &Site::open(None, None)?);
    let then = |contents| action::Action::Import(Action::Unlocked(contents));
    Work::asking(Kind::Unlock, name, About::default(), call, |_| None, then)
}

/// What is inside, if `site` lets it in.
pub(super) fn open(
    ctx: &Ctx,
    path: &Path,
    given: Given,
    ask: &Arc<dyn Ask>,
    site: &Site,
) -> sealift::Result<Contents> {
    let bundle = sealift::inspect(path)?;
    // Before a key is tried; the images' own signatures can be seen only after.
    site.check(&bundle)?;
    let unlocked = bundle.unlock(ctx, given.identities(ask)?)?;
    let policies = site.check_unlocked(&unlocked)?;
    let signers = unlocked.image_signers(&site.store);
    Ok(Contents::of(unlocked, &signers, policies))
}

/// Decides what the run will do.
pub(super) fn plan(import: &Import) -> Option<Work> {
    let contents = import.contents.as_ref()?;
    let (Opened(unlocked), images) = (contents.opened.clone()?, contents.images.clone());
    let (spec, existing) = (import.target.spec(), import.target.existing());
    let selection = import.target.selection(&contents.images, &import.selected);
    let name = import.selected.len().to_string();
    let call = move |_: &Ctx| plan::preview(&unlocked, &images, &spec?, existing, &selection);
    Some(Work::new(Kind::Plan, name, call, |plan| action::Action::Import(Action::Planned(plan))))
}

/// Reads a mapping file.
pub(super) fn read_mapping(path: PathBuf) -> Work {
    let name = file_name(&path);
    let call = move |_: &Ctx| sealift::read_mapping(&path);
    Work::new(Kind::List, name, call, |mapping| action::Action::Import(Action::Mapped(mapping)))
}

/// Checks every blob, then puts the images back.
pub(super) fn restore(import: &Import) -> Option<Work> {
    let (contents, plan) = (import.contents.as_ref()?, import.plan.as_ref()?);
    let Opened(unlocked) = contents.opened.clone()?;
    let selection = import.target.selection(&contents.images, &import.selected);
    let (spec, existing) = (import.target.spec(), import.target.existing());
    let takes_damaged = import.takes_damaged;
    let (name, write_bytes) = (plan.images.len().to_string(), plan.unique_bytes);
    let header = import.header.as_ref()?;
    let about = About {
        bundle: header.path.clone(),
        target: spec.as_ref().map(ToString::to_string).unwrap_or_default(),
        fingerprint: header.fingerprint.clone(),
    };
    let began = Instant::now();
    let call = move |ctx: &Ctx| -> sealift::Result<RestoreReport> {
        ctx.foresee(Phase::Restore, write_bytes);
        let spec = spec?;
        // Once more: the policy may have changed, or another delivery may have been taken meanwhile.
        let mut site = Site::open(None, None)?;
        let policies = unlocked.iter().map(|bundle| site.check_unlocked(bundle));
        let policies = policies.collect::<sealift::Result<Vec<_>>>()?.concat();
        let verified = if takes_damaged {
            let whole = unlocked.iter().map(|bundle| {
                let (report, verified) = bundle.verify_undamaged(ctx, &bundle.record_map(1))?;
                verified.ok_or_else(|| report.as_error())
            });
            VerifiedBundle::join(whole.collect::<sealift::Result<_>>()?)
        } else {
            let preview = sealift::preview_restore(ctx, &unlocked, &spec, &selection)?;
            sealift::verify_for(ctx, &unlocked, &preview)?
        };
        // Once more: meanwhile somebody else may have taken a tag.
        let plan = sealift::plan_restore(ctx, &verified, &spec, &selection)?;
        let report = sealift::restore(ctx, &verified, &plan, existing)?;
        site.remember(&policies)?;
        Ok(report)
    };
    let then = move |result: Result<RestoreReport, _>| {
        let ended = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        action::Action::Import(Action::Ran(Ran {
            result: result.map(Box::new),
            ended,
            took: began.elapsed(),
        }))
    };
    let watch = |finished| action::Action::Import(Action::Progress(finished));
    let account = |report: &RestoreReport| Some(Account::of(report));
    Some(Work::recorded(Kind::Restore, name, about, call, account, then).watched(watch))
}

/// Looks for bundles on removable drives.
pub(super) fn find(folders: Vec<PathBuf>) -> Work {
    // A drive that is pulled out meanwhile has none.
    let call = move |_: &Ctx| {
        Ok(folders.iter().flat_map(|folder| sealift::bundles_in(folder).unwrap_or_default()).collect())
    };
    Work::new(Kind::List, "", call, |found: Outcome<Vec<PathBuf>>| {
        action::Action::Import(Action::Found(found.unwrap_or_default()))
    })
}

/// Writes the report to `path`.
pub(super) fn save(report: &Report, format: Format, path: PathBuf, texts: Texts) -> Work {
    let text = match format {
        Format::Html => html::html(texts, report, env!("SEALIFT_VERSION")),
        Format::Json => format!("{:#}\n", report.json(texts.0)),
    };
    let name = file_name(&path);
    let call = move |_: &Ctx| {
        // The dialog has asked about a file that is there.
        sealift::save_report(&path, &text, Existing::Replace)?;
        Ok(path)
    };
    Work::new(Kind::Save, name, call, |path| action::Action::Import(Action::Saved(path)))
}

#[cfg(test)]
mod tests {
    use sealift::{
        Code, KeyFile, NobodyAnswers, PackOptions, Passphrase, Recipient, SigningKey, SigningKeyType,
        TrustStore,
    };

    use super::*;
    use crate::gui::{
        other_keys::{Change, OtherKeys},
        secret::Secret,
        tests::typed,
    };

    const PASSPHRASE: &str = "correct horse battery staple";

    fn nobody() -> Arc<dyn Ask> {
        Arc::new(NobodyAnswers)
    }

    /// Answers every question alike.
    struct Answers(&'static str);

    impl Ask for Answers {
        fn secret(&self, _: &sealift::Question) -> Option<zeroize::Zeroizing<String>> {
            Some(zeroize::Zeroizing::new(self.0.to_owned()))
        }
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

    fn with_passphrase(folder: &Path) -> PathBuf {
        packed(folder, vec![Passphrase::new(PASSPHRASE.into()).unwrap().into()])
    }

    fn given(passphrase: &str, keys: &[&Path]) -> Given {
        let (mut secret, mut list) = (Secret::default(), OtherKeys::default());
        secret.apply(typed(passphrase));
        list.apply(Change::Files(keys.iter().map(|path| path.to_path_buf()).collect()));
        list.given(&secret)
    }

    /// A site in `folder` that asks for a signature of acme, and for a release.
    #[expect(clippy::disallowed_methods, reason = "plays the site's administrator")]
    fn site(folder: &Path, key: &SigningKey) -> Site {
        let (store, policy) = (folder.join("trust.toml"), folder.join("policy.toml"));
        let mut trusted = TrustStore::load(&store).unwrap();
        if trusted.keys().is_empty() {
            trusted.add("acme", key.public_key()).unwrap();
            trusted.save(&store).unwrap();
        }
        let rules = "version = 1\n[signers]\nany_of = [\"acme\"]\n[[product]]\nname = \"suite\"\noldest_release = \"1.0\"\n";
        std::fs::write(&policy, rules).unwrap();
        Site::open(Some(store), Some(policy)).unwrap()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "plays the other program")]
    fn a_bundle_without_a_passphrase_opens_with_keys_and_what_they_ask_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let (of_file, of_ssh) = (dir.path().join("mine.key"), dir.path().join("id_ed25519"));
        let key = KeyFile::generate();
        std::fs::write(&of_file, key.to_text().as_bytes()).unwrap();
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", PASSPHRASE, "-f"])
            .arg(&of_ssh)
            .status();
        assert!(made.expect("openssh-client is installed").success());
        let public = of_ssh.with_extension("pub");
        let mut recipients = Recipient::parse(public.to_str().unwrap(), &nobody()).unwrap();
        recipients.push(Recipient::KeyFile(key));
        let bundle = packed(dir.path(), recipients);
        let header = Header::read(bundle.clone()).unwrap();
        assert!(OtherKeys::for_slots(&header.slots).is_open);

        let site = Site::open(Some(dir.path().join("trust.toml")), None).unwrap();
        let opened = |keys: &[&Path], ask| {
            open(&Ctx::new(), &bundle, given("", keys), &ask, &site).map_err(|e| e.code())
        };
        assert_eq!(opened(&[&of_file], nobody()).unwrap().images.len(), 2);
        assert!(opened(&[&of_ssh], Arc::new(Answers(PASSPHRASE))).is_ok());
        assert_eq!(opened(&[&of_ssh], nobody()).unwrap_err(), Code::IdentityLocked);
        assert_eq!(opened(&[&of_ssh], Arc::new(Answers("not it"))).unwrap_err(), Code::IdentityLocked);
        assert_eq!(opened(&[&dir.path().join("absent")], nobody()).unwrap_err(), Code::NotFound);
        assert!(opened(&[], nobody()).is_err());
    }

    #[test]
    fn what_the_policy_refuses_is_not_opened_and_what_was_restored_is_not_rolled_back() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(SigningKeyType::Ed25519);
        let (bundle, ctx) = (with_passphrase(dir.path()), Ctx::new());
        let opened = || open(&ctx, &bundle, given(PASSPHRASE, &[]), &nobody(), &site(dir.path(), &key));
        assert_eq!(opened().unwrap_err().code(), Code::NotSigned);
        sealift::sign(&ctx, &bundle, &key, Some(("suite", "1.4"))).unwrap();
        let policies = opened().unwrap().policies;
        assert_eq!(policies[0].signers, ["acme"]);
        site(dir.path(), &key).remember(&policies).unwrap();
        assert!(opened().is_ok(), "the same release may come again");
        sealift::sign(&ctx, &bundle, &key, Some(("suite", "1.3"))).unwrap();
        assert_eq!(opened().unwrap_err().code(), Code::Rollback);
    }

    #[test]
    fn what_was_trusted_during_a_restore_stays_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(SigningKeyType::EcdsaP256);
        let (bundle, ctx) = (with_passphrase(dir.path()), Ctx::new());
        sealift::sign(&ctx, &bundle, &key, Some(("suite", "1.4"))).unwrap();
        let mut running = site(dir.path(), &key);
        let policies = running.check(&sealift::inspect(&bundle).unwrap()).unwrap();
        let path = dir.path().join("trust.toml");
        let mut store = TrustStore::load(&path).unwrap();
        store.add("audit", SigningKey::generate(SigningKeyType::Ed25519).public_key()).unwrap();
        store.save(&path).unwrap();
        running.remember(&policies).unwrap();
        assert_eq!(TrustStore::load(&path).unwrap().keys().len(), 2);
    }
}
