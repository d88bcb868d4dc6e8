//! Signatures, SBOMs and other referrers travel with their image.

use serde_json::json;

use super::{
    User,
    fake::{Fake, Reply},
    http::{manifest_digest, put_blob, put_manifest},
    image::{INDEX, MANIFEST, Shelf, archive, noise},
    server::{Demands, Registry},
};
use crate::support::digest;

/// Blobs and manifest of an artifact that refers to `subject`.
fn artifact(subject: &str, size: usize, says: &str) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (config, layer) = (b"{}".to_vec(), says.as_bytes().to_vec());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.test",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(&config), "size": 2 },
        "layers": [{ "mediaType": "text/plain", "digest": digest(&layer), "size": layer.len() }],
        "subject": { "mediaType": MANIFEST, "digest": subject, "size": size },
    });
    (config, layer, manifest.to_string().into_bytes())
}

fn entry(manifest: &[u8]) -> serde_json::Value {
    json!({
        "mediaType": MANIFEST, "digest": digest(manifest), "size": manifest.len(),
        "artifactType": "application/vnd.test", "annotations": { "made.by": "test" },
    })
}

#[test]
fn cosigns_tags_and_the_referrers_of_an_image_land_with_it() {
    let (source, dest, user) =
        (Registry::start(Demands::default()), Registry::start(Demands::default()), User::new());
    let app = archive("vendor.example.com/team/app:1", &["amd64", "arm64"], &[noise(1 << 20, 9)]);
    let (tar, bundle) = (user.keep("app.tar", &app.bytes), user.dir.join("app.sealift"));
    user.pack(tar.to_str().unwrap(), &bundle, &[]);
    user.restore(&bundle, &format!("docker://{}", source.host()), &[]);

    let host = source.host();
    let tag = |subject: &str| subject.replace(':', "-");
    // A signature of the index, an SBOM of one platform by the tag schema, and the signature of that SBOM.
    let put = |subject: &str, says: &str, reference: Option<&str>| {
        let (config, layer, manifest) = artifact(subject, 1, says);
        put_blob(&host, "team/app", &config);
        put_blob(&host, "team/app", &layer);
        let own = digest(&manifest);
        put_manifest(&host, "team/app", reference.unwrap_or(&own), MANIFEST, &manifest);
        manifest
    };
    let signature = put(&app.target, "signature", Some(&format!("{}.sig", tag(&app.target))));
    let arm64 = &app.manifests["arm64"];
    let sbom = put(arm64, "sbom", None);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(&sbom)] }).to_string();
    put_manifest(&host, "team/app", &tag(arm64), INDEX, index.as_bytes());
    let sealed = put(&digest(&sbom), "signature of the SBOM", Some(&format!("{}.sig", tag(&digest(&sbom)))));

    let signed = user.dir.join("signed.sealift");
    let packed = user.pack(&format!("docker://{host}/team/app:1"), &signed, &[]);
    assert_eq!(packed["num_images"].as_u64(), Some(4));
    let renamed = format!("{host}/team/app:1={}/site/app:prod", dest.host());
    user.restore(&signed, &format!("docker://{}", dest.host()), &["--rename", &renamed]);
    let lands = |reference: &str, content: &[u8]| {
        assert_eq!(
            manifest_digest(&dest.host(), "site/app", reference),
            Some(digest(content)),
            "{reference}"
        );
    };
    assert_eq!(manifest_digest(&dest.host(), "site/app", "prod").as_ref(), Some(&app.target));
    lands(&format!("{}.sig", tag(&app.target)), &signature);
    lands(&tag(arm64), index.as_bytes());
    lands(&digest(&sbom), &sbom);
    lands(&format!("{}.sig", tag(&digest(&sbom))), &sealed);
    // An archive for an engine holds the image alone, and nobody stumbles over the rest.
    let out = user.dir.join("out.tar");
    let report = user.restore(&signed, &format!("docker-archive:{}", out.display()), &[]);
    assert_eq!(report["images"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(report["left_out"].as_array().map(Vec::len), Some(3), "{report}");
}

#[test]
fn referrers_that_only_the_registrys_own_list_knows_get_the_tag_of_the_schema() {
    let mut shelf = Shelf::new("team/app", "1");
    let (config, layer, manifest) = artifact(&shelf.target, 1, "sbom");
    for content in [&config, &layer] {
        shelf.put(&format!("/v2/team/app/blobs/{}", digest(content)), "application/octet-stream", content);
    }
    shelf.put(&format!("/v2/team/app/manifests/{}", digest(&manifest)), MANIFEST, &manifest);
    let (served, known) = (shelf.clone(), entry(&manifest));
    let source = Fake::start(move |request| match request.path.strip_prefix("/v2/team/app/referrers/") {
        Some(subject) => {
            let listed = if subject == served.target { vec![known.clone()] } else { Vec::new() };
            Reply::json(&json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": listed }))
        }
        None => served.reply(request),
    });
    let (dest, user) = (Registry::start(Demands::default()), User::new());
    let bundle = user.dir.join("app.sealift");
    user.pack(&format!("docker://{}/team/app:1", source.host()), &bundle, &[]);
    user.restore(&bundle, &format!("docker://{}", dest.host()), &[]);
    assert_eq!(manifest_digest(&dest.host(), "team/app", &digest(&manifest)), Some(digest(&manifest)));
    let tag = shelf.target.replace(':', "-");
    let index = super::http::get(&dest.host(), &format!("/v2/team/app/manifests/{tag}"));
    let index: serde_json::Value = serde_json::from_slice(&index.body).unwrap();
    assert_eq!(index["manifests"], json!([entry(&manifest)]));
}
