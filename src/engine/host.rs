//! Where Docker's own program would look for its engine. Docker CLI reference, "Environment variables" and
//! `docker context`.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    fs::open_file,
    net::Env,
};

/// An engine's address, and the folder with `ca.pem`, `cert.pem` and `key.pem` where it asks for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// Docker or Podman.
    pub(super) program: &'static str,
    pub(super) address: String,
    pub(super) certs: Option<PathBuf>,
}

/// Docker's `config.json`, as far as it names a context.
#[derive(Default, Deserialize)]
struct Config {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

/// `contexts/meta/DIGEST/meta.json`.
#[derive(Deserialize)]
struct ContextMeta {
    #[serde(rename = "Endpoints")]
    endpoints: std::collections::BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
}

/// A variable; an empty one counts as none.
pub(super) fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// `DOCKER_HOST`, else the current context, else the first socket that is there.
pub(super) fn docker() -> Result<Host> {
    let user = Env::read();
    let config = user.docker();
    if let Some(address) = text("DOCKER_HOST") {
        let certs = text("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| config.clone());
        return Ok(Host {
            program: "docker",
            address,
            certs: certs.filter(|_| text("DOCKER_TLS_VERIFY").is_some()),
        });
    }
    let context = text("DOCKER_CONTEXT").or_else(|| current_context(config.as_deref()?));
    if let Some(name) = context.filter(|name| name != "default") {
        return context_host(config.as_deref().unwrap_or(Path::new("")), &name);
    }
    if cfg!(windows) {
        return Ok(Host { program: "docker", address: "npipe:////./pipe/docker_engine".into(), certs: None });
    }
    let sockets = [
        Some(PathBuf::from("/var/run/docker.sock")),
        user.runtime().map(|dir| dir.join("docker.sock")),
        user.home().map(|dir| dir.join(".docker/run/docker.sock")),
    ];
    let mut sockets = sockets.into_iter().flatten();
    let first = sockets.next().unwrap_or_default();
    let found = if first.exists() { None } else { sockets.find(|socket| socket.exists()) };
    Ok(Host {
        program: "docker",
        address: format!("unix://{}", found.unwrap_or(first).display()),
        certs: None,
    })
}

/// `CONTAINER_HOST`, else the sockets of `podman system service` that are there.
pub(super) fn podman() -> Vec<Host> {
    let host = |address: String| Host { program: "podman", address, certs: None };
    if let Some(address) = text("CONTAINER_HOST") {
        return vec![host(address)];
    }
    let user = Env::read();
    let sockets =
        [user.runtime().map(|dir| dir.join("podman/podman.sock")), Some("/run/podman/podman.sock".into())];
    let there = sockets.into_iter().flatten().filter(|socket| socket.exists());
    there.map(|socket| host(format!("unix://{}", socket.display()))).collect()
}

fn current_context(config: &Path) -> Option<String> {
    let file = open_file(&config.join("config.json")).ok()?;
    serde_json::from_reader::<_, Config>(std::io::BufReader::new(file)).ok()?.current_context
}

/// The endpoint of a context: its folder is named by the digest of its name.
fn context_host(config: &Path, name: &str) -> Result<Host> {
    let folder = Digest::of(name.as_bytes()).hex();
    let path = config.join("contexts/meta").join(&folder).join("meta.json");
    let error = |code| Error::new(code).with(Fact::Engine, format!("docker context {name}")).at(&path);
    let bad = || error(Code::EngineUnreachable);
    let file = open_file(&path).map_err(|e| match e.code() {
        Code::NotFound => error(Code::NoSuchContext),
        _ => bad().caused_by(e),
    })?;
    let meta: ContextMeta =
        serde_json::from_reader(std::io::BufReader::new(file)).map_err(|e| bad().with(Fact::System, e))?;
    let address = meta.endpoints.get("docker").and_then(|endpoint| endpoint.host.clone());
    let certs = config.join("contexts/tls").join(&folder).join("docker");
    Ok(Host {
        program: "docker",
        address: address.ok_or_else(|| bad().worded(Fact::Detail, "detail-no-docker-endpoint", &[]))?,
        certs: certs.join("ca.pem").is_file().then_some(certs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_found_by_the_digest_of_its_name() {
        let config = tempfile::tempdir().unwrap();
        let folder = Digest::of(b"site").hex();
        let meta = config.path().join("contexts/meta").join(&folder);
        std::fs::create_dir_all(&meta).unwrap();
        crate::fs::write(
            &meta.join("meta.json"),
            br#"{"Name":"site","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///run/site.sock","SkipTLSVerify":false}}}"#,
            crate::fs::Existing::Keep,
        )
        .unwrap();
        crate::fs::write(
            &config.path().join("config.json"),
            br#"{"auths":{},"currentContext":"site"}"#,
            crate::fs::Existing::Keep,
        )
        .unwrap();
        assert_eq!(current_context(config.path()).as_deref(), Some("site"));
        let host = context_host(config.path(), "site").unwrap();
        assert_eq!(host, Host { program: "docker", address: "unix:///run/site.sock".into(), certs: None });
        let gone = context_host(config.path(), "gone").unwrap_err();
        assert_eq!(
            (gone.code(), gone.context()[0]),
            (Code::NoSuchContext, (Fact::Engine, "docker context gone"))
        );
    }
}
