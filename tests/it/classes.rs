//! Sensitivity classes: one bundle for each, packed and put back as one thing.

use serde_json::{Value, json};

use crate::support::{Place, Scratch, Sealift, Tar, config, digest, names};

const CLASSES: &str = r#"
version = 1

[public]
images = ["docker.io/library/*"]
password_file = "PLACE/public-pw"

[internal]
images = ["vendor.example/*"]
recipients = ["RECIPIENT"]

[secret]
shares = "2/3"
shares_dir = "PLACE"
"#;

impl Place {
    /// With images of every class on one base, `classes.toml`, and keys.
    fn with_classes() -> Self {
        let place = Self(Scratch::new());
        place.0.write("public-pw", "anyone in the room may hear it\n");
        let made = place.done("keys generate --out @site.key");
        let folder = place.0.path().to_str().unwrap().to_owned();
        let classes = CLASSES.replace("PLACE", &folder);
        place.0.write("classes.toml", classes.replace("RECIPIENT", made["recipient"].as_str().unwrap()));
        let images = [
            ("nginx:1", Value::Null),
            ("vendor.example/web:1", Value::Null),
            // A pattern says internal: the more sensitive of both counts.
            ("vendor.example/ledger:1", json!("secret")),
        ];
        place.archive("images.tar", &images);
        place
    }

    /// A docker-archive with an image for each name, and its class label.
    fn archive(&self, file: &str, images: &[(&str, Value)]) {
        let base = layer(1);
        let mut tar = Tar::new().file("base.tar", &base);
        let mut items = Vec::new();
        for (number, (name, label)) in (0..).zip(images) {
            let own = layer(100 + number);
            let mut config = config(&[&digest(&base), &digest(&own)]);
            config["config"] = json!({ "Labels": { "sealift.class": label } });
            if label.is_null() {
                config["config"] = Value::Null;
            }
            let (layer, json) = (format!("{number}.tar"), format!("{number}.json"));
            tar = tar.file(&layer, &own).json(&json, &config);
            items.push(json!({ "Config": json, "RepoTags": [name], "Layers": ["base.tar", layer] }));
        }
        let tar = tar.json("manifest.json", &json!(items));
        let path = self.0.write(file, "");
        put(&path, &tar.bytes());
    }

    #[expect(clippy::disallowed_methods, reason = "plays the user")]
    fn moved(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Names and IDs of the images in an archive here.
    fn images(&self, file: &str) -> Vec<(String, String)> {
        let object = self.done(&format!("images @{file}"));
        let image = |image: &Value| {
            (
                image["names"][0].as_str().unwrap().to_owned(),
                image["target"]["digest"].as_str().unwrap().to_owned(),
            )
        };
        let mut images: Vec<_> = object["images"].as_array().unwrap().iter().map(image).collect();
        images.sort();
        images
    }
}

const PACK: &str = "pack @images.tar --out @d.sealift --classes @classes.toml --kdf low";

#[test]
fn a_delivery_is_one_bundle_for_each_class_and_comes_back_as_far_as_keys_go() {
    let place = Place::with_classes();
    let packed = place.done(PACK);
    let num = |class: &str| packed["parts"][class]["num_images"].as_u64();
    assert_eq!((num("public"), num("internal"), num("secret")), (Some(1), Some(1), Some(1)));
    let bundles = ["d.internal.sealift", "d.public.sealift", "d.secret.sealift"];
    let written: Vec<String> =
        names(place.0.path()).into_iter().filter(|name| name.ends_with(".sealift")).collect();
    assert_eq!(written, bundles);
    let inspected = place.done("inspect @d.sealift");
    assert_eq!(inspected["parts"][2]["part"]["class"], "secret");
    assert_eq!(inspected["parts"][0]["part"]["classes"], json!(["public", "internal", "secret"]));

    let site = place.done("restore @d.sealift --to docker-archive:@site.tar -i @site.key");
    assert_eq!(site["locked"], json!(["public", "secret"]));
    assert_eq!(place.images("site.tar"), [place.images("images.tar")[2].clone()]);

    // What is locked is named; all that could be checked is right.
    let verify = "verify @d.sealift -i @site.key";
    let checked = place.done(verify);
    assert_eq!(checked["locked"], json!(["public", "secret"]));
    let parts = [0, 1, 2].map(|part| checked["parts"][part]["blobs"]["num_blobs"].is_u64());
    assert_eq!(parts, [false, true, false], "{checked}");
    let line = format!("{verify} --lang en").replace('@', &format!("{}/", place.0.path().display()));
    let told = Sealift::command(line.split(' ')).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.matches("is locked: no key given opens its bundle").count(), 2, "{told}");

    // Everyone together: one archive, every digest as it was.
    let keys =
        "--password-file @public-pw -i @site.key -i @secret-share-1-of-3.txt -i @secret-share-3-of-3.txt";
    let all = place.done(&format!("restore @d.sealift --to docker-archive:@all.tar {keys}"));
    assert_eq!((all["locked"].clone(), all["proven"].clone()), (json!([]), json!(true)));
    assert_eq!(place.images("all.tar"), place.images("images.tar"));
    let again = place.done(&format!("restore @d.sealift --to oci:@layout {keys}"));
    assert_eq!(again["images"].as_array().map(Vec::len), Some(3));
    let again = place.done(&format!("restore @d.sealift --to oci:@layout --force {keys}"));
    assert_eq!(again["num_blobs"], 0, "all is there");

    // One bundle of it alone; and nothing, where no key opens any.
    let one = place.done("restore @d.secret.sealift --to docker-archive:@one.tar -i @secret-share-1-of-3.txt -i @secret-share-2-of-3.txt");
    assert_eq!(one["images"].as_array().map(Vec::len), Some(1));
    place.done("keys generate --out @other.key");
    place.refused("restore @d.sealift --to docker-archive:@no.tar -i @other.key", 4, "KEY-08");
    assert!(!place.path("no.tar").exists());
    let chosen = "restore @d.sealift --to docker-archive:@x.tar -i @site.key --image";
    place.refused(&format!("{chosen} vendor.example/ledger:1"), 2, "USAGE-04");
}

#[test]
fn what_marks_an_image_is_weighed_and_what_nothing_marks_is_refused() {
    let place = Place::with_classes();
    let classes = |args: &str| {
        for class in sealift::Class::ALL {
            let _ = std::fs::remove_file(place.path(&format!("d.{class}.sealift")));
            for share in 1..=3 {
                let _ = std::fs::remove_file(place.path(&format!("secret-share-{share}-of-3.txt")));
            }
        }
        let packed = place.done(&format!("{PACK} {args}"));
        let parts = packed["parts"].as_object().unwrap();
        let num = |(class, part): (&String, &Value)| format!("{class} {}", part["num_images"]);
        parts.iter().map(num).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(classes("--class vendor.example/ledger:1=internal"), "internal 2, public 1");
    assert_eq!(classes("--class nginx:1=secret --class *=public"), "internal 1, secret 2");

    let refused = |archive: &str, args: &str, code: &str| {
        place.refused(&format!("pack @{archive} --out @r.sealift --kdf low {args}"), 2, code);
        assert!(names(place.0.path()).iter().all(|name| !name.starts_with("r.")), "{args}");
    };
    place.archive("none.tar", &[("other.example/a:1", Value::Null)]);
    refused("none.tar", "--classes @classes.toml", "CLASS-03");
    place.archive("odd.tar", &[("nginx:1", json!("confidential"))]);
    refused("odd.tar", "--classes @classes.toml", "CLASS-02");
    place.archive("number.tar", &[("nginx:1", json!(3))]);
    refused("number.tar", "--classes @classes.toml", "CLASS-02");
    refused("images.tar", "--classes @classes.toml --class absent:1=secret", "USAGE-04");
    refused("images.tar", "--class *=top-secret", "CLASS-02");
    refused("images.tar", "--class nginx:1", "USAGE-01");
    refused("images.tar", "--class *=public", "USAGE-08");
    let both = place.command(&format!("{PACK} --password-file @public-pw")).output().unwrap();
    assert_eq!((both.status.code(), both.stdout.len()), (Some(2), 0));
    for (number, text) in [
        "",
        "version = 2",
        "version = 1\n[confidential]",
        "version = 1\n[public]\nimage = [\"x\"]",
        "version = 1\ndefault = \"top\"",
        "version = 1\n[public]\nimages = \"x\"",
        "version = 1\n[public]\n[public]",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("bad-{number}.toml");
        place.0.write(&name, text);
        refused("images.tar", &format!("--classes @{name}"), "CLASS-01");
    }
}

#[test]
fn one_that_cannot_be_packed_leaves_none_and_mixed_or_missing_ones_are_told() {
    let place = Place::with_classes();
    // Something stands where the last of them is written: the first two are taken back.
    std::fs::create_dir(place.path("d.secret.sealift.sealift-partial")).unwrap();
    let (output, object) = place.run(PACK);
    assert_eq!((output.status.code(), object["error"]["facts"]["class"].as_str()), (Some(1), Some("secret")));
    let left =
        |name: &String| name.ends_with(".sealift") || name.contains("share-") || name.contains("journal");
    assert!(!names(place.0.path()).iter().any(left), "{:?}", names(place.0.path()));
    std::fs::remove_dir(place.path("d.secret.sealift.sealift-partial")).unwrap();
    place.done(PACK);
    place.refused(PACK, 1, "IO-04");
    // Replaced by one of fewer classes, the rest goes too.
    let all =
        "--class nginx:1=public --class vendor.example/web:1=public --class vendor.example/ledger:1=public";
    place.done(&format!("{PACK} --force {all}"));
    assert!(!place.path("d.secret.sealift").exists() && !place.path("d.internal.sealift").exists());
    place.done("inspect @d.sealift");
    for share in 1..=3 {
        std::fs::remove_file(place.path(&format!("secret-share-{share}-of-3.txt"))).unwrap();
    }
    place.done(&format!("{PACK} --force"));

    // Each bundle is one like any other: keys come and go, it is signed, and sealed anew it stays in its place.
    place.done("signing-key new @acme --key-password-file @public-pw");
    let signed = place.done("sign @d.sealift --key @acme.key --key-password-file @public-pw");
    assert_eq!(signed["parts"].as_array().map(Vec::len), Some(3));
    place.done("keys add @d.internal.sealift -i @site.key --new-password-file @public-pw --kdf low");
    place.done("reseal @d.public.sealift --password-file @public-pw --new-password-file @public-pw --kdf low --out @n.public.sealift");
    place.moved("n.public.sealift", "d.public.sealift");
    let restored = place.done("restore @d.sealift --to docker-archive:@two.tar --password-file @public-pw");
    assert_eq!((restored["locked"].clone(), place.images("two.tar").len()), (json!(["secret"]), 2));
    let (output, verified) = place.run("verify @d.sealift --password-file @public-pw");
    assert_eq!((output.status.code(), verified["parts"].as_array().map(Vec::len)), (Some(0), Some(3)));

    place.moved("d.secret.sealift", "away");
    let (output, verified) = place.run("verify @d.sealift");
    assert_eq!((output.status.code(), verified["missing"].clone()), (Some(3), json!(["secret"])));
    let restored = place.done("restore @d.sealift --to docker-archive:@rest.tar -i @site.key");
    assert_eq!(restored["missing"], json!(["secret"]));

    // A bundle of another delivery under the name of the one that is missing.
    std::fs::create_dir(place.path("other")).unwrap();
    for share in 1..=3 {
        std::fs::remove_file(place.path(&format!("secret-share-{share}-of-3.txt"))).unwrap();
    }
    place.done(&PACK.replace("@d.sealift", "@other/d.sealift"));
    std::fs::copy(place.path("other/d.secret.sealift"), place.path("d.secret.sealift")).unwrap();
    for verb in ["inspect", "verify", "restore --to docker-archive:@none.tar -i @site.key"] {
        place.refused(&format!("{verb} @d.sealift"), 3, "CLASS-04");
    }
}

#[test]
fn a_delivery_is_handed_over_as_one_and_packed_signed_or_not_at_all() {
    let place = Place::with_classes();
    place.done("signing-key new @acme --key-password-file @public-pw");
    let packed = place.done(&format!("{PACK} --sign @acme.key --key-password-file @public-pw"));
    assert!(packed["parts"]["secret"]["signature"]["key_id"].is_string());
    std::fs::create_dir(place.path("stick")).unwrap();
    place.done("handoff @d.sealift --to @stick");
    let there = ["d.internal.sealift", "d.public.sealift", "d.secret.sealift"];
    assert_eq!(names(&place.path("stick")), there);
    let (output, _) = place.run("verify @stick/d.sealift");
    assert_eq!(output.status.code(), Some(0));
}

#[expect(clippy::disallowed_methods, reason = "a test's own input")]
fn put(path: &std::path::Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

fn layer(number: u64) -> Vec<u8> {
    format!("a line of layer {number}\n").repeat(20_000).into_bytes()
}
