//! Progress on stderr: a bar on a terminal, plain lines in a log, JSON lines for programs.

use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use indicatif::{ProgressBar, ProgressStyle};
use sealift::{Ctx, Lang, Shown, Snapshot, Speedometer, text};

use super::{
    Env,
    output::{self, Output, Progress, human_bytes},
};

/// How often the job is looked at.
const SAMPLE: Duration = Duration::from_millis(200);
/// How often a log gets a line.
const PLAIN_LINE: Duration = Duration::from_secs(5);

/// Runs `work` while another thread shows its progress. The work runs here, at full speed.
pub(super) fn with_progress<T>(env: &Env, work: impl FnOnce() -> sealift::Result<T>) -> sealift::Result<T> {
    let Some(mut printer) = Printer::new(&env.out) else { return work() };
    let (stop, stopped) = bounded::<()>(0);
    let ctx = env.ctx.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut meter = Speedometer::default();
            loop {
                let ended = stopped.recv_timeout(SAMPLE) != Err(RecvTimeoutError::Timeout);
                let snapshot = ctx.snapshot();
                meter.sample(snapshot.elapsed, snapshot.done_bytes);
                printer.show(&ctx, &snapshot, &meter, ended);
                if ended {
                    return;
                }
            }
        });
        let result = work();
        drop(stop);
        result
    })
}

enum Printer {
    Bar(Lang, ProgressBar),
    Plain { lang: Lang, last: Option<(&'static str, Duration)> },
    Json,
}

impl Printer {
    fn new(out: &Output) -> Option<Self> {
        Some(match out.progress {
            Progress::None => return None,
            Progress::Plain => Self::Plain { lang: out.lang, last: None },
            Progress::Json => Self::Json,
            Progress::Bar => {
                let style = ProgressStyle::with_template("{msg:.bold} {wide_bar} {percent:>3} %  {prefix}");
                let bar = ProgressBar::new(0);
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─"));
                Self::Bar(out.lang, bar)
            }
        })
    }

    fn show(&mut self, ctx: &Ctx, now: &Snapshot, meter: &Speedometer, ended: bool) {
        match self {
            Self::Bar(lang, bar) => {
                bar.set_length(now.total_bytes.max(1));
                bar.set_position(now.done_bytes);
                bar.set_message(String::from(phase(*lang, now)));
                bar.set_prefix(String::from(figures(*lang, now, meter)));
                for notice in ctx.take_notices() {
                    bar.suspend(|| {
                        output::note(text(*lang, "note-line", &[("note", notice.render(*lang).into())]));
                    });
                }
                if ended {
                    bar.finish_and_clear();
                }
            }
            Self::Plain { lang, last } => {
                let due = match last {
                    None => true,
                    Some((phase, at)) => *phase != now.phase.name() || now.elapsed >= *at + PLAIN_LINE,
                };
                if due && !ended {
                    *last = Some((now.phase.name(), now.elapsed));
                    let line = format!("{}  {}", phase(*lang, now), figures(*lang, now, meter));
                    output::note(line.trim_end());
                }
            }
            Self::Json => output::note(Shown::json(
                &serde_json::json!({
                    "phase": now.phase.name(),
                    "done_bytes": now.done_bytes,
                    "total_bytes": now.total_bytes,
                    "elapsed_secs": now.elapsed.as_secs_f64(),
                    "bytes_per_sec": meter.bytes_per_sec(),
                    "left_secs": left(now, meter).map(|left| left.as_secs()),
                })
                .to_string(),
            )),
        }
    }
}

fn phase(lang: Lang, now: &Snapshot) -> Shown {
    text(lang, &format!("phase-{}", now.phase.name()), &[])
}

fn left(now: &Snapshot, meter: &Speedometer) -> Option<Duration> {
    meter.time_left(now.total_bytes.saturating_sub(now.done_bytes))
}

/// `1.2 / 3.4 GiB · 410 MiB/s · 5 s left`, or how long it has stalled.
fn figures(lang: Lang, now: &Snapshot, meter: &Speedometer) -> Shown {
    if now.total_bytes == 0 {
        return Shown::default();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a speed shown with three digits"
    )]
    let speed = human_bytes(meter.bytes_per_sec() as u64);
    let mut parts = vec![format!("{} / {}", human_bytes(now.done_bytes), human_bytes(now.total_bytes))];
    if meter.bytes_per_sec() > 0.0 {
        parts.push(format!("{speed}/s"));
    }
    if let Some(stalled) = meter.stalled() {
        parts.push(text(lang, "progress-stalled", &[("secs", stalled.as_secs().to_string())]).into());
    } else if let Some(left) = left(now, meter) {
        parts.push(text(lang, "progress-left", &[("secs", left.as_secs().to_string())]).into());
    }
    parts.join(" · ").into()
}
