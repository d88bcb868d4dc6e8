//! `sealift drives`: what a bundle can be handed to.

use clap::ArgMatches;
use sealift::{Drive, DriveSizes, Partition, PartitionState, Result};

use super::{Ended, Env, output::human_bytes};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let sizes = if matches.get_flag("all-sizes") { DriveSizes::All } else { DriveSizes::Usual };
    let drives = sealift::drives(&env.ctx, sizes)?;
    env.out.json(&serde_json::json!({ "drives": drives }));
    if drives.is_empty() {
        env.out.say("drives-none", &[]);
    }
    for drive in &drives {
        env.out.line(named(drive));
        for partition in &drive.partitions {
            env.out.line(format_args!("  {}", line(env, partition)));
        }
    }
    Ok(Ended::Done)
}

/// `/dev/sdb  SanDisk Ultra Fit  28.9 GiB  usb  4C53`: what is not known is left out.
fn named(drive: &Drive) -> String {
    let name = format!("{} {}", drive.vendor, drive.model);
    let size = human_bytes(drive.size_bytes);
    joined([&drive.device.display().to_string(), name.trim(), &size, &drive.bus, &drive.serial])
}

fn line(env: &Env, partition: &Partition) -> String {
    let state = match (partition.state, partition.is_read_only) {
        (PartitionState::Mounted, true) => env.out.t("drive-read-only", &[("path", place(partition))]),
        (PartitionState::Mounted, false) => {
            let free = partition.free_bytes.map(human_bytes).unwrap_or_default();
            env.out.t("drive-mounted", &[("path", place(partition)), ("free", free)])
        }
        (state, _) => env.out.t(&format!("drive-{}", state.name()), &[]),
    };
    let device = partition.device.display().to_string();
    let known =
        joined([&device, &partition.label, &partition.file_system, &human_bytes(partition.size_bytes)]);
    format!("{known}  {state}")
}

fn place(partition: &Partition) -> String {
    let point = partition.mount_points.first().map(|point| point.display().to_string());
    point.unwrap_or_default()
}

/// The parts that say something.
fn joined<const N: usize>(parts: [&str; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}
