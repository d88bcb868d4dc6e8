//! Pictures of the USB page, from an empty one to each end, and drives as they are.

use std::path::PathBuf;

use sealift::{
    CellState, Code, Drive, Ejected, Error, Fact, HandoffReport, Partition, PartitionState, ReadBack, Stage,
    TargetReport,
};

use super::*;
use crate::gui::screens::usb::{Action as Usb, Lights, Planned, PlannedTarget};

/// A stick of 64 GB that is mounted.
pub(crate) fn drive(id: &str, label: &str) -> Drive {
    let device = PathBuf::from(format!("/dev/{id}"));
    let partition = Partition {
        device: format!("/dev/{id}1").into(),
        label: label.into(),
        file_system: "exfat".into(),
        size_bytes: 62_000_000_000,
        is_encrypted: false,
        state: PartitionState::Mounted,
        mount_points: vec![format!("/media/operator/{label}").into()],
        free_bytes: Some(48_000_000_000),
        is_read_only: false,
    };
    Drive {
        id: id.into(),
        device,
        vendor: "Kingston".into(),
        model: "DataTraveler 3.0".into(),
        serial: "E0D55EA573DC".into(),
        bus: "usb".into(),
        size_bytes: 62_000_000_000,
        is_read_only: false,
        partitions: vec![partition],
    }
}

/// Four sticks: one to choose, a small one with FAT32, one that is locked, and one that is write-protected.
fn drives() -> Vec<Drive> {
    let mut fat = drive("sdc", "交付二");
    (fat.vendor, fat.model) = ("SanDisk".into(), "Ultra Fit".into());
    let partition = &mut fat.partitions[0];
    partition.file_system = "vfat".into();
    (partition.size_bytes, partition.free_bytes) = (15_500_000_000, Some(2_100_000_000));
    let mut locked = drive("sdd", "");
    let partition = &mut locked.partitions[0];
    (partition.state, partition.is_encrypted) = (PartitionState::Locked, true);
    (partition.mount_points, partition.free_bytes, partition.file_system) =
        (Vec::new(), None, "crypto_LUKS".into());
    let mut protected = drive("sde", "ARCHIVE");
    protected.is_read_only = true;
    vec![drive("sdb", "KINGSTON"), fat, locked, protected]
}

fn with(actions: impl IntoIterator<Item = Usb>) -> State {
    let begin = [Usb::Opened(Ok(header())), Usb::Drives(drives())];
    let actions = begin.into_iter().chain(actions).map(Action::Usb);
    after([Action::Go(Page::Usb)].into_iter().chain(actions))
}

fn choose(name: &str) -> Usb {
    Usb::Choose(format!("/media/operator/{name}").into(), true)
}

/// The plan for what is wished in `state`.
fn planned(state: &mut State, planned: Result<Planned, Error>) {
    let wish = state.usb.wish().unwrap();
    let planned = Usb::Planned(Box::new((wish, planned.map_err(std::sync::Arc::new))));
    state.apply(Action::Usb(planned), &mut Effects::new());
}

fn target(name: &str) -> PlannedTarget {
    PlannedTarget {
        folder: format!("/media/operator/{name}").into(),
        num_files: 1,
        write_bytes: 3_700_000_000,
        ..PlannedTarget::default()
    }
}

fn lights(stage: Stage, failed_in: Option<Stage>, cells: Vec<CellState>) -> Lights {
    Lights { stage, failed_in, done_bytes: 5_100_000_000, total_bytes: 7_400_000_000, cells }
}

fn report(target: Result<TargetReport, Error>, missing: Vec<u32>) -> Usb {
    Usb::Ended(Ok(HandoffReport { fingerprint: FINGERPRINT.into(), targets: vec![target], missing }))
}

fn done(ejected: Ejected) -> TargetReport {
    TargetReport {
        folder: "/media/operator/KINGSTON".into(),
        files: vec!["/media/operator/KINGSTON/交付-2026-11-24.sealift".into()],
        written_bytes: 3_700_000_000,
        kept_bytes: 0,
        kit: vec!["/media/operator/KINGSTON/restore.sh".into()],
        read_back: ReadBack::Uncached,
        removed: Vec::new(),
        stale: Vec::new(),
        ejected,
    }
}

#[test]
fn drives_and_what_will_be_done() {
    let mut pictures = Pictures::default();
    pictures.check("usb-drives", || with([]));
    pictures.check("usb-planned", || {
        let mut state = with([choose("KINGSTON"), choose("交付二")]);
        let continued = PlannedTarget {
            begun_bytes: 1_200_000_000,
            write_bytes: 2_500_000_000,
            stale: vec![("/media/operator/交付二/交付-2026-11-24.sealift.0003".into(), 900 << 20)],
            ..target("交付二")
        };
        let targets = vec![target("KINGSTON"), continued];
        planned(&mut state, Ok(Planned { plan: None, targets, left_out: vec![3] }));
        state
    });
    pictures.check("usb-refused", || {
        let mut state = with([choose("交付二")]);
        let error = Error::new(Code::NoSpace)
            .with(Fact::Needed, 3_700_000_000_u64)
            .with(Fact::Free, 2_100_000_000_u64)
            .with(Fact::Path, "/media/operator/交付二");
        planned(&mut state, Err(error));
        state
    });
}

#[test]
fn bundles_on_drives_are_found_first() {
    let mut pictures = Pictures::default();
    pictures.check("import-found", || {
        let found = ["KINGSTON", "ARCHIVE"]
            .map(|name| format!("/media/operator/{name}/交付-2026-11-24.sealift").into());
        after([
            Action::Go(Page::Import),
            Action::Import(crate::gui::screens::import::Action::Found(found.into())),
        ])
    });
}

#[test]
fn a_run_and_each_end() {
    let mut pictures = Pictures::default();
    pictures.check("usb-running", || {
        let mut state = with([choose("KINGSTON"), choose("交付二")]);
        state.usb.served = vec!["/media/operator/KINGSTON".into(), "/media/operator/交付二".into()];
        state.usb.still = vec![
            lights(Stage::ReadBack, None, Vec::new()),
            Lights { done_bytes: 900_000_000, ..lights(Stage::Copy, None, Vec::new()) },
        ];
        state
    });
    pictures.check("usb-safe", || {
        let mut state = with([choose("KINGSTON")]);
        let whole = Lights { done_bytes: 7_400_000_000, ..lights(Stage::Done, None, Vec::new()) };
        state.usb.still = vec![whole];
        state.apply(Action::Usb(report(Ok(done(Ejected::Done)), Vec::new())), &mut Effects::new());
        state
    });
    pictures.check("usb-by-hand", || {
        let mut state = with([choose("KINGSTON")]);
        let refused = Ejected::Refused("target is busy".into());
        state.apply(Action::Usb(report(Ok(done(refused)), vec![2, 3])), &mut Effects::new());
        state
    });
    pictures.check("usb-bad-stick", || {
        let mut state = with([choose("KINGSTON")]);
        let cell = |number: u32| match number {
            0..150 => CellState::Whole,
            150..163 => CellState::Damaged,
            _ => CellState::Unread,
        };
        state.usb.still = vec![lights(Stage::Failed, Some(Stage::ReadBack), (0..480).map(cell).collect())];
        let error = Error::new(Code::DriveLies)
            .with(Fact::Record, "1102-1197")
            .with(Fact::Path, "/media/operator/KINGSTON/交付-2026-11-24.sealift");
        state.apply(Action::Usb(report(Err(error), Vec::new())), &mut Effects::new());
        state
    });
}
