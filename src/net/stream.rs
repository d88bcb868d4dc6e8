//! Bodies of responses as `Read`, and `Write` as bodies of requests.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt, stream::BoxStream};
use tokio::sync::mpsc;

use super::block_on;
use crate::{
    error::{Code, Error},
    job::Ctx,
};

/// Pieces of a request's body that wait to be sent.
const PIECES_AHEAD: usize = 4;
/// Bytes of a piece.
const PIECE_BYTES: usize = 1 << 20;

/// The body of a response.
pub(crate) struct BodyReader {
    ctx: Ctx,
    body: BoxStream<'static, io::Result<Bytes>>,
    piece: Bytes,
}

impl BodyReader {
    /// Reads `body`; its errors should be [`Error`]s in an [`io::Error`], which keep their words.
    pub(crate) fn new(ctx: &Ctx, body: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self { ctx: ctx.clone(), body: body.boxed(), piece: Bytes::new() }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match block_on(&self.ctx, self.body.next())? {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let len = buf.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buf[..len]);
        Ok(len)
    }
}

/// The writing end of a request's body. Dropped without [`Pipe::end`], it breaks the request off, so that no
/// server takes a part for the whole.
pub(crate) struct Pipe {
    ctx: Ctx,
    sender: mpsc::Sender<Piece>,
    piece: Vec<u8>,
}

/// What travels from a [`Pipe`] to its body.
enum Piece {
    Bytes(Bytes),
    /// All was written: a channel that closes without it was broken off.
    End,
}

/// The body that a [`Pipe`] feeds.
pub(crate) struct PipeBody {
    pieces: mpsc::Receiver<Piece>,
    taken: Arc<Taken>,
    ended: bool,
}

/// What was taken from a body.
#[derive(Default)]
struct Taken {
    num_pieces: AtomicUsize,
    /// Whether more was asked for than was there.
    is_hungry: AtomicBool,
}

/// A body and the end that writes it.
pub(crate) fn pipe(ctx: &Ctx) -> (Pipe, PipeBody) {
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let body = PipeBody { pieces: receiver, taken: Arc::default(), ended: false };
    (Pipe { ctx: ctx.clone(), sender, piece: Vec::new() }, body)
}

impl Pipe {
    fn send(&self, piece: Piece) -> io::Result<()> {
        // The reader's own error is the one to report; this one only stops the writer.
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        block_on(&self.ctx, self.sender.send(piece))?.map_err(gone)
    }

    /// Sends `bytes` as they are, after what was written.
    pub(crate) fn put(&mut self, bytes: Bytes) -> io::Result<()> {
        self.flush()?;
        self.send(Piece::Bytes(bytes))
    }

    /// Sends what is left; the body ends here.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.send(Piece::End)
    }
}

impl Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.piece.capacity() == 0 {
            self.piece.reserve_exact(PIECE_BYTES);
        }
        let len = buf.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&buf[..len]);
        if self.piece.len() == PIECE_BYTES {
            self.flush()?;
        }
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.piece);
        self.send(Piece::Bytes(piece.into()))
    }
}

impl PipeBody {
    /// Ends when for `limit` nothing was taken from the body, or for up to twice as long. One that waits for its writer
    /// is not stalled.
    pub(crate) fn stalled(&self, limit: Duration) -> impl Future<Output = ()> + Send + 'static {
        let taken = Arc::clone(&self.taken);
        async move {
            let mut before = None;
            loop {
                let now = taken.num_pieces.load(Relaxed);
                if before.replace(now) == Some(now) && !taken.is_hungry.load(Relaxed) {
                    return;
                }
                tokio::time::sleep(limit).await;
            }
        }
    }
}

impl Stream for PipeBody {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = self.pieces.poll_recv(cx);
        self.taken.is_hungry.store(polled.is_pending(), Relaxed);
        polled.map(|piece| match piece {
            Some(Piece::Bytes(bytes)) => {
                self.taken.num_pieces.fetch_add(1, Relaxed);
                Some(Ok(bytes))
            }
            Some(Piece::End) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(Error::new(Code::Cancelled).into()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use crate::net::runtime;

    #[test]
    fn what_is_written_into_a_pipe_is_read_from_its_body() {
        let ctx = Ctx::new();
        let (mut pipe, body) = pipe(&ctx);
        let sent: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
        let expected = sent.clone();
        let writer = std::thread::spawn(move || {
            pipe.write_all(&sent).unwrap();
            pipe.end().unwrap();
        });
        let mut read = Vec::new();
        BodyReader::new(&ctx, body).read_to_end(&mut read).unwrap();
        writer.join().unwrap();
        assert!(read == expected);
    }

    #[test]
    fn a_body_is_stalled_when_nothing_is_taken_from_it_and_not_before() {
        const LIMIT: Duration = Duration::from_secs(1);
        let (pipe, mut body) = pipe(&Ctx::new());
        let mut stalled = std::pin::pin!(body.stalled(LIMIT));
        runtime().unwrap().block_on(async {
            for _ in 0..25 {
                pipe.sender.send(Piece::Bytes(Bytes::from_static(b"x"))).await.ok().unwrap();
                body.next().await.unwrap().unwrap();
                assert!(timeout(LIMIT / 10, &mut stalled).await.is_err());
            }
            timeout(LIMIT * 20, stalled).await.unwrap();
        });
    }

    #[test]
    fn a_body_that_waits_for_its_writer_is_not_stalled() {
        const LIMIT: Duration = Duration::from_millis(100);
        let (pipe, mut body) = pipe(&Ctx::new());
        let mut stalled = std::pin::pin!(body.stalled(LIMIT));
        runtime().unwrap().block_on(async {
            assert!(timeout(LIMIT, body.next()).await.is_err(), "there is nothing to take");
            assert!(timeout(LIMIT * 5, &mut stalled).await.is_err());
            pipe.sender.send(Piece::Bytes(Bytes::from_static(b"x"))).await.ok().unwrap();
            body.next().await.unwrap().unwrap();
            timeout(LIMIT * 100, stalled).await.unwrap();
        });
    }

    #[test]
    fn a_pipe_that_is_dropped_breaks_its_body_off_and_a_cancelled_wait_ends() {
        let ctx = Ctx::new();
        let (mut broken, body) = pipe(&ctx);
        broken.write_all(b"half").unwrap();
        drop(broken);
        assert!(BodyReader::new(&ctx, body).read_to_end(&mut Vec::new()).is_err());

        let (open, body) = pipe(&ctx);
        ctx.cancel();
        let error = BodyReader::new(&ctx, body).read(&mut [0]).unwrap_err();
        assert_eq!(Error::from_stream(Code::Read, error).code(), Code::Cancelled);
        drop(open);
    }
}
