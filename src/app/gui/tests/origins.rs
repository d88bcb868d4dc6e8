//! Pictures of where images come from: engines that answer or do not, files and registries.

use std::sync::Arc;

use sealift::{Code, Error, Fact, FoundEngine};

use super::*;
use crate::gui::{
    action::Sheet,
    registry,
    screens::pack::{Action as Pack, reference::Edit},
};

/// Docker with images, and Podman that does not answer.
fn engines() -> [Action; 2] {
    let silent = Error::new(Code::EngineUnreachable)
        .with(Fact::Engine, "Podman (unix:///run/podman/podman.sock)")
        .with(Fact::Detail, "Connection refused (os error 111)");
    let found = vec![
        FoundEngine {
            transport: "docker-daemon",
            namespace: None,
            reached: Ok("Docker (unix:///var/run/docker.sock) 29.1".into()),
        },
        FoundEngine { transport: "containers-storage", namespace: None, reached: Err(silent) },
    ];
    let origin = Origin::Engine("docker-daemon");
    let listed = rows(12).into_iter().skip(5).map(|row| Row { origin, ..row }).collect();
    [Pack::Engines(found), Pack::EngineListed("docker-daemon", Ok(listed))].map(Action::Pack)
}

#[test]
fn images_of_engines_and_files() {
    let mut pictures = Pictures::default();
    pictures.check("pack-engines", || {
        let mut state = after(engines().into_iter().chain([with_images(3)]));
        state.apply(Action::Pack(Pack::Press { row: 4, is_range: false }), &mut Effects::new());
        state
    });
    pictures.check("pack-engine-silent", || {
        after(engines().into_iter().chain([Action::Pack(Pack::Silent(Some("containers-storage")))]))
    });
}

#[test]
fn an_image_of_a_registry() {
    let mut pictures = Pictures::default();
    pictures.check("pack-registry", || {
        let error = Error::new(Code::Unauthorized).with(Fact::Image, "harbor.site.local/team/app:1.4");
        let edits = [
            Edit::Name("harbor.site.local/team/app:1.4".into()),
            Edit::Login(registry::Change::User("robot$delivery".into())),
            Edit::Login(registry::Change::Password(typed("secret"))),
        ];
        let edits = edits.map(|edit| Action::Pack(Pack::Reference(edit)));
        let sheet = Action::Sheet(Some(Sheet::Registry));
        let failed = Action::Pack(Pack::Listed(Vec::new(), Err(Arc::new(error))));
        after(engines().into_iter().chain([sheet]).chain(edits).chain([failed]))
    });
}
