//! `sealift sign BUNDLE --key FILE` and `sealift signing-key new|import|show`.

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{Code, Error, Result, SigningKey, SigningKeyType, fingerprint_in_all_languages};

use super::{Ended, Env, delivery, secret, site};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    // A file that is no bundle is told before anything is asked.
    let delivery = delivery::open(matches)?;
    let removed = matches.get_one::<String>("remove-signature");
    let key = match removed {
        Some(_) => None,
        None => Some(secret::signing_key(env, matches, file(matches, "signing-key")?)?),
    };
    let site = site::store(matches)?;
    delivery::each(env, &delivery, |bundle| {
        match (&key, removed) {
            (Some(key), _) => drop(sealift::sign(&env.ctx, bundle.path(), key, release(matches))?),
            (None, key_id) => {
                let key_id = key_id.map_or("", String::as_str);
                sealift::remove_signature(&env.ctx, bundle.path(), &ungrouped(key_id))?;
            }
        }
        let bundle = sealift::inspect(bundle.path())?;
        let signatures = bundle.signatures(&site.store);
        site::tell(env, &signatures, &[]);
        Ok((
            Ended::Done,
            serde_json::json!({ "fingerprint": bundle.fingerprint(), "signatures": signatures }),
        ))
    })
}

/// `--product` and `--release`.
pub(super) fn release(matches: &ArgMatches) -> Option<(&str, &str)> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str);
    text("product").zip(text("release"))
}

/// `sealift signing-key new|import|show`
pub(super) fn keys(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some((verb, matches)) = matches.subcommand() else { return Err(Error::new(Code::Usage)) };
    let key = match verb {
        "new" => {
            let kind = match matches.get_one::<String>("key-type").map(String::as_str) {
                Some("ed25519") => SigningKeyType::Ed25519,
                _ => SigningKeyType::EcdsaP256,
            };
            let passphrase = secret::new_passphrase(env, matches, "key-")?;
            let key = SigningKey::generate(kind);
            sealift::write_signing_key(file(matches, "prefix")?, &key, Some(&passphrase))?;
            key.public_key()
        }
        "import" => {
            let key = secret::signing_key(env, matches, file(matches, "key-file")?)?;
            let passphrase = secret::new_passphrase(env, matches, "new-")?;
            sealift::write_signing_key(file(matches, "prefix")?, &key, Some(&passphrase))?;
            key.public_key()
        }
        _ => {
            let path = file(matches, "key-file")?;
            // A public key tells as much, and asks for no passphrase.
            sealift::read_public_key(path)
                .or_else(|_| secret::signing_key(env, matches, path).map(|key| key.public_key()))?
        }
    };
    let id = key.id();
    env.out.json(&serde_json::json!({
        "key_id": id,
        "key_type": key.key_type(),
        "words": fingerprint_in_all_languages(&id),
        "public_key": key.to_pem(),
    }));
    if verb == "show" {
        env.out.line(key.to_pem().trim_end());
    } else {
        let prefix = file(matches, "prefix")?.display().to_string();
        env.out.say("signing-key-written", &[("prefix", prefix)]);
    }
    env.out.fingerprint(&id);
    Ok(Ended::Done)
}

pub(super) fn file<'a>(matches: &'a ArgMatches, name: &str) -> Result<&'a PathBuf> {
    matches.get_one::<PathBuf>(name).ok_or_else(|| Error::new(Code::Usage))
}

/// A fingerprint as it is typed: groups and capitals do not matter.
pub(super) fn ungrouped(id: &str) -> String {
    id.split_whitespace().collect::<String>().to_ascii_lowercase()
}
