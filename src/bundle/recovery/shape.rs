//! The shape of recovery data: which records stand for each other, and where everything lies. docs/bundle-format.md §5.6.
//!
//! Arithmetic alone: reads and writes nothing.

use super::super::{
    record::{Geometry, RECORD_OVERHEAD},
    volume::{ENTRY_BYTES, FIRST_HEAD_BYTES, FOOTER_BYTES, head_bytes},
};

/// Most records of one group. With 64 KiB of each at a time, two of them are worked on in 128 MiB.
const GROUP_RECORDS: u64 = 1024;
/// Volumes whose trailers are copied into one volume: its own, and the next ones.
const COPIED_VOLUMES: u32 = 5;
/// Bytes of a section's head, its checksum included.
pub(crate) const HEAD_BYTES: u64 = 96;
/// Sections of a trailer with recovery data: hashes, copies, recovery records, copies again.
const NUM_SECTIONS: u64 = 4;
/// The code takes pieces of whole blocks of this many bytes.
const BLOCK_BYTES: u64 = 64;

/// A bundle's geometry with its recovery data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) geometry: Geometry,
    /// Recovery records of each group; 0 in a bundle without recovery data.
    pub(crate) per_group: u32,
}

/// Where the parts of one volume lie, as offsets in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Record hashes.
    pub(crate) hashes: u64,
    /// Both sections of copies; at the directory when there are none.
    pub(crate) copies: [u64; 2],
    /// Head of the recovery records, with their hashes.
    pub(crate) recovery_head: u64,
    pub(crate) recovery_records: u64,
    pub(crate) directory: u64,
    pub(crate) footer: u64,
    /// Length of the file.
    pub(crate) len: u64,
}

impl Shape {
    /// `None` when a group would have more recovery records than records.
    pub(crate) fn new(geometry: Geometry, per_group: u32) -> Option<Self> {
        let shape = Self { geometry, per_group };
        (u64::from(per_group) <= shape.longest_group()).then_some(shape)
    }

    /// Recovery data of at least `percent` (1 to 100) of the records.
    pub(crate) fn of_percent(geometry: Geometry, percent: u8) -> Self {
        let without = Self { geometry, per_group: 0 };
        // At most GROUP_RECORDS.
        let per_group = (without.longest_group() * u64::from(percent.min(100))).div_ceil(100) as u32;
        Self { geometry, per_group }
    }

    pub(crate) fn has_recovery(&self) -> bool {
        self.per_group > 0
    }

    pub(crate) fn num_groups(&self) -> u64 {
        self.geometry.num_records.div_ceil(GROUP_RECORDS)
    }

    fn longest_group(&self) -> u64 {
        self.geometry.num_records.div_ceil(self.num_groups())
    }

    /// Records of group `group`.
    pub(crate) fn group_len(&self, group: u64) -> u64 {
        (self.geometry.num_records - group).div_ceil(self.num_groups())
    }

    /// Number of the record at place `index` of group `group`: a run of damage is spread over all groups.
    pub(crate) fn record(&self, group: u64, index: u64) -> u64 {
        index * self.num_groups() + group
    }

    /// Number of the recovery record at place `index` of group `group`.
    pub(crate) fn recovery_record(&self, group: u64, index: u64) -> u64 {
        index * self.num_groups() + group
    }

    /// The group of a record, or of a recovery record, and its place there.
    pub(crate) fn group_of(&self, number: u64) -> (u64, u64) {
        (number % self.num_groups(), number / self.num_groups())
    }

    /// Recovery records of the bundle.
    pub(crate) fn num_recovery_records(&self) -> u64 {
        self.num_groups() * u64::from(self.per_group)
    }

    /// First recovery record and number of recovery records of volume `volume` (from 0).
    pub(crate) fn recovery_span(&self, volume: u32) -> (u64, u64) {
        let first_of =
            |volume: u64| self.num_recovery_records() * volume / u64::from(self.geometry.num_volumes);
        let first = first_of(u64::from(volume));
        (first, first_of(u64::from(volume) + 1) - first)
    }

    /// The volume (from 0) that holds recovery record `number`.
    pub(crate) fn recovery_volume(&self, number: u64) -> u32 {
        let num_volumes = u64::from(self.geometry.num_volumes);
        // Below num_volumes for every recovery record that exists.
        (((number + 1) * num_volumes - 1) / self.num_recovery_records()) as u32
    }

    /// Bytes of a record as the code sees it, and of a recovery record: as on disk, with zeros up to whole blocks.
    pub(crate) fn shard_bytes(&self) -> u64 {
        shard_bytes(self.geometry.record_bytes)
    }

    /// Volume and offset of record `number`, and its bytes on disk.
    pub(crate) fn record_place(&self, number: u64) -> (u32, u64, u64) {
        let volume = self.geometry.volume_of(number);
        let within = number - self.geometry.volume_span(volume).0;
        let stride = u64::from(self.geometry.record_bytes) + RECORD_OVERHEAD;
        let len = self.geometry.plain_len(number) as u64 + RECORD_OVERHEAD;
        (volume, head_bytes(volume) + within * stride, len)
    }

    /// Volume and offset of recovery record `number`.
    pub(crate) fn recovery_place(&self, number: u64) -> (u32, u64) {
        let volume = self.recovery_volume(number);
        let within = number - self.recovery_span(volume).0;
        (volume, self.places(volume).recovery_records + within * self.shard_bytes())
    }

    /// Volumes whose trailers are copied into volume `volume` (from 0).
    pub(crate) fn copied(&self, volume: u32) -> impl Iterator<Item = u32> + use<> {
        let num_volumes = self.geometry.num_volumes;
        (0..num_volumes.min(COPIED_VOLUMES)).map(move |next| (volume + next) % num_volumes)
    }

    /// Volumes that hold copies of the trailer of volume `volume` (from 0), the nearest first.
    pub(crate) fn holders(&self, volume: u32) -> impl Iterator<Item = u32> + use<> {
        let num_volumes = self.geometry.num_volumes;
        (0..num_volumes.min(COPIED_VOLUMES)).map(move |back| (volume + num_volumes - back) % num_volumes)
    }

    /// Bytes of the head of a volume's recovery records: head, hashes, checksum.
    pub(crate) fn recovery_head_bytes(&self, volume: u32) -> u64 {
        if self.has_recovery() { HEAD_BYTES + 32 * self.recovery_span(volume).1 + 32 } else { 0 }
    }

    /// Bytes of the section directory.
    pub(crate) fn directory_bytes(&self) -> u64 {
        ENTRY_BYTES * if self.has_recovery() { NUM_SECTIONS } else { 1 }
    }

    /// Bytes of what is copied of a volume's trailer: record hashes, head of the recovery records, directory, footer.
    pub(crate) fn summary_bytes(&self, volume: u32) -> u64 {
        let (_, num_records) = self.geometry.volume_span(volume);
        32 * num_records + self.recovery_head_bytes(volume) + self.directory_bytes() + FOOTER_BYTES
    }

    /// Where that lies in the volume itself, as offset and length.
    pub(crate) fn summary_parts(&self, volume: u32) -> [(u64, u64); 3] {
        let places = self.places(volume);
        [
            (places.hashes, 32 * self.geometry.volume_span(volume).1),
            (places.recovery_head, self.recovery_head_bytes(volume)),
            (places.directory, self.directory_bytes() + FOOTER_BYTES),
        ]
    }

    /// Bytes of one section of copies.
    pub(crate) fn copies_bytes(&self, volume: u32) -> u64 {
        if !self.has_recovery() {
            return 0;
        }
        HEAD_BYTES + self.copied(volume).map(|copied| self.summary_bytes(copied) + 32).sum::<u64>()
    }

    /// Where the parts of volume `volume` (from 0) lie.
    pub(crate) fn places(&self, volume: u32) -> Places {
        let geometry = &self.geometry;
        let hashes = head_bytes(volume) + geometry.volume_records_bytes(volume);
        let copies_bytes = self.copies_bytes(volume);
        let first_copies = hashes + 32 * geometry.volume_span(volume).1;
        let recovery_head = first_copies + copies_bytes;
        let recovery_records = recovery_head + self.recovery_head_bytes(volume);
        let last_copies = recovery_records + self.recovery_span(volume).1 * self.shard_bytes();
        let directory = last_copies + copies_bytes;
        let footer = directory + self.directory_bytes();
        Places {
            hashes,
            copies: [first_copies, last_copies],
            recovery_head,
            recovery_records,
            directory,
            footer,
            len: footer + FOOTER_BYTES,
        }
    }
}

fn shard_bytes(record_bytes: u32) -> u64 {
    (u64::from(record_bytes) + RECORD_OVERHEAD).next_multiple_of(BLOCK_BYTES)
}

/// Full records that fit in a volume of `volume_bytes` together with recovery data of `percent`.
///
/// How many volumes there will be is not known yet, so this counts with the most that one can get: rounding up the
/// groups and their recovery records adds less than 2 for each 1,024 records, and dealing them out less than 1.
pub(crate) fn records_per_volume(volume_bytes: u64, record_bytes: u32, percent: u8) -> u32 {
    let len = |num: u64| {
        let recovery_records = (num * u64::from(percent)).div_ceil(100) + num / 512 + 3;
        let summary =
            32 * num + HEAD_BYTES + 32 * recovery_records + 32 + NUM_SECTIONS * ENTRY_BYTES + FOOTER_BYTES;
        let copies = HEAD_BYTES + u64::from(COPIED_VOLUMES) * (summary + 32);
        let records = num * (u64::from(record_bytes) + RECORD_OVERHEAD);
        FIRST_HEAD_BYTES + records + summary + 2 * copies + recovery_records * shard_bytes(record_bytes)
    };
    let (mut fits, mut too_many) = (0, u64::from(u32::MAX));
    while too_many - fits > 1 {
        let num = fits.midpoint(too_many);
        if len(num) <= volume_bytes { fits = num } else { too_many = num }
    }
    fits as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn geometry(num_records: u64, volume_records: u32) -> Geometry {
        let record_bytes = 1 << 16;
        let num_volumes =
            if volume_records == 0 { 1 } else { num_records.div_ceil(u64::from(volume_records)) };
        let payload_bytes = num_records * u64::from(record_bytes) - 5;
        Geometry {
            record_bytes,
            volume_records: if num_volumes == 1 { 0 } else { volume_records },
            num_volumes: num_volumes as u32,
            num_records,
            payload_bytes,
            index_offset: payload_bytes - 1,
            index_bytes: 1,
        }
    }

    #[test]
    fn every_record_and_recovery_record_has_one_place() {
        for (num_records, volume_records, percent) in [
            (1, 0, 5),
            (11, 3, 50),
            (1024, 0, 1),
            (1025, 0, 5),
            (5000, 700, 100),
            (4096, 1, 7),
            (9999, 5000, 3),
        ] {
            let shape = Shape::of_percent(geometry(num_records, volume_records), percent);
            assert_eq!(Shape::new(shape.geometry, shape.per_group), Some(shape));
            let mut records: Vec<u64> = (0..shape.num_groups())
                .flat_map(|group| (0..shape.group_len(group)).map(move |index| (group, index)))
                .map(|(group, index)| {
                    let record = shape.record(group, index);
                    assert_eq!(shape.group_of(record), (group, index));
                    record
                })
                .collect();
            records.sort_unstable();
            assert!(records.into_iter().eq(0..num_records));
            assert!(shape.num_recovery_records() * 100 >= num_records * u64::from(percent));
            let mut next = 0;
            for volume in 0..shape.geometry.num_volumes {
                let (first, num) = shape.recovery_span(volume);
                assert_eq!(first, next);
                next += num;
                let places = shape.places(volume);
                for (at, number) in (first..next).enumerate() {
                    let offset = places.recovery_records + at as u64 * shape.shard_bytes();
                    assert_eq!(shape.recovery_place(number), (volume, offset));
                }
                assert!(
                    shape.copied(volume).all(|copied| shape.holders(copied).any(|holder| holder == volume))
                );
            }
            assert_eq!(next, shape.num_recovery_records());
        }
        assert_eq!(Shape::new(geometry(10, 0), 11), None);
    }

    #[test]
    fn volumes_with_recovery_data_never_exceed_the_size_asked_for() {
        for (volume_bytes, percent) in
            [(3 << 20, 5), (20_000_000, 100), (700 << 20, 1), ((4 << 30) - 1_u64, 5)]
        {
            let volume_records = records_per_volume(volume_bytes, 1 << 16, percent);
            assert!(volume_records > 0);
            for num_records in [1, 2, 1023, 1024, 1025, u64::from(volume_records) * 3 + 1, 200_000] {
                let shape = Shape::of_percent(geometry(num_records, volume_records), percent);
                for volume in 0..shape.geometry.num_volumes {
                    assert!(
                        shape.places(volume).len <= volume_bytes,
                        "{volume_bytes} {percent} {num_records}"
                    );
                }
            }
        }
        assert_eq!(records_per_volume(100 << 10, 1 << 16, 5), 0);
    }
}
