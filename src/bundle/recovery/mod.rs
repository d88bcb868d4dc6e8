//! Recovery data: records that are computed from the others, so that damaged ones can be rebuilt without a key.
//!
//! Knows the records as they lie on disk, and nothing of what is sealed in them. docs/bundle-format.md §5.6.

mod code;
mod damage;
mod files;
mod section;
mod shape;
mod survey;
mod trailer;

pub(crate) use code::{decode, encode};
pub(crate) use damage::Damage;
pub(crate) use files::VolumeFiles;
pub(crate) use section::pieces;
pub(crate) use shape::{Shape, records_per_volume};
pub(crate) use survey::{Given, Owner, Survey, SurveyedVolume, owner_of_first};
pub(crate) use trailer::write;
