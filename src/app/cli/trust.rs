//! `sealift trust list|add|remove`.

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{ClientCertificate, Code, Error, Result, TrustStore, fingerprint_in_all_languages};

use super::{
    Ended, Env, secret,
    sign::{file, ungrouped},
    site,
};
use crate::site::Site;

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some((verb, matches)) = matches.subcommand() else { return Err(Error::new(Code::Usage)) };
    let mut site = if verb == "add" { site::store_to_fill(matches)? } else { site::store(matches)? };
    let name = matches.try_get_one::<String>("vendor").ok().flatten();
    match (verb, name) {
        ("add", Some(name)) => {
            add(env, matches, &mut site, name)?;
        }
        ("remove", Some(name)) => {
            let is_called = site.store.keys().iter().any(|key| key.name == *name)
                || site.store.identities().iter().any(|known| known.name == *name || known.identity == *name);
            let which = if is_called { name.clone() } else { ungrouped(name) };
            site.update(|store| store.remove(&which).map(drop))?;
        }
        _ => {}
    }
    tell_trusted(env, &site, &if verb == "list" { sealift::client_certificates() } else { Vec::new() });
    Ok(Ended::Done)
}

/// Adds a key or an identity, once its words were compared.
fn add(env: &Env, matches: &ArgMatches, site: &mut Site, name: &str) -> Result<()> {
    let confirm = |line, id: &str, prompt| {
        env.out.say(line, &[("vendor", name.to_owned())]);
        env.out.fingerprint(id);
        if matches.get_flag("yes") || secret::confirm(env, prompt)? {
            Ok(())
        } else {
            Err(Error::new(Code::NotConfirmed))
        }
    };
    let text = |option| matches.get_one::<String>(option);
    if let (Some(identity), Some(issuer)) = (text("certificate-identity"), text("certificate-oidc-issuer")) {
        let root = sealift::read_trusted_root(file(matches, "trusted-root")?)?;
        confirm("trust-compare-root", root.id(), "prompt-trust-root")?;
        return site.update(|store| store.add_identity(name, identity, issuer, root).map(drop));
    }
    let key = match matches.get_one::<PathBuf>("public-key") {
        Some(path) => sealift::read_public_key(path)?,
        None => key_of(file(matches, "signed-bundle")?)?,
    };
    confirm("trust-compare", &key.id(), "prompt-trust")?;
    site.update(|store| store.add(name, key).map(drop))
}

/// What the store holds; and client certificates for registries, of which those that end are told.
fn tell_trusted(env: &Env, site: &Site, certificates: &[ClientCertificate]) {
    let (keys, identities) = (site.store.keys(), site.store.identities());
    let key_object = |key: &sealift::TrustedKey| {
        let mut object = serde_json::to_value(key).unwrap_or_default();
        object["words"] = serde_json::json!(fingerprint_in_all_languages(&key.key_id));
        object["is_due"] = key.is_due().into();
        object
    };
    let identity_object = |known: &sealift::TrustedIdentity| {
        let mut object = serde_json::to_value(known).unwrap_or_default();
        object["words"] = serde_json::json!(fingerprint_in_all_languages(&known.trusted_root));
        object
    };
    let certificate_object = |certificate: &ClientCertificate| {
        let mut object = serde_json::to_value(certificate).unwrap_or_default();
        object["is_due"] = certificate.is_due().into();
        object
    };
    env.out.json(&serde_json::json!({
        "trust_store": site.store_path().ok(),
        "keys": keys.iter().map(key_object).collect::<Vec<_>>(),
        "identities": identities.iter().map(identity_object).collect::<Vec<_>>(),
        "client_certificates": certificates.iter().map(certificate_object).collect::<Vec<_>>(),
    }));
    if keys.is_empty() && identities.is_empty() {
        env.out.say("trust-none", &[]);
    }
    for key in keys {
        env.out.say(
            if key.is_due() { "trust-key-due" } else { "trust-key" },
            &[
                ("vendor", key.name.clone()),
                ("added", key.added.clone()),
                ("type", key.key_type.name().to_owned()),
            ],
        );
        env.out.fingerprint(&key.key_id);
    }
    for known in identities {
        env.out.say(
            "trust-identity",
            &[
                ("vendor", known.name.clone()),
                ("identity", known.identity.clone()),
                ("issuer", known.issuer.clone()),
                ("added", known.added.clone()),
            ],
        );
        env.out.fingerprint(&known.trusted_root);
    }
    for certificate in certificates.iter().filter(|certificate| certificate.is_due()) {
        let id = if certificate.has_ended() { "trust-certificate-ended" } else { "trust-certificate-due" };
        env.out.say(
            id,
            &[
                ("host", certificate.host.clone()),
                ("path", certificate.path.display().to_string()),
                ("ends", certificate.ends.clone()),
            ],
        );
    }
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
