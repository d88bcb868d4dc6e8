//! The program: without arguments the desktop app, with a verb the command line.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::hygiene::harden();
    cli::run(&std::env::args_os().collect::<Vec<_>>())
}
