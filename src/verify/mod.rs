//! Is the bundle whole? Without a key: every record against its hash. With one: every blob against its digest.

mod blobs;
mod map;
mod records;

pub use blobs::{BlobReport, Checked, DamagedImage, VerifiedBundle};
pub(crate) use blobs::{Damaged, verify_blobs};
pub use map::{CellState, RecordMap};
pub(crate) use records::verify_records;
pub use records::{RecordReport, ranges};
