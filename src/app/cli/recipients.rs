//! Whom a bundle is to be locked for: `--recipient`, `--shares`, a passphrase; together with `--require-all`.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::ArgMatches;
use sealift::{Code, Error, Fact, KeyShare, Passphrase, Recipient, Result, SplitKey};

use super::{Env, ask, secret};

/// Recipients, and the files that were written for some of them.
pub(super) struct Given {
    pub(super) recipients: Vec<Recipient>,
    written: Vec<PathBuf>,
}

impl Given {
    /// Removes what was written: nothing was locked, so it opens nothing and would be in the way of the next attempt.
    pub(super) fn undo(&self) {
        for path in &self.written {
            let _ = std::fs::remove_file(path);
        }
    }

    /// The files with shares.
    pub(super) fn written(&self) -> &[PathBuf] {
        &self.written
    }
}

/// The recipients that the arguments name. A passphrase that is there already comes with `passphrase`; one is asked for
/// when nothing else is given.
pub(super) fn given(
    env: &Env,
    matches: &ArgMatches,
    prefix: &str,
    passphrase: Option<Passphrase>,
) -> Result<Given> {
    let ask = ask::terminal(env);
    let mut recipients = Vec::new();
    for text in matches.get_many::<String>("recipient").unwrap_or_default() {
        recipients.extend(Recipient::parse(text, &ask)?);
    }
    let split = matches.get_one::<String>("shares").map(|spec| split(spec)).transpose()?;
    let asked_for = secret::is_given(matches, prefix);
    if let Some(passphrase) = passphrase {
        recipients.insert(0, passphrase.into());
    } else if asked_for || (recipients.is_empty() && split.is_none()) {
        recipients.insert(0, secret::new_passphrase(env, matches, prefix)?.into());
    }
    let mut written = Vec::new();
    if let Some((split, shares)) = split {
        let folder = matches.get_one::<PathBuf>("shares-dir").map_or(Path::new("."), PathBuf::as_path);
        for share in &shares {
            let saved = save(folder, share, shares.len());
            match saved {
                Ok(path) => written.push(path),
                Err(e) => {
                    Given { recipients, written }.undo();
                    return Err(e);
                }
            }
        }
        recipients.push(Recipient::Split(split));
    }
    if matches.get_flag("require-all") && recipients.len() > 1 {
        recipients = vec![Recipient::All(recipients)];
    }
    Ok(Given { recipients, written })
}

/// `K/N`: any K of N shares.
fn split(spec: &str) -> Result<(SplitKey, Vec<KeyShare>)> {
    let numbers = spec.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    let bad = || Error::new(Code::Usage).with(Fact::Field, "--shares").with(Fact::Found, spec);
    let (threshold, num_shares) = numbers.ok_or_else(|| bad().with(Fact::Expected, "2/3"))?;
    SplitKey::generate(threshold, num_shares).map_err(|e| e.with(Fact::Field, "--shares"))
}

/// A share in a file of its own, which only its owner can read, as code and as words.
fn save(folder: &Path, share: &KeyShare, num_shares: usize) -> Result<PathBuf> {
    let path = folder.join(format!("share-{}-of-{num_shares}.txt", share.number()));
    let text = format!("{}\n{}\n", *share.code(), *share.words());
    secret::save_new(&path, text.as_bytes())?;
    Ok(path)
}

/// A new secret in a new file, and what belongs to it that is public.
pub(super) fn generate(env: &Env, matches: &ArgMatches) -> Result<()> {
    let Some(path) = matches.get_one::<PathBuf>("key-out") else { return Err(Error::new(Code::Usage)) };
    let shown = sealift::escape(&path.display().to_string()).to_string();
    if matches.get_one::<String>("type").is_some_and(|kind| kind == "key-file") {
        secret::save_new(path, format!("{}\n", *sealift::KeyFile::generate().to_text()).as_bytes())?;
        env.out.json(&serde_json::json!({ "path": path, "recipient": null }));
        env.out.say("keys-generated-file", &[("path", shown)]);
        return Ok(());
    }
    let (text, recipient) = sealift::AgeIdentity::generate();
    secret::save_new(path, text.as_bytes())?;
    env.out.json(&serde_json::json!({ "path": path, "recipient": recipient }));
    env.out.say("keys-generated", &[("path", shown), ("recipient", recipient)]);
    let _ = std::io::stdout().flush();
    Ok(())
}
