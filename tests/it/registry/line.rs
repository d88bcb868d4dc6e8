//! A line to a server that breaks or falls silent once, when enough went through it.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

/// What happens to the connection that carries the decisive byte. Others go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Cut,
    /// What comes is swallowed.
    Silence,
}

/// Which bytes are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    ToServer,
    FromServer,
}

/// The line; its threads end with the test process.
pub(super) struct Line {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    fault: Fault,
    way: Way,
    after_bytes: u64,
    num_bytes: AtomicU64,
    happened: AtomicBool,
}

impl Line {
    pub(super) fn to(server: &str, way: Way, after_bytes: u64, fault: Fault) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            fault,
            way,
            after_bytes,
            num_bytes: AtomicU64::new(0),
            happened: AtomicBool::new(false),
        });
        let (server, shared) = (server.to_owned(), Arc::clone(&state));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                for (way, from, to) in
                    [(Way::ToServer, &client, &server), (Way::FromServer, &server, &client)]
                {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let state = Arc::clone(&shared);
                    thread::spawn(move || state.carry(way, from, to));
                }
            }
        });
        Self { address, state }
    }

    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Whether the fault came.
    pub(super) fn happened(&self) -> bool {
        self.state.happened.load(SeqCst)
    }
}

impl State {
    fn carry(&self, way: Way, mut from: TcpStream, mut to: TcpStream) {
        let mut buf = vec![0; 64 << 10];
        let mut silent = false;
        while let Ok(len @ 1..) = from.read(&mut buf) {
            if way == self.way && !silent {
                let before = self.num_bytes.fetch_add(len as u64, SeqCst);
                if before + len as u64 >= self.after_bytes && !self.happened.swap(true, SeqCst) {
                    match self.fault {
                        Fault::Cut => break,
                        Fault::Silence => silent = true,
                    }
                }
            }
            if !silent && to.write_all(&buf[..len]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
