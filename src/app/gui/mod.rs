//! The desktop app: a thin shell over the library's facade.
//!
//! `state` is everything shown; `screens` and `widgets` show it and return actions; `apply` changes it and returns
//! effects; `app` carries them out. No view touches a file, blocks, or names a colour or a text.

mod action;
mod app;
mod appearance;
mod apply;
mod asking;
mod bundle;
mod clipboard;
mod crash;
mod diagnostics;
mod dialog;
mod figures;
mod folders;
mod fonts;
mod history;
mod incoming;
mod instance;
mod job;
mod job_bar;
mod job_sheet;
mod keyboard;
mod keyring;
mod log;
mod markup;
mod nav;
mod new_passphrase;
mod new_recipients;
mod other_keys;
mod overlay;
mod own_keys;
mod pace;
mod picker;
mod registry;
mod screens;
mod secret;
mod settings;
mod shell;
mod standing;
mod state;
mod strength;
#[cfg(test)]
mod tests;
mod texts;
mod theme;
mod title;
mod wake;
mod widgets;

use std::{
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use eframe::egui::ViewportBuilder;
use sealift::{Lang, Shown, text};

use app::{App, Outside};
use diagnostics::Diagnostics;
use instance::Claim;
use settings::{MIN_WINDOW, Settings};

/// Name under which desktops know the window and its icon.
const APP_ID: &str = "sealift";

/// The files the app is to open, when these arguments ask for it: none, or only paths of files and folders.
pub(crate) fn paths_to_open(args: &[OsString]) -> Option<Vec<PathBuf>> {
    if args.get(1).is_some_and(|word| crate::cli::is_verb(word)) {
        return None;
    }
    let paths: Vec<PathBuf> = args.iter().skip(1).map(PathBuf::from).collect();
    // Relative paths are for this process alone; the window lives on when its folder is left.
    paths
        .iter()
        .all(|path| path.exists())
        .then(|| paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect())
}

/// Why there is no window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoWindow {
    Display,
    OpenGl,
    /// The program met a fault of its own and wrote this report, empty where it could not.
    Crashed(PathBuf),
}

impl NoWindow {
    /// The one line that tells it.
    pub(crate) fn words(&self, lang: Lang) -> Shown {
        match self {
            Self::Display => text(lang, "no-display", &[]),
            Self::OpenGl => text(lang, "no-opengl", &[]),
            Self::Crashed(report) => {
                let path = report.display().to_string();
                text(lang, "crashed", &[("path", path)])
            }
        }
    }

    /// The window system's own words name source files; they are only traced.
    #[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
    fn of(error: eframe::Error) -> Self {
        tracing::error!(%error, "no window");
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => Self::Display,
            _ => Self::OpenGl,
        }
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display, or none that can draw, or the program itself failed.
pub(crate) fn run(lang: Lang, paths: &[PathBuf]) -> Result<(), NoWindow> {
    if !has_display() {
        return Err(NoWindow::Display);
    }
    folders::prepare();
    let _log = log::begin();
    let crashes = crash::watch();
    let instance = match instance::claim(paths, wake::window) {
        Claim::Forwarded => return Ok(()),
        Claim::First(listener) => Some(listener),
        Claim::Alone => None,
    };
    let outside = Outside { instance, crashes: crashes.clone() };
    // Nothing of the window outlives the panic, so nothing half-changed is seen.
    catch_unwind(AssertUnwindSafe(|| open(lang, paths.to_vec(), outside)))
        .unwrap_or_else(|_| Err(NoWindow::Crashed(crashes.try_iter().last().unwrap_or_default())))
}

fn open(lang: Lang, paths: Vec<PathBuf>, outside: Outside) -> Result<(), NoWindow> {
    let settings = Settings::load();
    let is_on_x11 = is_x11_there();
    let options = options(window(&settings), is_on_x11);
    let create = move |creation: &eframe::CreationContext<'_>| {
        let diagnostics = Diagnostics::gather(creation, is_on_x11);
        let app = App::new(&creation.egui_ctx, diagnostics, settings, lang, paths, outside);
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    eframe::run_native(APP_ID, options, Box::new(create)).map_err(NoWindow::of)
}

/// Files can be dropped on an X11 window, not on winit's Wayland one; so `XWayland` is chosen where it runs. Asked
/// before, as winit makes only one event loop in a process.
fn is_x11_there() -> bool {
    let display = std::env::var("DISPLAY").unwrap_or_default();
    if display.is_empty() || !is_set("WAYLAND_DISPLAY") {
        return !display.is_empty();
    }
    let number = display.strip_prefix(':').and_then(|rest| rest.split('.').next());
    number.is_none_or(|number| std::path::Path::new("/tmp/.X11-unix").join(format!("X{number}")).exists())
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn has_display() -> bool {
    cfg!(not(target_os = "linux")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn window(settings: &Settings) -> ViewportBuilder {
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../../../assets/icons/sealift-256.png"));
    let window = ViewportBuilder::default()
        .with_title("Sealift 镜渡")
        .with_app_id(APP_ID)
        .with_inner_size(settings.window)
        .with_min_inner_size(MIN_WINDOW);
    match icon {
        Ok(icon) => window.with_icon(icon),
        Err(_) => window,
    }
}

fn options(viewport: ViewportBuilder, on_x11: bool) -> eframe::NativeOptions {
    eframe::NativeOptions {
        viewport,
        // Ours are added with Chinese forms first.
        system_font_fallback: false,
        persist_window: false,
        // Nothing here is a gradient, and noise on every pixel is dear where the processor draws.
        dithering: false,
        #[cfg(target_os = "linux")]
        event_loop_builder: on_x11.then(|| {
            let choose_x11: eframe::EventLoopBuilderHook = Box::new(|builder| {
                use winit::platform::x11::EventLoopBuilderExtX11;
                builder.with_x11();
            });
            choose_x11
        }),
        ..eframe::NativeOptions::default()
    }
}
