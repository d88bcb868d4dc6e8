//! Painted things that several screens use. They know texts and colours by role, and no screen.

pub(crate) mod asking;
pub(crate) mod banner;
pub(crate) mod bundle_card;
pub(crate) mod button;
pub(crate) mod cell_map;
pub(crate) mod class_chip;
pub(crate) mod delivery;
pub(crate) mod digest;
pub(crate) mod empty;
pub(crate) mod error_panel;
pub(crate) mod field;
pub(crate) mod focus;
pub(crate) mod icon;
pub(crate) mod label;
pub(crate) mod layer_bar;
pub(crate) mod login;
pub(crate) mod new_passphrase;
pub(crate) mod new_recipients;
pub(crate) mod open_bundle;
pub(crate) mod page;
pub(crate) mod password;
pub(crate) mod path_field;
pub(crate) mod qr;
pub(crate) mod sheet;
pub(crate) mod standing;
pub(crate) mod strength_bar;
pub(crate) mod tick;
pub(crate) mod unlock_keys;
pub(crate) mod words;

pub(crate) use button::Button;
pub(crate) use icon::Icon;
pub(crate) use label::Label;
