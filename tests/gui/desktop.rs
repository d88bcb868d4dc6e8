//! A desktop of its own for one test: an X server without a screen, a window manager, and the real program.
//!
//! What was done is told by facts: the window's title, the picture on the screen, files. Each wait has an end, and
//! a wait that ends without its fact leaves a picture of the screen under `target/window`.

use std::{
    ffi::OsStr,
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
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The desktop. Fields are dropped in this order: the server goes last.
pub(crate) struct Desktop {
    name: &'static str,
    app: Running,
    _session: Vec<Running>,
    _openbox: Running,
    _xvfb: Running,
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
        let mut bus = started(bus.stdout(Stdio::piped()), "dbus-daemon");
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let mut keyring = Command::new("gnome-keyring-daemon");
        keyring.args(["--foreground", "--unlock", "--components=secrets"]).env("HOME", home.path());
        keyring.env("XDG_RUNTIME_DIR", home.path()).env("DBUS_SESSION_BUS_ADDRESS", &address);
        for variable in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            keyring.env(variable, home.path().join(variable));
        }
        keyring.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = keyring.spawn().expect("the package gnome-keyring is installed");
        keyring.stdin.take().unwrap().write_all(b"of the login").unwrap();
        let desktop = Self::start_in(name, home, vec![Running(keyring), Running(bus)]);
        desktop.wait("the keyring", |desktop| {
            desktop.on_bus("secret-tool", &["search", "service", "-"]).is_some()
        });
        desktop
    }

    fn start_in(name: &'static str, home: TempDir, session: Vec<Running>) -> Self {
        // One after the other: two that start at once on a cold machine were seen to keep each other from appearing.
        static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _turn = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x860x24", "-nolisten", "tcp"]);
        let mut xvfb = started(xvfb.stdout(Stdio::piped()), "xvfb");
        let mut line = String::new();
        BufReader::new(xvfb.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let display = format!(":{}", line.trim());
        let on = |program: &str| {
            let mut command = Command::new(program);
            command.env("DISPLAY", &display).env("HOME", home.path()).env("LC_ALL", "C.UTF-8");
            command.env("XDG_CONFIG_HOME", home.path().join("config"));
            // No desktop of the machine's own may have a say.
            for variable in ["WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
                command.env_remove(variable);
            }
            if !session.is_empty() {
                command.env("DBUS_SESSION_BUS_ADDRESS", bus_address(home.path()));
            }
            command
        };
        let openbox = started(&mut on("openbox"), "openbox");
        let app = started(on(env!("CARGO_BIN_EXE_sealift")).env("LIBGL_ALWAYS_SOFTWARE", "1"), "sealift");
        let mut desktop = Self {
            name,
            app: Running(app),
            _session: session,
            _openbox: Running(openbox),
            _xvfb: Running(xvfb),
            display: display.clone(),
            window: String::new(),
            home,
        };
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
        self.app.0.id()
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
        assert!(self.app.0.wait().unwrap().success());
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
            if began.elapsed() > PATIENCE {
                let picture = self.keep_picture();
                panic!(
                    "waited in vain for {what}; the title is {:?}, see {}",
                    self.title(),
                    picture.display()
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

fn started(command: &mut Command, package: &str) -> Child {
    command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|e| {
        panic!("{command:?}: {e}; this test needs the package {package} (`make test` installs it)")
    })
}
