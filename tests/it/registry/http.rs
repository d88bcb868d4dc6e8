//! Just enough HTTP to look at a registry without the program under test.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use super::image::{INDEX, MANIFEST};

/// An answer: status, head, body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Sends one request to `host`; every answer is read to its end.
pub(super) fn request(host: &str, method: &str, path: &str, media_type: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAccept: {INDEX}, {MANIFEST}\r\n\
         Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

pub(super) fn get(host: &str, path: &str) -> Answer {
    request(host, "GET", path, "", b"")
}

/// Puts a blob into a repository.
pub(super) fn put_blob(host: &str, repository: &str, content: &[u8]) {
    let begun = request(host, "POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"");
    let location = begun.header("location").unwrap().to_owned();
    let path = location.split_once(host).map_or(location.as_str(), |(_, path)| path);
    let sign = if path.contains('?') { '&' } else { '?' };
    let digest = crate::support::digest(content);
    let put =
        request(host, "PUT", &format!("{path}{sign}digest={digest}"), "application/octet-stream", content);
    assert_eq!(put.status, 201, "{}", put.head);
}

/// Puts a manifest under a tag or a digest.
pub(super) fn put_manifest(host: &str, repository: &str, reference: &str, media_type: &str, content: &[u8]) {
    let put = request(host, "PUT", &format!("/v2/{repository}/manifests/{reference}"), media_type, content);
    assert_eq!(put.status, 201, "{} {}", put.head, String::from_utf8_lossy(&put.body));
}

/// Digest of the manifest's bytes that a registry sends.
pub(super) fn manifest_digest(host: &str, repository: &str, reference: &str) -> Option<String> {
    let got = get(host, &format!("/v2/{repository}/manifests/{reference}"));
    (got.status == 200).then(|| crate::support::digest(&got.body))
}
