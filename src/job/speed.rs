//! Speed and time left, as pure functions of samples: no clock, no thread.

use std::time::Duration;

/// Samples before this are too few to foretell anything.
const WARM_UP: Duration = Duration::from_secs(5);
/// Weight of the past, per second: the rate forgets half in about 4 s.
const SMOOTHING_SECS: f64 = 6.0;
/// No byte for this long is a stall, and is said instead of a time left.
const STALL: Duration = Duration::from_secs(5);

/// Smooths the byte counts of one job into a rate and an honest time left.
#[derive(Clone, Debug, Default)]
pub struct Speedometer {
    last: Option<(Duration, u64)>,
    last_progress: Duration,
    now: Duration,
    bytes_per_sec: f64,
}

impl Speedometer {
    /// Takes a sample: `done_bytes` at `elapsed` since the start.
    pub fn sample(&mut self, elapsed: Duration, done_bytes: u64) {
        self.now = elapsed;
        let Some((last_time, last_bytes)) = self.last else {
            self.last = Some((elapsed, done_bytes));
            self.last_progress = elapsed;
            return;
        };
        let secs = elapsed.saturating_sub(last_time).as_secs_f64();
        if secs <= 0.0 {
            return;
        }
        if done_bytes > last_bytes {
            self.last_progress = elapsed;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate shown with three digits")]
        let rate = done_bytes.saturating_sub(last_bytes) as f64 / secs;
        let weight = 1.0 - (-secs / SMOOTHING_SECS).exp();
        self.bytes_per_sec = if self.bytes_per_sec == 0.0 {
            rate
        } else {
            self.bytes_per_sec + weight * (rate - self.bytes_per_sec)
        };
        self.last = Some((elapsed, done_bytes));
    }

    /// Smoothed bytes per second.
    pub fn bytes_per_sec(&self) -> f64 {
        self.bytes_per_sec
    }

    /// How long nothing has moved, once that is long enough to say so.
    pub fn stalled(&self) -> Option<Duration> {
        let idle = self.now.saturating_sub(self.last_progress);
        (self.last.is_some() && idle >= STALL).then_some(idle)
    }

    /// Time left for `left_bytes`; `None` in the first seconds and while stalled.
    pub fn time_left(&self, left_bytes: u64) -> Option<Duration> {
        if self.now < WARM_UP || self.stalled().is_some() || self.bytes_per_sec < 1.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate in whole seconds")]
        Duration::try_from_secs_f64(left_bytes as f64 / self.bytes_per_sec).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(samples: &[(u64, u64)]) -> Speedometer {
        let mut meter = Speedometer::default();
        for &(secs, bytes) in samples {
            meter.sample(Duration::from_secs(secs), bytes);
        }
        meter
    }

    #[test]
    fn no_estimate_before_five_seconds_then_a_steady_one() {
        assert_eq!(run(&[(0, 0), (1, 100), (4, 400)]).time_left(600), None);
        assert_eq!(run(&[(0, 0), (1, 100), (5, 500), (6, 600)]).time_left(400), Some(Duration::from_secs(4)));
    }

    #[test]
    fn a_stall_is_said_and_hides_the_estimate() {
        let meter = run(&[(0, 0), (6, 600), (8, 600), (12, 600)]);
        assert_eq!(meter.stalled(), Some(Duration::from_secs(6)));
        assert_eq!(meter.time_left(1), None);
        assert_eq!(run(&[(0, 0), (6, 600), (12, 600), (13, 700)]).stalled(), None);
    }
}
