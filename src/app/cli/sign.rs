//! `sealift sign BUNDLE --key FILE` and `sealift signing-key new|import|show`.

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{Code, Error, Result, SigningKey, SigningKeyType, TrustStore, fingerprint_in_all_languages};

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
        env.out.say("signing-key-written", &[("prefix", sealift::escape(&prefix).to_string())]);
    }
    env.out.fingerprint(&id);
    Ok(Ended::Done)
}

fn file<'a>(matches: &'a ArgMatches, name: &str) -> Result<&'a PathBuf> {
    matches.get_one::<PathBuf>(name).ok_or_else(|| Error::new(Code::Usage))
}

/// A fingerprint as it is typed: groups and capitals do not matter.
pub(super) fn ungrouped(id: &str) -> String {
    id.split_whitespace().collect::<String>().to_ascii_lowercase()
}

/// `sealift trust list|add|remove`
pub(super) fn trust(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some((verb, matches)) = matches.subcommand() else { return Err(Error::new(Code::Usage)) };
    let mut site = site::store(matches)?;
    let name = matches.try_get_one::<String>("vendor").ok().flatten();
    match (verb, name) {
        ("add", Some(name)) => {
            let key = match matches.get_one::<PathBuf>("public-key") {
                Some(path) => sealift::read_public_key(path)?,
                None => key_of(file(matches, "signed-bundle")?)?,
            };
            env.out.say("trust-compare", &[("vendor", sealift::escape(name).to_string())]);
            env.out.fingerprint(&key.id());
            if !matches.get_flag("yes") && !secret::confirm(env, "prompt-trust")? {
                return Err(Error::new(Code::NotConfirmed));
            }
            site.store.add(name, key)?;
            site.save()?;
        }
        ("remove", Some(name)) => {
            let which = if site.store.keys().iter().any(|key| key.name == *name) {
                name.clone()
            } else {
                ungrouped(name)
            };
            site.store.remove(&which)?;
            site.save()?;
        }
        _ => {}
    }
    let keys = site.store.keys();
    let object = |key: &sealift::TrustedKey| {
        let mut object = serde_json::to_value(key).unwrap_or_default();
        object["words"] = serde_json::json!(fingerprint_in_all_languages(&key.key_id));
        object["is_due"] = key.is_due().into();
        object
    };
    let path = site.store_path().ok();
    let certificates = if verb == "list" { sealift::client_certificates() } else { Vec::new() };
    env.out.json(&serde_json::json!({
        "trust_store": path,
        "keys": keys.iter().map(object).collect::<Vec<_>>(),
        "client_certificates": certificates,
    }));
    if keys.is_empty() {
        env.out.say("trust-none", &[]);
    }
    for key in keys {
        env.out.say(
            if key.is_due() { "trust-key-due" } else { "trust-key" },
            &[
                ("vendor", sealift::escape(&key.name).to_string()),
                ("added", key.added.clone()),
                ("type", key.key_type.name().to_owned()),
            ],
        );
        env.out.fingerprint(&key.key_id);
    }
    for certificate in certificates.iter().filter(|certificate| certificate.is_due()) {
        let id = if certificate.has_ended() { "certificate-ended" } else { "certificate-due" };
        let path = certificate.path.display().to_string();
        let (host, path) = (sealift::escape(&certificate.host), sealift::escape(&path));
        env.out.say(
            id,
            &[("host", host.to_string()), ("path", path.to_string()), ("ends", certificate.ends.clone())],
        );
    }
    Ok(Ended::Done)
}

/// The key of a bundle's only signature.
fn key_of(bundle: &std::path::Path) -> Result<sealift::PublicKey> {
    let signatures = sealift::inspect(bundle)?.signatures(&TrustStore::default());
    let mut keys = signatures.into_iter().filter_map(|signature| signature.public_key);
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        _ => Err(Error::new(Code::NoSuchSignature).at(bundle)),
    }
}
