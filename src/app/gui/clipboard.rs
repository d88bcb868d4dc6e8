//! A passphrase on the system's clipboard: taken off again while nothing else was copied since.
//!
//! Desktops that keep a history of the clipboard are asked to leave it out.

use std::time::{Duration, Instant};

use super::secret::Secret;

/// Long enough to paste it, short enough not to be forgotten there.
const STAY: Duration = Duration::from_secs(30);

/// What was put there, until it is taken off.
#[derive(Debug, Default)]
pub(crate) struct Clipboard(Option<(Secret, Instant)>);

impl Clipboard {
    /// Puts `secret` there; false where this desktop lets no program read the clipboard without a window of its own,
    /// so that nothing could be compared later.
    pub(crate) fn put(&mut self, secret: Secret, now: Instant) -> bool {
        let put = arboard::Clipboard::new().and_then(|mut board| hidden(board.set()).text(secret.as_str()));
        if let Err(error) = &put {
            tracing::warn!(%error, "the clipboard cannot be read back");
        }
        self.0 = put.is_ok().then_some((secret, now));
        put.is_ok()
    }

    /// Takes it off when its time is over. How long it still stays, if there is something.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Duration> {
        let (_, since) = self.0.as_ref()?;
        let left = STAY.saturating_sub(now.saturating_duration_since(*since));
        if !left.is_zero() {
            return Some(left);
        }
        let (secret, _) = self.0.take()?;
        // The clipboard may belong to a program that is slow to answer: not on the thread that paints.
        let _ = std::thread::Builder::new().name("clipboard".into()).spawn(move || clear(&secret));
        None
    }

    /// Takes it off at once: the program ends.
    pub(crate) fn end(&mut self) {
        if let Some((secret, _)) = self.0.take() {
            clear(&secret);
        }
    }
}

/// Empties the clipboard, if `secret` is still there.
fn clear(secret: &Secret) {
    let cleared = arboard::Clipboard::new().and_then(|mut board| {
        let is_ours = zeroize::Zeroizing::new(board.get_text()?).as_str() == secret.as_str();
        if is_ours { board.clear() } else { Ok(()) }
    });
    if let Err(error) = cleared {
        tracing::debug!(%error, "the clipboard holds no text of ours");
    }
}

#[cfg(target_os = "linux")]
fn hidden(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtLinux;
    set.exclude_from_history()
}

#[cfg(target_os = "windows")]
fn hidden(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtWindows;
    set.exclude_from_history().exclude_from_cloud()
}

#[cfg(target_os = "macos")]
fn hidden(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtApple;
    set.exclude_from_history()
}
