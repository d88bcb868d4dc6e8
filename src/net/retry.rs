//! When a request is tried again, and how long to wait before.

use std::time::{Duration, SystemTime};

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use crate::error::{Code, Error};

/// Tries after the first.
const MAX_TRIES: u32 = 5;
/// Those of them for a server that never answered.
const MAX_FIRST_TRIES: u32 = 2;
/// Wait before the first of them; each further one doubles it: 0.25 s, 0.5 s, … 4 s.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest that a server may make us wait.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Tries of one request.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Waits before the next try, at least for `asked`; `false` when there is none left.
    pub(super) async fn pause(&mut self, asked: Option<Duration>) -> bool {
        let is_left = self.0 < MAX_TRIES && asked.is_none_or(|asked| asked <= MAX_WAIT);
        if is_left {
            tokio::time::sleep(asked.unwrap_or_default().max(self.backed_off())).await;
            self.0 += 1;
        }
        is_left
    }

    /// Whether a server that never answered may be asked once more.
    pub(super) fn are_few(&self) -> bool {
        self.0 < MAX_FIRST_TRIES
    }

    /// Twice the last wait, and up to half of it more: clients that failed together do not return together.
    fn backed_off(&self) -> Duration {
        let wait = FIRST_WAIT * 2_u32.pow(self.0);
        let jitter = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
        wait + wait.mul_f64(jitter / 2.0)
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
            let (wait, least) = (Tries(n).backed_off(), FIRST_WAIT * 2_u32.pow(n));
            assert!(wait >= least && wait <= least.mul_f64(1.5), "{n}: {wait:?}");
        }
    }
}
