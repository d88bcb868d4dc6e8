//! The wizard's jobs: each a call or two of the library.

use std::{path::PathBuf, sync::Arc, time::Instant};

use sealift::{Ask, Ctx, Existing, Phase, RestoreReport, Shown, Unlocked, VerifiedBundle};

use super::{
    Action, Format, Import,
    contents::{Contents, Part},
    html, plan,
    report::{Ran, Report},
};
use crate::gui::{
    action,
    bundle::{delivery_path, file_name},
    history::{About, Account, RunPart},
    job::{Kind, Outcome, Work},
    other_keys::Given,
    texts::Texts,
};
use crate::site::Site;

/// Opens what is locked with the keys given and reads what is inside.
pub(super) fn unlock(import: &Import, given: Given) -> Option<Work> {
    let name = import.header()?.file_name();
    let paths: Vec<PathBuf> = import.locked().map(|header| header.path.clone()).collect();
    let call = move |ctx: &Ctx, ask: &Arc<dyn Ask>| open(ctx, &paths, given, ask, &Site::open(None, None)?);
    let then = |opened| action::Action::Import(Action::Unlocked(opened));
    Some(Work::asking(Kind::Unlock, name, About::default(), call, |_| None, then))
}

/// What is inside those of the bundles at `paths` that the keys open, if `site` lets all of them in.
///
/// # Errors
/// Why none opens, where that is so.
pub(super) fn open(
    ctx: &Ctx,
    paths: &[PathBuf],
    given: Given,
    ask: &Arc<dyn Ask>,
    site: &Site,
) -> sealift::Result<Contents> {
    let bundles = paths.iter().map(|path| sealift::inspect(path)).collect::<sealift::Result<Vec<_>>>()?;
    // Before a key is tried; the images' own signatures can be seen only after.
    bundles.iter().try_for_each(|bundle| site.check(bundle).map(drop))?;
    let mut opened: Vec<Option<Unlocked>> = bundles.iter().map(|_| None).collect();
    let keys = given.identities(ask)?;
    let refused =
        sealift::unlock_more(&bundles, &mut opened, &keys, |bundle, keys| bundle.unlock(ctx, keys))?;
    let mut contents = Contents::default();
    for (bundle, unlocked) in bundles.iter().zip(opened) {
        let Some(unlocked) = unlocked else { continue };
        let policies = site.admit(ctx, &[&unlocked])?.reports().to_vec();
        let signers = unlocked.image_signers(ctx, &site.store)?;
        let class = bundle.part().map(|part| part.class);
        contents.add(bundle.path().to_owned(), class, unlocked, &signers, policies);
    }
    match refused {
        Some(error) if contents.parts.is_empty() => Err(error),
        _ => Ok(contents),
    }
}

/// Decides what the run will do.
pub(super) fn plan(import: &Import) -> Option<Work> {
    let contents = import.contents.as_ref()?;
    let (unlocked, images) = (contents.unlocked()?, contents.images.clone());
    let (spec, existing) = (import.target.spec(), import.target.existing());
    let selection = import.target.selection(&contents.images, &import.selected);
    let name = import.selected.len().to_string();
    let call = move |ctx: &Ctx| {
        let admission = Site::open(None, None)?.admit(ctx, &unlocked)?;
        plan::preview(&unlocked, &images, &admission, &spec?, existing, &selection)
    };
    Some(Work::new(Kind::Plan, name, call, |plan| action::Action::Import(Action::Planned(plan))))
}

/// Reads a mapping file.
pub(super) fn read_mapping(path: PathBuf) -> Work {
    let name = file_name(&path);
    let call = move |_: &Ctx| sealift::read_mapping(&path);
    Work::new(Kind::List, name, call, |mapping| action::Action::Import(Action::Mapped(mapping)))
}

/// The bundles that selected images are in.
pub(super) fn used(import: &Import) -> impl Iterator<Item = &Part> {
    let contents = import.contents.iter();
    let is_used = |contents: &Contents, number| {
        import
            .selected
            .iter()
            .filter_map(|image| contents.images.get(*image))
            .any(|image| image.part == number)
    };
    contents.flat_map(move |contents| {
        let parts = contents.parts.iter().enumerate();
        parts.filter(move |(number, _)| is_used(contents, *number)).map(|(_, part)| part)
    })
}

/// Checks every blob, then puts the images back.
pub(super) fn restore(import: &Import) -> Option<Work> {
    let (contents, plan) = (import.contents.as_ref()?, import.plan.as_ref()?);
    let unlocked = contents.unlocked()?;
    let selection = import.target.selection(&contents.images, &import.selected);
    let (spec, existing) = (import.target.spec(), import.target.existing());
    let takes_damaged = import.takes_damaged;
    let (name, write_bytes) = (plan.images.len().to_string(), plan.unique_bytes);
    let target = spec.as_ref().map(ToString::to_string).unwrap_or_default();
    let about = About { target, ..about(import)? };
    let began = Instant::now();
    let call = move |ctx: &Ctx| -> sealift::Result<RestoreReport> {
        ctx.foresee(Phase::Restore, write_bytes);
        let spec = spec?;
        // Once more: the policy may have changed, or another delivery may have been taken meanwhile.
        let site = Site::open(None, None)?;
        let admission = site.admit_to_restore(ctx, &unlocked)?;
        let verified = if takes_damaged {
            let whole = unlocked.iter().map(|bundle| {
                let (report, verified) = bundle.verify_undamaged(ctx, &bundle.record_map(1))?;
                verified.ok_or_else(|| report.as_error())
            });
            VerifiedBundle::join(whole.collect::<sealift::Result<_>>()?)
        } else {
            let preview = sealift::preview_restore(ctx, &unlocked, &admission, &spec, &selection)?;
            sealift::verify_for(ctx, &unlocked, &preview)?
        };
        // Once more: meanwhile somebody else may have taken a tag.
        let plan = sealift::plan_restore(ctx, &verified, &admission, &spec, &selection)?;
        let report = sealift::restore(ctx, &verified, &plan, existing)?;
        site.remember(ctx, &admission);
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

/// The bundle that images are put back of; of several, their delivery.
fn about(import: &Import) -> Option<About> {
    let first = used(import).next()?;
    let part = |part: &Part| {
        let header = import.bundles.all.iter().find(|header| header.path == part.path);
        Some(RunPart {
            class: part.class?,
            bundle: part.path.display().to_string(),
            fingerprint: part.fingerprint.clone(),
            num_bytes: header.map_or(0, |header| header.payload_bytes),
        })
    };
    let mut parts: Vec<RunPart> = used(import).filter_map(part).collect();
    // They were opened in any order.
    parts.sort_by_key(|part| part.class);
    Some(match first.class {
        Some(class) if parts.len() > 1 => {
            About { bundle: delivery_path(&first.path, class), parts, ..About::default() }
        }
        _ => About { bundle: first.path.clone(), fingerprint: first.fingerprint.clone(), ..About::default() },
    })
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
        Format::Json => Shown::json(&format!("{:#}\n", report.json(texts.0))).into(),
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
        Class, ClassRules, Code, KeyFile, NobodyAnswers, PackOptions, Passphrase, Recipient, SigningKey,
        SigningKeyType, TrustStore,
    };

    use std::path::Path;

    use super::*;
    use crate::gui::{
        bundle::Header,
        other_keys::{Change, OtherKeys},
        secret::Secret,
        tests::{packed, typed},
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
        let header = Header::read(&bundle).unwrap();
        assert!(OtherKeys::for_slots(&header.slots).is_open);

        let site = Site::to_fill(Some(dir.path().join("trust.toml"))).unwrap();
        let opened = |keys: &[&Path], ask| {
            open(&Ctx::new(), std::slice::from_ref(&bundle), given("", keys), &ask, &site)
                .map_err(|e| e.code())
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
        let opened = || {
            let given = given(PASSPHRASE, &[]);
            open(&ctx, std::slice::from_ref(&bundle), given, &nobody(), &site(dir.path(), &key))
        };
        assert_eq!(opened().unwrap_err().code(), Code::NotSigned);
        sealift::sign(&ctx, &bundle, &key, Some(("suite", "1.4"))).unwrap();
        assert_eq!(opened().unwrap().parts[0].policies[0].signers, ["acme"]);
        let unlocked = opened().unwrap().unlocked().unwrap();
        let site_now = site(dir.path(), &key);
        let admission = site_now.admit_to_restore(&ctx, &unlocked).unwrap();
        assert!(site_now.remember(&ctx, &admission));
        assert!(opened().is_ok(), "the same release may come again");
        sealift::sign(&ctx, &bundle, &key, Some(("suite", "1.3"))).unwrap();
        assert_eq!(opened().unwrap_err().code(), Code::Rollback);
    }

    #[test]
    fn of_a_delivery_what_the_keys_open_is_put_back_and_the_rest_joins_later() {
        let dir = tempfile::tempdir().unwrap();
        let (sample, out) = (dir.path().join("sample.tar"), dir.path().join("a.sealift"));
        sealift::write_sample(&sample).unwrap();
        let ctx = Ctx::new();
        let plan = sealift::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
        let mark = |(image, class): (&sealift::Image, Class)| (image.target.digest.to_string(), class);
        let classes = [Class::Public, Class::Secret];
        let by_hand = plan.images().iter().zip(classes).map(mark).collect();
        let divided = plan.divide(&ClassRules::marked(by_hand)).unwrap();
        let passphrase = |class: Class| format!("{PASSPHRASE} {class}");
        let lock = |(class, plan)| {
            let recipient = Recipient::from(Passphrase::new(passphrase(class).into()).unwrap());
            (class, (plan, vec![recipient].into()))
        };
        let parts = divided.into_iter().map(lock).collect();
        sealift::pack_delivery(&ctx, parts, &out, &PackOptions::default()).unwrap();

        let site = Site::to_fill(Some(dir.path().join("trust.toml"))).unwrap();
        let paths = classes.map(|class| sealift::part_path(&out, class));
        let opened =
            |paths: &[PathBuf], given: &str| open(&ctx, paths, self::given(given, &[]), &nobody(), &site);
        assert_eq!(opened(&paths, "not it at all").unwrap_err().code(), Code::KeyRefused);
        let mut contents = opened(&paths, &passphrase(Class::Secret)).unwrap();
        assert_eq!((contents.images.len(), contents.class(&contents.images[0])), (1, Some(Class::Secret)));
        contents.join(opened(&paths[..1], &passphrase(Class::Public)).unwrap());
        assert_eq!(contents.class(&contents.images[1]), Some(Class::Public));

        let dest = format!("docker-archive:{}", dir.path().join("all.tar").display()).parse().unwrap();
        let selection =
            crate::gui::screens::import::Target::default().selection(&contents.images, &[0, 1].into());
        let unlocked = contents.unlocked().unwrap();
        let admission = sealift::Admission::unruled();
        let preview =
            plan::preview(&unlocked, &contents.images, &admission, &dest, Existing::Keep, &selection)
                .unwrap();
        assert_eq!(preview.images.len(), 2);

        let read = |path: &Path| Header::read(path).unwrap();
        assert_eq!(read(&out).class(), Some(Class::Public), "the name of a delivery is its first part");
        let part = read(&paths[1]).part.unwrap();
        assert_eq!((part.class, part.others), (Class::Secret, vec![(Class::Public, Some(paths[0].clone()))]));
    }

    #[test]
    fn what_was_trusted_during_a_restore_stays_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(SigningKeyType::EcdsaP256);
        let (bundle, ctx) = (with_passphrase(dir.path()), Ctx::new());
        sealift::sign(&ctx, &bundle, &key, Some(("suite", "1.4"))).unwrap();
        let running = site(dir.path(), &key);
        let passphrase = Passphrase::new(PASSPHRASE.into()).unwrap();
        let unlocked = sealift::inspect(&bundle).unwrap().unlock(&ctx, &passphrase).unwrap();
        let admission = running.admit_to_restore(&ctx, &[unlocked]).unwrap();
        let path = dir.path().join("trust.toml");
        let mut store = TrustStore::load(&path).unwrap();
        store.add("audit", SigningKey::generate(SigningKeyType::Ed25519).public_key()).unwrap();
        store.save(&path).unwrap();
        assert!(running.remember(&ctx, &admission));
        assert_eq!(TrustStore::load(&path).unwrap().keys().len(), 2);
    }
}
