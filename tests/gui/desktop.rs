//! A desktop of its own for one test: an X server without a screen, a window manager, and the real program.
//!
//! What was done is told by facts: the window's title, the picture on the screen, files. Each wait has an end, and
//! a wait that ends without its fact leaves a picture of the screen under `target/window`.

use std::{
    cell::RefCell,
    ffi::OsStr,
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The longest wait for anything; a machine under load is slow, not wrong.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);

/// A program that ends with the test.
struct Running {
    program: String,
    child: RefCell<Child>,
    /// What it says.
    log: PathBuf,
}

impl Running {
    /// Starts `command`, which says what it says to a file in `home`; what goes to a pipe stays there.
    fn start(command: &mut Command, home: &Path, package: &str) -> Self {
        let program = command.get_program().to_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let log = home.join(format!("{program}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = command.stderr(file).spawn().unwrap_or_else(|e| {
            panic!("{command:?}: {e}; this test needs the package {package} (`make test` installs it)")
        });
        Self { program, child: RefCell::new(child), log }
    }

    /// The first line that it writes to the pipe at its other end; empty if it ended without.
    fn first_line(&self) -> String {
        let mut line = String::new();
        BufReader::new(self.child.borrow_mut().stdout.take().unwrap()).read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn has_ended(&self) -> bool {
        self.child.borrow_mut().try_wait().unwrap().is_some()
    }

    /// How it is, for a failure.
    fn state(&self) -> String {
        let ended = self.child.borrow_mut().try_wait().unwrap();
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        format!("{}: {ended:?}, said: {said}", self.program)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The desktop. Fields are dropped in this order: the server goes last.
pub(crate) struct Desktop {
    name: &'static str,
    app: Running,
    session: Vec<Running>,
    openbox: Running,
    xvfb: Running,
    display: String,
    window: String,
    home: TempDir,
}

impl Desktop {
    /// Starts it and waits for the program's window. `name` is for the picture of a failure.
    pub(crate) fn start(name: &'static str) -> Self {
        let home = TempDir::with_prefix_in("window-", env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self::start_in(name, home, Vec::new())
    }

    /// The same with a session bus and GNOME's keyring on it, which is unlocked.
    pub(crate) fn start_with_keyring(name: &'static str) -> Self {
        let home = TempDir::with_prefix_in("window-", env!("CARGO_TARGET_TMPDIR")).unwrap();
        let address = bus_address(home.path());
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address", "--address", &address]);
        let bus = Running::start(bus.stdin(Stdio::null()).stdout(Stdio::piped()), home.path(), "dbus-daemon");
        assert!(!bus.first_line().is_empty(), "{}", bus.state());
        let mut keyring = Command::new("gnome-keyring-daemon");
        keyring.args(["--foreground", "--unlock", "--components=secrets"]).env("HOME", home.path());
        keyring.env("XDG_RUNTIME_DIR", home.path()).env("DBUS_SESSION_BUS_ADDRESS", &address);
        for variable in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            keyring.env(variable, home.path().join(variable));
        }
        keyring.stdin(Stdio::piped()).stdout(Stdio::null());
        let keyring = Running::start(&mut keyring, home.path(), "gnome-keyring");
        keyring.child.borrow_mut().stdin.take().unwrap().write_all(b"of the login").unwrap();
        let desktop = Self::start_in(name, home, vec![keyring, bus]);
        desktop.wait("the keyring", |desktop| {
            desktop.on_bus("secret-tool", &["search", "service", "-"]).is_some()
        });
        desktop
    }

    fn start_in(name: &'static str, home: TempDir, session: Vec<Running>) -> Self {
        // One after the other: two that start at once on a cold machine were seen to keep each other from appearing.
        static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _turn = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (xvfb, display) = start_server(home.path());
        let on = |program: &str| {
            let mut command = Command::new(program);
            command.env("DISPLAY", &display).env("HOME", home.path()).env("LC_ALL", "C.UTF-8");
            command.env("XDG_CONFIG_HOME", home.path().join("config"));
            // No desktop of the machine's own may have a say.
            for variable in ["WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
                command.env_remove(variable);
            }
            command.stdin(Stdio::null()).stdout(Stdio::null());
            if !session.is_empty() {
                command.env("DBUS_SESSION_BUS_ADDRESS", bus_address(home.path()));
            }
            command
        };
        let openbox = Running::start(&mut on("openbox"), home.path(), "openbox");
        // It answers for the desktops once it manages windows: one that comes before may stay unseen.
        let answers = || has_desktops(&display);
        let began = Instant::now();
        while !answers() {
            assert!(began.elapsed() < PATIENCE, "{}\n{}", openbox.state(), xvfb.state());
            sleep(POLL);
        }
        let mut app = on(env!("CARGO_BIN_EXE_sealift"));
        app.env("LIBGL_ALWAYS_SOFTWARE", "1");
        let app = Running::start(&mut app, home.path(), "sealift");
        let window = String::new();
        let mut desktop = Self { name, app, session, openbox, xvfb, display, window, home };
        let mut window = String::new();
        desktop.wait("the window", |desktop| {
            window = desktop.xdotool(["search", "--onlyvisible", "--class", "sealift"]);
            !window.is_empty()
        });
        window.lines().next().unwrap().clone_into(&mut desktop.window);
        desktop.xdotool(["windowfocus", "--sync", &desktop.window]);
        desktop
    }

    /// A folder that goes away with the test.
    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.app.child.borrow().id()
    }

    /// What a program of the session says; nothing when it fails.
    pub(crate) fn on_bus(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.env("DBUS_SESSION_BUS_ADDRESS", bus_address(self.path())).args(arguments);
        let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; `make test` installs it"));
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// Text on the clipboard, as any other program gets it.
    pub(crate) fn clipboard(&self) -> String {
        let mut command = self.xclip();
        String::from_utf8(command.arg("-o").output().unwrap().stdout).unwrap()
    }

    /// Another program copies `text`.
    pub(crate) fn copy_elsewhere(&self, text: &str) {
        let mut copy = self.xclip();
        let mut copy = copy.arg("-i").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        copy.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(copy.wait().unwrap().success());
    }

    fn xclip(&self) -> Command {
        let mut command = Command::new("xclip");
        command.env("DISPLAY", &self.display).args(["-selection", "clipboard"]).stderr(Stdio::null());
        command
    }

    /// Closes the window as its frame does, and waits for the program to end.
    pub(crate) fn close(&mut self) {
        self.xdotool(["key", "alt+F4"]);
        assert!(self.app.child.get_mut().wait().unwrap().success());
    }

    /// Waits until nothing moves any more.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let (mut last, mut num_same) = (Vec::new(), 0);
        self.wait("stillness", |desktop| {
            let now = desktop.picture();
            num_same = if now == last { num_same + 1 } else { 0 };
            last = now;
            num_same == 8
        });
    }

    /// Drops `file` on the middle of the window.
    pub(crate) fn drop_file(&self, file: &Path) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gui/drop.py");
        // Debian's own has python3-xlib; another may come first in PATH.
        let debians = Path::new("/usr/bin/python3");
        let mut command = Command::new(if debians.exists() { debians } else { Path::new("python3") });
        command
            .env("DISPLAY", &self.display)
            .arg(script)
            .args([self.window.as_str(), "640", "400"])
            .arg(file);
        assert!(command.status().unwrap().success(), "python3-xlib drops the file");
    }

    /// Types `text`, and waits until that is seen.
    pub(crate) fn type_text(&self, text: &str) {
        self.seen(&["type", "--delay", "20", text]);
    }

    /// Presses a key, and waits until that is seen.
    pub(crate) fn press(&self, key: &str) {
        self.seen(&["key", key]);
    }

    /// Presses a key that starts or ends a job: the picture of one that runs never stands still.
    pub(crate) fn press_on(&self, key: &str) {
        self.xdotool(["key", key]);
    }

    /// Waits until the window's title contains `words`.
    #[track_caller]
    pub(crate) fn wait_title(&self, words: &str) {
        self.wait(words, |desktop| desktop.title().contains(words));
    }

    /// Waits for a file to be there.
    #[track_caller]
    pub(crate) fn wait_file(&self, path: &Path) {
        self.wait(&path.display().to_string(), |_| path.exists());
    }

    fn title(&self) -> String {
        self.xdotool(["getwindowname", &self.window])
    }

    /// Does something, waits for the picture to change, then for it to stand still.
    #[track_caller]
    fn seen(&self, arguments: &[&str]) {
        let before = self.picture();
        self.xdotool(arguments);
        let mut last = Vec::new();
        self.wait(arguments.last().unwrap(), |desktop| {
            let now = desktop.picture();
            let is_still = now != before && now == last;
            last = now;
            is_still
        });
    }

    /// The window's pixels.
    fn picture(&self) -> Vec<u8> {
        let mut command = Command::new("import");
        command.env("DISPLAY", &self.display).args(["-silent", "-window", &self.window, "rgb:-"]);
        command.output().unwrap().stdout
    }

    /// Waits until `is_so`.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            let parts = || [&self.app, &self.openbox, &self.xvfb].into_iter().chain(&self.session);
            if began.elapsed() > PATIENCE || parts().any(Running::has_ended) {
                let picture = self.keep_picture();
                let mut said = String::new();
                parts().for_each(|part| writeln!(said, "{}", part.state()).unwrap());
                panic!(
                    "waited in vain for {what}; the title is {:?}, see {}\n{said}\n{}",
                    self.title(),
                    picture.display(),
                    waits_of(self.pid())
                );
            }
            sleep(POLL);
        }
    }

    fn keep_picture(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("window");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.png", self.name));
        let mut command = Command::new("import");
        let _ =
            command.env("DISPLAY", &self.display).args(["-silent", "-window", "root"]).arg(&path).status();
        path
    }

    fn xdotool<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let output = Command::new("xdotool").env("DISPLAY", &self.display).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn bus_address(home: &Path) -> String {
    format!("unix:path={}", home.join("bus").display())
}

/// An X server and its display. One that found its number taken ends, and is started again.
fn start_server(home: &Path) -> (Running, String) {
    let mut said = String::new();
    for _ in 0..3 {
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x860x24", "-nolisten", "tcp", "-noreset"]);
        let xvfb = Running::start(xvfb.stdin(Stdio::null()).stdout(Stdio::piped()), home, "xvfb");
        let number = xvfb.first_line();
        if !number.is_empty() {
            return (xvfb, format!(":{number}"));
        }
        let _ = xvfb.child.borrow_mut().wait();
        said = xvfb.state();
    }
    panic!("no X server: {said}");
}

/// Whether a window manager tells of its desktops.
fn has_desktops(display: &str) -> bool {
    let output = Command::new("xdotool").env("DISPLAY", display).arg("get_num_desktops").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().is_ok_and(|num: u32| num > 0)
}

/// What each thread of a process waits for, for a failure.
fn waits_of(pid: u32) -> String {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return String::new() };
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let task = |task: std::fs::DirEntry| {
        let path = task.path();
        format!("{}: {} {}", read(path.join("comm")), read(path.join("wchan")), read(path.join("syscall")))
    };
    tasks.flatten().map(task).collect::<Vec<_>>().join("\n")
}
