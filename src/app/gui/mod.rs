//! The desktop app: a thin shell over the library's facade.
//!
//! `state` is everything shown; `screens` and `widgets` show it and return actions; `apply` changes it and returns
//! effects; `app` carries them out. No view touches a file, blocks, or names a colour or a text.

mod action;
mod app;
mod appearance;
mod apply;
mod bundle;
mod dialog;
mod figures;
mod fonts;
mod incoming;
mod job;
mod job_bar;
mod nav;
mod overlay;
mod picker;
mod screens;
mod secret;
mod settings;
mod shell;
mod state;
#[cfg(test)]
mod tests;
mod texts;
mod theme;
mod widgets;

use std::{ffi::OsString, path::PathBuf};

use eframe::egui::ViewportBuilder;
use sealift::Lang;

use app::App;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoWindow {
    Display,
    OpenGl,
}

impl NoWindow {
    pub(crate) const fn text_id(self) -> &'static str {
        match self {
            Self::Display => "no-display",
            Self::OpenGl => "no-opengl",
        }
    }

    /// The window system's own words name source files; they are only traced.
    #[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
    fn of(error: eframe::Error) -> Self {
        tracing::debug!(%error, "no window");
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => Self::Display,
            _ => Self::OpenGl,
        }
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display, or none that can draw.
pub(crate) fn run(lang: Lang, paths: &[PathBuf]) -> Result<(), NoWindow> {
    if !has_display() {
        return Err(NoWindow::Display);
    }
    let settings = Settings::load();
    let attempt = |on_x11| {
        let options = options(window(&settings), on_x11);
        let (settings, paths) = (settings.clone(), paths.to_vec());
        let create = move |creation: &eframe::CreationContext<'_>| {
            Ok(Box::new(App::new(&creation.egui_ctx, settings, lang, paths)) as Box<dyn eframe::App>)
        };
        eframe::run_native(APP_ID, options, Box::new(create)).map_err(NoWindow::of)
    };
    // Files can be dropped on an X11 window, not on winit's Wayland one; so XWayland first, where there is one.
    if !is_set("DISPLAY") {
        return attempt(false);
    }
    attempt(true).or_else(|error| if is_set("WAYLAND_DISPLAY") { attempt(false) } else { Err(error) })
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
