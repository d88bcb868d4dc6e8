//! Integration tests: the real program, used as a user would, with real engines around it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod archives;
mod attacks;
mod claims;
mod classes;
mod cli;
mod contracts;
mod damage;
mod desktop;
mod engines;
mod faults;
mod handoff;
mod hostile;
mod json;
mod keys;
mod kit;
mod memory;
mod prompts;
mod ranks;
mod recovery;
mod registry;
mod resume;
mod signing;
mod support;
mod testkit;
