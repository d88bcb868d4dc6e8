//! What will be done, decided before anything is written. Pure: no writes, no keys.

mod pack;
mod restore;
mod volume;

pub use pack::PackPlan;
pub(crate) use pack::plan_pack;
pub(crate) use restore::plan_restore;
pub use restore::{RestorePlan, RestoredImage, Selection};
pub use volume::{FAT32_BYTES, volume_bytes};
