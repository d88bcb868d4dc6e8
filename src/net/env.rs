//! The one place that reads the environment: where a user keeps credentials and certificates.
//!
//! What it found is passed on from here; nothing below asks the environment again.

use std::path::{Path, PathBuf};

/// Where container tools keep their configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env {
    home: Option<PathBuf>,
    docker_config: Option<PathBuf>,
    registry_auth_file: Option<PathBuf>,
    xdg_runtime_dir: Option<PathBuf>,
    xdg_config_home: Option<PathBuf>,
}

impl Env {
    /// What the environment says now; an empty variable counts as none.
    pub(crate) fn read() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            docker_config: path("DOCKER_CONFIG"),
            registry_auth_file: path("REGISTRY_AUTH_FILE"),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
            xdg_config_home: path("XDG_CONFIG_HOME"),
        }
    }

    /// All paths below `dir`, for tests.
    #[cfg(test)]
    pub(super) fn below(dir: &Path) -> Self {
        Self { home: Some(dir.to_owned()), ..Self::default() }
    }

    /// Docker's folder.
    pub(crate) fn docker(&self) -> Option<PathBuf> {
        self.docker_config.clone().or_else(|| Some(self.home.as_ref()?.join(".docker")))
    }

    /// The user's home.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Where the user's own services listen.
    pub(crate) fn runtime(&self) -> Option<&Path> {
        self.xdg_runtime_dir.as_deref()
    }

    /// Podman's and skopeo's folder.
    fn containers(&self) -> Option<PathBuf> {
        let config = self.xdg_config_home.clone();
        Some(config.or_else(|| Some(self.home.as_ref()?.join(".config")))?.join("containers"))
    }

    /// Files with credentials, the first that knows a registry wins. containers-auth.json(5); a file that
    /// `REGISTRY_AUTH_FILE` names stands alone.
    pub(super) fn auth_files(&self) -> Vec<PathBuf> {
        if let Some(file) = &self.registry_auth_file {
            return vec![file.clone()];
        }
        let runtime = self.xdg_runtime_dir.as_ref().map(|dir| dir.join("containers/auth.json"));
        let containers = self.containers().map(|dir| dir.join("auth.json"));
        let docker = self.docker().map(|dir| dir.join("config.json"));
        [runtime, containers, docker].into_iter().flatten().collect()
    }

    /// Folders with certificates for `host`, the user's first. containers-certs.d(5).
    pub(super) fn cert_dirs(&self, host: &str) -> Vec<PathBuf> {
        // No colon may stand in a file name there; Docker leaves it out.
        let host = if cfg!(windows) { host.replace(':', "") } else { host.to_owned() };
        self.cert_roots().into_iter().map(|root| root.join(&host)).collect()
    }

    /// Folders that have one for each host, the user's first.
    pub(super) fn cert_roots(&self) -> Vec<PathBuf> {
        let user = [self.containers(), self.docker()].into_iter().flatten();
        let system = ["/etc/containers", "/etc/docker"].map(PathBuf::from);
        user.chain(system).map(|dir| dir.join("certs.d")).collect()
    }
}
