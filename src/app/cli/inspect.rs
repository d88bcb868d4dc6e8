//! `sealift inspect BUNDLE`

use clap::ArgMatches;
use sealift::{Code, Error, Inspection, Result};

use super::{Ended, Env, images, output::human_bytes, secret, site};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let bundle = open(matches)?;
    let unlocked = if secret::is_wanted(matches) {
        Some(secret::unlock(env, matches, |passphrase| bundle.unlock(&env.ctx, passphrase))?)
    } else {
        None
    };
    let recovery = bundle.recovery();
    let store = site::store(matches)?.store;
    let signatures = bundle.signatures(&store);
    let signers = unlocked.as_ref().map(|unlocked| unlocked.image_signers(&store));
    env.out.json(&serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "fingerprint_words": sealift::fingerprint_in_all_languages(&bundle.fingerprint()),
        "set_id": bundle.set_id(),
        "num_volumes": bundle.num_volumes(),
        "num_records": bundle.num_records(),
        "payload_bytes": bundle.payload_bytes(),
        "recovery": recovery,
        "slots": bundle.slots(),
        "signatures": signatures,
        "num_damaged_header_copies": bundle.num_damaged_header_copies(),
        "image_signers": signers,
        "contents": unlocked.as_ref().map(sealift::Unlocked::contents),
    }));
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
    slots(env, &bundle);
    match &unlocked {
        None => env.out.say("inspect-locked", &[]),
        Some(unlocked) => {
            let contents = unlocked.contents();
            env.out.say(
                "inspect-contents",
                &[
                    ("images", contents.images.len().to_string()),
                    ("sum", human_bytes(contents.sum_bytes)),
                    ("created", sealift::escape(contents.created).to_string()),
                    ("tool", sealift::escape(contents.tool).to_string()),
                ],
            );
            images::table(env, contents.images);
            site::tell_images(env, signers.as_deref().unwrap_or_default());
        }
    }
    Ok(Ended::Done)
}

pub(super) fn open(matches: &ArgMatches) -> Result<Inspection> {
    let path = matches.get_one::<std::path::PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
    sealift::inspect(path)
}

/// One line for each key slot.
pub(super) fn slots(env: &Env, bundle: &Inspection) {
    for slot in bundle.slots() {
        let text = if slot.details.is_empty() { "slot-plain" } else { "slot" };
        env.out.say(
            text,
            &[("number", slot.number.to_string()), ("kind", slot.kind.to_owned()), ("details", slot.details)],
        );
    }
}
