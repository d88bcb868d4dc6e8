//! When a request is tried again, and how long to wait before.
//!
//! A server can fail in ways that look like a bad line: it may take or give one byte at a time, break off again and again, or
//! repeat what was there already. [`Tries`] bounds how often and how many bytes, [`Pace`] how slowly.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use super::failure::from_reqwest;
use crate::error::{Code, Error, Fact, Result};

/// Tries after the first.
const MAX_TRIES: u32 = 5;
/// Those of them for a server that never answered.
const MAX_FIRST_TRIES: u32 = 2;
/// Wait before the first of them; each further one doubles it: 0.25 s, 0.5 s, … 4 s.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest that a server may make us wait.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// Bytes of a blob that must be new before its tries count from the start again.
const STEP_BYTES: u64 = 1 << 20;
/// Most bytes that cross the line for a blob, as a multiple of its size: a line that breaks makes some cross twice.
const MAX_TIMES: u64 = 3;
/// More of them, as a chunk is sent again from its beginning.
const SLACK_BYTES: u64 = 64 << 20;
/// Least bytes that must come while a server is waited for this long: 1 KiB a second.
const PACE_BYTES: u64 = 120 << 10;
const PACE_WINDOW: Duration = Duration::from_mins(2);

/// Tries of one request, or of one blob on its way. Nothing but progress gives used ones back.
#[derive(Default)]
pub(super) struct Tries {
    num: u32,
    /// Most bytes that may cross the line before the next try; `None` for a request.
    budget_bytes: Option<u64>,
    /// Bytes that crossed it.
    moved_bytes: u64,
    /// Bytes of the blob that had arrived when tries were last given back.
    given_at: u64,
}

impl Tries {
    /// Tries of a blob of `size` bytes, in however many requests.
    pub(super) fn of_blob(size: u64) -> Self {
        let budget_bytes = size.saturating_mul(MAX_TIMES).saturating_add(SLACK_BYTES);
        Self { budget_bytes: Some(budget_bytes), ..Self::default() }
    }

    /// Counts bytes that cross the line, whether they are new or repeated.
    pub(super) fn moved(&mut self, num_bytes: u64) {
        self.moved_bytes = self.moved_bytes.saturating_add(num_bytes);
    }

    /// Gives all tries back if `arrived_bytes` of the blob are enough more than when that was last done.
    pub(super) fn progressed(&mut self, arrived_bytes: u64) {
        if arrived_bytes >= self.given_at.saturating_add(STEP_BYTES) {
            self.given_at = arrived_bytes;
            self.num = 0;
        }
    }

    /// Waits before the next try, at least for `asked`; `false` when there is none left.
    pub(super) async fn pause(&mut self, asked: Option<Duration>) -> bool {
        let is_left = self.is_left() && asked.is_none_or(|asked| asked <= MAX_WAIT);
        if is_left {
            tokio::time::sleep(asked.unwrap_or_default().max(self.backed_off())).await;
            self.num += 1;
        }
        is_left
    }

    fn is_left(&self) -> bool {
        self.num < MAX_TRIES && self.budget_bytes.is_none_or(|budget| self.moved_bytes < budget)
    }

    /// Whether a server that never answered may be asked once more.
    pub(super) fn are_few(&self) -> bool {
        self.num < MAX_FIRST_TRIES
    }

    /// Twice the last wait, and up to half of it more: clients that failed together do not return together.
    fn backed_off(&self) -> Duration {
        let wait = FIRST_WAIT * 2_u32.pow(self.num);
        let jitter = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
        wait + wait.mul_f64(jitter / 2.0)
    }
}

/// How fast a body comes. Only time spent waiting for it counts: a slow disk here is no fault of the server's.
#[derive(Default)]
pub(super) struct Pace {
    waited: Duration,
    num_bytes: u64,
}

impl Pace {
    /// The next piece of `body`, from `host`.
    ///
    /// # Errors
    /// [`Code::TimedOut`] when less than 1 KiB a second came over two minutes.
    pub(super) async fn next(&mut self, host: &str, body: &mut Response) -> Result<Option<Bytes>> {
        let began = Instant::now();
        let piece = body.chunk().await.map_err(|e| from_reqwest(host, e))?;
        let Some(piece) = piece else { return Ok(None) };
        if self.is_kept(began.elapsed(), piece.len() as u64) {
            Ok(Some(piece))
        } else {
            Err(Error::new(Code::TimedOut).with(Fact::Registry, host))
        }
    }

    fn is_kept(&mut self, waited: Duration, num_bytes: u64) -> bool {
        self.waited += waited;
        self.num_bytes += num_bytes;
        if self.waited < PACE_WINDOW {
            return true;
        }
        let is_kept = self.num_bytes >= PACE_BYTES;
        *self = Self::default();
        is_kept
    }
}

/// Whether the answer tells of a state that passes. RFC 9110 §15.6, RFC 6585 §4.
pub(super) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || matches!(status.as_u16(), 408 | 500 | 502 | 503 | 504)
}

/// Whether another try may end differently.
pub(super) fn is_worth(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::Unreachable
            | Code::Refused
            | Code::TimedOut
            | Code::ConnectionLost
            | Code::RateLimited
            | Code::ServerFailed
    )
}

/// What the server asks for: seconds or a date. RFC 9110 §10.2.3.
pub(super) fn after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = value.trim().parse().map(Duration::from_secs).ok();
    let date = || httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok();
    seconds.or_else(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_when_to_come_back_in_seconds_or_as_a_date() {
        let after = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            after(&headers)
        };
        assert_eq!(after("3"), Some(Duration::from_secs(3)));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(40));
        assert!(after(&date).is_some_and(|wait| (30..=40).contains(&wait.as_secs())), "{date}");
        assert_eq!(after("soon"), None);
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), None);
    }

    #[test]
    fn waits_grow_and_differ_within_bounds() {
        for n in 0..MAX_TRIES {
            let tries = Tries { num: n, ..Tries::default() };
            let (wait, least) = (tries.backed_off(), FIRST_WAIT * 2_u32.pow(n));
            assert!(wait >= least && wait <= least.mul_f64(1.5), "{n}: {wait:?}");
        }
    }

    #[test]
    fn tries_come_back_with_a_mebibyte_of_progress_and_not_with_a_byte() {
        let mut tries = Tries { num: MAX_TRIES, ..Tries::of_blob(1 << 30) };
        for (arrived, is_left) in [(1, false), (STEP_BYTES - 1, false), (0, false), (STEP_BYTES, true)] {
            tries.progressed(arrived);
            assert_eq!(tries.is_left(), is_left, "{arrived}");
        }
        tries.num = MAX_TRIES;
        for arrived in [STEP_BYTES, 1, STEP_BYTES, 2 * STEP_BYTES - 1] {
            tries.progressed(arrived);
            assert!(!tries.is_left(), "{arrived} is no progress after a mebibyte");
        }
    }

    #[test]
    fn bytes_that_cross_the_line_are_bounded_by_the_size_of_the_blob() {
        let size = 100 << 20;
        let mut tries = Tries::of_blob(size);
        tries.moved(MAX_TIMES * size + SLACK_BYTES - 1);
        assert!(tries.is_left());
        tries.progressed(size);
        tries.moved(1);
        assert!(!tries.is_left());
        let mut huge = Tries::of_blob(u64::MAX);
        huge.moved(u64::MAX);
        huge.moved(u64::MAX);
        assert!(!huge.is_left());
    }

    #[test]
    fn a_body_that_drips_is_too_slow_and_one_that_pauses_is_not() {
        let second = Duration::from_secs(1);
        let run = |pieces: &[(Duration, u64)]| {
            let mut pace = Pace::default();
            pieces.iter().all(|(waited, num_bytes)| pace.is_kept(*waited, *num_bytes))
        };
        assert!(!run(&[(second, 1); 120]));
        assert!(!run(&[(second, 1023); 120]));
        assert!(run(&[(second, 1024); 600]));
        // A long silence, then what was asked for.
        assert!(run(&[(119 * second, 1), (second, 1 << 20), (second / 100, 1)]));
        // A window that was fast earns nothing for the next.
        assert!(!run(&[&[(120 * second, 1 << 30)][..], &[(second, 1); 120]].concat()));
    }
}
