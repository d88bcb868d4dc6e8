//! `sealift demo`: packs, verifies and restores a built-in sample in a temporary folder, and says what it did.

use std::path::Path;

use clap::ArgMatches;
use sealift::{Admission, Code, Error, Existing, PackOptions, Passphrase, Result, Selection, SourceSpec};

use super::{Ended, Env, output::human_bytes};

pub(super) fn run(env: &Env, _: &ArgMatches) -> Result<Ended> {
    let dir = tempfile::Builder::new().prefix("sealift-demo").tempdir();
    let dir = dir.map_err(|e| Error::write(&std::env::temp_dir(), e))?;
    let (sample, bundle, restored) =
        (dir.path().join("sample.tar"), dir.path().join("demo.sealift"), dir.path().join("restored.tar"));
    let ctx = &env.ctx;
    sealift::write_sample(&sample)?;
    let plan = sealift::plan_pack(ctx, &[SourceSpec::path_only(&sample)], &[])?;
    env.out.say(
        "demo-sample",
        &[("images", plan.images().len().to_string()), ("sum", human_bytes(plan.sum_bytes()))],
    );

    let passphrase = Passphrase::new(b"correct horse battery staple".to_vec())?;
    let packed = sealift::pack(ctx, &plan, &bundle, &passphrase, &PackOptions::default())?;
    env.out.say("demo-packed", &[("size", human_bytes(packed.bundle_bytes))]);
    env.out.say("fingerprint", &[("fingerprint", sealift::grouped(&packed.fingerprint))]);

    let inspected = sealift::inspect(&bundle)?;
    let records = inspected.verify(ctx)?;
    env.out.say("demo-records", &[("records", records.num_records.to_string())]);
    let wrong = inspected.unlock(ctx, &Passphrase::new(b"incorrect horse".to_vec())?).map(drop);
    expect(wrong.as_ref().is_err_and(|e| e.code() == Code::KeyRefused))?;
    env.out.say("demo-refused", &[]);

    let unlocked = inspected.unlock(ctx, &passphrase)?;
    let (blobs, verified) = unlocked.verify(ctx)?;
    let verified = verified.ok_or_else(|| Error::new(Code::BlobMismatch))?;
    env.out.say("demo-blobs", &[("blobs", blobs.num_blobs.to_string())]);

    let dest = format!("docker-archive:{}", restored.display()).parse()?;
    let restore = sealift::plan_restore(ctx, &verified, &Admission::unruled(), &dest, &Selection::default())?;
    let report = sealift::restore(ctx, &verified, &restore, Existing::Keep)?;
    env.out.say("demo-restored", &[("images", report.images.len().to_string())]);
    let same = digests(env, &restored)? == digests(env, &sample)?;
    expect(same)?;
    env.out.say("demo-same", &[]);
    env.out.json(
        &serde_json::json!({ "packed": packed, "records": records, "blobs": blobs, "restored": report }),
    );
    Ok(Ended::Done)
}

/// Names and image IDs of an archive.
fn digests(env: &Env, path: &Path) -> Result<Vec<(String, String)>> {
    let images = sealift::list(&env.ctx, &SourceSpec::path_only(path))?;
    let id = |image: &sealift::Image| {
        image.manifests.first().map(|m| m.config.digest.to_string()).unwrap_or_default()
    };
    let mut digests: Vec<_> = images.iter().map(|image| (image.title(), id(image))).collect();
    digests.sort();
    Ok(digests)
}

fn expect(holds: bool) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(Code::BlobMismatch)) }
}
