//! The app that eframe runs: it polls jobs and the system, shows the window, and carries out effects.
//!
//! Nothing is decided here: `shell` says what the user did, `apply` what comes of it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use eframe::egui::{self, Context, Theme, Ui, ViewportCommand};
use sealift::{DriveSizes, DriveWatch, escape};

use super::{
    action::{Action, Effect, Effects},
    appearance,
    clipboard::Clipboard,
    diagnostics::Diagnostics,
    dialog,
    figures::Zone,
    folders, fonts,
    history::{Request, Worker},
    incoming::Hovering,
    instance::Listener,
    job::{Ended, Job, JobView, Work},
    pace,
    screens::{history, usb},
    settings::{Settings, ZOOM_RANGE},
    shell,
    state::{Folders, State},
    theme, title, wake,
    widgets::focus,
};

/// The system's program that shows a folder.
const OPENER: &str = if cfg!(target_os = "windows") {
    "explorer"
} else if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

/// The desktop app.
pub(crate) struct App {
    state: State,
    /// As it was last written.
    saved: Settings,
    job: Option<Job>,
    quiet: Vec<(Job, JobView)>,
    dialog: Option<Receiver<Option<Action>>>,
    system_themes: Receiver<Option<Theme>>,
    system_theme: Option<Theme>,
    may_close: bool,
    /// The time between frames while a job runs.
    pace: Duration,
    num_frames: u8,
    had_focus: bool,
    history: Worker,
    outside: Outside,
    /// Removable drives, once a page shows them; with the sizes that are wanted.
    drives: Option<(DriveSizes, DriveWatch)>,
    drives_changed: (Sender<()>, Receiver<()>),
    opened_folders: (Sender<bool>, Receiver<bool>),
    title: title::Shown,
    clipboard: Clipboard,
}

/// What comes to the app from outside its window.
pub(crate) struct Outside {
    /// Later starts, where this is the first.
    pub(crate) instance: Option<Listener>,
    /// Reports of the program's own faults.
    pub(crate) crashes: Receiver<PathBuf>,
}

impl App {
    /// The app, opened on `paths`.
    pub(crate) fn new(
        ctx: &Context,
        diagnostics: Diagnostics,
        settings: Settings,
        system_lang: sealift::Lang,
        paths: Vec<PathBuf>,
        outside: Outside,
    ) -> Self {
        fonts::install(ctx);
        fonts::add_system_fonts(ctx);
        theme::install(ctx);
        ctx.set_zoom_factor(settings.zoom);
        let waker = || {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        wake::is(ctx);
        let data = folders::data();
        let mut state = State::new(settings.clone(), system_lang);
        state.diagnostics = diagnostics;
        state.zone = Zone::of_system();
        state.folders = Folders {
            logs: folders::logs().unwrap_or_default(),
            history: data.as_ref().map(|folder| folder.join("history.db")).unwrap_or_default(),
        };
        let mut app = Self {
            saved: settings,
            state,
            job: None,
            quiet: Vec::new(),
            dialog: None,
            system_themes: appearance::watch(waker()),
            system_theme: None,
            may_close: false,
            pace: pace::QUICK,
            num_frames: 0,
            had_focus: true,
            history: Worker::start(data, waker()),
            outside,
            drives: None,
            drives_changed: bounded(1),
            opened_folders: bounded(1),
            title: title::Shown::default(),
            clipboard: Clipboard::default(),
        };
        app.restyle(ctx);
        if !paths.is_empty() {
            app.apply(ctx, [Action::Bring(paths)]);
        }
        app
    }

    fn restyle(&self, ctx: &Context) {
        ctx.set_theme(self.state.settings.theme.resolve(self.system_theme));
        if (ctx.zoom_factor() - self.state.settings.zoom).abs() > 0.001 {
            ctx.set_zoom_factor(self.state.settings.zoom);
        }
    }

    fn apply(&mut self, ctx: &Context, actions: impl IntoIterator<Item = Action>) {
        let mut effects = Effects::new();
        let mut is_changed = false;
        for action in actions {
            self.state.apply(action, &mut effects);
            is_changed = true;
        }
        for effect in effects {
            self.carry_out(ctx, effect);
        }
        if is_changed {
            ctx.request_repaint();
        }
    }

    fn carry_out(&mut self, ctx: &Context, effect: Effect) {
        match effect {
            // Views offer nothing that starts a second job; should one slip through, the first goes on.
            Effect::Run(_) if self.state.is_busy() => {}
            Effect::Run(work) => {
                let (job, view) = start(ctx, work);
                (self.job, self.state.job) = (Some(job), Some(view));
            }
            Effect::RunQuietly(work) => self.quiet.push(start(ctx, work)),
            Effect::Ask(_) if self.dialog.is_some() => {}
            Effect::Ask(ask) => {
                let waker = ctx.clone();
                self.dialog = Some(dialog::open(ask, move || waker.request_repaint()));
            }
            Effect::Copy(text) => ctx.copy_text(text.into()),
            Effect::CopySecret(secret) => {
                let text = secret.as_str().to_owned();
                if !self.clipboard.put(secret, Instant::now()) {
                    ctx.copy_text(text);
                }
            }
            Effect::OpenFolder(folder) => self.open_folder(ctx, folder),
            Effect::WatchDrives(all) => self.watch_drives(ctx, all),
            Effect::History(request) => self.history.ask(request),
            Effect::Cancel => {
                if let (Some(job), Some(view)) = (&self.job, &mut self.state.job) {
                    view.is_cancelling = true;
                    job.cancel();
                }
            }
            Effect::Focus(field) => focus::ask(ctx, field),
            Effect::Restyle => self.restyle(ctx),
            Effect::Close => self.may_close = true,
        }
    }

    /// What jobs came to since the last time.
    fn poll_jobs(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if let (Some(job), Some(view)) = (&self.job, &mut self.state.job) {
            actions.extend(job.poll(view));
            if !view.is_running() {
                actions.extend(conclude(&self.history, view));
                self.job = None;
            }
            if view.needs_no_word() {
                self.state.job = None;
            }
        }
        self.quiet.retain_mut(|(job, view)| {
            actions.extend(job.poll(view));
            view.is_running()
        });
        actions
    }

    /// What the history answered, what later starts brought, and what went wrong with the program itself.
    fn poll_outside(&mut self, ctx: &Context) -> Vec<Action> {
        let mut actions: Vec<Action> = Vec::new();
        let answers = self.history.answers().into_iter();
        actions.extend(answers.map(|answer| Action::History(history::Action::Answered(answer))));
        actions.extend(self.outside.crashes.try_iter().map(Action::Crashed));
        for paths in self.outside.instance.iter().flat_map(|instance| instance.brought.try_iter()) {
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
            actions.extend((!paths.is_empty()).then_some(Action::Bring(paths)));
        }
        if let (Ok(()), Some((_, drives))) = (self.drives_changed.1.try_recv(), &self.drives) {
            actions.push(Action::Usb(usb::Action::Drives(drives.drives())));
        }
        let opened = self.opened_folders.1.try_iter();
        actions.extend(opened.filter(|is_open| !is_open).map(|_| Action::CannotOpenFolder));
        actions
    }

    /// Tells the log when the first frame was shown: with the second, the first is on the screen.
    fn note_first_frame(&mut self, ctx: &Context) {
        match self.num_frames {
            0 => ctx.request_repaint(),
            1 => {
                tracing::info!("first frame");
                self.pace = pace::of_this_machine();
                self.apply(ctx, [Action::Returned]);
            }
            _ => return,
        }
        self.num_frames += 1;
    }

    /// Looks for drives from now on.
    fn watch_drives(&mut self, ctx: &Context, all: bool) {
        let sizes = if all { DriveSizes::All } else { DriveSizes::Usual };
        if self.drives.as_ref().is_some_and(|(watched, _)| *watched == sizes) {
            return;
        }
        let (changed, waker) = (self.drives_changed.0.clone(), ctx.clone());
        let tell = move || {
            let _ = changed.try_send(());
            waker.request_repaint();
        };
        self.drives = Some((sizes, DriveWatch::start(sizes, tell)));
    }

    /// Asks the desktop to show a folder; its file manager may take long to start.
    fn open_folder(&self, ctx: &Context, folder: PathBuf) {
        let (tell, waker) = (self.opened_folders.0.clone(), ctx.clone());
        let open = move || {
            let _ = std::fs::create_dir_all(&folder);
            let status = std::process::Command::new(OPENER).arg(&folder).status();
            let _ = tell.try_send(status.is_ok_and(|status| status.success()));
            waker.request_repaint();
        };
        let _ = std::thread::Builder::new().name("open folder".into()).spawn(open);
    }

    fn poll_dialog(&mut self) -> Option<Action> {
        match self.dialog.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.dialog = None;
                None
            }
            Ok(action) => {
                self.dialog = None;
                action
            }
        }
    }

    /// What the system says: files over the window, a changed theme, a wish to close.
    fn poll_system(&mut self, ctx: &Context) -> Vec<Action> {
        let mut actions = Vec::new();
        // A window stays open for days.
        self.state.today = today();
        if let Some(theme) = self.system_themes.try_iter().last() {
            self.system_theme = theme;
            self.restyle(ctx);
        }
        let (hovered, dropped) = ctx.input(|input| {
            let hovered: Vec<PathBuf> =
                input.raw.hovered_files.iter().filter_map(|file| file.path.clone()).collect();
            let dropped: Vec<PathBuf> =
                input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
            (hovered, dropped)
        });
        let has_focus = ctx.input(|input| input.focused);
        if has_focus && !std::mem::replace(&mut self.had_focus, has_focus) {
            actions.push(Action::Returned);
        }
        self.had_focus = has_focus;
        let hovering = Hovering::of(&hovered);
        if hovering != self.state.hovering {
            actions.push(Action::Hover(hovering));
        }
        if !dropped.is_empty() {
            actions.push(Action::Bring(dropped));
        }
        // Without a job the window simply closes.
        let is_closing = ctx.input(|input| input.viewport().close_requested());
        if is_closing && self.state.is_busy() && !self.may_close {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            actions.push(Action::Close);
        }
        actions
    }

    /// Keeps what egui itself changes, and writes settings when they changed.
    fn remember(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor().clamp(*ZOOM_RANGE.start(), *ZOOM_RANGE.end());
        self.state.settings.zoom = zoom;
        let size = ctx.input(|input| input.viewport().inner_rect).map(|rect| rect.size());
        if let Some(size) = size.filter(|size| size.x > 1.0) {
            self.state.settings.window = [size.x.round(), size.y.round()];
        }
        let settings = &self.state.settings;
        // A window being resized changes with every frame; its size is written when it closes.
        let is_same = Settings { window: self.saved.window, ..settings.clone() } == self.saved;
        if !is_same {
            self.saved = settings.clone();
            let settings = self.saved.clone();
            // Off the thread that paints: a home on a slow network must not be felt.
            let _ = std::thread::Builder::new().name("settings".into()).spawn(move || settings.save());
        }
    }
}

/// The date where the user is.
fn today() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%d").to_string()
}

fn start(ctx: &Context, work: Work) -> (Job, JobView) {
    let waker = ctx.clone();
    Job::start(work, move || waker.request_repaint())
}

/// What every end of a job brings: a line in the log, a run in the history, and the words of what failed.
fn conclude(history: &Worker, view: &JobView) -> Option<Action> {
    tracing::info!(kind = ?view.kind, bytes = view.now.done_bytes, ended = ?view.ended, "job");
    if let Some(run) = view.record() {
        history.ask(Request::Add(Box::new(run)));
    }
    match &view.ended {
        Some(Ended::Failed(error)) => Some(Action::Failed(error.clone())),
        _ => None,
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        let mut actions = self.poll_jobs();
        actions.extend(self.poll_dialog());
        actions.extend(self.poll_outside(ctx));
        actions.extend(self.poll_system(ctx));
        self.apply(ctx, actions);
        self.remember(ctx);
        if let Some(title) = self.title.follow(&self.state, self.pace) {
            ctx.send_viewport_cmd(ViewportCommand::Title(escape(title).into()));
        }
        if let Some(left) = self.clipboard.poll(Instant::now()) {
            ctx.request_repaint_after(left);
        }
        let is_held = self.job.is_some() && !self.state.job.as_ref().is_some_and(JobView::can_be_left);
        if self.may_close && !is_held {
            // A cancelled job has cleaned up by now, or has nothing to clean up.
            ctx.send_viewport_cmd(ViewportCommand::Close);
            ctx.request_repaint();
        } else if self.job.is_some() {
            ctx.request_repaint_after(self.pace);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.note_first_frame(ui.ctx());
        let actions = shell::view(ui, &self.state);
        let ctx = ui.ctx().clone();
        self.apply(&ctx, actions);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.clipboard.end();
        self.history.finish();
        self.state.settings.save();
    }
}
