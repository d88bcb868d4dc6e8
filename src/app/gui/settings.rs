//! What the app remembers between starts: a small JSON file in the user's configuration folder. Never a secret.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use eframe::egui::{Theme, ThemePreference};
use sealift::Lang;
use serde::{Deserialize, Serialize};

use super::{action::Page, folders};

/// The language a user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LangChoice {
    #[default]
    #[serde(rename = "system")]
    System,
    #[serde(rename = "zh-CN")]
    ZhCn,
    #[serde(rename = "en")]
    En,
}

impl LangChoice {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::ZhCn, Self::En];

    pub(crate) fn resolve(self, system: Lang) -> Lang {
        match self {
            Self::System => system,
            Self::ZhCn => Lang::ZhCn,
            Self::En => Lang::En,
        }
    }
}

/// The theme a user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ThemeChoice {
    #[default]
    System,
    Dark,
    Light,
}

impl ThemeChoice {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Dark, Self::Light];

    /// What egui is told; `system` is what the desktop's portal says, where there is one.
    pub(crate) fn resolve(self, system: Option<Theme>) -> ThemePreference {
        match (self, system) {
            (Self::Dark, _) => ThemePreference::Dark,
            (Self::Light, _) => ThemePreference::Light,
            (Self::System, Some(theme)) => theme.into(),
            (Self::System, None) => ThemePreference::System,
        }
    }
}

/// The largest file that a new bundle is split into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Volume {
    /// Never split.
    #[default]
    Whole,
    /// The most that FAT32 holds in one file.
    Fat32,
    Gib2,
    Gib1,
}

impl Volume {
    pub(crate) const ALL: [Self; 4] = [Self::Whole, Self::Fat32, Self::Gib2, Self::Gib1];

    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::Whole => "settings-volume-whole",
            Self::Fat32 => "settings-volume-fat32",
            Self::Gib2 => "settings-volume-2g",
            Self::Gib1 => "settings-volume-1g",
        }
    }
}

/// Everything remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) lang: LangChoice,
    pub(crate) theme: ThemeChoice,
    /// Factor on the system's scale.
    pub(crate) zoom: f32,
    pub(crate) page: Page,
    /// Where new bundles are written; empty for where the last one was.
    pub(crate) bundle_folder: String,
    pub(crate) volume: Volume,
    /// Where bundles were last written to.
    pub(crate) out_folder: PathBuf,
    /// Width and height of the window, in points.
    pub(crate) window: [f32; 2],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lang: LangChoice::default(),
            theme: ThemeChoice::default(),
            zoom: 1.0,
            page: Page::default(),
            bundle_folder: String::new(),
            volume: Volume::default(),
            out_folder: PathBuf::new(),
            window: [1280.0, 800.0],
        }
    }
}

/// Smallest window in which nothing is cut off.
pub(crate) const MIN_WINDOW: [f32; 2] = [960.0, 600.0];
/// Zoom as far as it is of use.
pub(crate) const ZOOM_RANGE: std::ops::RangeInclusive<f32> = 0.6..=2.5;

impl Settings {
    /// The folder a new bundle goes to: the chosen one, else the last; empty at first.
    pub(crate) fn new_bundle_folder(&self) -> &Path {
        let chosen = Path::new(self.bundle_folder.trim());
        if chosen.as_os_str().is_empty() { &self.out_folder } else { chosen }
    }

    /// What was remembered; the defaults where nothing can be read.
    pub(crate) fn load() -> Self {
        let text = file().and_then(|path| std::fs::read_to_string(path).ok());
        let settings: Self = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        settings.sane().with_folder()
    }

    /// Before a bundle was ever written: the user's documents.
    fn with_folder(mut self) -> Self {
        if self.out_folder.as_os_str().is_empty()
            && let Some(dirs) = directories::UserDirs::new()
        {
            dirs.document_dir().unwrap_or(dirs.home_dir()).clone_into(&mut self.out_folder);
        }
        self
    }

    /// A file that was edited by hand gives no window that cannot be seen.
    fn sane(mut self) -> Self {
        let side = |side: f32, min: f32| if side.is_finite() { side.clamp(min, 10_000.0) } else { min };
        self.window = [side(self.window[0], MIN_WINDOW[0]), side(self.window[1], MIN_WINDOW[1])];
        self.zoom =
            if self.zoom.is_finite() { self.zoom.clamp(*ZOOM_RANGE.start(), *ZOOM_RANGE.end()) } else { 1.0 };
        self
    }

    /// Remembers. A failure costs the user a choice made again, and is only traced.
    pub(crate) fn save(&self) {
        if let Some(Err(error)) = file().map(|path| self.write(path)) {
            tracing::warn!(%error, "settings are not remembered");
        }
    }

    fn write(&self, path: PathBuf) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(&path);
        sealift::create_private_dir(folder).map_err(std::io::Error::other)?;
        let mut partial = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut partial, self)?;
        partial.flush()?;
        partial.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    }
}

fn file() -> Option<PathBuf> {
    folders::settings().map(|folder| folder.join("desktop.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_restart_and_a_bad_file_does_no_harm() {
        let settings = Settings { lang: LangChoice::ZhCn, page: Page::Verify, ..Settings::default() };
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
        let odd: Settings = serde_json::from_str(r#"{"zoom": 1e9, "window": [1, 1e30], "new": 1}"#).unwrap();
        assert_eq!((odd.clone().sane().zoom, odd.sane().window), (2.5, [960.0, 10_000.0]));
    }
}
