//! What the selected images come to, every blob once in each bundle that is made of them.
//!
//! Follows each image that is selected or left out, so one among thousands costs only what it holds itself.

use std::collections::HashMap;

use sealift::Digest;

use super::{Row, keys::Whose};

/// What the selection comes to.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) sum_bytes: u64,
    /// Every blob once in each bundle: those of two classes share nothing.
    pub(crate) unique_bytes: u64,
    /// Of these, what more than one image of a bundle holds.
    pub(crate) shared_bytes: u64,
    pub(crate) num_layers: usize,
    /// The largest image's bytes, selected or not: the scale of all bars.
    pub(crate) largest_bytes: u64,
    /// Selected images of a bundle that hold a blob.
    holders: HashMap<(Whose, Digest), usize>,
    /// Uses of a layer in selected images of a bundle.
    uses: HashMap<(Whose, Digest), usize>,
    /// Blobs and layers gone through so far: what following the selection costs.
    #[cfg(test)]
    pub(crate) num_counted: usize,
}

impl Totals {
    /// Nothing selected of `rows`.
    pub(super) fn of(rows: &[Row]) -> Self {
        Self {
            largest_bytes: rows.iter().map(|row| row.size_bytes).max().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Whether more than one selected image of this bundle holds this blob.
    pub(super) fn is_shared(&self, whose: Whose, blob: Digest) -> bool {
        self.holders.get(&(whose, blob)).is_some_and(|num| *num > 1)
    }

    /// Layers, each once in a bundle.
    pub(super) fn num_unique_layers(&self) -> usize {
        self.uses.len()
    }

    /// Counts an image into a bundle, which was in none.
    pub(super) fn add(&mut self, row: &Row, whose: Whose) {
        self.sum_bytes += row.size_bytes;
        self.num_layers += row.layers.len();
        for (blob, size) in &row.blobs {
            let holders = self.holders.entry((whose, *blob)).or_default();
            *holders += 1;
            match *holders {
                1 => self.unique_bytes += size,
                2 => self.shared_bytes += size,
                _ => {}
            }
        }
        for (layer, _) in &row.layers {
            *self.uses.entry((whose, *layer)).or_default() += 1;
        }
        #[cfg(test)]
        {
            self.num_counted += row.blobs.len() + row.layers.len();
        }
    }

    /// Counts an image out of the bundle that it was counted into.
    pub(super) fn remove(&mut self, row: &Row, whose: Whose) {
        self.sum_bytes -= row.size_bytes;
        self.num_layers -= row.layers.len();
        for (blob, size) in &row.blobs {
            match count_down(&mut self.holders, (whose, *blob)) {
                0 => self.unique_bytes -= size,
                1 => self.shared_bytes -= size,
                _ => {}
            }
        }
        for (layer, _) in &row.layers {
            count_down(&mut self.uses, (whose, *layer));
        }
        #[cfg(test)]
        {
            self.num_counted += row.blobs.len() + row.layers.len();
        }
    }
}

/// One less; what is left.
fn count_down(counts: &mut HashMap<(Whose, Digest), usize>, what: (Whose, Digest)) -> usize {
    let left = counts.get(&what).map_or(0, |num| num.saturating_sub(1));
    if left == 0 {
        counts.remove(&what);
    } else {
        counts.insert(what, left);
    }
    left
}

#[cfg(test)]
mod tests {
    use sealift::Class;

    use super::*;
    use crate::gui::tests::rows;

    fn figures(totals: &Totals) -> [u64; 5] {
        let layers = [totals.num_layers as u64, totals.num_unique_layers() as u64];
        [totals.sum_bytes, totals.unique_bytes, totals.shared_bytes, layers[0], layers[1]]
    }

    #[test]
    fn what_is_counted_in_and_out_again_leaves_no_trace() {
        let rows = rows(40);
        let mut totals = Totals::of(&rows);
        for row in &rows {
            totals.add(row, None);
        }
        for row in rows[3..].iter().rev() {
            totals.remove(row, None);
        }
        let mut few = Totals::of(&rows);
        for row in &rows[..3] {
            few.add(row, None);
        }
        assert_eq!(figures(&totals), figures(&few));
        for row in &rows[..3] {
            totals.remove(row, None);
        }
        assert_eq!(figures(&totals), [0; 5]);
        assert!(totals.holders.is_empty() && totals.uses.is_empty() && totals.largest_bytes > 0);
    }

    #[test]
    fn a_blob_is_shared_while_two_selected_images_hold_it() {
        let rows = rows(4);
        let base = rows[0].layers[0].0;
        assert_eq!(base, rows[3].layers[0].0, "the sample shares its base");
        let mut totals = Totals::of(&rows);
        totals.add(&rows[0], None);
        assert!(!totals.is_shared(None, base) && totals.shared_bytes == 0);
        totals.add(&rows[3], None);
        assert!(totals.is_shared(None, base) && totals.shared_bytes == rows[0].layers[0].1);
        totals.remove(&rows[0], None);
        assert!(!totals.is_shared(None, base) && totals.unique_bytes == rows[3].size_bytes);
    }

    #[test]
    fn bundles_of_two_classes_share_nothing() {
        let rows = rows(4);
        let mut totals = Totals::of(&rows);
        totals.add(&rows[0], Some(Class::Public));
        totals.add(&rows[3], Some(Class::Secret));
        let base = rows[0].layers[0].0;
        assert!(!totals.is_shared(Some(Class::Public), base) && totals.shared_bytes == 0);
        assert_eq!(totals.unique_bytes, totals.sum_bytes);
        assert_eq!(totals.num_unique_layers(), totals.num_layers);
    }
}
