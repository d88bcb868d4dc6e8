//! Whether the desktop wants light or dark: asked of its portal, as X11 itself does not say.
//!
//! `org.freedesktop.appearance color-scheme`: 0 no preference, 1 dark, 2 light.
//! <https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html>

use crossbeam_channel::{Receiver, bounded};
use eframe::egui::Theme;

/// What the portal says, now and at each change. Empty where there is no portal.
pub(crate) fn watch(wake: impl Fn() + Send + 'static) -> Receiver<Option<Theme>> {
    let (sender, themes) = bounded(4);
    #[cfg(target_os = "linux")]
    {
        let tell = move |theme| {
            let is_heard = sender.send(theme).is_ok();
            wake();
            is_heard
        };
        // Without the thread the app keeps its own default.
        let _ = std::thread::Builder::new().name("appearance".into()).spawn(move || {
            if let Err(error) = portal::follow(tell) {
                tracing::debug!(%error, "no portal tells light from dark");
            }
        });
    }
    #[cfg(not(target_os = "linux"))]
    drop((sender, wake));
    themes
}

#[cfg(target_os = "linux")]
mod portal {
    use eframe::egui::Theme;
    use zbus::{
        blocking::{Connection, Proxy},
        zvariant::{OwnedValue, Value},
    };

    const NAMESPACE: &str = "org.freedesktop.appearance";
    const KEY: &str = "color-scheme";

    /// Calls `tell` with each value, until it says that nobody listens.
    pub(super) fn follow(tell: impl Fn(Option<Theme>) -> bool) -> zbus::Result<()> {
        let connection = Connection::session()?;
        let settings = Proxy::new(
            &connection,
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.Settings",
        )?;
        let changes = settings.receive_signal("SettingChanged")?;
        let value: OwnedValue = settings.call("Read", &(NAMESPACE, KEY))?;
        if !tell(theme_of(&value)) {
            return Ok(());
        }
        for change in changes {
            let Ok((namespace, key, value)) = change.body().deserialize::<(String, String, OwnedValue)>()
            else {
                continue;
            };
            if namespace == NAMESPACE && key == KEY && !tell(theme_of(&value)) {
                break;
            }
        }
        Ok(())
    }

    /// `Read` wraps the number in one variant more than the signal does.
    fn theme_of(value: &Value<'_>) -> Option<Theme> {
        match value {
            Value::Value(inner) => theme_of(inner),
            Value::U32(1) => Some(Theme::Dark),
            Value::U32(2) => Some(Theme::Light),
            _ => None,
        }
    }
}
