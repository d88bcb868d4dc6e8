//! One window for each user and display: a second start hands its files to the first window and ends.
//!
//! A lock file says who is first; it is released when its process ends, however it ends, so nothing is ever stale.
//! The files come through a Unix socket beside it: paths with NUL between them, ended by closing, answered by one byte.

use std::path::PathBuf;

use crossbeam_channel::Receiver;

/// What a start came to.
pub(crate) enum Claim {
    /// This is the first window; later starts bring their files through the channel.
    First(Listener),
    /// The first window has the files.
    Forwarded,
    /// There is no telling; this window stands for itself.
    Alone,
}

/// The first window's ear. The claim ends with it.
pub(crate) struct Listener {
    /// Files that later starts bring; none when they only want the window.
    pub(crate) brought: Receiver<Vec<PathBuf>>,
    #[cfg(unix)]
    _lock: std::fs::File,
}

/// Claims the display for this process, or gives `paths` to the window that has it.
#[cfg(unix)]
pub(crate) fn claim(paths: &[PathBuf], wake: impl Fn() + Send + 'static) -> Claim {
    let Some(folder) = super::folders::runtime() else { return Claim::Alone };
    unix::claim(&folder, &unix::name(), paths, wake).unwrap_or_else(|error| {
        tracing::warn!(%error, "no single window");
        Claim::Alone
    })
}

#[cfg(not(unix))]
pub(crate) fn claim(_: &[PathBuf], _: impl Fn() + Send + 'static) -> Claim {
    Claim::Alone
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsString,
        fs::{File, OpenOptions, Permissions, TryLockError},
        io::{self, Read, Write},
        os::unix::{
            ffi::{OsStrExt, OsStringExt},
            fs::{OpenOptionsExt, PermissionsExt},
            net::{UnixListener, UnixStream},
        },
        path::{Path, PathBuf},
        time::{Duration, Instant},
    };

    use crossbeam_channel::{Sender, bounded};

    use super::{Claim, Listener};

    /// Most bytes that one start may bring: thousands of long paths.
    const MAX_BYTES: u64 = 1 << 20;
    /// How long either side waits for the other.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// Between two attempts to reach a window that is just starting.
    const RETRY: Duration = Duration::from_millis(50);
    const HEARD: u8 = b'+';

    /// A name for this display: windows on another one are another's.
    pub(super) fn name() -> String {
        let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().find_map(std::env::var_os).unwrap_or_default();
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        format!("sealift{}", display.to_string_lossy().chars().map(safe).collect::<String>())
    }

    pub(super) fn claim(
        folder: &Path,
        name: &str,
        paths: &[PathBuf],
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Claim> {
        sealift::create_private_dir(folder).map_err(io::Error::other)?;
        let lock = folder.join(format!("{name}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock)?;
        let socket = folder.join(format!("{name}.socket"));
        match lock.try_lock() {
            Ok(()) => listen(&socket, lock, wake).map(Claim::First),
            Err(TryLockError::WouldBlock) => forward(&socket, paths).map(|()| Claim::Forwarded),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn listen(socket: &Path, lock: File, wake: impl Fn() + Send + 'static) -> io::Result<Listener> {
        // We hold the lock, so whoever made this socket is gone.
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(socket)?;
        std::fs::set_permissions(socket, Permissions::from_mode(0o600))?;
        let (sender, brought) = bounded(16);
        std::thread::Builder::new().name("instance".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Err(error) = hear(stream, &sender) {
                    tracing::warn!(%error, "a second start was not understood");
                }
                wake();
            }
        })?;
        Ok(Listener { brought, _lock: lock })
    }

    /// Takes what one start brings, unless another user sends it.
    fn hear(mut stream: UnixStream, sender: &Sender<Vec<PathBuf>>) -> io::Result<()> {
        let peer = rustix::net::sockopt::socket_peercred(&stream)?;
        if peer.uid != rustix::process::getuid() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut bytes = Vec::new();
        (&stream).take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let paths = bytes.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        let paths = paths.map(|path| PathBuf::from(OsString::from_vec(path.to_vec())));
        // A relative path would be another file here.
        let paths = paths.filter(|path| path.is_absolute()).collect();
        sender.try_send(paths).map_err(|_| io::Error::from(io::ErrorKind::ResourceBusy))?;
        stream.write_all(&[HEARD])
    }

    /// Gives `paths` to the first window, which may still be starting.
    fn forward(socket: &Path, paths: &[PathBuf]) -> io::Result<()> {
        let begun = Instant::now();
        let mut stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if begun.elapsed() > PATIENCE => return Err(error),
                Err(_) => std::thread::sleep(RETRY),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let paths: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
        stream.write_all(&paths.join(&0))?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut answer = [0];
        stream.read_exact(&mut answer)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn first(folder: &Path) -> Listener {
            match claim(folder, "sealift", &[], || {}).unwrap() {
                Claim::First(listener) => listener,
                _ => panic!("someone else is first"),
            }
        }

        #[test]
        fn a_second_start_hands_over_its_files() {
            let dir = tempfile::tempdir().unwrap();
            let listener = first(dir.path());
            let mode = std::fs::metadata(dir.path().join("sealift.socket")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            for paths in [vec![PathBuf::from("/media/交付 一.sealift"), "/tmp/b.tar".into()], vec![]] {
                assert!(matches!(claim(dir.path(), "sealift", &paths, || {}), Ok(Claim::Forwarded)));
                assert_eq!(listener.brought.recv().unwrap(), paths);
            }
        }

        #[test]
        fn what_a_dead_window_left_is_no_obstacle() {
            let dir = tempfile::tempdir().unwrap();
            drop(first(dir.path()));
            assert!(dir.path().join("sealift.socket").exists());
            first(dir.path());
        }

        #[test]
        fn too_much_and_relative_paths_are_refused() {
            let dir = tempfile::tempdir().unwrap();
            let listener = first(dir.path());
            let socket = dir.path().join("sealift.socket");
            let long = PathBuf::from(format!("/{}", "a".repeat(1 << 20)));
            assert!(forward(&socket, &[long]).is_err());
            forward(&socket, &["a.tar".into(), "/b.tar".into()]).unwrap();
            assert_eq!(listener.brought.recv().unwrap(), [PathBuf::from("/b.tar")]);
        }
    }
}
