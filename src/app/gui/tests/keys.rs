//! Pictures of the Keys page.

use std::sync::Arc;

use sealift::{Code, Error};

use super::*;
use crate::gui::{
    action::Page,
    new_passphrase::Change,
    screens::keys::{self, Task},
};

fn opened(actions: impl IntoIterator<Item = keys::Action>) -> State {
    let open = [Action::Go(Page::Keys), Action::Keys(keys::Action::Opened(Ok(header())))];
    after(open.into_iter().chain(actions.into_iter().map(Action::Keys)))
}

#[test]
fn slots_that_are_listed_and_changed() {
    let mut pictures = Pictures::default();
    pictures.check("keys-list", || opened([]));
    pictures.check("keys-add", || {
        opened([
            keys::Action::Task(Some(Task::Add)),
            keys::Action::Current(typed("the old one")),
            keys::Action::New(Change::First(typed("天涯若比邻"))),
        ])
    });
    pictures.check("keys-remove", || {
        let error = Error::new(Code::KeyRefused).at(&header().path);
        opened([
            keys::Action::Task(Some(Task::Remove(2))),
            keys::Action::Current(typed("not it")),
            keys::Action::Changed(Task::Remove(2), Err(Arc::new(error))),
        ])
    });
    pictures.check("keys-changed", || opened([keys::Action::Changed(Task::Change, Ok(header()))]));
}
