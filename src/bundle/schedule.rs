//! In which order frames are decoded when many blobs are read, and how long each is kept.
//!
//! Blobs share content, so a frame serves at several places. All uses are known beforehand: of the frames at hand, the one
//! whose next use lies farthest ahead makes room (Belady, 1966), and no cache can decode fewer. Pure: plans, reads nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::index::{BlobEntry, Extent};

/// Some extents of one blob that lie next to each other in one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Place of the blob among those that are read.
    pub(super) blob: u32,
    /// Which reader it is for.
    pub(super) lane: u32,
    pub(super) extents: Range<u32>,
    /// `None` for a blob without content, and for content outside the bundle.
    pub(super) frame: Option<u32>,
    /// Whether the frame must be decoded now: it was not kept.
    pub(super) decode: bool,
    /// Whether the frame is kept behind this step.
    pub(super) keep: bool,
    /// Whether the blob ends here.
    pub(super) is_last: bool,
}

/// Plans reading `blobs` on `lanes` readers at once, each taking the next blob when it is through with one, while at most
/// `budget_bytes` of decoded frames are kept. `frame_bytes` gives the content length of a frame.
pub(super) fn plan(
    blobs: &[&BlobEntry],
    lanes: u32,
    budget_bytes: u64,
    frame_bytes: impl Fn(u32) -> u64,
) -> Vec<Step> {
    let mut steps = order(blobs, lanes);
    let next_uses = next_uses(&steps);
    // Frames at hand, by the step that uses them next.
    let mut kept: BTreeMap<u32, u32> = BTreeMap::new();
    let mut kept_bytes = 0;
    for (at, (step, next_use)) in (0..).zip(steps.iter_mut().zip(&next_uses)) {
        let Some(frame) = step.frame else { continue };
        step.decode = match kept.remove(&at) {
            Some(frame) => {
                kept_bytes -= frame_bytes(frame);
                false
            }
            None => true,
        };
        let Some(next_use) = *next_use else { continue };
        kept.insert(next_use, frame);
        kept_bytes += frame_bytes(frame);
        while kept_bytes > budget_bytes {
            kept_bytes -= kept.pop_last().map_or(kept_bytes, |(_, farthest)| frame_bytes(farthest));
        }
    }
    for at in 0..steps.len() {
        steps[at].keep = next_uses[at].is_some_and(|next| !steps[next as usize].decode);
    }
    steps
}

/// The steps as the lanes come to them when all read equally fast.
fn order(blobs: &[&BlobEntry], lanes: u32) -> Vec<Step> {
    let mut waiting = (0..).zip(blobs);
    let mut next_blob = || waiting.next().map(|(blob, entry)| runs(blob, entry));
    let mut reading: Vec<_> = (0..lanes).map_while(|_| next_blob()).collect();
    // Lanes by the bytes they have read.
    let mut queue: BTreeSet<(u64, u32)> = (0..reading.len() as u32).map(|lane| (0, lane)).collect();
    let mut ordered = Vec::new();
    while let Some((done_bytes, lane)) = queue.pop_first() {
        let blob = &mut reading[lane as usize];
        let Some((step, num_bytes)) = blob.next() else { continue };
        if step.is_last
            && let Some(next) = next_blob()
        {
            *blob = next;
        }
        queue.insert((done_bytes + num_bytes, lane));
        ordered.push(Step { lane, ..step });
    }
    ordered
}

/// The steps of one blob, and the bytes of each.
fn runs(blob: u32, entry: &BlobEntry) -> impl Iterator<Item = (Step, u64)> {
    let frame_of = |extent: &Extent| match extent {
        Extent::Frame(frame, ..) => Some(*frame),
        Extent::External(..) => None,
    };
    let num_extents = entry.extents.len() as u32; // the index is far below 4 GiB
    let mut from = 0;
    let step = move |extents: Range<u32>, frame, num_bytes| {
        let is_last = extents.end == num_extents;
        (Step { blob, lane: 0, extents, frame, decode: false, keep: false, is_last }, num_bytes)
    };
    let empty = entry.extents.is_empty().then(|| step(0..0, None, 0));
    let runs = entry.extents.chunk_by(move |a, b| frame_of(a) == frame_of(b)).map(move |run| {
        let extents = from..from + run.len() as u32;
        from = extents.end;
        step(extents, frame_of(&run[0]), run.iter().map(Extent::len).sum())
    });
    empty.into_iter().chain(runs)
}

/// For each step, the next one that uses the same frame.
fn next_uses(steps: &[Step]) -> Vec<Option<u32>> {
    let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
    let mut next_uses = vec![None; steps.len()];
    for (at, step) in steps.iter().enumerate().rev() {
        if let Some(frame) = step.frame {
            next_uses[at] = seen.insert(frame, at as u32);
        }
    }
    next_uses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn blob(frames: &[u32]) -> BlobEntry {
        BlobEntry {
            digest: Digest::of(b""),
            size: 10 * frames.len() as u64,
            media_type: String::new(),
            diff_id: None,
            extents: frames.iter().map(|frame| Extent::Frame(*frame, 0, 10)).collect(),
        }
    }

    fn decoded(blobs: &[&BlobEntry], lanes: u32, budget_bytes: u64) -> Vec<u32> {
        let steps = plan(blobs, lanes, budget_bytes, |_| 10);
        let mut kept = std::collections::BTreeSet::new();
        for step in &steps {
            let frame = step.frame.unwrap();
            assert_ne!(
                step.decode,
                kept.contains(&frame),
                "decoded if and only if it is not at hand: {step:?}"
            );
            if step.keep {
                kept.insert(frame)
            } else {
                kept.remove(&frame)
            };
            assert!(10 * kept.len() as u64 <= budget_bytes);
        }
        steps.iter().filter(|step| step.decode).filter_map(|step| step.frame).collect()
    }

    #[test]
    fn frames_are_kept_for_the_nearest_uses_within_the_budget() {
        let (a, b) = (blob(&[0, 1, 2]), blob(&[0, 1, 2]));
        assert_eq!(decoded(&[&a, &b], 1, 30), [0, 1, 2]);
        assert_eq!(decoded(&[&a, &b], 1, 10), [0, 1, 2, 1, 2], "of three, one is kept to its next use");
        assert_eq!(decoded(&[&a, &b], 1, 0), [0, 1, 2, 0, 1, 2]);
        assert_eq!(decoded(&[&a, &b], 2, 10), [0, 1, 2], "read side by side, one at a time is enough");
    }

    #[test]
    fn every_extent_is_read_once_and_in_order() {
        let blobs = [blob(&[0, 0, 1, 0]), blob(&[]), blob(&[2]), blob(&[1, 2, 2, 3])];
        let refs: Vec<_> = blobs.iter().collect();
        for lanes in 1..=5 {
            let steps = plan(&refs, lanes, 20, |_| 10);
            for (number, blob) in (0..).zip(&blobs) {
                let own: Vec<_> = steps.iter().filter(|step| step.blob == number).collect();
                let extents: Vec<u32> = own.iter().flat_map(|step| step.extents.clone()).collect();
                assert_eq!(extents, (0..blob.extents.len() as u32).collect::<Vec<_>>());
                assert!(own.iter().all(|step| step.lane == own[0].lane && step.lane < lanes));
                assert_eq!(own.iter().filter(|step| step.is_last).count(), 1);
                assert!(own.last().unwrap().is_last);
            }
        }
    }
}
