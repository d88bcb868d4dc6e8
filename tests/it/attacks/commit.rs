//! Replacing a bundle or a delivery: all or nothing, whichever call fails.
