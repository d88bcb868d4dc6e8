//! Which records and recovery records are damaged, and whether the one can be rebuilt from the other.

use super::shape::Shape;

/// Numbers of what is damaged, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) records: Vec<u64>,
    pub(crate) recovery_records: Vec<u64>,
}

impl Damage {
    pub(crate) fn has_record(&self, number: u64) -> bool {
        self.records.binary_search(&number).is_ok()
    }

    pub(crate) fn has_recovery_record(&self, number: u64) -> bool {
        self.recovery_records.binary_search(&number).is_ok()
    }

    /// Whether group `group` has as many whole recovery records at least as it has damaged records.
    fn is_repairable(&self, shape: &Shape, group: u64) -> bool {
        let num_damaged =
            (0..shape.group_len(group)).filter(|index| self.has_record(shape.record(group, *index))).count();
        num_damaged <= self.num_whole_recovery_records(shape, group)
    }

    /// Groups whose damaged records can be rebuilt, ascending.
    pub(crate) fn repairable_groups(&self, shape: &Shape) -> Vec<u64> {
        let mut groups = self.damaged_groups(shape);
        groups.retain(|group| self.is_repairable(shape, *group));
        groups
    }

    fn damaged_groups(&self, shape: &Shape) -> Vec<u64> {
        Self::groups_of(shape, &self.records)
    }

    /// Groups of records or recovery records, ascending.
    pub(crate) fn groups_of(shape: &Shape, numbers: &[u64]) -> Vec<u64> {
        let mut groups: Vec<u64> = numbers.iter().map(|number| shape.group_of(*number).0).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The damaged records that can be rebuilt, ascending.
    pub(crate) fn repairable_records(&self, shape: &Shape) -> Vec<u64> {
        let groups = self.repairable_groups(shape);
        let is_in = |record: &&u64| groups.binary_search(&shape.group_of(**record).0).is_ok();
        self.records.iter().filter(is_in).copied().collect()
    }

    /// The fewest records with which all others can be rebuilt, ascending: of each group, what it has too many damaged.
    pub(crate) fn wanted_records(&self, shape: &Shape) -> Vec<u64> {
        let mut wanted = Vec::new();
        for group in Self::groups_of(shape, &self.records) {
            let records = (0..shape.group_len(group)).map(|index| shape.record(group, index));
            let damaged: Vec<u64> = records.filter(|record| self.has_record(*record)).collect();
            let num_wanted = damaged.len().saturating_sub(self.num_whole_recovery_records(shape, group));
            wanted.extend(&damaged[..num_wanted]);
        }
        wanted.sort_unstable();
        wanted
    }

    fn num_whole_recovery_records(&self, shape: &Shape, group: u64) -> usize {
        let is_whole = |index: &u64| !self.has_recovery_record(shape.recovery_record(group, *index));
        (0..u64::from(shape.per_group)).filter(is_whole).count()
    }

    /// The damaged recovery records whose group has no damaged record, ascending: they can be computed again.
    pub(crate) fn computable_recovery_records(&self, shape: &Shape) -> Vec<u64> {
        let groups = self.damaged_groups(shape);
        let is_computable = |number: &&u64| groups.binary_search(&shape.group_of(**number).0).is_err();
        self.recovery_records.iter().filter(is_computable).copied().collect()
    }

    /// The damaged records that cannot be rebuilt, ascending.
    pub(crate) fn beyond_repair(&self, shape: &Shape) -> Vec<u64> {
        if !shape.has_recovery() {
            return self.records.clone();
        }
        let repairable = self.repairable_records(shape);
        self.records.iter().filter(|record| repairable.binary_search(record).is_err()).copied().collect()
    }
}
