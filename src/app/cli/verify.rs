//! `sealift verify BUNDLE`: every record without a key, every blob with one.

use clap::ArgMatches;
use sealift::{
    Code, DamageReport, Error, Image, Inspection, PolicyReport, RecordReport, Result, SignatureInfo, Unlocked,
};
use serde_json::{Value, json};

use super::{
    Ended, Env, delivery, images, output::human_bytes, pack::existing, progress::with_progress, repair,
    secret, site,
};
use crate::site::Site;

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    if let Some(out) = matches.get_one::<std::path::PathBuf>("repair-request") {
        let path = matches.get_one::<std::path::PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
        return repair::request(env, path, out, existing(matches));
    }
    let delivery = delivery::open(matches)?;
    let site = site::open(matches)?;
    let unlocked = if secret::is_wanted(matches) {
        secret::unlock_all(env, matches, &delivery.parts, |bundle, keys| {
            bundle.unlock_damaged(&env.ctx, keys)
        })?
    } else {
        Vec::new()
    };
    let locked = delivery::locked(&delivery, &unlocked);
    let mut opened = unlocked.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let ended = delivery::each_but(env, &delivery, &locked, |bundle| match opened.next().flatten() {
        Some(unlocked) => with_key(env, bundle, unlocked, &site),
        None => without_key(env, bundle, &site),
    })?;
    // As with a volume that is not there.
    Ok(if delivery.missing.is_empty() { ended } else { Ended::Damaged })
}

fn without_key(env: &Env, bundle: &Inspection, site: &Site) -> Result<(Ended, Value)> {
    let policies = site.check(bundle)?;
    let signatures = bundle.signatures(&site.store);
    if bundle.recovery().num_records > 0 {
        return with_recovery(env, bundle, &signatures, &policies);
    }
    let report = with_progress(env, || bundle.verify(&env.ctx))?;
    let object = json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "signatures": signatures,
        "policies": policies,
        "records": report,
    });
    if !report.is_whole() {
        damaged_records(env, report.num_records, &report.damaged);
        env.out.say("verify-copy-again", &[]);
        return Ok((Ended::Damaged, object));
    }
    env.out.say("verify-records", &[("records", report.num_records.to_string())]);
    env.out.fingerprint(&bundle.fingerprint());
    site::tell(env, &signatures, &policies);
    Ok((Ended::Done, object))
}

/// As [`without_key`], recovery data included: whether it suffices is what a user wants to know next.
fn with_recovery(
    env: &Env,
    bundle: &Inspection,
    signatures: &[SignatureInfo],
    policies: &[PolicyReport],
) -> Result<(Ended, Value)> {
    let damage = with_progress(env, || sealift::find_damage(&env.ctx, bundle.path()))?;
    let object = json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "signatures": signatures,
        "policies": policies,
        "records": records(&damage),
        "damage": damage,
    });
    if damage.is_whole() {
        env.out.say("verify-records", &[("records", damage.num_records.to_string())]);
    }
    damaged(env, &damage);
    if !damage.is_whole() {
        return Ok((Ended::Damaged, object));
    }
    env.out.fingerprint(&bundle.fingerprint());
    site::tell(env, signatures, policies);
    Ok((Ended::Done, object))
}

fn with_key(env: &Env, bundle: &Inspection, unlocked: &Unlocked, site: &Site) -> Result<(Ended, Value)> {
    let admission = site.admit(&env.ctx, &[unlocked])?;
    let policies = admission.reports();
    let signatures = unlocked.signatures(&site.store);
    let (report, _) = with_progress(env, || unlocked.verify(&env.ctx))?;
    // Which records are hurt is asked for in the repair, so a failure is followed by the other check.
    let damage = if report.is_whole() && !unlocked.is_damaged() {
        None
    } else {
        Some(with_progress(env, || sealift::find_damage(&env.ctx, bundle.path()))?)
    };
    let object = json!({
        "fingerprint": unlocked.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&unlocked.fingerprint()),
        "signatures": signatures,
        "policies": policies,
        "blobs": report,
        "records": damage.as_ref().map(records),
        "damage": damage,
    });
    if let Some(damage) = damage {
        for image in &report.damaged {
            env.out.say(
                "verify-damaged-image",
                &[("image", image.image.clone()), ("blobs", image.blobs.len().to_string())],
            );
        }
        damaged(env, &damage);
        return Ok((Ended::Damaged, object));
    }
    env.out.say(
        "verify-blobs",
        &[
            ("blobs", report.num_blobs.to_string()),
            ("size", human_bytes(report.num_bytes)),
            ("what", images::counted(env, unlocked.contents().images.iter().map(Image::is_artifact))),
        ],
    );
    env.out.fingerprint(&unlocked.fingerprint());
    site::tell(env, &signatures, policies);
    Ok((Ended::Done, object))
}

/// What a check without recovery data reports.
fn records(damage: &DamageReport) -> RecordReport {
    RecordReport {
        num_records: damage.num_records,
        damaged: damage.damaged.clone(),
        num_damaged_header_copies: damage.num_damaged_header_copies,
    }
}

/// What is damaged, and what to do.
fn damaged(env: &Env, damage: &DamageReport) {
    if !damage.damaged.is_empty() {
        damaged_records(env, damage.num_records, &damage.damaged);
    }
    if !damage.damaged_trailers.is_empty() {
        let numbers: Vec<u64> = damage.damaged_trailers.iter().copied().map(u64::from).collect();
        env.out.say("verify-volumes", &[("numbers", sealift::ranges(&numbers))]);
    }
    if damage.num_recovery_records == 0 {
        if !damage.is_whole() {
            env.out.say("verify-copy-again", &[]);
        }
        return;
    }
    env.out.say(
        "verify-recovery",
        &[
            ("records", damage.num_recovery_records.to_string()),
            ("damaged", damage.num_damaged_recovery_records.to_string()),
        ],
    );
    match damage.beyond_repair.len() {
        0 if damage.is_whole() => {}
        0 if damage.lost_trailers.is_empty() => env.out.say("verify-repairable", &[]),
        num => env.out.say("verify-beyond", &[("damaged", num.to_string())]),
    }
}

fn damaged_records(env: &Env, num_records: u64, damaged: &[u64]) {
    env.out.say(
        "verify-damaged",
        &[
            ("damaged", damaged.len().to_string()),
            ("records", num_records.to_string()),
            ("numbers", sealift::ranges(damaged)),
        ],
    );
}
