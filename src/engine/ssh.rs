//! An engine behind ssh: each connection is one run of the user's own ssh, with its keys, its agent and its hosts, which
//! speaks with `docker system dial-stdio` there. So does Docker's program: Docker CLI reference, "docker context", SSH.
//!
//! A run ends with its connection: what it reads from is a pipe of this process.

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker as Client, errors::Error as ClientError};
use hyper_util::{
    client::legacy::{
        Client as HttpClient,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo},
};
use reqwest::Url;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, Join, ReadBuf, join},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

/// More than ssh says when it fails.
const MAX_SAID_BYTES: u64 = 4 << 10;
/// How long ssh may take to end once its connection broke.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What ssh said on its error output, once it has ended.
type Said = Arc<Mutex<Option<JoinHandle<String>>>>;

/// A client of the engine at `address`, `ssh://[USER@]HOST[:PORT]`. `program` answers there: docker or podman.
pub(super) fn connect(address: &str, program: &'static str, seconds: u64) -> Result<Client, ClientError> {
    let unsupported = || ClientError::UnsupportedURISchemeError { uri: address.to_owned() };
    let url = Url::parse(address).map_err(|_| unsupported())?;
    let host = url.host_str().filter(|_| matches!(url.path(), "" | "/")).ok_or_else(unsupported)?;
    let mut args: Vec<String> = ["-T", "-o", "BatchMode=yes"].map(String::from).to_vec();
    if !url.username().is_empty() {
        args.extend(["-l".into(), url.username().into()]);
    }
    if let Some(port) = url.port() {
        args.extend(["-p".into(), port.to_string()]);
    }
    // Behind the dashes nothing is an option, whatever the host is called.
    args.extend(["--", host, program, "system", "dial-stdio"].map(String::from));
    let said = Said::default();
    let connector = Connector { args: Arc::new(args), said: Arc::clone(&said) };
    let http = HttpClient::builder(TokioExecutor::new()).build(connector);
    let transport = move |request: BollardRequest| {
        let (asked, said) = (http.request(request), Arc::clone(&said));
        async move {
            match asked.await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(last_words(&said).await.unwrap_or_else(|| io::Error::other(error)).into()),
            }
        }
    };
    Client::connect_with_custom_transport(transport, Some("http://docker"), seconds, API_DEFAULT_VERSION)
}

/// Why ssh ended, if it said so.
async fn last_words(said: &Said) -> Option<io::Error> {
    let listening = said.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let text = timeout(LAST_WORDS, listening).await.ok()?.ok()?;
    let is_denied = text.contains("Permission denied") || text.contains("Host key verification failed");
    let kind = if is_denied { io::ErrorKind::PermissionDenied } else { io::ErrorKind::ConnectionRefused };
    (!text.trim().is_empty()).then(|| io::Error::new(kind, text.trim().to_owned()))
}

/// Starts an ssh for each connection.
#[derive(Clone)]
struct Connector {
    args: Arc<Vec<String>>,
    said: Said,
}

impl Connector {
    fn start(&self) -> io::Result<TokioIo<Stream>> {
        let mut command = Command::new("ssh");
        command.args(&*self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let pipes = child.stdout.take().zip(child.stdin.take());
        let (output, input) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        if let Some(stderr) = child.stderr.take() {
            let listen = tokio::spawn(async move {
                let mut text = Vec::new();
                let _ = stderr.take(MAX_SAID_BYTES).read_to_end(&mut text).await;
                String::from_utf8_lossy(&text).into_owned()
            });
            *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(listen);
        }
        Ok(TokioIo::new(Stream { pipes: join(output, input), _ssh: child }))
    }
}

impl tower_service::Service<hyper::Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<Stream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: hyper::Uri) -> Self::Future {
        ready(self.start())
    }
}

/// The pipes of an ssh, which is stopped with them.
struct Stream {
    pipes: Join<ChildStdout, ChildStdin>,
    _ssh: Child,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipes).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipes).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipes).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipes).poll_shutdown(cx)
    }
}
