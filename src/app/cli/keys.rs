//! `sealift keys list|add|remove|change BUNDLE`: only the header is rewritten.

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{Code, Error, Passphrase, Result};

use super::{Ended, Env, inspect, pack::kdf, secret};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some((verb, matches)) = matches.subcommand() else { return Err(Error::new(Code::Usage)) };
    let path = matches.get_one::<PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
    // A file that is no bundle is told before anything is asked.
    let bundle = sealift::inspect(path)?;
    match verb {
        "add" => {
            // Proves the passphrase before the new one is asked for.
            secret::unlock(env, matches, |current| {
                bundle.unlock(&env.ctx, current)?;
                let new = new(env, matches)?;
                sealift::add_slot(&env.ctx, path, current, &new.into(), kdf(matches))
            })?;
        }
        "change" => {
            secret::unlock(env, matches, |current| {
                bundle.unlock(&env.ctx, current)?;
                let new = new(env, matches)?;
                sealift::change_slot(&env.ctx, path, current, None, &new.into(), kdf(matches))
            })?;
        }
        "remove" => {
            let number = matches.get_one::<usize>("slot").copied().unwrap_or_default();
            secret::unlock(env, matches, |current| sealift::remove_slot(&env.ctx, path, current, number))?;
        }
        _ => {}
    }
    let bundle = inspect::open(matches)?;
    env.out.json(&serde_json::json!({ "fingerprint": bundle.fingerprint(), "slots": bundle.slots() }));
    inspect::slots(env, &bundle);
    Ok(Ended::Done)
}

fn new(env: &Env, matches: &ArgMatches) -> Result<Passphrase> {
    secret::new_passphrase(env, matches, "new-")
}
