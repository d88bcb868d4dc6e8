//! `sealift reseal BUNDLE --out FILE`: a new bundle with a new key, without unpacking an image.

use clap::ArgMatches;
use sealift::{Code, Error, PackOptions, Result};

use super::{
    Ended, Env, inspect,
    output::human_bytes,
    pack::{existing, kdf},
    progress::with_progress,
    recipients::{self, Given},
    secret,
};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some(out) = matches.get_one::<std::path::PathBuf>("out") else { return Err(Error::new(Code::Usage)) };
    let asked = matches.get_one::<String>("volume-size");
    let mut options =
        PackOptions { existing: existing(matches), kdf: kdf(matches), ..PackOptions::default() };
    options.volume_bytes =
        sealift::Place::of(out).volume_bytes(asked.map(|text| sealift::volume_bytes(text)).transpose()?)?;
    options.recovery_percent = match matches.get_one::<String>("recovery") {
        Some(text) => sealift::recovery_percent(text)?,
        None => sealift::default_recovery_percent(&env.ctx, out)?,
    };
    sealift::check_output(out, options.existing)?;
    let bundle = inspect::open(matches)?;
    let unlocked = secret::unlock(env, matches, |identities| bundle.unlock(&env.ctx, identities))?;
    let Given { recipients, shares } = recipients::given(env, matches, "new-", None)?;
    let report = with_progress(env, || sealift::reseal(&env.ctx, &unlocked, out, recipients, &options))?;
    env.out.json(&report);
    env.out.say("reseal-done", &[("size", human_bytes(report.bundle_bytes))]);
    for path in report.volumes.iter().chain(&shares.keep()) {
        env.out.line(format_args!("  {}", path.display()));
    }
    env.out.fingerprint(&report.fingerprint);
    Ok(Ended::Done)
}
