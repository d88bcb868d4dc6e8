//! What whoever helps a user asks first, as one text to copy. Field names are the same in every language.
//!
//! No secret, no name of the user: the home folder is `~`.

use std::fmt::Write as _;

use sealift::{Lang, Shown, escape};

use super::folders;

/// What does not change while the app runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diagnostics(String);

impl Diagnostics {
    /// Looks around once, at the start.
    pub(crate) fn gather(creation: &eframe::CreationContext<'_>, is_on_x11: bool) -> Self {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{name}: {}", escape(value));
        };
        line("sealift", env!("SEALIFT_VERSION"));
        line("system", &format!("{}, {}", system(), std::env::consts::ARCH));
        line("display", display(is_on_x11));
        line("renderer", &renderer(creation));
        line("scale", &format!("{:?}", creation.egui_ctx.native_pixels_per_point().unwrap_or(1.0)));
        line("locale", &sys_locale::get_locale().unwrap_or_default());
        for (name, folder) in [("data", folders::data()), ("logs", folders::logs())] {
            line(name, &folder.map(|folder| folders::shortened(&folder)).unwrap_or_default());
        }
        Self(text)
    }

    /// The whole text: with the settings that hold, and the last errors.
    pub(crate) fn text(&self, lang: Lang, zoom: f32, errors: impl Iterator<Item = impl AsRef<str>>) -> Shown {
        let mut text = self.0.clone();
        let _ = writeln!(text, "language: {}\nzoom: {zoom}", lang.tag());
        for error in errors {
            let _ = write!(text, "\n{}\n", error.as_ref());
        }
        let text = match directories::BaseDirs::new().map(|dirs| dirs.home_dir().display().to_string()) {
            // A root of `/` would be found everywhere.
            Some(home) if home.len() > 1 => text.replace(&home, "~"),
            _ => text,
        };
        Shown::lines(text.lines())
    }
}

/// `Debian GNU/Linux 12 (bookworm), Linux 6.1.0`.
fn system() -> String {
    #[cfg(target_os = "linux")]
    {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        let kernel = rustix::system::uname();
        format!(
            "{}, {} {}",
            name.unwrap_or("Linux").trim_matches('"'),
            kernel.sysname().to_string_lossy(),
            kernel.release().to_string_lossy()
        )
    }
    #[cfg(not(target_os = "linux"))]
    std::env::consts::OS.to_owned()
}

fn display(is_on_x11: bool) -> &'static str {
    match (cfg!(target_os = "linux"), is_on_x11, std::env::var_os("WAYLAND_DISPLAY").is_some()) {
        (false, ..) => "native",
        (_, true, true) => "X11 (XWayland)",
        (_, true, false) => "X11",
        (_, false, _) => "Wayland",
    }
}

/// The driver's version; its device would need an unsafe call.
#[cfg(target_os = "linux")]
fn renderer(creation: &eframe::CreationContext<'_>) -> String {
    use eframe::glow::HasContext as _;
    let Some(gl) = &creation.gl else { return String::new() };
    let version = gl.version();
    let kind = if version.is_embedded { "OpenGL ES" } else { "OpenGL" };
    format!("{kind} {}.{} {}", version.major, version.minor, version.vendor_info)
}

#[cfg(not(target_os = "linux"))]
fn renderer(_: &eframe::CreationContext<'_>) -> String {
    "wgpu".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_not_told() {
        let home = directories::BaseDirs::new().unwrap().home_dir().join("交付.sealift");
        let text = Diagnostics::default().text(Lang::ZhCn, 1.0, [home.display().to_string()].iter());
        assert!(text.contains("~/交付.sealift") && text.contains("zh-CN"), "{text}");
        assert!(!text.contains(&home.display().to_string()));
    }
}
