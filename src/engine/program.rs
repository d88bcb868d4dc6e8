//! An engine's own program: its answers, what it streams out and what it takes in.

use std::{
    env,
    ffi::OsString,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use super::{Load, engine_error};
use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::{Task, block_on, enter, spawn},
};

/// Longest answer: a listing of 10,000 images.
const MAX_ANSWER_BYTES: u64 = 64 << 20;
/// Bytes kept of what a program complains.
const MAX_COMPLAINT_BYTES: usize = 4096;
/// How often a wait looks whether the engine still listens.
const ALIVE_POLL: Duration = Duration::from_secs(1);

/// A program and the arguments that stand before every verb.
#[derive(Clone, Debug)]
pub(super) struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    engine: Served,
}

/// The engine behind a program.
#[derive(Clone, Debug)]
struct Served {
    /// What to call it in errors.
    place: String,
    /// Where it listens, if it does: `ctr` waits for ever for one that died.
    socket: Option<PathBuf>,
}

impl Served {
    /// Waits for `future`, as long as the engine listens.
    fn wait<T>(&self, ctx: &Ctx, future: impl Future<Output = T>) -> Result<T> {
        block_on(ctx, async {
            tokio::select! {
                biased;
                value = future => Ok(value),
                why = self.gone() => Err(engine_error(Code::EngineUnreachable, &self.place, why)),
            }
        })?
    }

    /// Ends when nothing listens any more.
    async fn gone(&self) -> io::Error {
        loop {
            tokio::time::sleep(ALIVE_POLL).await;
            if let Some(why) = self.socket.as_deref().and_then(refusal) {
                return why;
            }
        }
    }
}

/// Why nobody answers at `socket`; nothing where somebody does, or is busy.
#[cfg(unix)]
fn refusal(socket: &Path) -> Option<io::Error> {
    let refused = std::os::unix::net::UnixStream::connect(socket).err()?;
    matches!(refused.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound).then_some(refused)
}

#[cfg(not(unix))]
fn refusal(_socket: &Path) -> Option<io::Error> {
    None
}

impl Program {
    /// Looks for `name` on the PATH.
    ///
    /// # Errors
    /// [`Code::NoProgram`].
    pub(super) fn find(name: &str, place: &str) -> Result<Self> {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        let folders = env::var_os("PATH").unwrap_or_default();
        let found = env::split_paths(&folders).map(|folder| folder.join(&file)).find(|path| path.is_file());
        let path = found.ok_or_else(|| Error::new(Code::NoProgram).with(Fact::Program, name))?;
        let engine = Served { place: place.to_owned(), socket: None };
        Ok(Self { path, args: Vec::new(), engine })
    }

    /// Puts `args` before every verb.
    pub(super) fn with(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(OsString::from));
        self
    }

    /// Says where the engine listens.
    pub(super) fn served_at(mut self, socket: &Path) -> Self {
        self.engine.socket = Some(socket.to_owned());
        self
    }

    pub(super) fn place(&self) -> &str {
        &self.engine.place
    }

    fn start(&self, args: &[&str], stdin: Stdio, stdout: Stdio) -> Result<Running> {
        let mut command = Command::new(&self.path);
        command.args(&self.args).args(args).stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        tracing::debug!(?command);
        let _runtime = enter()?;
        let mut child = command
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| engine_error(Code::EngineFailed, self.place(), e))?;
        let complaint = spawn(read_tail(child.stderr.take()))?;
        Ok(Running { child, complaint, engine: self.engine.clone() })
    }

    /// What the program prints.
    pub(super) fn output(&self, ctx: &Ctx, args: &[&str]) -> Result<Vec<u8>> {
        let mut answer = Vec::new();
        let limited = self.read(ctx, args)?.take(MAX_ANSWER_BYTES).read_to_end(&mut answer);
        limited.map_err(|e| Error::from_stream(Code::EngineFailed, e))?;
        Ok(answer)
    }

    /// What the program prints, as it comes. The read that meets the end fails if the program did.
    pub(super) fn read(&self, ctx: &Ctx, args: &[&str]) -> Result<ProgramReader> {
        let mut running = self.start(args, Stdio::null(), Stdio::piped())?;
        let stdout = running.child.stdout.take();
        Ok(ProgramReader { ctx: ctx.clone(), stdout, running: Some(running) })
    }

    /// Feeds the program.
    pub(super) fn write(&self, ctx: &Ctx, args: &[&str]) -> Result<Box<dyn Load>> {
        let mut running = self.start(args, Stdio::piped(), Stdio::null())?;
        let stdin = running.child.stdin.take();
        Ok(Box::new(ProgramWriter { ctx: ctx.clone(), stdin, running }))
    }
}

/// A program at work; killed when dropped.
struct Running {
    child: Child,
    complaint: Task<String>,
    engine: Served,
}

impl Running {
    /// Waits for its end, which must be a good one.
    fn end(mut self, ctx: &Ctx) -> Result<()> {
        let place = &self.engine.place;
        let failed = |detail: String| {
            let is_full = detail.contains("no space left");
            engine_error(if is_full { Code::DiskFull } else { Code::EngineFailed }, place, detail)
        };
        let status = self.engine.wait(ctx, self.child.wait())?.map_err(|e| failed(e.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let complaint = self.complaint.wait(ctx)?;
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let detail = if last.is_empty() { status.to_string() } else { last.trim().to_owned() };
        let is_away = ["connection refused", "no such file or directory", "deadline exceeded"];
        if complaint.contains("dial") && is_away.iter().any(|text| complaint.contains(text)) {
            return Err(engine_error(Code::EngineUnreachable, place, detail));
        }
        if complaint.contains("dial") && complaint.contains("permission denied") {
            return Err(engine_error(Code::EngineDenied, place, detail));
        }
        Err(failed(detail))
    }
}

/// The end of what a program complains.
async fn read_tail(stderr: Option<ChildStderr>) -> String {
    let mut tail = Vec::new();
    let mut buf = [0; MAX_COMPLAINT_BYTES];
    if let Some(mut stderr) = stderr {
        while let Ok(len @ 1..) = stderr.read(&mut buf).await {
            tail.extend_from_slice(&buf[..len]);
            tail.drain(..tail.len().saturating_sub(MAX_COMPLAINT_BYTES));
        }
    }
    String::from_utf8_lossy(&tail).into_owned()
}

/// A program's output.
pub(super) struct ProgramReader {
    ctx: Ctx,
    stdout: Option<ChildStdout>,
    running: Option<Running>,
}

impl Read for ProgramReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (Some(stdout), Some(running)) = (&mut self.stdout, &self.running) else { return Ok(0) };
        let len = running.engine.wait(&self.ctx, stdout.read(buf))??;
        if len == 0 && !buf.is_empty() {
            self.stdout = None;
            self.running.take().map_or(Ok(()), |running| running.end(&self.ctx))?;
        }
        Ok(len)
    }
}

/// A program's input.
struct ProgramWriter {
    ctx: Ctx,
    stdin: Option<ChildStdin>,
    running: Running,
}

impl Write for ProgramWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        self.running.engine.wait(&self.ctx, stdin.write(buf))?
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.as_mut().map_or(Ok(()), |stdin| self.running.engine.wait(&self.ctx, stdin.flush())?)
    }
}

impl Load for ProgramWriter {
    fn end(mut self: Box<Self>) -> Result<()> {
        let flushed = self.flush();
        drop(self.stdin.take());
        let place = self.running.engine.place.clone();
        self.running.end(&self.ctx)?;
        flushed.map_err(|e| engine_error(Code::EngineFailed, &place, e))
    }

    fn failed(mut self: Box<Self>) -> Option<Error> {
        drop(self.stdin.take());
        self.running.end(&self.ctx).err()
    }
}
