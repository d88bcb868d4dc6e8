//! `sealift pack SOURCE... --out FILE`

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ArgMatches;
use sealift::{
    Code, Error, Existing, Fact, Image, KdfLevel, PackOptions, PackPlan, PackReport, Place, Platform,
    RegistryAccess, Result, Signing, SourceSpec,
};
use serde_json::{Value, json};

use super::{
    Ended, Env, delivery, handoff,
    images::counted,
    output::human_bytes,
    progress::with_progress,
    recipients::{self, Given},
    secret, sign,
};
use crate::folders;

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let platforms = matches.get_many::<String>("platform").unwrap_or_default();
    let platforms: Vec<Platform> = platforms.map(|text| platform(text)).collect::<Result<_>>()?;
    let mut options = PackOptions {
        level: matches.get_one("level").copied().unwrap_or(sealift::DEFAULT_LEVEL),
        volume_bytes: matches
            .get_one::<String>("volume-size")
            .map(|text| sealift::volume_bytes(text))
            .transpose()?,
        existing: existing(matches),
        kdf: kdf(matches),
        state_dir: folders::state(),
        ..PackOptions::default()
    };
    let Some(out) = matches.get_one::<PathBuf>("out") else { return Err(Error::new(Code::Usage)) };

    sealift::check_output(out, options.existing)?;
    options.recovery_percent = match matches.get_one::<String>("recovery") {
        Some(text) => sealift::recovery_percent(text)?,
        None => sealift::default_recovery_percent(&env.ctx, out)?,
    };
    let place = Place::of(out);
    let asked = options.volume_bytes;
    options.volume_bytes = place.volume_bytes(asked)?;
    let plan = plan(env, matches, &platforms)?;
    env.out.say(
        "pack-plan",
        &[
            ("what", counted(env, plan.images().iter().map(Image::is_artifact))),
            ("sum", human_bytes(plan.sum_bytes())),
        ],
    );
    tell_place(env, &place, asked, plan.sum_bytes());
    let signing_key = matches.get_one::<PathBuf>("sign");
    let signing = signing_key.map(|path| -> Result<Signing> {
        let release =
            sign::release(matches).map(|(product, release)| (product.to_owned(), release.to_owned()));
        Ok(Signing { key: Arc::new(secret::signing_key(env, matches, path)?), release })
    });
    options.signing = signing.transpose()?;
    if delivery::is_wanted(matches) {
        delivery::run(env, matches, &plan, out, &options)
    } else {
        one(env, matches, &plan, out, &options)
    }
}

/// Packs one bundle of all images.
fn one(env: &Env, matches: &ArgMatches, plan: &PackPlan, out: &Path, options: &PackOptions) -> Result<Ended> {
    let generated = matches.get_one::<PathBuf>("generate-passphrase");
    let passphrase = generated.map(|path| secret::generate(path, matches)).transpose()?;
    let given = recipients::given(env, matches, "", passphrase);
    let packed = given.and_then(|Given { recipients, shares }| {
        let report = with_progress(env, || sealift::pack(&env.ctx, plan, out, recipients, options))?;
        Ok((report, shares.keep()))
    });
    if let (Err(_), Some(path)) = (&packed, generated) {
        // It opens nothing, and would stand in the way of the next attempt.
        let _ = std::fs::remove_file(path);
    }
    let (report, shares) = packed?;
    tell(env, &report, &shares);
    if let Some(path) = generated {
        env.out.say("pack-generated", &[("path", path.display().to_string())]);
    }
    let handed = matches.get_flag("handoff").then(|| handoff::in_place(env, out, true)).transpose()?;
    let (ended, handoff) = handed.map_or((Ended::Done, None), |(ended, object)| (ended, Some(object)));
    env.out.json(&object(&report, handoff));
    Ok(ended)
}

/// Says what was packed.
pub(super) fn tell(env: &Env, report: &PackReport, shares: &[PathBuf]) {
    env.out.say(
        "pack-done",
        &[
            ("unique", human_bytes(report.unique_bytes)),
            ("size", human_bytes(report.bundle_bytes)),
            ("saved", percent_saved(report.bundle_bytes, report.sum_bytes).to_string()),
        ],
    );
    if report.kept_bytes > 0 {
        env.out.say("pack-continued", &[("size", human_bytes(report.kept_bytes))]);
    }
    for file in report.volumes.iter().chain(shares) {
        env.out.line(format_args!("  {}", file.display()));
    }
    env.out.fingerprint(&report.fingerprint);
    if let Some(id) = report.signature.as_ref().and_then(|signature| signature.key_id.as_deref()) {
        env.out.say("pack-signed", &[("key", sealift::grouped(id))]);
    }
}

/// A report for scripts, with the words of its fingerprint.
pub(super) fn object(report: &PackReport, handoff: Option<Value>) -> Value {
    let mut object = json!(report);
    object["fingerprint_words"] = json!(sealift::fingerprint_in_all_languages(&report.fingerprint));
    if let Some(handoff) = handoff {
        object["handoff"] = handoff;
    }
    object
}

/// Says what the file system there makes of the bundle, before anything is written.
fn tell_place(env: &Env, place: &Place, asked: Option<u64>, sum_bytes: u64) {
    if let (None, Some(most)) = (asked, place.max_file_bytes()) {
        let system = place.file_system.clone();
        env.out.say("pack-split", &[("system", system), ("most", human_bytes(most))]);
    }
    if let Some(free) = place.free_bytes.filter(|free| *free < sum_bytes) {
        env.out.say("pack-space", &[("free", human_bytes(free)), ("sum", human_bytes(sum_bytes))]);
    }
}

/// Whole percent of `of` that `size` saves.
fn percent_saved(size: u64, of: u64) -> u64 {
    of.saturating_sub(size).saturating_mul(100).checked_div(of).unwrap_or_default()
}

/// Plans packing the sources, with a registry's credentials as the user has them.
pub(super) fn plan(env: &Env, matches: &ArgMatches, platforms: &[Platform]) -> Result<PackPlan> {
    secret::entered(env, secret::access(matches)?, |access| {
        let sources = sources(matches, access)?;
        with_progress(env, || sealift::plan_pack(&env.ctx, &sources, platforms))
    })
}

fn sources(matches: &ArgMatches, access: &RegistryAccess) -> Result<Vec<SourceSpec>> {
    let texts = matches.get_many::<String>("source").unwrap_or_default();
    texts.map(|text| text.parse::<SourceSpec>().map(|spec| spec.with_access(access.clone()))).collect()
}

pub(super) fn existing(matches: &ArgMatches) -> Existing {
    if matches.get_flag("force") { Existing::Replace } else { Existing::Keep }
}

pub(super) fn kdf(matches: &ArgMatches) -> KdfLevel {
    match matches.get_one::<String>("kdf").map(String::as_str) {
        Some("low") => KdfLevel::Low,
        _ => KdfLevel::Standard,
    }
}

fn platform(text: &str) -> Result<Platform> {
    let bad = || Error::new(Code::Usage).with(Fact::Field, "--platform").with(Fact::Found, text);
    Platform::parse(text).ok_or_else(|| bad().with(Fact::Expected, "linux/amd64"))
}
