//! `sealift verify BUNDLE`: every record without a key, every blob with one.

use clap::ArgMatches;
use sealift::{Inspection, RecordReport, Result, escape};

use super::{Ended, Env, inspect, output::human_bytes, progress::with_progress, secret};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let bundle = inspect::open(matches)?;
    if secret::is_wanted(matches) { with_key(env, matches, &bundle) } else { without_key(env, &bundle) }
}

fn without_key(env: &Env, bundle: &Inspection) -> Result<Ended> {
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
    env.out.say(
        "verify-damaged",
        &[
            ("damaged", report.damaged.len().to_string()),
            ("records", report.num_records.to_string()),
            ("numbers", report.damaged_ranges()),
        ],
    );
}
