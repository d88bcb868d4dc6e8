//! The library's trace, for both shells: one line for each event.

use std::io;

use sealift::{Shown, escape};

/// A writer that hands every event on as one line: its fields may hold what a server or a file said.
pub(crate) struct OneLine<F>(pub(crate) F);

impl<F: FnMut(&Shown) -> io::Result<()>> io::Write for OneLine<F> {
    /// The subscriber writes each event at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        (self.0)(&escape(String::from_utf8_lossy(event).trim_end_matches('\n')))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_its_fields_hold() {
        let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = std::sync::Arc::clone(&lines);
        let writer = move || {
            let kept = std::sync::Arc::clone(&kept);
            OneLine(move |line: &Shown| {
                kept.lock().unwrap().push(line.to_string());
                Ok(())
            })
        };
        let subscriber = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(said = %"a\u{1b}[2J\rb\nINFO forged\u{202e}\u{9b}2J", "端口");
        });
        let lines = lines.lock().unwrap();
        assert!(lines.len() == 1 && lines[0].contains("端口"), "{lines:?}");
        assert_eq!(sealift::escape(&lines[0]).to_string(), lines[0]);
    }
}
