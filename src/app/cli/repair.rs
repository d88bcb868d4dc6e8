//! `sealift repair BUNDLE` and `sealift repair-file BUNDLE REQUEST`: damage mended without a key.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use sealift::{Code, Error, Existing, Fact, RepairOptions, RepairReport, RepairRequest, Result};

use super::{Ended, Env, output::human_bytes, pack::existing, progress::with_progress};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let path = bundle(matches)?;
    if let Some(out) = matches.get_one::<PathBuf>("request") {
        return request(env, path, out, existing(matches));
    }
    let options = RepairOptions {
        out: matches.get_one::<PathBuf>("repair-out").cloned(),
        answer: matches.get_one::<PathBuf>("with").cloned(),
        existing: existing(matches),
    };
    let report = with_progress(env, || sealift::repair(&env.ctx, path, &options))?;
    env.out.json(&report);
    told(env, &report);
    if report.is_header_from_answer {
        env.out.say("repair-header", &[]);
    }
    if !report.is_whole() {
        return Ok(Ended::Damaged);
    }
    if options.out.is_some() {
        for volume in &report.volumes {
            env.out.line(format_args!("  {}", volume.display()));
        }
    }
    env.out.fingerprint(&report.fingerprint);
    Ok(Ended::Done)
}

fn told(env: &Env, report: &RepairReport) {
    let num = |number: usize| number.to_string();
    if !report.is_whole() {
        let still = &report.still_damaged;
        env.out.say(
            "repair-left",
            &[
                ("records", report.num_records.to_string()),
                ("left", num(still.len())),
                ("numbers", sealift::ranges(still)),
            ],
        );
    } else if report.changed_nothing() {
        env.out.say("repair-whole", &[]);
    } else {
        env.out.say(
            "repair-done",
            &[
                ("records", report.num_records.to_string()),
                ("recovery", report.num_recovery_records.to_string()),
                ("trailers", num(report.trailers.len())),
                ("headers", num(report.num_header_copies)),
            ],
        );
    }
}

/// Writes what must come again to `out`, and shows it as a code where that is short.
pub(super) fn request(env: &Env, path: &Path, out: &Path, existing: Existing) -> Result<Ended> {
    let Some(request) = with_progress(env, || sealift::repair_request(&env.ctx, path))? else {
        env.out.json(&serde_json::json!({ "request": null }));
        env.out.say("request-none", &[]);
        return Ok(Ended::Done);
    };
    sealift::save_report(out, &(request.to_json() + "\n"), existing)?;
    let code = request.code();
    env.out.json(&serde_json::json!({
        "request": out,
        "num_records": request.num_records(),
        "header": request.wants_header(),
        "code": code,
    }));
    env.out.say(
        "request-written",
        &[("records", request.num_records().to_string()), ("path", out.display().to_string())],
    );
    match code {
        Some(code) => env.out.say("request-code", &[("code", code)]),
        None => env.out.say("request-long", &[]),
    }
    Ok(Ended::Damaged)
}

pub(super) fn answer(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let path = bundle(matches)?;
    let missing = || Error::new(Code::Usage);
    let wanted = matches.get_one::<String>("wanted").ok_or_else(missing)?;
    let out = matches.get_one::<PathBuf>("answer-out").ok_or_else(missing)?;
    let request = read_request(wanted)?;
    let num_bytes =
        with_progress(env, || sealift::answer_repair(&env.ctx, path, &request, out, existing(matches)))?;
    env.out.json(&serde_json::json!({ "answer": out, "num_bytes": num_bytes }));
    env.out.say("answer-written", &[("path", out.display().to_string()), ("size", human_bytes(num_bytes))]);
    Ok(Ended::Done)
}

/// A file if there is one, else a code.
fn read_request(wanted: &str) -> Result<RepairRequest> {
    let path = Path::new(wanted);
    if !path.is_file() {
        return RepairRequest::parse(wanted).map_err(|e| e.with(Fact::Found, wanted));
    }
    RepairRequest::read(path)
}

fn bundle(matches: &ArgMatches) -> Result<&PathBuf> {
    matches.get_one::<PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))
}
