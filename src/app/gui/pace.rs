//! How often the window is painted while a job runs: as often as people can follow; but where the processor itself
//! draws, which takes tens of milliseconds a frame from the job, as seldom as people bear.

use std::time::Duration;

/// With a graphics card.
pub(crate) const QUICK: Duration = Duration::from_millis(150);
/// Without one.
pub(crate) const SLOW: Duration = Duration::from_secs(2);

/// The time between two frames; asked once the first has been drawn.
pub(crate) fn of_this_machine() -> Duration {
    if is_drawn_by_software() { SLOW } else { QUICK }
}

/// Whether Mesa draws on the processor: only then it has threads of this name, and OpenGL tells it to no safe call.
#[cfg(target_os = "linux")]
fn is_drawn_by_software() -> bool {
    let names = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    names
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .any(|name| name.starts_with("llvmpipe"))
}

#[cfg(not(target_os = "linux"))]
fn is_drawn_by_software() -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_of_the_software_renderer_makes_the_pace_slow() {
        let (stop, wait) = crossbeam_channel::bounded::<()>(0);
        let renderer =
            std::thread::Builder::new().name("llvmpipe-0".into()).spawn(move || wait.recv()).unwrap();
        // A thread names itself once it runs.
        while !is_drawn_by_software() {
            std::thread::yield_now();
        }
        assert_eq!(of_this_machine(), SLOW);
        drop(stop);
        let _ = renderer.join();
    }
}
