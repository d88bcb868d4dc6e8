//! What will be done, decided before anything is written. Pure: no writes, no keys.

mod artifacts;
mod classes;
mod mapping;
mod pack;
mod restore;
mod volume;

pub use classes::{ClassFile, ClassKeys, ClassRules};
pub use mapping::{mapped_name, parse_rule, read_mapping};
pub use pack::PackPlan;
pub(crate) use pack::{PackContent, PlannedBlob, plan_pack};
pub use restore::{RestorePlan, RestoredImage, Selection};
pub(crate) use restore::{placed, plan_restore};
pub use volume::{FAT32_BYTES, recovery_percent, volume_bytes};
