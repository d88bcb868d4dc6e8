//! A server that answers as a test wants: what no real registry would do.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

/// What was asked.
pub(crate) struct Request {
    /// Counted from 0 over all connections.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The length that is promised, where it is not the body's.
    promised: Option<usize>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), promised: None }
    }

    pub(crate) fn body(body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..Self::status(200) }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::body(value.to_string().as_bytes()).with("Content-Type", "application/json")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Promises the whole body and breaks off after `len` bytes.
    pub(crate) fn cut(mut self, len: usize) -> Self {
        self.promised = Some(self.body.len());
        self.body.truncate(len);
        self
    }
}

/// The server; its threads end with the test process.
pub(crate) struct Fake {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), answer)
    }

    pub(crate) fn start_at(
        address: IpAddr,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer, count) = (Arc::clone(&seen), Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer, count) = (Arc::clone(&log), Arc::clone(&answer), Arc::clone(&count));
                thread::spawn(move || serve(stream, &log, answer.as_ref(), &count));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn num_requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// All heads of requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The same as one text.
    pub(crate) fn seen(&self) -> String {
        self.heads().join("\n")
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &dyn Fn(&Request) -> Reply,
    count: &AtomicUsize,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    // A TLS greeting is answered as by any server of plain HTTP.
    if reader.fill_buf().map_or(true, |start| start.first().is_none_or(|byte| *byte == 0x16)) {
        let _ = (&stream).write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
        let _ = stream.shutdown(Shutdown::Write);
        let _ = std::io::copy(&mut reader, &mut std::io::sink());
        return;
    }
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        head.push(line.to_owned());
    }
    let mut words = head[0].split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let headers: Vec<(String, String)> = head[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    log.lock().unwrap().push(head.join("\n"));
    let mut request = Request { number: count.fetch_add(1, SeqCst), method, path, headers, body: Vec::new() };
    let len = request.header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
    reader.take(len).read_to_end(&mut request.body).unwrap();
    request.path.truncate(2000);
    let reply = answer(&request);
    let mut text = format!("HTTP/1.1 {} Test\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    write!(text, "Content-Length: {}\r\n\r\n", reply.promised.unwrap_or(reply.body.len())).unwrap();
    let mut stream = stream;
    let _ = stream.write_all(text.as_bytes());
    if request.method != "HEAD" {
        let _ = stream.write_all(&reply.body);
    }
}
