//! Whom a bundle is to be locked for: `--recipient`, `--shares`, a passphrase; together with `--require-all`.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use sealift::{Code, Error, Fact, Passphrase, Recipient, Result, ShareFiles};

use super::{Env, ask, secret};

/// Recipients, and the files with the shares of one of them, to be kept once something was locked.
pub(super) struct Given {
    pub(super) recipients: Vec<Recipient>,
    pub(super) shares: ShareFiles,
}

/// What a bundle is to be locked for, as arguments or a file of classes say it.
pub(super) struct Asked<'a> {
    pub(super) recipients: Vec<&'a str>,
    /// `K/N`.
    pub(super) shares: Option<&'a str>,
    pub(super) shares_dir: &'a Path,
    /// How the files of shares begin.
    pub(super) share_name: String,
    pub(super) require_all: bool,
}

/// The recipients that the arguments name. A passphrase that is there already comes with `passphrase`; one is asked for
/// when nothing else is given.
pub(super) fn given(
    env: &Env,
    matches: &ArgMatches,
    prefix: &str,
    passphrase: Option<Passphrase>,
) -> Result<Given> {
    let texts = matches.get_many::<String>("recipient").unwrap_or_default();
    let asked = Asked {
        recipients: texts.map(String::as_str).collect(),
        shares: matches.get_one::<String>("shares").map(String::as_str),
        shares_dir: matches.get_one::<PathBuf>("shares-dir").map_or(Path::new("."), PathBuf::as_path),
        share_name: "share".into(),
        require_all: matches.get_flag("require-all"),
    };
    let is_wanted = passphrase.is_none() && (secret::is_given(matches, prefix) || asked.is_nothing());
    let typed = is_wanted.then(|| secret::new_passphrase(env, matches, prefix)).transpose()?;
    asked.lock(env, passphrase.or(typed))
}

impl Asked<'_> {
    /// Whether it names no key.
    pub(super) fn is_nothing(&self) -> bool {
        self.recipients.is_empty() && self.shares.is_none()
    }

    /// The recipients, and a passphrase before them; writes the files of shares.
    pub(super) fn lock(&self, env: &Env, passphrase: Option<Passphrase>) -> Result<Given> {
        let ask = ask::terminal(env);
        let mut recipients: Vec<Recipient> = passphrase.map(Recipient::from).into_iter().collect();
        for text in &self.recipients {
            recipients.extend(Recipient::parse(text, &ask)?);
        }
        let mut given = Given { recipients, shares: ShareFiles::default() };
        if let Some(spec) = self.shares {
            let bad = |e: Error| e.with(Fact::Field, "--shares");
            let (threshold, num_shares) = numbers(spec).map_err(bad)?;
            let written = sealift::write_shares(self.shares_dir, &self.share_name, threshold, num_shares);
            let (split, shares) = written.map_err(|e| if e.code() == Code::Usage { bad(e) } else { e })?;
            given.shares = shares;
            given.recipients.push(Recipient::Split(split));
        }
        if self.require_all && given.recipients.len() > 1 {
            given.recipients = vec![Recipient::All(given.recipients)];
        }
        Ok(given)
    }
}

/// `K/N`: any K of N shares.
fn numbers(spec: &str) -> Result<(u8, u8)> {
    let numbers = spec.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    numbers.ok_or_else(|| Error::new(Code::Usage).with(Fact::Found, spec).with(Fact::Expected, "2/3"))
}

/// A new secret in a new file, and what belongs to it that is public.
pub(super) fn generate(env: &Env, matches: &ArgMatches) -> Result<()> {
    let Some(path) = matches.get_one::<PathBuf>("key-out") else { return Err(Error::new(Code::Usage)) };
    let shown = path.display().to_string();
    if matches.get_one::<String>("type").is_some_and(|kind| kind == "key-file") {
        sealift::save_secret(path, format!("{}\n", *sealift::KeyFile::generate().to_text()).as_bytes())?;
        env.out.json(&serde_json::json!({ "path": path, "recipient": null }));
        env.out.say("keys-generated-file", &[("path", shown)]);
        return Ok(());
    }
    let (text, recipient) = sealift::AgeIdentity::generate();
    sealift::save_secret(path, text.as_bytes())?;
    env.out.json(&serde_json::json!({ "path": path, "recipient": recipient }));
    env.out.say("keys-generated", &[("path", shown), ("recipient", recipient)]);
    Ok(())
}
