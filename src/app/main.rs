//! The program: without arguments, or with files alone, the desktop app; with a verb the command line.

mod cli;
mod folders;
#[cfg(feature = "gui")]
mod gui;
mod site;
mod trace;

use std::{path::PathBuf, process::ExitCode};

use sealift::Lang;

/// Wipes memory as it is freed: what is typed, read and derived passes through crates that keep no watch over it.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    cli::hygiene::harden();
    let args: Vec<_> = std::env::args_os().collect();
    #[cfg(feature = "gui")]
    if let Some(paths) = gui::paths_to_open(&args) {
        return desktop(cli::args::language(&args), &paths);
    }
    cli::run(&args)
}

/// Opens the desktop app on `paths`, or says in one line why there is none here and what to use instead.
#[cfg(feature = "gui")]
fn desktop(lang: Lang, paths: &[PathBuf]) -> ExitCode {
    match gui::run(lang, paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => cli::usage::no_window(lang, &reason),
    }
}

#[cfg(not(feature = "gui"))]
fn desktop(lang: Lang, _: &[PathBuf]) -> ExitCode {
    cli::usage::no_desktop(lang)
}
