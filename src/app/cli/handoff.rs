//! `sealift handoff BUNDLE --to DRIVE|DIR...`

use clap::ArgMatches;
use sealift::{
    Code, Delivery, Ejected, Error, ErrorKind, Fact, HandoffOptions, HandoffPlan, HandoffReport,
    HandoffWatch, KitFor, Order, Result, Share, Target, TargetPlan, TargetReport,
};
use serde_json::{Value, json};

use super::{
    Ended, Env, delivery, kit, output, output::human_bytes, pack::existing, progress::with_progress,
};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some(bundle) = matches.get_one::<std::path::PathBuf>("bundle") else {
        return Err(Error::new(Code::Usage));
    };
    let options = HandoffOptions {
        existing: existing(matches),
        remove_stale: matches.get_flag("remove-stale"),
        share: if matches.get_flag("spread") { Share::Spread } else { Share::Each },
        order: if matches.get_flag("at-once") { Order::AtOnce } else { Order::Queue },
        eject: !matches.get_flag("no-eject"),
        kit: kit_for(matches)?,
        volumes: matches
            .get_one::<String>("volumes")
            .map(|text| volumes(text))
            .transpose()?
            .unwrap_or_default(),
    };
    let targets = matches.get_many::<String>("target").unwrap_or_default();
    let targets = targets.map(|text| sealift::ready_target(&env.ctx, text)).collect::<Result<Vec<_>>>()?;
    let delivery = Delivery::open(bundle)?;
    let mut left = delivery.parts.len();
    delivery::each(env, &delivery, |bundle| {
        left -= 1;
        // Drives are ejected after the last.
        let options = HandoffOptions { eject: options.eject && left == 0, ..options.clone() };
        hand_over(env, bundle.path(), &targets, &options)
    })
}

/// Reads a bundle back that was packed straight to a drive, adds the restore kit, and ejects the drive if asked to.
pub(super) fn in_place(env: &Env, bundle: &std::path::Path, eject: bool) -> Result<(Ended, Value)> {
    let folder = bundle.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
    let target = sealift::drive_target(&env.ctx, &folder.display().to_string())?;
    let options =
        HandoffOptions { kit: KitFor::Drives(kit::this_program()?), eject, ..HandoffOptions::default() };
    hand_over(env, bundle, &[target], &options)
}

/// Says what will be done, does it, and says how it ended; with the result for scripts.
fn hand_over(
    env: &Env,
    bundle: &std::path::Path,
    targets: &[Target],
    options: &HandoffOptions,
) -> Result<(Ended, Value)> {
    let plan = sealift::plan_handoff(&env.ctx, bundle, targets, options)?;
    plan.targets.iter().filter(|target| !target.files.is_empty()).for_each(|target| planned(env, target));
    let watch = HandoffWatch::new(&plan, 1);
    let mut report = with_progress(env, || sealift::handoff(&env.ctx, &plan, &watch))?;
    // With one target its failure is that of the run.
    if report.targets.len() == 1
        && let Some(Err(error)) = report.targets.pop_if(|target| target.is_err())
    {
        return Err(error);
    }
    Ok((told(env, &plan, &report), object(env, &report)))
}

fn kit_for(matches: &ArgMatches) -> Result<KitFor> {
    if matches.get_flag("no-kit") {
        return Ok(KitFor::Nothing);
    }
    let program = kit::this_program()?;
    Ok(if matches.get_flag("kit") { KitFor::All(program) } else { KitFor::Drives(program) })
}

fn planned(env: &Env, target: &TargetPlan) {
    env.out.say(
        "handoff-plan",
        &[
            ("folder", path(&target.folder)),
            ("volumes", target.files.len().to_string()),
            ("system", target.place.file_system.clone()),
            ("size", human_bytes(target.write_bytes())),
            ("free", target.place.free_bytes.map(human_bytes).unwrap_or_default()),
        ],
    );
}

/// Prints how each target ended; the first failure decides the exit status.
fn told(env: &Env, plan: &HandoffPlan, report: &HandoffReport) -> Ended {
    let mut ended = Ended::Done;
    for target in &report.targets {
        match target {
            // Of several drives, one that none of the volumes was left for.
            Ok(target) if target.files.is_empty() => {}
            Ok(target) => finished(env, target),
            Err(error) => {
                output::note(error.render(env.out.lang));
                if matches!(ended, Ended::Done) {
                    ended = Ended::Failed(error.kind());
                }
            }
        }
    }
    if !report.missing.is_empty() {
        let missing = ("missing", ranges(&report.missing));
        env.out.say("handoff-missing", &[missing, ("bundle", path(&plan.bundle))]);
        if matches!(ended, Ended::Done) {
            ended = Ended::Failed(ErrorKind::Failed);
        }
    }
    env.out.fingerprint(&report.fingerprint);
    ended
}

fn finished(env: &Env, target: &TargetReport) {
    env.out.say(
        "handoff-done",
        &[
            ("folder", path(&target.folder)),
            ("written", human_bytes(target.written_bytes)),
            ("kept", human_bytes(target.kept_bytes)),
            ("how", env.out.t(&format!("handoff-{}", target.read_back.name()), &[]).into()),
        ],
    );
    for file in &target.files {
        env.out.line(format_args!("  {}", path(file)));
    }
    if !target.kit.is_empty() {
        env.out.say("handoff-kit", &[]);
    }
    for file in &target.removed {
        env.out.say("handoff-removed", &[("path", path(file))]);
    }
    for file in &target.stale {
        env.out.say("handoff-stale", &[("path", path(file))]);
    }
    let (id, reason) = match &target.ejected {
        Ejected::Done => ("handoff-safe", ""),
        Ejected::ByHand => ("handoff-by-hand", ""),
        Ejected::Refused(reason) => ("handoff-refused", reason.as_str()),
        Ejected::NotAsked => ("handoff-not-asked", ""),
        Ejected::NotADrive => return,
    };
    env.out.say(id, &[("folder", path(&target.folder)), ("reason", reason.to_owned())]);
}

fn object(env: &Env, report: &HandoffReport) -> Value {
    let target = |target: &Result<TargetReport>| match target {
        Ok(report) => json!({ "report": report, "safe_to_remove": report.is_safe_to_remove() }),
        Err(error) => json!({ "error": error.json(env.out.lang) }),
    };
    json!({
        "fingerprint": report.fingerprint,
        "fingerprint_words": sealift::fingerprint_in_all_languages(&report.fingerprint),
        "targets": report.targets.iter().map(target).collect::<Vec<_>>(),
        "missing": report.missing,
    })
}

fn path(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// `3-5,7`: numbers of volumes.
fn volumes(text: &str) -> Result<Vec<u32>> {
    let bad = || Error::new(Code::Usage).with(Fact::Field, "--volumes").with(Fact::Found, text);
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| (1..=9_999).contains(number));
    let mut volumes = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => volumes.extend(first..=last),
            _ => return Err(bad().with(Fact::Expected, "3-5,7")),
        }
    }
    Ok(volumes)
}

/// Ascending numbers as [`volumes`] reads them.
fn ranges(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        _ => run.iter().map(ToString::to_string).collect(),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_read_as_they_are_told() {
        for (text, numbers) in [("1", &[1][..]), ("3-5,7", &[3, 4, 5, 7]), (" 2 , 4-4", &[2, 4])] {
            assert_eq!(volumes(text).unwrap(), numbers);
        }
        assert_eq!(ranges(&[3, 4, 5, 7, 9, 10]), "3-5,7,9-10");
        for bad in ["", "0", "5-3", "1-10000", "x", "1,,2", "-1", "1-"] {
            assert_eq!(volumes(bad).unwrap_err().code(), Code::Usage, "{bad}");
        }
    }
}
