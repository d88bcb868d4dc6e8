//! Docker's and Podman's auth files. containers-auth.json(5); moby: cli/config/configfile.

use std::{collections::BTreeMap, io::Read, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Credentials, helper};
use crate::{
    error::{Code, Error, Fact, Result},
    fs::{open_file, unmarked},
    job::Ctx,
    net::Env,
};

/// Largest auth file.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// What Docker Hub is called in auth files, beside its name in references.
const HUB_ALIASES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];
const HUB: &str = "docker.io";
/// The key of Docker Hub in credential stores.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Credentials for `repository` at `host` from the first file that has some.
///
/// # Errors
/// [`Code::BadAuthFile`], [`Code::HelperFailed`], and those of reading a file that is there.
pub(crate) fn find(ctx: &Ctx, env: &Env, host: &str, repository: &str) -> Result<Option<Credentials>> {
    for path in env.auth_files() {
        let Some(bytes) = read(&path)? else { continue };
        // Where in the file a fault is may be told; what stands there may be a secret.
        let file: AuthFile =
            serde_json::from_slice(unmarked(&bytes).map_err(|e| e.at(&path))?).map_err(|e| {
                let place = [("line", e.line().to_string()), ("column", e.column().to_string())];
                Error::new(Code::BadAuthFile).worded(Fact::Detail, "detail-json-at", &place).at(&path)
            })?;
        if let Some(found) = file.find(ctx, host, repository).map_err(|e| e.at(&path))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match open_file(path) {
        Err(e) if e.code() == Code::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::new(Code::BadAuthFile).with(Fact::Limit, MAX_FILE_BYTES).at(path));
    }
    Ok(Some(bytes))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "secret")]
    auth: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret")]
    identitytoken: Zeroizing<String>,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Zeroizing<String>, D::Error> {
    Option::deserialize(from).map(|text: Option<String>| Zeroizing::new(text.unwrap_or_default()))
}

impl AuthFile {
    /// A helper chosen for this host is asked first, then the store, then the entries themselves, the most
    /// specific first.
    fn find(&self, ctx: &Ctx, host: &str, repository: &str) -> Result<Option<Credentials>> {
        let server = if host == HUB { HUB_KEY } else { host };
        if let Some((_, name)) = self.cred_helpers.iter().find(|(key, _)| normal(key) == host) {
            return helper::ask(ctx, name, server);
        }
        if let Some(name) = self.creds_store.as_ref().filter(|name| !name.is_empty()) {
            match helper::ask(ctx, name, server) {
                Ok(None) => {}
                // It is asked for every host there is, so one that is broken must not close an open registry.
                Err(e) if e.code() == Code::HelperFailed => tracing::warn!(%e, %name, "credential store"),
                answer => return answer,
            }
        }
        let mut key = format!("{host}/{repository}");
        loop {
            let entry = self.auths.iter().find(|(known, _)| normal(known) == key);
            if let Some(found) = entry.map(|(_, entry)| entry.credentials()).transpose()?.flatten() {
                return Ok(Some(found));
            }
            let Some((shorter, _)) = key.rsplit_once('/') else { return Ok(None) };
            key = shorter.to_owned();
        }
    }
}

impl Entry {
    fn credentials(&self) -> Result<Option<Credentials>> {
        let bad = |id| Error::new(Code::BadAuthFile).with(Fact::Field, "auth").worded(Fact::Detail, id, &[]);
        if self.auth.is_empty() && self.identitytoken.is_empty() {
            return Ok(None);
        }
        let plain = STANDARD.decode(self.auth.as_bytes()).map_err(|_| bad("detail-not-base64"))?;
        let plain = Zeroizing::new(plain);
        let plain = std::str::from_utf8(&plain).map_err(|_| bad("detail-not-utf-8"))?;
        // Docker pads with NUL.
        let (username, password) = plain.trim_end_matches('\0').split_once(':').unwrap_or_default();
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credentials::identity_token(username.to_owned(), self.identitytoken.clone())));
        }
        if username.is_empty() {
            return Err(bad("detail-no-user-name"));
        }
        Ok(Some(Credentials::new(username, Zeroizing::new(password.to_owned()))))
    }
}

/// A key without scheme; one that was a URL stands for its whole host.
fn normal(key: &str) -> &str {
    let url = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let key = url.map_or(key, |rest| rest.split('/').next().unwrap_or(rest)).trim_end_matches('/');
    if HUB_ALIASES.contains(&key) { HUB } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, host: &str, repository: &str) -> Option<(String, String, bool)> {
        let file: AuthFile = serde_json::from_str(json).unwrap();
        let found = file.find(&Ctx::new(), host, repository).unwrap();
        found.map(|it| (it.username, it.secret.to_string(), it.is_identity_token))
    }

    #[test]
    fn the_most_specific_entry_wins_whatever_form_its_key_has() {
        // user:pass, ns:ns, repo:repo
        let json = r#"{"auths": {
            "https://r.local:5000/v2/": {"auth": "dXNlcjpwYXNz"},
            "r.local:5000/ns": {"auth": "bnM6bnM="},
            "r.local:5000/ns/repo": {"auth": "cmVwbzpyZXBv"},
            "empty.local": {},
            "https://index.docker.io/v1/": {"auth": "dXNlcjpwYXNz", "identitytoken": "idt"}
        }}"#;
        let user = |name: &str, secret: &str| Some((name.to_owned(), secret.to_owned(), false));
        assert_eq!(found(json, "r.local:5000", "other"), user("user", "pass"));
        assert_eq!(found(json, "r.local:5000", "ns/x/y"), user("ns", "ns"));
        assert_eq!(found(json, "r.local:5000", "ns/repo"), user("repo", "repo"));
        assert_eq!(found(json, "r.local:5000", "nsother/repo"), user("user", "pass"));
        assert_eq!(found(json, "r.local", "ns/repo"), None);
        assert_eq!(found(json, "empty.local", "a"), None);
        assert_eq!(found(json, "docker.io", "library/a"), Some(("user".into(), "idt".into(), true)));
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".docker/config.json");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let env = Env::below(dir.path());
        let ctx = Ctx::new();
        assert!(find(&ctx, &env, "r.local", "a").unwrap().is_none());
        for content in [
            r#"{"auths": {"r.local": {"auth": "c2VjcmV0"}}}"#,
            r#"{"auths": {"r.local": "c2VjcmV0"}}"#,
            "c2VjcmV0",
            r#"{"auths": {"r.local": {"auth": "secret!"}}}"#,
        ] {
            crate::fs::write(&file, content.as_bytes(), crate::fs::Existing::Replace).unwrap();
            let error = find(&ctx, &env, "r.local", "a").unwrap_err();
            assert_eq!(error.code(), Code::BadAuthFile, "{content}");
            let text = error.render(crate::locale::Lang::En);
            assert!(
                text.contains("config.json") && !text.contains("c2VjcmV0") && !text.contains("secret"),
                "{text}"
            );
        }
    }
}
