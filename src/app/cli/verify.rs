//! `sealift verify BUNDLE`: every record without a key, every blob with one.

use clap::ArgMatches;
use sealift::{Code, Error, Inspection, RecordReport, Result, escape};

use super::{
    Ended, Env, inspect, output::human_bytes, pack::existing, progress::with_progress, repair, secret,
};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    if let Some(out) = matches.get_one::<std::path::PathBuf>("repair-request") {
        let path = matches.get_one::<std::path::PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
        return repair::request(env, path, out, existing(matches));
    }
    let bundle = inspect::open(matches)?;
    if secret::is_wanted(matches) { with_key(env, matches, &bundle) } else { without_key(env, &bundle) }
}

fn without_key(env: &Env, bundle: &Inspection) -> Result<Ended> {
    if bundle.recovery().num_records > 0 {
        return with_recovery(env, bundle);
    }
    let report = with_progress(env, || bundle.verify(&env.ctx))?;
    env.out.json(&serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "records": report,
    }));
    if !report.is_whole() {
        damaged_records(env, &report);
        return Ok(Ended::Damaged);
    }
    env.out.say("verify-records", &[("records", report.num_records.to_string())]);
    env.out.fingerprint(&bundle.fingerprint());
    Ok(Ended::Done)
}

/// As [`without_key`], recovery data included: whether it suffices is what a user wants to know next.
fn with_recovery(env: &Env, bundle: &Inspection) -> Result<Ended> {
    let damage = with_progress(env, || sealift::find_damage(&env.ctx, bundle.path()))?;
    let report = RecordReport {
        num_records: damage.num_records,
        damaged: damage.damaged.clone(),
        num_damaged_header_copies: damage.num_damaged_header_copies,
    };
    env.out.json(&serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "records": report,
        "damage": damage,
    }));
    if report.is_whole() {
        env.out.say("verify-records", &[("records", report.num_records.to_string())]);
    } else {
        damaged_numbers(env, &report);
    }
    env.out.say(
        "verify-recovery",
        &[
            ("records", damage.num_recovery_records.to_string()),
            ("damaged", damage.num_damaged_recovery_records.to_string()),
        ],
    );
    if !damage.damaged_trailers.is_empty() {
        let numbers: Vec<u64> = damage.damaged_trailers.iter().copied().map(u64::from).collect();
        env.out.say("verify-volumes", &[("numbers", sealift::ranges(&numbers))]);
    }
    if damage.is_whole() {
        env.out.fingerprint(&bundle.fingerprint());
        return Ok(Ended::Done);
    }
    match damage.beyond_repair.len() {
        0 if damage.lost_trailers.is_empty() => env.out.say("verify-repairable", &[]),
        num => env.out.say("verify-beyond", &[("damaged", num.to_string())]),
    }
    Ok(Ended::Damaged)
}

fn with_key(env: &Env, matches: &ArgMatches, bundle: &Inspection) -> Result<Ended> {
    let unlocked = secret::unlock(env, matches, |passphrase| bundle.unlock(&env.ctx, passphrase))?;
    let (report, _) = with_progress(env, || unlocked.verify(&env.ctx))?;
    // Which records are hurt is asked for in the repair, so a failure is followed by the other check.
    let records =
        if report.is_whole() { None } else { Some(with_progress(env, || bundle.verify(&env.ctx))?) };
    env.out.json(&serde_json::json!({
        "fingerprint": unlocked.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&unlocked.fingerprint()),
        "blobs": report,
        "records": records,
    }));
    if let Some(records) = records {
        for damaged in &report.damaged {
            env.out.say(
                "verify-damaged-image",
                &[("image", escape(&damaged.image).to_string()), ("blobs", damaged.blobs.len().to_string())],
            );
        }
        damaged_records(env, &records);
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
    Ok(Ended::Done)
}

fn damaged_records(env: &Env, report: &RecordReport) {
    damaged_numbers(env, report);
    env.out.say("verify-copy-again", &[]);
}

fn damaged_numbers(env: &Env, report: &RecordReport) {
    env.out.say(
        "verify-damaged",
        &[
            ("damaged", report.damaged.len().to_string()),
            ("records", report.num_records.to_string()),
            ("numbers", report.damaged_ranges()),
        ],
    );
}
