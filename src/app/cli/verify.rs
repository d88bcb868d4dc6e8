//! `sealift verify BUNDLE`: every record without a key, every blob with one.

use clap::ArgMatches;
use sealift::{
    Code, DamageReport, Error, Inspection, PolicyReport, RecordReport, Result, SignatureInfo, escape,
};

use super::{
    Ended, Env, inspect, output::human_bytes, pack::existing, progress::with_progress, repair, secret, site,
};
use crate::site::Site;

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    if let Some(out) = matches.get_one::<std::path::PathBuf>("repair-request") {
        let path = matches.get_one::<std::path::PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
        return repair::request(env, path, out, existing(matches));
    }
    let bundle = inspect::open(matches)?;
    let site = site::open(matches)?;
    if secret::is_wanted(matches) {
        with_key(env, matches, &bundle, &site)
    } else {
        without_key(env, &bundle, &site)
    }
}

fn without_key(env: &Env, bundle: &Inspection, site: &Site) -> Result<Ended> {
    let policies = site.check(bundle)?;
    let signatures = bundle.signatures(&site.store);
    if bundle.recovery().num_records > 0 {
        return with_recovery(env, bundle, &signatures, &policies);
    }
    let report = with_progress(env, || bundle.verify(&env.ctx))?;
    env.out.json(&serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "signatures": signatures,
        "policies": policies,
        "records": report,
    }));
    if !report.is_whole() {
        damaged_records(env, report.num_records, &report.damaged);
        env.out.say("verify-copy-again", &[]);
        return Ok(Ended::Damaged);
    }
    env.out.say("verify-records", &[("records", report.num_records.to_string())]);
    env.out.fingerprint(&bundle.fingerprint());
    site::tell(env, &signatures, &policies);
    Ok(Ended::Done)
}

/// As [`without_key`], recovery data included: whether it suffices is what a user wants to know next.
fn with_recovery(
    env: &Env,
    bundle: &Inspection,
    signatures: &[SignatureInfo],
    policies: &[PolicyReport],
) -> Result<Ended> {
    let damage = with_progress(env, || sealift::find_damage(&env.ctx, bundle.path()))?;
    env.out.json(&serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "signatures": signatures,
        "policies": policies,
        "records": records(&damage),
        "damage": damage,
    }));
    if damage.is_whole() {
        env.out.say("verify-records", &[("records", damage.num_records.to_string())]);
    }
    damaged(env, &damage);
    if !damage.is_whole() {
        return Ok(Ended::Damaged);
    }
    env.out.fingerprint(&bundle.fingerprint());
    site::tell(env, signatures, policies);
    Ok(Ended::Done)
}

fn with_key(env: &Env, matches: &ArgMatches, bundle: &Inspection, site: &Site) -> Result<Ended> {
    let unlocked = secret::unlock(env, matches, |passphrase| bundle.unlock_damaged(&env.ctx, passphrase))?;
    let policies = site.check_unlocked(&unlocked)?;
    let signatures = unlocked.signatures(&site.store);
    let (report, _) = with_progress(env, || unlocked.verify(&env.ctx))?;
    // Which records are hurt is asked for in the repair, so a failure is followed by the other check.
    let damage = if report.is_whole() && !unlocked.is_damaged() {
        None
    } else {
        Some(with_progress(env, || sealift::find_damage(&env.ctx, bundle.path()))?)
    };
    env.out.json(&serde_json::json!({
        "fingerprint": unlocked.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&unlocked.fingerprint()),
        "signatures": signatures,
        "policies": policies,
        "blobs": report,
        "records": damage.as_ref().map(records),
        "damage": damage,
    }));
    if let Some(damage) = damage {
        for image in &report.damaged {
            env.out.say(
                "verify-damaged-image",
                &[("image", escape(&image.image).to_string()), ("blobs", image.blobs.len().to_string())],
            );
        }
        damaged(env, &damage);
        return Ok(Ended::Damaged);
    }
    env.out.say(
        "verify-blobs",
        &[
            ("blobs", report.num_blobs.to_string()),
            ("size", human_bytes(report.num_bytes)),
            ("images", unlocked.contents().images.len().to_string()),
        ],
    );
    env.out.fingerprint(&unlocked.fingerprint());
    site::tell(env, &signatures, &policies);
    Ok(Ended::Done)
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
