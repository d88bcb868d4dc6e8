//! `sealift keys list|add|remove|change BUNDLE`: only the header is rewritten. `sealift keys generate` makes keys.

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{Code, Error, Fact, Identities, Recipient, Result};

use super::{Ended, Env, inspect, pack::kdf, recipients, secret};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some((verb, matches)) = matches.subcommand() else { return Err(Error::new(Code::Usage)) };
    if verb == "generate" {
        recipients::generate(env, matches)?;
        return Ok(Ended::Done);
    }
    let path = matches.get_one::<PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
    // A file that is no bundle is told before anything is asked.
    let bundle = sealift::inspect(path)?;
    // Proves what opens it before the new key is asked for.
    let open =
        |identities: &Identities| bundle.unlock(&env.ctx, identities).map(|_| Identities::from(identities));
    match verb {
        "add" => {
            let current = secret::unlock(env, matches, open)?;
            with_new(env, matches, |new| sealift::add_slots(&env.ctx, path, &current, new, kdf(matches)))?;
        }
        "change" => {
            let number = matches.get_one::<usize>("slot-number").copied();
            let current = secret::unlock(env, matches, open)?;
            with_new(env, matches, |new| match new {
                [new] => sealift::change_slot(&env.ctx, path, &current, number, new, kdf(matches)).map(drop),
                more => Err(Error::new(Code::Usage).with(Fact::Found, more.len()).with(Fact::Limit, 1)),
            })?;
        }
        "remove" => {
            let number = matches.get_one::<usize>("slot").copied().unwrap_or_default();
            secret::unlock(env, matches, |current| sealift::remove_slot(&env.ctx, path, current, number))?;
        }
        _ => {}
    }
    let bundle = inspect::open(matches)?;
    env.out.json(&serde_json::json!({
        "fingerprint": bundle.fingerprint(),
        "slots": bundle.slots(),
        "num_superseded_slots": bundle.num_superseded_slots(),
    }));
    inspect::slots(env, &bundle);
    Ok(Ended::Done)
}

/// Does `change` with the recipients that the arguments name.
fn with_new(env: &Env, matches: &ArgMatches, change: impl FnOnce(&[Recipient]) -> Result<()>) -> Result<()> {
    let given = recipients::given(env, matches, "new-", None)?;
    change(&given.recipients)?;
    let _ = given.shares.keep();
    Ok(())
}
