//! `sealift kit FOLDER`

use std::path::PathBuf;

use clap::ArgMatches;
use sealift::{Code, Error, Fact, Result};

use super::{Ended, Env, progress::with_progress};

/// The program that runs.
pub(super) fn this_program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|e| Error::new(Code::Read).with(Fact::System, e))
}

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let Some(folder) = matches.get_one::<PathBuf>("folder") else { return Err(Error::new(Code::Usage)) };
    let program = match matches.get_one::<PathBuf>("program") {
        Some(program) => program.clone(),
        None => this_program()?,
    };
    let kit = with_progress(env, || sealift::write_kit(&env.ctx, folder, &program))?;
    env.out.json(&kit);
    let bundles = kit.bundles.len().to_string();
    env.out.say("kit-done", &[("bundles", bundles), ("system", kit.system.clone())]);
    for file in &kit.files {
        env.out.line(format_args!("  {}", file.display()));
    }
    Ok(Ended::Done)
}
