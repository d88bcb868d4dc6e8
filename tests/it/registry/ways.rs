//! The ways a blob takes into a registry: one request that streams, chunks, and what is between them.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use super::{
    User,
    fake::{Fake, Reply, Request},
    image::{Archive, MANIFEST, archive, noise},
};
use crate::support::digest;

/// Bytes of the one large layer.
const LAYER_BYTES: usize = 40 << 20;

/// What a registry has.
#[derive(Default)]
struct Held {
    content: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, Vec<u8>>,
    num_begun: usize,
}

impl Held {
    fn answer(&mut self, request: &Request) -> Reply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        match request.method.as_str() {
            "POST" => {
                self.num_begun += 1;
                let at = format!("{path}{}", self.num_begun);
                self.uploads.insert(at.clone(), Vec::new());
                Reply::status(202).with("Location", &at)
            }
            "PATCH" => {
                let Some(upload) = self.uploads.get_mut(path) else { return Reply::status(404) };
                upload.extend_from_slice(&request.body);
                Reply::status(202).with("Range", &format!("0-{}", upload.len() - 1))
            }
            "GET" if self.uploads.contains_key(path) => {
                Reply::status(204).with("Range", &format!("0-{}", self.uploads[path].len().saturating_sub(1)))
            }
            "DELETE" => Reply::status(if self.uploads.remove(path).is_some() { 204 } else { 404 }),
            "PUT" if path.contains("/uploads/") => {
                let Some(mut blob) = self.uploads.remove(path) else { return Reply::status(404) };
                blob.extend_from_slice(&request.body);
                let digest = digest(&blob);
                if query != format!("digest={}", digest.replace(':', "%3A")) {
                    return Reply::status(400);
                }
                self.content.insert(format!("/v2/team/app/blobs/{digest}"), blob);
                Reply::status(201)
            }
            "PUT" => {
                self.content.insert(path.to_owned(), request.body.clone());
                Reply::status(201)
            }
            _ if path == "/v2/" => Reply::json(&serde_json::json!({})),
            _ => match self.content.get(path) {
                Some(content) => Reply::body(content)
                    .with("Content-Type", MANIFEST)
                    .with("Docker-Content-Digest", &digest(content)),
                None => Reply::status(404),
            },
        }
    }
}

/// A registry that does what `odd` says where it says something, and a bundle for it.
struct Case {
    user: User,
    bundle: PathBuf,
    app: Archive,
    server: Fake,
    held: Arc<Mutex<Held>>,
}

impl Case {
    fn new(odd: impl Fn(&Request, &mut Held) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let user = User::new();
        let app = archive("vendor.example.com/team/app:1", &["amd64"], &[noise(LAYER_BYTES, 35)]);
        let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
        user.pack(tar.to_str().unwrap(), &bundle, &[]);
        let held = Arc::new(Mutex::new(Held::default()));
        let shared = Arc::clone(&held);
        let server = Fake::start(move |request| {
            let held = &mut *shared.lock().unwrap();
            odd(request, held).unwrap_or_else(|| held.answer(request))
        });
        Self { user, bundle, app, server, held }
    }

    fn to(&self) -> String {
        format!("docker://{}", self.server.host())
    }

    /// Restores, looks whether all arrived and nothing stayed open, and gives the requests with the layer's bytes.
    #[track_caller]
    fn arrives(&self) -> Vec<(String, usize)> {
        self.user.restore(&self.bundle, &self.to(), &[]);
        let held = self.held.lock().unwrap();
        assert!(held.content.contains_key(&format!("/v2/team/app/manifests/{}", self.app.target)));
        assert!(held.content.values().any(|content| content.len() == LAYER_BYTES));
        assert_eq!(held.uploads.len(), 0);
        self.sent()
    }

    /// Requests of more than a mebibyte.
    fn sent(&self) -> Vec<(String, usize)> {
        let head = |head: &str| {
            let method = head.split(' ').next().unwrap().to_owned();
            let len = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
            (len > 1 << 20).then_some((method, len))
        };
        self.server.heads().iter().filter_map(|text| head(text)).collect()
    }
}

/// Whether this ends or feeds an upload, and is large.
fn is_large(request: &Request) -> bool {
    request.path.contains("/uploads/") && request.body.len() > 1 << 20
}

#[test]
fn a_blob_goes_in_one_request() {
    let case = Case::new(|_, _| None);
    assert_eq!(case.arrives(), [("PUT".to_owned(), LAYER_BYTES)]);
}

#[test]
fn what_is_too_large_at_once_goes_in_chunks() {
    let case = Case::new(|request, _| (request.body.len() > 36 << 20).then(|| Reply::status(413)));
    let sent = case.arrives();
    assert_eq!(sent[0], ("PUT".to_owned(), LAYER_BYTES));
    assert!(sent[1..].iter().all(|(method, _)| method == "PATCH"), "{sent:?}");
    assert_eq!(sent[1..].iter().map(|(_, len)| len).sum::<usize>(), LAYER_BYTES);
}

#[test]
fn a_registry_without_chunks_gets_the_blob_in_one_request_once_more() {
    for status in [400, 404, 405, 501] {
        let failed = AtomicUsize::new(0);
        let case = Case::new(move |request, _| match request.method.as_str() {
            "PATCH" => Some(Reply::status(status)),
            // A server that passes through a fault.
            "PUT" if is_large(request) && failed.fetch_add(1, SeqCst) == 0 => Some(Reply::status(503)),
            _ => None,
        });
        let methods: Vec<String> = case.arrives().into_iter().map(|(method, _)| method).collect();
        assert_eq!(methods, ["PUT", "PATCH", "PUT"]);
    }
}

#[test]
fn what_arrived_of_a_chunk_is_not_sent_again() {
    let failed = AtomicUsize::new(0);
    let case = Case::new(move |request, held| {
        if !is_large(request) || failed.fetch_add(1, SeqCst) > 1 {
            return None;
        }
        if request.method == "PATCH" {
            let half = request.body[..request.body.len() / 2].to_vec();
            held.uploads.get_mut(&request.path)?.extend(half);
        }
        Some(Reply::status(503))
    });
    let sent = case.arrives();
    let (first, rest) = (sent[1].1, sent[2].1);
    assert_eq!((rest, sent[1].0.as_str(), sent[2].0.as_str()), (first - first / 2, "PATCH", "PATCH"));
    assert_eq!(first / 2 + sent[2..].iter().map(|(_, len)| len).sum::<usize>(), LAYER_BYTES);
}

#[test]
fn a_registry_that_takes_it_neither_way_is_told_of() {
    let case = Case::new(|request, _| match request.method.as_str() {
        "PATCH" => Some(Reply::status(405)),
        "PUT" if is_large(request) => Some(Reply::status(413)),
        _ => None,
    });
    let said = case.user.fails(&["restore", case.bundle.to_str().unwrap(), "--to", &case.to()], "NET-22");
    assert!(said.contains(&case.server.host()), "{said}");
    let methods: Vec<String> = case.sent().into_iter().map(|(method, _)| method).collect();
    assert_eq!(methods, ["PUT", "PATCH", "PUT"], "it is not tried for ever");
    assert_eq!(case.held.lock().unwrap().uploads.len(), 0);
}

#[test]
fn a_tag_that_is_immutable_is_told() {
    let case = Case::new(|request, _| {
        let refused = serde_json::json!({ "errors": [{
            "code": "PRECONDITION",
            "message": "Failed to process request due to 'app:1' configured as immutable.",
        }] });
        let is_tag = request.method == "PUT" && request.path.ends_with("/manifests/1");
        is_tag.then(|| Reply::json(&refused).with_status(412))
    });
    let said = case.user.fails(&["restore", case.bundle.to_str().unwrap(), "--to", &case.to()], "NET-29");
    assert!(said.contains("configured as immutable") && said.contains("--rename"), "{said}");
}
