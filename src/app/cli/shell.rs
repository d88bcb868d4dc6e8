//! `sealift completions SHELL` and `sealift man`: texts for the shell and for man(1), on stdout.

use std::io::{ErrorKind, Write};

use clap::ArgMatches;
use sealift::{Code, Error, Result};

use super::{Ended, Env, args};

pub(super) fn completions(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let shell = matches.get_one::<clap_complete::Shell>("shell").ok_or_else(|| Error::new(Code::Usage))?;
    let mut text = Vec::new();
    clap_complete::generate(*shell, &mut args::command(env.out.lang), "sealift", &mut text);
    print(&text)
}

pub(super) fn man(env: &Env, _: &ArgMatches) -> Result<Ended> {
    let mut text = Vec::new();
    let mut command = args::command(env.out.lang);
    command.build();
    let verbs: Vec<_> = command.get_subcommands().cloned().collect();
    let mut render = |command| clap_mangen::Man::new(command).render(&mut text);
    render(command).and_then(|()| verbs.into_iter().try_for_each(&mut render)).map_err(failed)?;
    print(&text)
}

#[expect(clippy::disallowed_methods, reason = "made of our own texts alone")]
fn print(text: &[u8]) -> Result<Ended> {
    match std::io::stdout().lock().write_all(text) {
        // `| head` has read what it wanted.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(Ended::Done),
        written => written.map(|()| Ended::Done).map_err(failed),
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::write(std::path::Path::new("stdout"), error)
}
