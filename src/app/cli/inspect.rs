//! `sealift inspect BUNDLE`

use clap::ArgMatches;
use sealift::{Code, Error, Image, Inspection, Result, TrustStore, Unlocked};

use super::{Ended, Env, delivery, images, output::human_bytes, secret, site};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let delivery = delivery::open(matches)?;
    let unlocked = if secret::is_wanted(matches) {
        secret::unlock_all(env, matches, &delivery.parts, |bundle, keys| bundle.unlock(&env.ctx, keys))?
    } else {
        Vec::new()
    };
    let store = site::store(matches)?.store;
    let locked = delivery::locked(&delivery, &unlocked);
    let mut opened = unlocked.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    delivery::each_but(env, &delivery, &locked, |bundle| {
        Ok((Ended::Done, one(env, bundle, opened.next().flatten(), &store)?))
    })?;
    Ok(Ended::Done)
}

/// Tells what is in one bundle; for scripts it comes back.
fn one(
    env: &Env,
    bundle: &Inspection,
    unlocked: Option<&Unlocked>,
    store: &TrustStore,
) -> Result<serde_json::Value> {
    let recovery = bundle.recovery();
    let signatures = bundle.signatures(store);
    let signers = unlocked.map(|unlocked| unlocked.image_signers(&env.ctx, store)).transpose()?;
    env.out.say(
        "inspect-public",
        &[
            ("size", human_bytes(bundle.payload_bytes())),
            ("volumes", bundle.num_volumes().to_string()),
            ("records", bundle.num_records().to_string()),
        ],
    );
    if recovery.num_records > 0 {
        let percent = recovery.num_records * 100 / bundle.num_records();
        env.out.say(
            "inspect-recovery",
            &[("size", human_bytes(recovery.num_bytes)), ("percent", percent.to_string())],
        );
    }
    env.out.fingerprint(&bundle.fingerprint());
    site::tell(env, &signatures, &[]);
    slots(env, bundle);
    match unlocked {
        None => env.out.say("inspect-locked", &[]),
        Some(unlocked) => {
            let contents = unlocked.contents();
            env.out.say(
                "inspect-contents",
                &[
                    ("what", images::counted(env, contents.images.iter().map(Image::is_artifact))),
                    ("sum", human_bytes(contents.sum_bytes)),
                    ("created", contents.created.to_owned()),
                    ("tool", contents.tool.to_owned()),
                ],
            );
            images::table(env, contents.images)?;
            site::tell_images(env, signers.as_deref().unwrap_or_default())?;
        }
    }
    Ok(serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "set_id": bundle.set_id(),
        "part": bundle.part(),
        "num_volumes": bundle.num_volumes(),
        "num_records": bundle.num_records(),
        "payload_bytes": bundle.payload_bytes(),
        "recovery": recovery,
        "slots": bundle.slots(),
        "num_superseded_slots": bundle.num_superseded_slots(),
        "signatures": signatures,
        "num_damaged_header_copies": bundle.num_damaged_header_copies(),
        "image_signers": signers,
        "contents": unlocked.map(Unlocked::contents),
    }))
}

/// The bundle that the arguments name.
pub(super) fn open(matches: &ArgMatches) -> Result<Inspection> {
    let path = matches.get_one::<std::path::PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
    sealift::inspect(path)
}

/// One line for each key slot.
pub(super) fn slots(env: &Env, bundle: &Inspection) {
    for slot in bundle.slots() {
        let text = if slot.details.is_empty() { "slot-plain" } else { "slot" };
        let (kind, details) = (slot.kind_words(env.out.lang), slot.details_words(env.out.lang));
        env.out.say(
            text,
            &[("number", slot.number.to_string()), ("kind", kind.into()), ("details", details.into())],
        );
    }
    match bundle.num_superseded_slots() {
        0 => {}
        count => env.out.say("slots-superseded", &[("count", count.to_string())]),
    }
}
