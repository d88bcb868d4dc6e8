//! `sealift pack SOURCE... --out FILE`

use clap::ArgMatches;
use sealift::{Code, Error, Existing, Fact, KdfLevel, PackOptions, Platform, Result, SourceSpec};

use super::{
    Ended, Env,
    output::{grouped, human_bytes},
    progress::with_progress,
    secret,
};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let sources = sources(matches)?;
    let platforms = matches.get_many::<String>("platform").unwrap_or_default();
    let platforms: Vec<Platform> = platforms.map(|text| platform(text)).collect::<Result<_>>()?;
    let options = PackOptions {
        level: matches.get_one("level").copied().unwrap_or(sealift::DEFAULT_LEVEL),
        volume_bytes: matches.get_one::<String>("volume-size").map(|text| volume_bytes(text)).transpose()?,
        existing: existing(matches),
        kdf: kdf(matches),
        ..PackOptions::default()
    };
    let Some(out) = matches.get_one::<std::path::PathBuf>("out") else { return Err(Error::new(Code::Usage)) };

    sealift::check_output(out, options.existing)?;
    let plan = with_progress(env, || sealift::plan_pack(&env.ctx, &sources, &platforms))?;
    env.out.say(
        "pack-plan",
        &[("images", plan.images().len().to_string()), ("sum", human_bytes(plan.sum_bytes()))],
    );
    let passphrase = secret::new_passphrase(env, matches, "")?;
    let report = with_progress(env, || sealift::pack(&env.ctx, &plan, out, &passphrase, &options))?;
    env.out.json(&report);
    env.out.say(
        "pack-done",
        &[
            ("unique", human_bytes(report.unique_bytes)),
            ("size", human_bytes(report.bundle_bytes)),
            ("saved", percent_saved(report.bundle_bytes, report.sum_bytes).to_string()),
        ],
    );
    for volume in &report.volumes {
        env.out.line(format_args!("  {}", volume.display()));
    }
    env.out.say("fingerprint", &[("fingerprint", grouped(&report.fingerprint))]);
    Ok(Ended::Done)
}

/// Whole percent of `of` that `size` saves.
fn percent_saved(size: u64, of: u64) -> u64 {
    of.saturating_sub(size).saturating_mul(100).checked_div(of).unwrap_or_default()
}

pub(super) fn sources(matches: &ArgMatches) -> Result<Vec<SourceSpec>> {
    matches.get_many::<String>("source").unwrap_or_default().map(|text| text.parse()).collect()
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

/// The most that FAT32 holds in one file.
const FAT32_BYTES: u64 = (4 << 30) - 1;

/// `fat32`, a number of bytes, or a number with a binary (`MiB`) or decimal (`MB`) unit.
fn volume_bytes(text: &str) -> Result<u64> {
    if text.eq_ignore_ascii_case("fat32") {
        return Ok(FAT32_BYTES);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => 0,
    };
    let bytes = digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| Error::new(Code::BadVolumeSize).with(Fact::Found, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_sizes_take_units_people_write() {
        for (text, bytes) in [
            ("4GiB", 4 << 30),
            ("fat32", FAT32_BYTES),
            ("650MB", 650_000_000),
            ("700m", 700 << 20),
            ("1048576", 1 << 20),
        ] {
            assert_eq!(volume_bytes(text).unwrap(), bytes, "{text}");
        }
        for bad in ["", "0", "GiB", "4 parsecs", "-1", "99999999999TiB"] {
            assert_eq!(volume_bytes(bad).unwrap_err().code(), Code::BadVolumeSize, "{bad}");
        }
    }
}
