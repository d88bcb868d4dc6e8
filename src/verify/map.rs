//! Which records were checked and how they are, in few enough cells to be looked at while the check runs.
//!
//! Workers add to atomics, as with [`crate::Ctx`]; whoever paints reads them when it likes.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Records in cells of equal size, the last perhaps smaller.
#[derive(Debug)]
pub struct RecordMap {
    num_records: u64,
    records_per_cell: u64,
    cells: Vec<Cell>,
}

#[derive(Debug, Default)]
struct Cell {
    num_checked: AtomicU64,
    num_damaged: AtomicU64,
}

/// How the records of a cell are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// None was checked yet.
    Unread,
    /// Some were checked, and are whole.
    Begun,
    /// All were checked, and are whole.
    Whole,
    /// At least one is damaged.
    Damaged,
}

impl RecordMap {
    /// A map of records none of which was checked, in at most `max_cells` cells.
    pub fn new(num_records: u64, max_cells: usize) -> Self {
        let records_per_cell = num_records.div_ceil((max_cells as u64).max(1)).max(1);
        let num_cells = num_records.div_ceil(records_per_cell);
        let cells = (0..num_cells).map(|_| Cell::default()).collect();
        Self { num_records, records_per_cell, cells }
    }

    /// A map of records that were all checked; those of `damaged` are not whole.
    pub fn checked(num_records: u64, damaged: &[u64], max_cells: usize) -> Self {
        let map = Self::new(num_records, max_cells);
        for (number, cell) in map.cells.iter().enumerate() {
            let records = map.records_of(number);
            cell.num_checked.store(records.end - records.start, Relaxed);
        }
        for record in damaged {
            if let Some(cell) = map.cell_of(*record) {
                cell.num_damaged.fetch_add(1, Relaxed);
            }
        }
        map
    }

    /// Every cell as it now is.
    pub fn cells(&self) -> Vec<CellState> {
        let state = |(number, cell): (usize, &Cell)| {
            let records = self.records_of(number);
            match (cell.num_damaged.load(Relaxed), cell.num_checked.load(Relaxed)) {
                (1.., _) => CellState::Damaged,
                (0, 0) => CellState::Unread,
                (0, checked) if checked < records.end - records.start => CellState::Begun,
                (0, _) => CellState::Whole,
            }
        };
        self.cells.iter().enumerate().map(state).collect()
    }

    /// Numbers (from 0) of the records in cell `number`.
    pub fn records_of(&self, number: usize) -> Range<u64> {
        let start = number as u64 * self.records_per_cell;
        start.min(self.num_records)..(start + self.records_per_cell).min(self.num_records)
    }

    /// Makes every record unchecked again: each check begins with it.
    pub(crate) fn clear(&self) {
        for cell in &self.cells {
            cell.num_checked.store(0, Relaxed);
            cell.num_damaged.store(0, Relaxed);
        }
    }

    /// Counts a record as checked; to be called once for each in a check.
    pub fn mark(&self, record: u64, is_whole: bool) {
        if let Some(cell) = self.cell_of(record) {
            cell.num_checked.fetch_add(1, Relaxed);
            cell.num_damaged.fetch_add(u64::from(!is_whole), Relaxed);
        }
    }

    fn cell_of(&self, record: u64) -> Option<&Cell> {
        self.cells.get(usize::try_from(record / self.records_per_cell).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CellState::{Begun, Damaged, Unread, Whole};

    #[test]
    fn records_are_gathered_into_cells() {
        let map = RecordMap::new(7, 3);
        assert_eq!(map.cells(), [Unread; 3]);
        (0..4).for_each(|record| map.mark(record, true));
        map.mark(6, false);
        map.mark(99, false);
        assert_eq!(map.cells(), [Whole, Begun, Damaged]);
        assert_eq!((map.records_of(1), map.records_of(2)), (3..6, 6..7));
        map.clear();
        assert_eq!(map.cells(), [Unread; 3]);
    }

    #[test]
    fn a_checked_map_shows_only_damage() {
        assert_eq!(RecordMap::checked(5, &[1, 4], 100).cells(), [Whole, Damaged, Whole, Whole, Damaged]);
        assert_eq!(RecordMap::checked(1 << 20, &[3], 4).cells(), [Damaged, Whole, Whole, Whole]);
        assert_eq!(RecordMap::checked(0, &[], 4).cells(), []);
    }
}
