//! The wizard's jobs: each a call or two of the library.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use sealift::{Ctx, Existing, Phase, RestoreReport};

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
    let call = move |ctx: &Ctx| open(ctx, &path, given, &Site::open(None, None)?);
    Work::new(Kind::Unlock, name, call, |contents| action::Action::Import(Action::Unlocked(contents)))
}

/// What is inside, if `site` lets it in.
pub(super) fn open(ctx: &Ctx, path: &Path, given: Given, site: &Site) -> sealift::Result<Contents> {
    let bundle = sealift::inspect(path)?;
    // Before a key is tried; the images' own signatures can be seen only after.
    site.check(&bundle)?;
    let unlocked = bundle.unlock(ctx, given.identities()?)?;
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
        let policies = site.check_unlocked(&unlocked)?;
        let verified = if takes_damaged {
            let (report, verified) = unlocked.verify_undamaged(ctx, &unlocked.record_map(1))?;
            verified.ok_or_else(|| report.as_error())?
        } else {
            let preview = unlocked.preview_restore(ctx, &spec, &selection)?;
            unlocked.verify_for(ctx, &preview)?
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
