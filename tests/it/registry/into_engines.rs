//! What came from a registry goes into engines: signatures beside images, and one platform of several.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::{Value, json};

use super::{
    User,
    http::{put_blob, put_manifest},
    image::{MANIFEST, archive, noise},
    server::{Demands, Registry},
};
use crate::{
    engines::{Containerd, Docker, Podman},
    support::{Sealift, digest},
};

/// A bundle of an image for two platforms, which cosign signed.
struct Signed {
    user: User,
    bundle: PathBuf,
    image: String,
    signature: String,
    target: String,
    amd64: String,
}

/// A layer that can be unpacked.
fn layer() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let content = noise(100_000, 3);
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "content", &content[..]).unwrap();
    tar.into_inner().unwrap()
}

fn signed(options: &[&str]) -> Signed {
    let (source, user) = (Registry::start(Demands::default()), User::new());
    let app = archive("vendor.example.com/team/app:1", &["amd64", "arm64"], &[layer()]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    user.restore(&bundle, &format!("docker://{}", source.host()), &[]);

    // As cosign writes it: the config of an image, and a layer that is none.
    let host = source.host();
    let payload = br#"{"critical":{"type":"cosign container image signature"}}"#;
    let config = json!({
        "architecture": "", "os": "", "config": {}, "rootfs": { "type": "layers", "diff_ids": [digest(payload)] },
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(&config), "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": digest(payload), "size": payload.len(),
        }],
    });
    put_blob(&host, "team/app", &config);
    put_blob(&host, "team/app", payload);
    let tag = format!("{}.sig", app.target.replace(':', "-"));
    put_manifest(&host, "team/app", &tag, MANIFEST, manifest.to_string().as_bytes());

    let bundle = user.dir.join("signed.sealift");
    let packed = user.pack(&format!("docker://{host}/team/app:1"), &bundle, options);
    assert_eq!(packed["num_images"].as_u64(), Some(2));
    let (image, signature) = (format!("{host}/team/app:1"), format!("{host}/team/app:{tag}"));
    let amd64 = app.manifests["amd64"].clone();
    Signed { user, bundle, image, signature, target: app.target, amd64 }
}

impl Signed {
    fn sealift(&self) -> Sealift {
        Sealift::opened_by(self.user.dir.join("passphrase"))
    }
}

fn names(report: &Value, list: &str) -> Vec<String> {
    let images = report[list].as_array().unwrap().iter();
    let names = images.flat_map(|image| image["names"].as_array().unwrap());
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn says(sealift: &Sealift, signed: &Signed, dest: &str, options: &[&str]) -> (String, String) {
    let mut command = sealift.prepared(["restore", signed.bundle.to_str().unwrap(), "--to", dest]);
    let output = command.args(options).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_signed_image_goes_into_containerd_with_its_signature_at_once_and_is_unpacked() {
    let (signed, containerd) = (signed(&[]), Containerd::start());
    let sealift = containerd.environment(signed.sealift());
    let report = sealift.restore(&signed.bundle, "containerd:multi", &[]);
    assert_eq!(names(&report, "images"), [signed.image.clone(), signed.signature.clone()]);
    assert_eq!(names(&report, "left_out"), [""; 0]);
    let held = sealift.images_in("containerd:multi/");
    assert_eq!(held.iter().map(|image| &image.target).collect::<Vec<_>>(), [&signed.target]);
    let listed = containerd.run(["--namespace", "multi", "images", "list", "--quiet"]);
    assert_eq!(listed.lines().collect::<BTreeSet<_>>(), [&*signed.image, &*signed.signature].into());
    let unpacked = containerd.run(["--namespace", "multi", "snapshots", "--snapshotter", "native", "list"]);
    assert_eq!(unpacked.lines().count(), 2, "{unpacked}");
    let again = sealift.restore(&signed.bundle, "containerd:multi", &[]);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");
}

#[test]
fn one_platform_of_an_index_goes_into_containerd_under_its_tag_and_a_pulled_index_stays() {
    let (signed, containerd) = (signed(&["--platform", "linux/amd64"]), Containerd::start());
    let sealift = containerd.environment(signed.sealift());
    let (plan, notes) = says(&sealift, &signed, "containerd:", &["--dry-run"]);
    assert!(plan.contains("Would restore 1 image, 1 signature or other artifact, "), "{plan}");
    assert!(notes.contains("the destination takes no index without all its platforms"), "{notes}");
    sealift.restore(&signed.bundle, "containerd:", &[]);
    assert_eq!(containerd.images()[&signed.image], signed.amd64);
    let again = sealift.restore(&signed.bundle, "containerd:", &[]);
    assert_eq!((&again["num_blobs"], &again["written_bytes"]), (&0.into(), &0.into()), "{again}");

    // As Kubernetes pulls: the name points at the index, of which one platform is there.
    let layout = signed.user.dir.join("one.tar");
    sealift.restore(
        &signed.bundle,
        &format!("oci-archive:{}", layout.display()),
        &["--image", &signed.image],
    );
    containerd.run([
        "--namespace",
        "pulled",
        "images",
        "import",
        "--platform",
        "linux/amd64",
        "--no-unpack",
        layout.to_str().unwrap(),
    ]);
    let before = containerd.run(["--namespace", "pulled", "images", "list"]);
    let again = sealift.restore(&signed.bundle, "containerd:pulled", &["--image", &signed.image]);
    assert_eq!(names(&again, "images"), [signed.image.clone(), signed.signature.clone()]);
    let after = containerd.run(["--namespace", "pulled", "images", "list"]);
    let row = |table: &str| table.lines().find(|line| line.starts_with(&signed.image)).map(str::to_owned);
    assert!(row(&before).is_some_and(|row| row.contains(&signed.target)), "{before}");
    assert_eq!(row(&before), row(&after));
}

#[test]
fn engines_that_hold_images_alone_say_that_a_signature_stays_behind_and_count_what_they_had() {
    let signed = signed(&[]);
    let (docker, podman) = (Docker::start(), Podman::new());
    let archive = format!("docker-archive:{}", signed.user.dir.join("out.tar").display());
    for (dest, sealift, had) in [
        ("docker-daemon:", signed.sealift().with_env("DOCKER_HOST", docker.host()), 2),
        ("containers-storage:", podman.environment(signed.sealift()), 2),
        (&archive, signed.sealift(), 0),
    ] {
        let (plan, notes) = says(&sealift, &signed, dest, &["--dry-run"]);
        assert!(plan.contains("Would restore 1 image, "), "{dest} {plan}");
        let left_out = plan.split("cannot hold them:").nth(1);
        assert!(left_out.is_some_and(|rest| rest.contains(&signed.signature)), "{dest} {plan}");
        assert!(notes.contains("it stays in the bundle"), "{dest} {notes}");
        assert!(plan.contains("Free there: "), "{dest} {plan}");

        let report = sealift.restore(&signed.bundle, dest, &["--force"]);
        assert_eq!(names(&report, "images"), std::slice::from_ref(&signed.image), "{dest}");
        assert_eq!(names(&report, "left_out"), std::slice::from_ref(&signed.signature), "{dest}");
        assert_eq!(report["num_present"], 0, "{dest}: nothing was there");
        let again = sealift.restore(&signed.bundle, dest, &["--force"]);
        assert_eq!(again["num_present"], had, "{dest}: {again}");

        let only = ["--image", &signed.signature, "--force"];
        let (status, error) = sealift.refused(&signed.bundle, dest, &only);
        assert_eq!((status, error["code"].as_str()), (Some(2), Some("ENGINE-10")), "{dest} {error}");
    }
    assert_eq!(docker.images().len(), 1);
    assert_eq!(podman.images().len(), 1);
}

#[test]
fn an_engine_that_fails_while_it_loads_is_not_said_to_be_unchanged() {
    let (user, docker) = (User::new(), Docker::start());
    let app = archive("registry.local/team/app:1", &["amd64"], &[b"no tar, so no layer".repeat(100)]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    let sealift = Sealift::opened_by(user.dir.join("passphrase")).with_env("DOCKER_HOST", docker.host());
    let (_, error) = sealift.refused(&bundle, "docker-daemon:", &[]);
    assert_eq!(error["code"], "ENGINE-03", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("may still be there"), "{error}");
}

#[test]
fn an_engine_that_is_away_gets_a_hint_of_its_own() {
    let signed = signed(&[]);
    let (podman, gone) = (Podman::new(), signed.user.dir.join("gone.sock"));
    let gone = gone.to_str().unwrap();
    let unix = format!("unix://{gone}");
    let set = |name, value: &str| signed.sealift().with_env(name, value);
    for (dest, sealift, variable) in [
        ("docker-daemon:", set("DOCKER_HOST", &unix), "DOCKER_HOST"),
        ("containerd:", set("CONTAINERD_ADDRESS", gone), "CONTAINERD_ADDRESS"),
        ("containers-storage:", podman.environment(set("CONTAINER_HOST", &unix)), "CONTAINER_HOST"),
    ] {
        let (_, error) = sealift.refused(&signed.bundle, dest, &[]);
        assert_eq!(error["code"], "ENGINE-01", "{error}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains(variable) && !hint.contains("docker save"), "{dest} {hint}");
    }
    let (_, error) = set("DOCKER_CONTEXT", "nowhere").refused(&signed.bundle, "docker-daemon:", &[]);
    assert_eq!(error["code"], "ENGINE-09", "{error}");
    assert_eq!(error["facts"]["engine"], "docker context nowhere", "{error}");
}
