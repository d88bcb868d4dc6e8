//! What every kind of source and destination keeps: the same cases for each, read from the library's lists.

use std::{collections::BTreeMap, fs, path::Path};

use sealift::{Admission, Code, Ctx, Existing, KdfLevel, PackOptions, Passphrase, Selection, VerifiedBundle};

use crate::support::{Scratch, file_transports};

/// Manifest and image ID by name.
type Facts = BTreeMap<String, (String, String)>;

fn passphrase() -> Passphrase {
    Passphrase::new(b"correct horse battery staple".to_vec()).unwrap()
}

/// Seals the source `spec` and opens the bundle again.
fn carry(spec: &str, bundle: &Path) -> VerifiedBundle {
    let ctx = Ctx::new();
    let plan = sealift::plan_pack(&ctx, &[spec.parse().unwrap()], &[]).unwrap();
    let options = PackOptions { kdf: KdfLevel::Low, ..PackOptions::default() };
    sealift::pack(&ctx, &plan, bundle, &passphrase(), &options).unwrap();
    let unlocked = sealift::inspect(bundle).unwrap().unlock(&ctx, &passphrase()).unwrap();
    unlocked.verify(&ctx).unwrap().1.expect("nothing is damaged")
}

fn facts(images: &[sealift::Image]) -> Facts {
    let id = |image: &sealift::Image| image.manifests[0].config.digest.to_string();
    images.iter().map(|image| (image.title(), (image.target.digest.to_string(), id(image)))).collect()
}

fn restore(verified: &VerifiedBundle, dest: &str, existing: Existing) -> sealift::Result<()> {
    let (ctx, dest) = (Ctx::new(), dest.parse()?);
    let plan = sealift::plan_restore(&ctx, verified, &Admission::unruled(), &dest, &Selection::default())?;
    sealift::restore(&ctx, verified, &plan, existing).map(drop)
}

#[test]
fn every_destination_is_a_source_that_gives_the_same_images_back() {
    let dir = Scratch::new();
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let verified = carry(&format!("docker-archive:{}", sample.display()), &dir.join("a.sealift"));
    let sent = facts(verified.images());
    assert_eq!(sent.len(), 2);
    for transport in file_transports() {
        let dest = format!("{transport}:{}", dir.join(transport).display());
        restore(&verified, &dest, Existing::Keep).unwrap();
        // By name, and by content alone.
        for spec in [dest.clone(), dir.join(transport).display().to_string()] {
            let listed = sealift::list(&Ctx::new(), &spec.parse().unwrap()).unwrap();
            assert_eq!(facts(&listed), sent, "{spec}");
        }
        let again = carry(&dest, &dir.join(&format!("{transport}.sealift")));
        assert_eq!(facts(again.images()), sent, "{transport} packed again");
    }
}

#[test]
fn every_destination_refuses_what_is_there_and_leaves_it_alone() {
    let dir = Scratch::new();
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let verified = carry(sample.to_str().unwrap(), &dir.join("a.sealift"));
    for transport in file_transports() {
        let theirs = dir.write(&format!("theirs-{transport}"), "another program's file");
        let error =
            restore(&verified, &format!("{transport}:{}", theirs.display()), Existing::Keep).unwrap_err();
        assert_eq!(error.code(), Code::Exists, "{transport}");
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "another program's file");
        let folder = dir.join(&format!("folder-{transport}"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(folder.join("inside")).unwrap();
        for existing in [Existing::Keep, Existing::Replace] {
            let error =
                restore(&verified, &format!("{transport}:{}", folder.display()), existing).unwrap_err();
            assert_eq!(error.code(), Code::Exists, "{transport}");
        }
        assert!(folder.join("inside").is_dir());
    }
}

#[test]
fn every_destination_that_is_cancelled_leaves_nothing() {
    let dir = Scratch::new();
    let sample = dir.join("sample.tar");
    sealift::write_sample(&sample).unwrap();
    let verified = carry(sample.to_str().unwrap(), &dir.join("a.sealift"));
    let names = || fs::read_dir(dir.path()).unwrap().count();
    let before = names();
    for transport in file_transports() {
        let ctx = Ctx::new();
        let dest = format!("{transport}:{}", dir.join(transport).display()).parse().unwrap();
        let plan =
            sealift::plan_restore(&ctx, &verified, &Admission::unruled(), &dest, &Selection::default())
                .unwrap();
        ctx.cancel();
        let error = sealift::restore(&ctx, &verified, &plan, Existing::Keep).unwrap_err();
        assert_eq!(error.code(), Code::Cancelled, "{transport}");
        assert_eq!(names(), before, "{transport}");
    }
}

#[test]
fn every_source_that_is_not_there_or_is_something_else_says_so() {
    let dir = Scratch::new();
    let text = dir.write("text", "not an archive at all\n");
    for transport in file_transports() {
        let list = |path: &Path| {
            let spec = format!("{transport}:{}", path.display()).parse().unwrap();
            sealift::list(&Ctx::new(), &spec).unwrap_err().code()
        };
        assert_eq!(list(&dir.join("missing")), Code::NotFound, "{transport}");
        let code = list(&text);
        assert!(
            matches!(
                code,
                Code::NotASource | Code::BadArchive | Code::SourceTruncated | Code::NotFound | Code::Read
            ),
            "{transport}: {code:?}"
        );
    }
}
