//! Writes into bundles that are there: repair, keys, sign.
