//! A stand-in for Docker 29 with the containerd image store, which Debian does not have yet: it keeps blobs, and knows an
//! image by the digest of its manifest or index. Docker Engine API 1.52; moby: daemon/containerd, `image_exporter.go`.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::text;
use crate::support::{Scratch, Tar, blob, digest};

/// What happens to archives that are loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loading {
    Honest,
    /// Says that it has an image, and has nothing.
    Swallows,
    /// Has it, but no room to unpack it; that is a remark among the others.
    CannotUnpack,
}

/// The engine; its threads end with the test process.
pub(super) struct Docker29 {
    socket: Scratch,
    store: Arc<Mutex<Store>>,
}

struct Store {
    loading: Loading,
    blobs: BTreeMap<String, Vec<u8>>,
    /// Digests by full name.
    names: BTreeMap<String, String>,
    num_loads: usize,
}

impl Docker29 {
    pub(super) fn start(loading: Loading) -> Self {
        let socket = Scratch::for_sockets();
        let listener = UnixListener::bind(socket.join("s")).unwrap();
        let store = Store { loading, blobs: BTreeMap::new(), names: BTreeMap::new(), num_loads: 0 };
        let store = Arc::new(Mutex::new(store));
        let shared = Arc::clone(&store);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &store));
            }
        });
        Self { socket, store }
    }

    pub(super) fn host(&self) -> String {
        format!("unix://{}", text(&self.socket.join("s")))
    }

    /// What `docker load` does.
    pub(super) fn load(&self, archive: &[u8]) {
        self.store.lock().unwrap().load(archive);
    }

    /// The digest behind every name.
    pub(super) fn names(&self) -> BTreeMap<String, String> {
        self.store.lock().unwrap().names.clone()
    }

    /// Whether it has these bytes.
    pub(super) fn has(&self, content: &[u8]) -> bool {
        self.store.lock().unwrap().blobs.get(&digest(content)).is_some_and(|held| held == content)
    }

    pub(super) fn num_loads(&self) -> usize {
        self.store.lock().unwrap().num_loads
    }
}

impl Store {
    /// Takes an archive in and gives what is said of it.
    fn load(&mut self, archive: &[u8]) -> String {
        self.num_loads += 1;
        let mut index = Value::Null;
        let mut blobs = BTreeMap::new();
        for entry in tar::Archive::new(archive).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            if name == "index.json" {
                index = serde_json::from_slice(&content).unwrap();
            } else if let Some(hex) = name.strip_prefix("blobs/sha256/") {
                assert_eq!(digest(&content), format!("sha256:{hex}"));
                blobs.insert(digest(&content), content);
            }
        }
        if self.loading != Loading::Swallows {
            self.blobs.append(&mut blobs);
        }
        let mut said = Vec::new();
        for entry in index["manifests"].as_array().unwrap() {
            let target = entry["digest"].as_str().unwrap();
            let name = entry["annotations"]["io.containerd.image.name"].as_str();
            let name = name.map_or_else(|| format!("moby-dangling@{target}"), str::to_owned);
            let mut say = |line: String| said.push(json!({ "stream": line }).to_string());
            say(format!("Loaded image: {name}\n"));
            if self.loading == Loading::CannotUnpack {
                say(format!(
                    "Error unpacking image {name}: failed to extract layer: no space left on device\n"
                ));
            }
            if self.loading != Loading::Swallows {
                self.names.insert(name, target.to_owned());
            }
        }
        said.join("\n")
    }

    fn json(&self, digest: &str) -> Option<Value> {
        serde_json::from_slice(self.blobs.get(digest)?).ok()
    }

    /// The manifests behind `target` whose content is there.
    fn manifests(&self, target: &str) -> Vec<(String, Value)> {
        let Some(document) = self.json(target) else { return Vec::new() };
        match document["manifests"].as_array() {
            None => vec![(target.to_owned(), document)],
            Some(all) => {
                all.iter().flat_map(|entry| self.manifests(entry["digest"].as_str().unwrap())).collect()
            }
        }
    }

    fn tags(&self, target: &str) -> Vec<&String> {
        let of_it = self.names.iter().filter(|(name, held)| *held == target && !name.contains("dangling"));
        of_it.map(|(name, _)| name).collect()
    }

    fn target(&self, reference: &str) -> Option<String> {
        let is_held = self.names.values().any(|target| target == reference);
        is_held.then(|| reference.to_owned()).or_else(|| self.names.get(reference).cloned())
    }

    fn list(&self) -> Value {
        let mut targets: Vec<&String> = self.names.values().collect();
        targets.sort();
        targets.dedup();
        let one = |target: &&String| {
            json!({
                "Id": target, "ParentId": "", "RepoTags": self.tags(target), "RepoDigests": [], "Created": 0,
                "Size": 1, "SharedSize": -1, "Labels": null, "Containers": 0,
                "Descriptor": { "mediaType": "application/vnd.oci.image.index.v1+json", "digest": target, "size": 1 },
            })
        };
        targets.iter().map(one).collect()
    }

    fn inspect(&self, reference: &str) -> Option<Value> {
        let target = self.target(reference)?;
        let (_, manifest) = self.manifests(&target).into_iter().next()?;
        let config = self.json(manifest["config"]["digest"].as_str()?)?;
        Some(json!({
            "Id": target, "RepoTags": self.tags(&target), "RepoDigests": [], "Created": "2026-01-02T03:04:05Z",
            "Architecture": config["architecture"], "Os": config["os"], "Size": 1, "Config": {},
            "RootFS": { "Type": "layers", "Layers": config["rootfs"]["diff_ids"] },
            "Metadata": { "LastTagTime": "2026-01-02T03:04:05Z" },
        }))
    }

    /// What `docker save` writes for names or IDs: blobs that are there, each once. By its ID an image has no name.
    fn save(&self, references: &[String]) -> Option<Vec<u8>> {
        let mut tar = Tar::new().json("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }));
        let (mut entries, mut items, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for reference in references {
            let target = self.target(reference)?;
            let document = self.json(&target)?;
            let mut entry = json!({
                "mediaType": document["mediaType"], "digest": target, "size": self.blobs[&target].len(),
            });
            let name = (*reference != target).then_some(reference);
            if let Some(name) = name {
                entry["annotations"] = json!({ "io.containerd.image.name": name });
            }
            entries.push(entry);
            let path = |part: &Value| format!("blobs/sha256/{}", &part["digest"].as_str().unwrap()[7..]);
            let mut wanted = vec![target.clone()];
            for (number, (own, manifest)) in self.manifests(&target).into_iter().enumerate() {
                let layers = manifest["layers"].as_array().unwrap();
                if number == 0 {
                    let layers: Vec<String> = layers.iter().map(path).collect();
                    let tags = name.map(|name| [name]);
                    items.push(
                        json!({ "Config": path(&manifest["config"]), "RepoTags": tags, "Layers": layers }),
                    );
                }
                wanted.push(own);
                let parts = layers.iter().chain([&manifest["config"]]);
                wanted.extend(parts.map(|part| part["digest"].as_str().unwrap().to_owned()));
            }
            for digest in wanted {
                if !written.contains(&digest) {
                    tar = blob(tar, self.blobs.get(&digest)?);
                    written.push(digest);
                }
            }
        }
        let index = json!({ "schemaVersion": 2, "manifests": entries });
        Some(tar.json("index.json", &index).json("manifest.json", &Value::Array(items)).bytes())
    }

    fn answer(&mut self, method: &str, path: &str, query: &str, body: &[u8]) -> Option<Vec<u8>> {
        let json = |value: Value| Some(value.to_string().into_bytes());
        match (method, path) {
            ("GET", "/version") => {
                json(json!({ "Version": "29.1.3", "ApiVersion": "1.52", "MinAPIVersion": "1.44" }))
            }
            ("GET", "/info") => json(json!({
                "ServerVersion": "29.1.3", "Driver": "overlayfs", "OSType": "linux", "Architecture": "x86_64",
                "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]], "DockerRootDir": "/nowhere",
            })),
            ("GET", "/images/json") => json(self.list()),
            ("GET", "/images/get") => {
                let names = query.split('&').filter_map(|pair| pair.strip_prefix("names="));
                self.save(&names.map(decoded).collect::<Vec<_>>())
            }
            ("POST", "/images/load") => Some(self.load(body).into_bytes()),
            ("GET", path) => {
                let (reference, question) = path.strip_prefix("/images/")?.rsplit_once('/')?;
                let inspected = self.inspect(&decoded(reference))?;
                match question {
                    "json" => json(inspected),
                    "history" => json(json!([])),
                    _ => None,
                }
            }
            ("POST", path) => {
                let reference = decoded(path.strip_prefix("/images/")?.strip_suffix("/tag")?);
                let part =
                    |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).map(decoded);
                let name = format!("{}:{}", part("repo=")?, part("tag=")?);
                self.names.insert(name, self.target(&reference)?);
                Some(Vec::new())
            }
            _ => None,
        }
    }
}

/// Without the percent-encoding of a URL.
fn decoded(text: &str) -> String {
    text.replace("%3A", ":").replace("%2F", "/").replace("%40", "@")
}

fn serve(mut stream: UnixStream, store: &Mutex<Store>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let request = line();
    let mut words = request.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
    let mut headers = Vec::new();
    loop {
        match line() {
            end if end.is_empty() => break,
            header => headers.push(header.to_ascii_lowercase()),
        }
    }
    let value = |name: &str| headers.iter().find_map(|header| header.strip_prefix(name));
    let mut body = Vec::new();
    if value("transfer-encoding: chunked").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).unwrap();
            // A client that goes away in the middle gets no answer.
            let Ok(size) = u64::from_str_radix(size.trim_end(), 16) else { return };
            (&mut reader).take(size).read_to_end(&mut body).unwrap();
            reader.read_line(&mut String::new()).unwrap();
            if size == 0 {
                break;
            }
        }
    } else if let Some(len) = value("content-length: ") {
        (&mut reader).take(len.parse().unwrap()).read_to_end(&mut body).unwrap();
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.find("/v1.").map_or(path, |_| path[1..].find('/').map_or(path, |at| &path[at + 1..]));
    let (status, body) = match store.lock().unwrap().answer(method, path, query, &body) {
        Some(body) => ("200 OK", body),
        None => {
            ("404 Not Found", json!({ "message": format!("No such image: {path}") }).to_string().into_bytes())
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
