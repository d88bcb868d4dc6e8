//! What every integration test needs: the program under test, other programs, folders and daemons that go
//! away with the test.

mod authority;
mod cache;
mod daemon;
mod kills;
mod memory;
mod noise;
mod place;
mod process;
mod scratch;
mod sealift;
mod tarball;
mod terminal;

pub(crate) use authority::{make_authority, make_certificate};
pub(crate) use cache::cached;
pub(crate) use daemon::Daemon;
pub(crate) use kills::{Kills, num_kills};
pub(crate) use memory::{holds, memory_of, secrets_of};
pub(crate) use noise::{noise, noise_of};
pub(crate) use place::Place;
pub(crate) use process::{Tool, run, run_through, wait_for};
pub(crate) use scratch::{Scratch, names};
pub(crate) use sealift::{Listed, Sealift, file_transports};
pub(crate) use tarball::{LAYER, Tar, blob, config, digest};
pub(crate) use terminal::{answering, at_terminal};
