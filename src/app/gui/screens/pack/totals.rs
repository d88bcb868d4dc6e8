//! What the selected images come to, every blob once.
//!
//! Follows each image that is selected or left out, so one among thousands costs only what it holds itself.

use std::collections::HashMap;

use sealift::Digest;

use super::Row;

/// What the selection comes to.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) sum_bytes: u64,
    /// Every blob once.
    pub(crate) unique_bytes: u64,
    /// Of these, what more than one image holds.
    pub(crate) shared_bytes: u64,
    pub(crate) num_layers: usize,
    /// The largest image's bytes, selected or not: the scale of all bars.
    pub(crate) largest_bytes: u64,
    /// Selected images that hold a blob.
    holders: HashMap<Digest, usize>,
    /// Uses of a layer in selected images.
    uses: HashMap<Digest, usize>,
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

    /// Whether more than one selected image holds this blob.
    pub(super) fn is_shared(&self, blob: &Digest) -> bool {
        self.holders.get(blob).is_some_and(|num| *num > 1)
    }

    /// Layers, each once.
    pub(super) fn num_unique_layers(&self) -> usize {
        self.uses.len()
    }

    /// Counts an image in, which was not.
    pub(super) fn add(&mut self, row: &Row) {
        self.sum_bytes += row.size_bytes;
        self.num_layers += row.layers.len();
        for (blob, size) in &row.blobs {
            let holders = self.holders.entry(*blob).or_default();
            *holders += 1;
            match *holders {
                1 => self.unique_bytes += size,
                2 => self.shared_bytes += size,
                _ => {}
            }
        }
        for (layer, _) in &row.layers {
            *self.uses.entry(*layer).or_default() += 1;
        }
        #[cfg(test)]
        {
            self.num_counted += row.blobs.len() + row.layers.len();
        }
    }

    /// Counts an image out, which was counted in.
    pub(super) fn remove(&mut self, row: &Row) {
        self.sum_bytes -= row.size_bytes;
        self.num_layers -= row.layers.len();
        for (blob, size) in &row.blobs {
            match count_down(&mut self.holders, *blob) {
                0 => self.unique_bytes -= size,
                1 => self.shared_bytes -= size,
                _ => {}
            }
        }
        for (layer, _) in &row.layers {
            count_down(&mut self.uses, *layer);
        }
        #[cfg(test)]
        {
            self.num_counted += row.blobs.len() + row.layers.len();
        }
    }
}

/// One less; what is left.
fn count_down(counts: &mut HashMap<Digest, usize>, digest: Digest) -> usize {
    let left = counts.get(&digest).map_or(0, |num| num.saturating_sub(1));
    if left == 0 {
        counts.remove(&digest);
    } else {
        counts.insert(digest, left);
    }
    left
}

#[cfg(test)]
mod tests {
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
            totals.add(row);
        }
        for row in rows[3..].iter().rev() {
            totals.remove(row);
        }
        let mut few = Totals::of(&rows);
        for row in &rows[..3] {
            few.add(row);
        }
        assert_eq!(figures(&totals), figures(&few));
        for row in &rows[..3] {
            totals.remove(row);
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
        totals.add(&rows[0]);
        assert!(!totals.is_shared(&base) && totals.shared_bytes == 0);
        totals.add(&rows[3]);
        assert!(totals.is_shared(&base) && totals.shared_bytes == rows[0].layers[0].1);
        totals.remove(&rows[0]);
        assert!(!totals.is_shared(&base) && totals.unique_bytes == rows[3].size_bytes);
    }
}
