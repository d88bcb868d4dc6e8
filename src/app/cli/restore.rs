//! `sealift restore BUNDLE --to DEST`

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{
    Checked, Class, DamagedImage, DestSpec, Name, RegistryAccess, RestorePlan, RestoreReport, RestoredImage,
    Result, Selection, TagPolicy, Unlocked, VerifiedBundle,
};

use super::{
    Ended, Env, delivery, images::counted, output::human_bytes, pack::existing, progress::with_progress,
    secret, site,
};

/// A report for scripts, with what was left out, and whether the rest is what the fingerprints stand for.
#[derive(serde::Serialize)]
struct WithLeftOut<'a> {
    #[serde(flatten)]
    report: &'a sealift::RestoreReport,
    damaged: &'a [sealift::DamagedImage],
    /// Classes of bundles that no key given opens.
    locked: &'a [Class],
    /// Classes of bundles that are not there.
    missing: &'a [Class],
    policies: &'a [sealift::PolicyReport],
    /// Whether the releases that policies accepted are in the trust store, so that none is rolled back.
    remembered: bool,
    proven: bool,
}

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let dest: DestSpec = matches.get_one::<String>("to").map_or("", String::as_str).parse()?;
    let create_projects = matches.get_flag("create-projects");
    let access = RegistryAccess { create_projects, ..secret::access(matches)? };
    let dest = dest.with_access(access.clone());
    let selection = selection(matches)?;
    if !matches.get_flag("dry-run") {
        sealift::check_destination(&env.ctx, &dest, existing(matches))?;
    }
    let delivery = delivery::open(matches)?;
    let site = site::open(matches)?;
    // Before a passphrase is asked for; the images are checked once it is there.
    delivery.parts.iter().try_for_each(|bundle| site.check(bundle).map(drop))?;
    let may_be_damaged = matches.get_flag("undamaged");
    let opened = secret::unlock_all(env, matches, &delivery.parts, |bundle, keys| {
        if may_be_damaged { bundle.unlock_damaged(&env.ctx, keys) } else { bundle.unlock(&env.ctx, keys) }
    })?;
    let locked = delivery::tell_left_out(env, &delivery, &opened);
    let unlocked: Vec<Unlocked> = opened.into_iter().flatten().collect();

    let admission = if matches.get_flag("dry-run") {
        site.admit(&env.ctx, &unlocked)?
    } else {
        site.admit_to_restore(&env.ctx, &unlocked)?
    };
    let checked = may_be_damaged.then(|| undamaged(env, &unlocked)).transpose()?;
    let (preview, dest) = secret::entered(env, access, |access| {
        let dest = dest.clone().with_access(access.clone());
        let plan = with_progress(env, || match &checked {
            Some((_, verified)) => sealift::plan_restore(&env.ctx, verified, &admission, &dest, &selection),
            None => sealift::preview_restore(&env.ctx, &unlocked, &admission, &dest, &selection),
        })?;
        Ok((plan, dest))
    })?;
    if !selection.renames.is_empty() && !matches.get_flag("dry-run") {
        mapping(env, &preview)?;
    }
    let (damaged, verified) = match checked {
        Some(checked) => checked,
        None => (Vec::new(), with_progress(env, || sealift::verify_for(&env.ctx, &unlocked, &preview))?),
    };
    let proven = unlocked.iter().all(Unlocked::is_proven);
    let ended = || if damaged.is_empty() && proven { Ended::Done } else { Ended::Damaged };
    // Once more: meanwhile somebody else may have taken a tag.
    let plan =
        with_progress(env, || sealift::plan_restore(&env.ctx, &verified, &admission, &dest, &selection))?;
    let (damaged, locked, missing, policies) = (&damaged, &locked, &delivery.missing, admission.reports());
    if matches.get_flag("dry-run") {
        env.out.json(&serde_json::json!({
            "dry_run": true, "plan": plan, "damaged": damaged, "locked": locked, "missing": missing,
            "policies": policies, "proven": proven,
        }));
        let signatures = unlocked.iter().flat_map(|bundle| bundle.signatures(&site.store));
        site::tell(env, &signatures.collect::<Vec<_>>(), policies);
        env.out.say("restore-plan", &plan_args(env, &plan));
        names(env, &plan);
        checks(env, &plan);
        return Ok(ended());
    }
    checks(env, &plan);
    let report = with_progress(env, || sealift::restore(&env.ctx, &verified, &plan, existing(matches)))?;
    let remembered = site.remember(&env.ctx, &admission);
    env.out.json(&WithLeftOut { report: &report, damaged, locked, missing, policies, remembered, proven });
    env.out.say(ending(&report), &plan_args(env, &plan));
    names(env, &plan);
    if report.num_unpacked > 0 {
        env.out.say("restore-unpacked", &[("layers", report.num_unpacked.to_string())]);
    }
    if report.num_present > 0 && report.num_blobs > 0 {
        env.out.say("restore-present", &[("blobs", report.num_present.to_string())]);
    }
    env.out.line(format_args!("  → {dest}"));
    site::tell_policies(env, policies);
    Ok(ended())
}

/// The images of damaged bundles that are whole, and those that are not.
fn undamaged(env: &Env, unlocked: &[Unlocked]) -> Result<(Vec<DamagedImage>, VerifiedBundle)> {
    let (mut damaged, mut whole) = (Vec::new(), Vec::new());
    for bundle in unlocked {
        let map = bundle.record_map(1);
        let (report, verified) = with_progress(env, || bundle.verify_undamaged(&env.ctx, &map))?;
        whole.push(verified.ok_or_else(|| report.as_error())?);
        damaged.extend(report.damaged);
    }
    if !damaged.is_empty() {
        env.out.say("restore-undamaged", &[("damaged", damaged.len().to_string())]);
        for damaged in &damaged {
            env.out.line(format_args!("  {}", damaged.image));
        }
    }
    Ok((damaged, VerifiedBundle::join(whole)))
}

fn selection(matches: &ArgMatches) -> Result<Selection> {
    let all = |name| matches.get_many::<String>(name).unwrap_or_default();
    let mut renames: Vec<_> = all("rename").map(|text| sealift::parse_rule(text)).collect::<Result<_>>()?;
    if let Some(path) = matches.get_one::<PathBuf>("map") {
        renames.extend(sealift::read_mapping(path)?);
    }
    let tags = match matches.get_one::<String>("tags").map(String::as_str) {
        Some("backup") => TagPolicy::Backup,
        Some("overwrite") => TagPolicy::Overwrite,
        _ => TagPolicy::Refuse,
    };
    Ok(Selection { images: all("image").cloned().collect(), renames, tags })
}

fn plan_args(env: &Env, plan: &RestorePlan) -> [(&'static str, String); 2] {
    [
        ("what", counted(env, plan.images.iter().map(RestoredImage::is_artifact))),
        ("size", human_bytes(plan.unique_bytes)),
    ]
}

/// What was looked at before anything is written.
fn checks(env: &Env, plan: &RestorePlan) {
    for check in &plan.checks {
        let mark = if check.kind.is_warning() { '!' } else { '✓' };
        env.out.line(format_args!("  {mark} {}", check.render(env.out.lang)));
    }
    if let Some(free_bytes) = plan.free_bytes {
        let room = [("free", human_bytes(free_bytes)), ("needed", human_bytes(plan.needed_bytes))];
        env.out.line(format_args!("  ✓ {}", env.out.t("restore-room", &room)));
    }
}

/// What was really done, as the text that says it.
fn ending(report: &RestoreReport) -> &'static str {
    match report.checked {
        _ if report.num_blobs == 0 => "restore-nothing-sent",
        _ if report.num_unpacked > 0 => "restore-done-unpacked",
        Checked::Before => "restore-done",
        Checked::WhileSent | Checked::NothingSent => "restore-done-sent",
    }
}

/// What becomes of each name, told before anything is written.
fn mapping(env: &Env, plan: &RestorePlan) -> Result<()> {
    env.out.remark(env.out.t("restore-mapping", &[]));
    let shown = |name: &Option<Name>| name.as_ref().map(Name::to_string);
    let nameless = String::from(env.out.t("restore-nameless", &[]));
    let mut rows = Vec::new();
    for image in &plan.images {
        if image.moves().is_empty() {
            rows.push((image.target.to_string(), nameless.clone()));
        }
        for (from, to) in image.moves() {
            let from = shown(from).unwrap_or_else(|| image.target.to_string());
            rows.push((from, shown(to).unwrap_or_else(|| nameless.clone())));
        }
    }
    let width = rows.iter().map(|(from, _)| from.chars().count()).max().unwrap_or_default();
    for (from, to) in rows {
        env.ctx.checkpoint()?;
        env.out.remark(format_args!("  {from:width$}  → {to}"));
    }
    env.out.notices(&env.ctx);
    Ok(())
}

/// What each image will be called, and was; then what has no place there.
fn names(env: &Env, plan: &RestorePlan) {
    name_all(env, &plan.images);
    if !plan.left_out.is_empty() {
        env.out.say("restore-left-out", &[]);
        for name in plan.left_out.iter().flat_map(|artifact| &artifact.names) {
            env.out.line(format_args!("  {}", name.as_str()));
        }
    }
}

fn name_all(env: &Env, images: &[RestoredImage]) {
    for image in images {
        if image.names.is_empty() {
            env.out.line(format_args!("  {}", image.target));
        }
        let there = image.moves().iter().filter_map(|(was, name)| Some((was, name.as_ref()?)));
        for (was, name) in there {
            let was = was.as_ref().filter(|was| *was != name);
            let was = was.map(|was| format!("  ← {}", was.as_str())).unwrap_or_default();
            env.out.line(format_args!("  {}{was}", name.as_str()));
        }
    }
}
