//! Docker of another machine, by ssh: the real sshd on loopback.

use std::net::TcpListener;

use super::{
    docker_engine::Docker,
    sample::{APP, sample},
    text,
};
use crate::support::{Daemon, Scratch, Sealift, Tool, run};

const SSHD: Tool = Tool::new("sshd", "openssh-server");
const SSH_KEYGEN: Tool = Tool::new("ssh-keygen", "openssh-client");

/// A server that lets one key in, and an `ssh` with that key.
struct Site {
    dir: Scratch,
    port: u16,
    _sshd: Daemon,
}

impl Site {
    fn start(docker: &Docker) -> Self {
        let dir = Scratch::for_sockets();
        for name in ["host", "user"] {
            run(SSH_KEYGEN.command().args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.join(name)));
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| dir.join(name).display().to_string();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPermitRootLogin yes\nSetEnv DOCKER_HOST={}\n",
            path("host"),
            path("user.pub"),
            docker.host(),
        );
        let config = dir.write("sshd_config", &config);
        std::fs::create_dir_all("/run/sshd").unwrap();
        let is_ready = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        // Started by its full path, as it asks to be.
        let mut command = std::process::Command::new(SSHD.path());
        let sshd = Daemon::start(command.args(["-D", "-e", "-f"]).arg(config), &dir.join("log"), is_ready);
        let user = format!("IdentityFile {}\nUserKnownHostsFile {}\n", path("user"), path("known"));
        let key = std::fs::read_to_string(dir.join("host.pub")).unwrap();
        dir.write("known", format!("[127.0.0.1]:{port} {key}"));
        let ssh_config = dir.write("ssh_config", &user);
        // ssh reads the settings of the account and not of $HOME: so they are named to it.
        std::fs::create_dir(dir.join("bin")).unwrap();
        let real = Tool::new("ssh", "openssh-client").path();
        let script = format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", real.display(), ssh_config.display());
        let ssh = dir.write("bin/ssh", &script);
        run(Tool::new("chmod", "coreutils").command().arg("755").arg(ssh));
        Self { dir, port, _sshd: sshd }
    }

    fn sealift(&self, home: &Scratch) -> Sealift {
        let path = format!("{}:{}", self.dir.join("bin").display(), std::env::var("PATH").unwrap());
        let address = format!("ssh://root@127.0.0.1:{}", self.port);
        Sealift::new(home).with_env("DOCKER_HOST", address).with_env("PATH", path)
    }
}

#[test]
fn an_engine_behind_ssh_takes_and_gives_images_and_a_key_that_is_refused_is_said() {
    let (dir, docker, sample) = (Scratch::new(), Docker::start(), sample());
    let site = Site::start(&docker);
    let sealift = site.sealift(&dir);
    let bundle = dir.join("a.sealift");
    sealift.pack([text(&sample.archive)], &bundle, &[]);
    sealift.restore(&bundle, "docker-daemon:", &[]);
    assert!(docker.images().iter().any(|(_, id)| *id == sample.app_id), "{:?}", docker.images());
    assert!(sealift.images_in("docker-daemon:").iter().any(|image| image.id == sample.app_id));
    let back = dir.join("back.sealift");
    sealift.pack([&*format!("docker-daemon:{APP}")], &back, &[]);
    let app = sealift.inspect(&bundle).into_iter().find(|image| image.id == sample.app_id);
    assert_eq!(
        sealift.inspect(&back).into_iter().next().map(|image| image.target),
        app.map(|app| app.target)
    );

    // A host that is not the one that is known, and one that does not know the user.
    for file in ["known", "user"] {
        std::fs::remove_file(site.dir.join(file)).unwrap();
        let (status, error) = sealift.refused(&bundle, "docker-daemon:", &[]);
        assert_eq!((status, error["code"].as_str()), (Some(1), Some("ENGINE-02")), "{file} {error}");
        assert!(error["facts"]["system"].as_str().unwrap().len() > 10, "{error}");
    }
}
