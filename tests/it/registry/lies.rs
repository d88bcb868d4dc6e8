//! What no honest registry does, and what the network does to them all.

use std::net::{Ipv4Addr, UdpSocket};

use super::{
    User,
    fake::{Fake, Reply, Request},
    http::manifest_digest,
    image::{Shelf, archive, noise},
    server::{Demands, Registry},
};

/// A server that hands out an image of repository `a`, except where `lie` answers.
fn serving(lie: impl Fn(&Shelf, &Request) -> Option<Reply> + Send + Sync + 'static) -> (Fake, Shelf) {
    let shelf = Shelf::new("a", "1");
    let served = shelf.clone();
    (Fake::start(move |request| lie(&served, request).unwrap_or_else(|| served.reply(request))), shelf)
}

fn pack_fails(server: &Fake, code: &str) -> String {
    let user = User::new();
    let bundle = user.dir.join("a.sealift");
    let said = user.fails(
        &["pack", &format!("docker://{}/a:1", server.host()), "--out", bundle.to_str().unwrap()],
        code,
    );
    assert!(!bundle.exists());
    said
}

fn packs(server: &Fake) {
    let user = User::new();
    user.pack(&format!("docker://{}/a:1", server.host()), &user.dir.join("a.sealift"), &[]);
}

#[test]
fn content_that_is_not_what_its_digest_says_is_refused() {
    let is_layer = |shelf: &Shelf, request: &Request| request.path == shelf.layer.0;
    // Another layer of the same length.
    let (server, _) = serving(move |shelf, request| {
        is_layer(shelf, request).then(|| Reply::body(&noise(shelf.layer.1.len(), 99)))
    });
    pack_fails(&server, "NET-19");
    // More and fewer bytes than the manifest says.
    for len in [(3 << 20) + 1, (3 << 20) - 1] {
        let (server, _) =
            serving(move |shelf, request| is_layer(shelf, request).then(|| Reply::body(&noise(len, 7))));
        pack_fails(&server, "NET-20");
    }
    // A manifest under a digest that is not its own, in the header or in the question.
    let (server, _) = serving(|shelf, request| {
        let other = format!("sha256:{}", "0".repeat(64));
        (request.path == shelf.manifest).then(|| Reply::body(b"{}").with("Docker-Content-Digest", &other))
    });
    pack_fails(&server, "NET-19");
}

#[test]
fn a_manifest_without_end_is_refused_before_it_is_read() {
    let (server, _) =
        serving(|shelf, request| (request.path == shelf.manifest).then(|| Reply::body(&vec![b' '; 5 << 20])));
    pack_fails(&server, "SOURCE-07");
}

#[test]
fn a_connection_that_breaks_is_made_again_where_it_broke() {
    let (server, _) = serving(|shelf, request| {
        let (path, layer) = &shelf.layer;
        if request.path != *path {
            return None;
        }
        Some(match request.header("range") {
            None => Reply::body(layer).cut(1 << 20),
            Some(range) => {
                let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
                let range = format!("bytes {from}-{}/{}", layer.len() - 1, layer.len());
                Reply::body(&layer[from..]).with_status(206).with("Content-Range", &range)
            }
        })
    });
    packs(&server);
    assert!(server.seen().contains("range: bytes="), "{}", server.seen());
    // One without ranges sends all again.
    let (server, _) = serving(|shelf, request| {
        let (path, layer) = &shelf.layer;
        let is_first = request.header("range").is_none();
        (request.path == *path)
            .then(|| if is_first { Reply::body(layer).cut(1 << 20) } else { Reply::body(layer) })
    });
    packs(&server);
    // One that always breaks is given up.
    let (server, _) =
        serving(|shelf, request| (request.path == shelf.layer.0).then(|| Reply::body(&shelf.layer.1).cut(0)));
    pack_fails(&server, "NET-04");
}

#[test]
fn a_busy_registry_is_waited_for_as_long_as_it_says() {
    let (server, _) = serving(|shelf, request| {
        let is_first = request.path == shelf.manifest && request.number < 3;
        is_first.then(|| Reply::status(429).with("Retry-After", "1"))
    });
    let began = std::time::Instant::now();
    packs(&server);
    assert!(began.elapsed().as_secs() >= 1);
    // An hour is longer than anyone waits.
    let (server, _) = serving(|shelf, request| {
        (request.path == shelf.manifest).then(|| Reply::status(429).with("Retry-After", "3600"))
    });
    pack_fails(&server, "NET-23");
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let shelf = Shelf::new("a", "1");
    let layer = shelf.layer.1.clone();
    let storage = Fake::start(move |_| Reply::body(&layer));
    let location = format!("http://{}/signed?key=1", storage.host());
    let (server, _) = serving(move |shelf, request| {
        if request.header("authorization").is_none() {
            return Some(Reply::status(401).with("WWW-Authenticate", "Basic realm=\"test\""));
        }
        (request.path == shelf.layer.0).then(|| Reply::status(307).with("Location", &location))
    });
    let user = User::new();
    let creds = user.write("creds", "u:p");
    let bundle = user.dir.join("a.sealift");
    user.pack(
        &format!("docker://{}/a:1", server.host()),
        &bundle,
        &["--creds-file", creds.to_str().unwrap()],
    );
    assert!(server.seen().contains("authorization: Basic"));
    assert_eq!(storage.num_requests(), 1);
    assert!(!storage.seen().to_lowercase().contains("authorization"), "{}", storage.seen());
}

#[test]
fn redirects_that_lead_nowhere_are_refused() {
    for location in ["/v2/a/manifests/1", "file:///etc/passwd", "ftp://127.0.0.1/"] {
        let (server, _) = serving(move |shelf, request| {
            (request.path == shelf.manifest).then(|| Reply::status(302).with("Location", location))
        });
        pack_fails(&server, "NET-18");
    }
}

#[test]
fn what_is_no_registry_says_so() {
    let server = Fake::start(|_| Reply::body(b"<html>Not found</html>").with_status(404));
    pack_fails(&server, "NET-26");
    // A web server that answers everything with a page, and with 200.
    let server =
        Fake::start(|_| Reply::body(b"<html>Log in</html>").with("Content-Type", "text/html; charset=utf-8"));
    let said = User::new().fails(&["images", &format!("docker://{}/a:1", server.host())], "NET-26");
    assert!(said.contains(&server.host()) && said.contains("text/html"), "{said}");
    // Manifests of the first schema, and things that are no manifests.
    let (server, _) = serving(|shelf, request| {
        let schema1 = br#"{"schemaVersion":1,"fsLayers":[]}"#;
        let media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        (request.path == shelf.manifest).then(|| Reply::body(schema1).with("Content-Type", media_type))
    });
    pack_fails(&server, "SOURCE-13");
    let (server, _) = serving(|shelf, request| {
        (request.path == shelf.manifest).then(|| Reply::body(b"{}").with("Content-Type", "text/html"))
    });
    pack_fails(&server, "SOURCE-14");
}

#[test]
fn plain_http_is_spoken_to_this_machine_alone_unless_it_is_said() {
    let user = User::new();
    // This machine under an address that is not loopback's; a packet is not sent for that.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).expect("this test needs a network interface");
    let address = socket.local_addr().unwrap().ip();
    let shelf = Shelf::new("a", "1");
    let server = Fake::start_at(address, move |request| shelf.reply(request));
    let image = format!("docker://{}/a:1", server.host());
    let said = user.fails(&["images", &image], "NET-10");
    assert!(said.contains("--plain-http"), "{said}");
    user.json(&["images", &image, "--plain-http"]);
}

#[test]
fn a_full_registry_and_a_refusal_are_worded() {
    let user = User::new();
    let app = archive("vendor.example.com/team/app:1", &["amd64"], &[noise(1 << 20, 11)]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    let quota =
        serde_json::json!({ "errors": [{ "code": "DENIED", "message": "Quota exceeded when processing" }] });
    let denied =
        serde_json::json!({ "errors": [{ "code": "DENIED", "message": "requested access is denied" }] });
    let says = |message: &str| serde_json::json!({ "errors": [{ "code": "DENIED", "message": message }] });
    let harbor = says(
        "adding 5.8 MiB of storage resource, which when updated to current usage of 4.1 MiB will exceed the configured \
         upper limit of 8.0 MiB.",
    );
    for (body, code) in [(quota, "NET-21"), (harbor, "NET-21"), (denied, "NET-15")] {
        let server = Fake::start(move |request| match request.method.as_str() {
            "GET" if request.path == "/v2/" => Reply::json(&serde_json::json!({})),
            "POST" => Reply::json(&body).with_status(403),
            _ => Reply::status(404),
        });
        user.fails(
            &["restore", bundle.to_str().unwrap(), "--to", &format!("docker://{}", server.host())],
            code,
        );
    }
}

#[test]
fn a_missing_project_is_named_and_created_when_allowed() {
    let (harbor, user) = (Registry::start(Demands::default()), User::new());
    let app = archive("vendor.example.com/team/app:1", &["amd64"], &[noise(1 << 20, 12)]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    // Harbor's own part in front of a real registry, which takes what comes for a project that is there.
    let created = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let behind = harbor.host();
    let front = Fake::start(move |request| {
        use std::sync::atomic::Ordering::SeqCst;
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v2/") => Reply::json(&serde_json::json!({})),
            ("GET", "/api/v2.0/systeminfo") => Reply::json(&serde_json::json!({ "harbor_version": "v2.10" })),
            ("HEAD", "/api/v2.0/projects?project_name=team") => {
                Reply::status(if created.load(SeqCst) { 200 } else { 404 })
            }
            ("POST", "/api/v2.0/projects") => {
                created.store(true, SeqCst);
                Reply::status(201)
            }
            (_, path) => Reply::status(307).with("Location", &format!("http://{behind}{path}")),
        }
    });
    let to = format!("docker://{}", front.host());
    let said = user.fails(&["restore", bundle.to_str().unwrap(), "--to", &to], "NET-17");
    assert!(said.contains("team") && said.contains("--create-projects"), "{said}");
    let _ = user.run(&["restore", bundle.to_str().unwrap(), "--to", &to, "--create-projects"]);
    assert!(front.seen().contains("POST /api/v2.0/projects "), "{}", front.seen());
    assert_eq!(manifest_digest(&harbor.host(), "team/app", "1"), None);
}
