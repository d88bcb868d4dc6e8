//! From one real registry into another: bytes, digests and tags.

use std::collections::BTreeSet;

use super::{
    User,
    http::{get, manifest_digest},
    image::{archive, noise},
    server::{Demands, Registry},
};
use crate::support::{Tool, run};

const SKOPEO: Tool = Tool::new("skopeo", "skopeo");
const NAME: &str = "vendor.example.com/team/app:1.4";

fn names(value: &serde_json::Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// Lets another program copy an image with all its platforms, byte for byte.
fn copy(from: &str, to: &str) {
    let mut skopeo = SKOPEO.command();
    skopeo.args(["copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"]);
    run(skopeo.args([from, to]));
}

#[test]
fn what_one_registry_had_lands_in_an_empty_one_and_is_not_sent_twice() {
    let (source, dest, user) =
        (Registry::start(Demands::default()), Registry::start(Demands::default()), User::new());
    // Put there by another program, which keeps the bytes as they are.
    let app =
        archive("1.4", &["amd64", "arm64"], &[noise(40 << 20, 1), noise(9 << 20, 2), b"small".to_vec()]);
    let tar = user.keep("app.tar", &app.bytes);
    let at_source = format!("docker://{}/team/app:1.4", source.host());
    let from = format!("oci-archive:{}:1.4", tar.display());
    copy(&from, &at_source);
    assert_eq!(manifest_digest(&source.host(), "team/app", "1.4").as_ref(), Some(&app.target));

    let listed = user.json(&["images", &at_source]);
    assert_eq!(listed["images"][0]["target"]["digest"], app.target.as_str());
    assert_eq!(listed["images"][0]["manifests"].as_array().unwrap().len(), 2);

    // The same image in a second repository: one image with two names.
    let also = format!("docker://{}/other/app:2", source.host());
    copy(&from, &also);
    let bundle = user.dir.join("app.sealift");
    user.json(&["pack", &at_source, &also, "--out", bundle.to_str().unwrap()]);
    let to = format!("docker://{}/mirror", dest.host());
    let restored = user.restore(&bundle, &to, &[]);
    assert_eq!(restored["checked"], "while_sent");
    let there = ["other/app:2", "team/app:1.4"].map(|name| format!("{}/mirror/{name}", dest.host()));
    assert_eq!(names(&restored["images"][0]["names"]), there);
    // Sent once, each in one request. Then mounted.
    assert_eq!(dest.num_answered(&["\"PUT", "/blobs/uploads/", " 201 "]), 3 + 2, "layers and configs");
    assert_eq!(dest.num_answered(&["\"PATCH"]), 0);
    assert_eq!(dest.num_answered(&["\"POST", "mount=", " 201 "]), 3 + 2, "layers and configs");
    assert_eq!(manifest_digest(&dest.host(), "mirror/other/app", "2").as_ref(), Some(&app.target));
    let manifests = app.manifests.values().map(|digest| (digest.as_str(), digest));
    for (reference, digest) in manifests.chain([("1.4", &app.target), (app.target.as_str(), &app.target)]) {
        assert_eq!(manifest_digest(&dest.host(), "mirror/team/app", reference).as_ref(), Some(digest));
    }
    // Another program reads every blob of it.
    let (read, there) = (user.dir.join("read"), format!("docker://{}/mirror/team/app:1.4", dest.host()));
    let read = format!("oci:{}:1.4", read.display());
    copy(&there, &read);

    // Again: nothing is sent.
    let num_writes = dest.num_writes();
    let again = user.restore(&bundle, &to, &[]);
    assert_eq!(again["checked"], "nothing_sent");
    assert_eq!((again["num_blobs"].as_u64(), again["written_bytes"].as_u64()), (Some(0), Some(0)));
    assert_eq!(dest.num_writes(), num_writes, "{}", std::fs::read_to_string(dest.log()).unwrap());
}

#[test]
fn one_platform_of_several_travels_and_lands_even_where_the_index_is_refused() {
    let (dest, user) = (Registry::start(Demands::default()), User::new());
    let app = archive(NAME, &["amd64", "arm64"], &[noise(1 << 20, 3)]);
    let tar = user.keep("app.tar", &app.bytes);
    let bundle = user.dir.join("app.sealift");
    let packed = user.pack(tar.to_str().unwrap(), &bundle, &["--platform", "linux/arm64"]);
    assert_eq!(packed["num_images"].as_u64(), Some(1));
    let to = format!("docker://{}", dest.host());
    user.restore(&bundle, &to, &[]);
    // This registry takes no index whose manifests it does not have.
    let arm64 = &app.manifests["arm64"];
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1.4").as_ref(), Some(arm64));
    let num_writes = dest.num_writes();
    user.restore(&bundle, &to, &[]);
    assert_eq!(dest.num_writes(), num_writes);
}

#[test]
fn by_digest_it_stays_by_digest() {
    let (source, dest, user) =
        (Registry::start(Demands::default()), Registry::start(Demands::default()), User::new());
    let app = archive(NAME, &["amd64"], &[noise(1 << 20, 4)]);
    let tar = user.keep("app.tar", &app.bytes);
    let (first, second) = (user.dir.join("first.sealift"), user.dir.join("second.sealift"));
    user.pack(tar.to_str().unwrap(), &first, &[]);
    user.restore(&first, &format!("docker://{}", source.host()), &[]);
    user.pack(&format!("docker://{}/team/app@{}", source.host(), app.target), &second, &[]);
    user.restore(&second, &format!("docker://{}", dest.host()), &[]);
    assert_eq!(manifest_digest(&dest.host(), "team/app", &app.target).as_ref(), Some(&app.target));
    assert_eq!(get(&dest.host(), "/v2/team/app/tags/list").status, 404, "it got a tag");
}

#[test]
fn a_tag_that_points_elsewhere_is_refused_kept_or_moved_as_chosen() {
    let (dest, user) = (Registry::start(Demands::default()), User::new());
    let to = format!("docker://{}", dest.host());
    let pack = |number: u64| {
        let app = archive(NAME, &["amd64"], &[noise(1 << 20, number)]);
        let tar = user.keep(&format!("{number}.tar"), &app.bytes);
        let bundle = user.dir.join(&format!("{number}.sealift"));
        user.pack(tar.to_str().unwrap(), &bundle, &[]);
        (app.target, bundle)
    };
    let ((old, first), (new, second)) = (pack(5), pack(6));
    let tag = || manifest_digest(&dest.host(), "team/app", "1.4").unwrap();
    user.restore(&first, &to, &[]);
    let refused = user.run(&["restore", second.to_str().unwrap(), "--to", &to]);
    assert!(refused.stderr.contains("Code: ENGINE-06") && refused.status == 2, "{}", refused.stderr);
    assert_eq!(tag(), old);
    user.restore(&second, &to, &["--tags", "backup"]);
    assert_eq!(tag(), new);
    let tags: serde_json::Value =
        serde_json::from_slice(&get(&dest.host(), "/v2/team/app/tags/list").body).unwrap();
    let tags: BTreeSet<&str> = names(&tags["tags"]).into_iter().collect();
    let kept = tags.iter().find(|tag| tag.starts_with("1.4-before-")).unwrap();
    assert_eq!(manifest_digest(&dest.host(), "team/app", kept).unwrap(), old);
    user.restore(&first, &to, &["--tags", "overwrite"]);
    assert_eq!(tag(), old);
}

#[test]
fn an_image_without_a_name_is_refused_until_it_gets_one() {
    let (dest, user) = (Registry::start(Demands::default()), User::new());
    let app = archive("latest", &["amd64"], &[noise(1 << 20, 8)]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    let to = format!("docker://{}", dest.host());
    let refused = user.run(&["restore", bundle.to_str().unwrap(), "--to", &to]);
    assert!(refused.stderr.contains("Code: NET-27") && refused.status == 2, "{}", refused.stderr);
    user.restore(&bundle, &to, &["--rename", "latest=team/app:1"]);
    assert_eq!(manifest_digest(&dest.host(), "library/team/app", "1"), None);
    assert_eq!(manifest_digest(&dest.host(), "team/app", "1").as_ref(), Some(&app.target));
}
