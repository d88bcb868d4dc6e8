//! Programs that are killed at random moments, the same moments in every run.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How often a test kills: `SEALIFT_KILLS`, or `otherwise`.
pub(crate) fn num_kills(otherwise: u32) -> u32 {
    std::env::var("SEALIFT_KILLS").map_or(otherwise, |number| number.parse().unwrap())
}

/// Moments within a run that takes `longest`.
pub(crate) struct Kills {
    state: u64,
    longest: Duration,
}

impl Kills {
    pub(crate) fn within(longest: Duration) -> Self {
        Self { state: 1, longest }
    }

    /// Runs `command` and kills it at some moment. Whether it was faster.
    pub(crate) fn strike(&mut self, command: &mut Command) -> bool {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = f64::from(u32::try_from(self.state >> 33).unwrap()) / f64::from(u32::MAX >> 1);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let killed_at = Instant::now() + self.longest.mul_f64(share);
        while Instant::now() < killed_at && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap().code().is_some()
    }
}
