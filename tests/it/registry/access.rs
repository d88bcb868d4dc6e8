//! Who may enter, and where the program finds that out.

use super::{
    User,
    fake::{Fake, Reply},
    image::Shelf,
    server::{Demands, Registry, USER},
};
use crate::support::{answering, at_terminal};

fn base64(text: &str) -> String {
    use std::io::Write as _;
    let mut child = crate::support::Tool::new("base64", "coreutils").command();
    let mut child = child
        .arg("-w0")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn credentials_come_from_a_file_of_their_own_or_from_dockers_and_podmans_logins() {
    let registry = Registry::start(Demands { password: true, ..Demands::default() });
    let image = format!("docker://{}/team/a:1", registry.host());
    let nobody = User::new();
    nobody.fails(&["images", &image], "NET-14");
    let creds = nobody.write("creds", &format!("{}:{}\n", USER.0, USER.1));
    nobody.fails(&["images", &image, "--creds-file", creds.to_str().unwrap()], "NET-16");
    let wrong = nobody.write("wrong", "robot$ci:guess\n");
    let said = nobody.fails(&["images", &image, "--creds-file", wrong.to_str().unwrap()], "NET-14");
    assert!(!said.contains("guess"), "{said}");

    let (right, wrong) = (base64(&format!("{}:{}", USER.0, USER.1)), base64("robot$ci:guess"));
    let host = registry.host();
    let entries =
        format!(r#"{{"auths": {{"{host}": {{"auth": "{wrong}"}}, "{host}/team": {{"auth": "{right}"}}}}}}"#);
    for file in [".docker/config.json", ".config/containers/auth.json"] {
        let user = User::new();
        user.write(file, &entries);
        user.fails(&["images", &image], "NET-16");
        user.fails(&["images", &format!("docker://{host}/other/a:1")], "NET-14");
    }
    let broken = User::new();
    let file = broken.write(".docker/config.json", r#"{"auths": {"#);
    let said = broken.fails(&["images", &image], "NET-12");
    assert!(said.contains(file.to_str().unwrap()), "{said}");
}

#[test]
fn a_prompt_names_the_registry_that_asks() {
    let registry = Registry::start(Demands { password: true, ..Demands::default() });
    let user = User::new();
    let prompt = format!("User name at the registry {}:", registry.host());
    let mut command = at_terminal(&format!("images docker://{}/team/a:1", registry.host()));
    for name in ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    let answers = [(&prompt[..], format!("{}\n", USER.0)), ("Password:", format!("{}\n", USER.1))];
    let answers = answers.each_ref().map(|(prompt, answer)| (*prompt, &answer[..]));
    let (status, shown) = answering(command.env("HOME", user.home()), &answers);
    // It let the user in, and has no such image.
    assert!(status == Some(1) && shown.contains("NET-16"), "{shown}");
}

#[test]
fn a_credential_helper_is_asked() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = Registry::start(Demands { password: true, ..Demands::default() });
    let user = User::new();
    let host = registry.host();
    let script = format!(
        "#!/bin/sh\nread -r server\n[ \"$1 $server\" = \"get {host}\" ] || exit 1\n\
         echo '{{\"ServerURL\": \"{host}\", \"Username\": \"{}\", \"Secret\": \"{}\"}}'\n",
        USER.0, USER.1
    );
    let helper = user.write("bin/docker-credential-test", &script);
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    user.write(".docker/config.json", &format!(r#"{{"credHelpers": {{"{host}": "test"}}}}"#));
    let image = format!("docker://{host}/a:1");
    let path = format!("{}:/usr/bin:/bin", helper.parent().unwrap().display());
    let output = user.command(&["images", &image]).env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("NET-16"), "{said}");
    // The same without the program.
    let said = user.fails(&["images", &image], "NET-13");
    assert!(said.contains("docker-credential-test"), "{said}");
}

#[test]
fn a_token_is_bought_for_the_repository_and_replaced_when_it_is_not_taken_any_more() {
    let shelf = Shelf::new("team/a", "1");
    let service = Fake::start(|request| {
        assert!(
            request.path.contains("scope=repository%3Ateam%2Fa%3Apull") || !request.path.contains("scope")
        );
        assert_eq!(request.header("authorization"), Some(format!("Basic {}", base64("u:p"))).as_deref());
        let token = format!("token-{}", request.number);
        Reply::json(&serde_json::json!({ "token": token, "expires_in": 300 }))
    });
    let realm = format!("http://{}/token", service.host());
    let served = shelf.clone();
    let registry = Fake::start(move |request| {
        let token = request.header("authorization").unwrap_or_default();
        // Each token is good for a few requests only.
        let is_good = token.starts_with("Bearer token-") && request.number % 4 != 3;
        if is_good {
            return served.reply(request);
        }
        let challenge = format!("Bearer realm=\"{realm}\",service=\"test\",scope=\"repository:team/a:pull\"");
        Reply::status(401).with("WWW-Authenticate", &challenge)
    });
    let user = User::new();
    let creds = user.write("creds", "u:p");
    let listed = user.json(&[
        "images",
        &format!("docker://{}/team/a:1", registry.host()),
        "--creds-file",
        creds.to_str().unwrap(),
    ]);
    assert_eq!(listed["images"][0]["target"]["digest"], shelf.target.as_str());
    assert!(service.num_requests() > 1);
}

#[test]
fn credentials_go_to_no_other_host_in_plain_http() {
    let shelf = Shelf::new("team/a", "1");
    let service = Fake::start(|_| Reply::json(&serde_json::json!({ "token": "stolen" })));
    // The same machine, and another host for all that is known.
    let realm = format!("http://{}/token", service.host().replace("127.0.0.1", "localhost"));
    let named = realm.clone();
    let registry = Fake::start(move |request| {
        if request.header("authorization") == Some(&format!("Basic {}", base64("u:p"))) {
            return shelf.reply(request);
        }
        let basic = if request.path.contains("both") { "Basic realm=\"x\", " } else { "" };
        Reply::status(401).with("WWW-Authenticate", &format!("{basic}Bearer realm=\"{named}\",service=\"s\""))
    });
    let user = User::new();
    let creds = user.write("creds", "u:p");
    let image = format!("docker://{}/team/a:1", registry.host());
    for plain_http in [&[][..], &["--plain-http"]] {
        let args = [&["images", &image, "--creds-file", creds.to_str().unwrap()], plain_http].concat();
        let said = user.fails(&args, "NET-18");
        assert!(said.contains("localhost"), "{said}");
    }
    assert_eq!(service.num_requests(), 0);
}
