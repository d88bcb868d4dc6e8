//! Integration tests: the real program, used as a user would, with real engines around it.

mod engines;
mod support;
