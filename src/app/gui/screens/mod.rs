//! One page of the app per folder: its state, its actions, and a view that is a function of the whole state.

pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod pack;
pub(crate) mod settings;
pub(crate) mod usb;
pub(crate) mod verify;
