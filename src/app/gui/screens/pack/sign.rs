//! Signing what was packed: by which of the user's keys, and what came of it.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::Ui;
use sealift::{KnownKey, Passphrase};

use super::Action;
use crate::gui::{
    action::{self, Actions},
    secret::{self, Secret},
    state::State,
    theme::Tone,
    widgets::{Icon, Label, field, focus, page::line, password::password, tick::tick_box},
};

/// The key that is to sign, if one is.
#[derive(Debug, Default)]
pub(crate) struct Signing {
    /// Name and path.
    key: Option<(String, PathBuf)>,
    passphrase: Secret,
    /// What is signed along: a product and its release, or neither.
    product: String,
    release: String,
}

/// What happens to it.
#[derive(Debug)]
pub(crate) enum Edit {
    /// The key is to sign, or no longer.
    Tick(String, PathBuf),
    Passphrase(secret::Edit),
    Product(String),
    Release(String),
}

impl Signing {
    pub(super) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Tick(name, path) => {
                let is_off = self.is_by(&path);
                self.key = (!is_off).then_some((name, path));
                self.wipe();
            }
            Edit::Passphrase(edit) => self.passphrase.apply(edit),
            Edit::Product(text) => self.product = text,
            Edit::Release(text) => self.release = text,
        }
    }

    /// What it still needs: the id of a text.
    pub(super) fn why_not(&self) -> Option<&'static str> {
        let is_half = self.product.trim().is_empty() != self.release.trim().is_empty();
        (self.key.is_some() && is_half).then_some("pack-why-release")
    }

    fn is_by(&self, path: &std::path::Path) -> bool {
        self.key.as_ref().is_some_and(|(_, known)| known == path)
    }

    /// What a job signs with.
    pub(super) fn signer(&self) -> sealift::Result<Option<Signer>> {
        let Some((name, path)) = self.key.clone() else { return Ok(None) };
        // cosign allows an empty one.
        let passphrase = if self.passphrase.is_empty() { None } else { Some(self.passphrase.passphrase()?) };
        let (product, release) = (self.product.trim(), self.release.trim());
        let release = (!product.is_empty()).then(|| (product.to_owned(), release.to_owned()));
        Ok(Some(Signer { name, path, passphrase, release }))
    }

    /// It was used; the choice stays, the passphrase does not.
    pub(super) fn wipe(&mut self) {
        self.passphrase = Secret::default();
    }
}

/// A key file and what opens it.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) name: String,
    path: PathBuf,
    passphrase: Option<Passphrase>,
    release: Option<(String, String)>,
}

impl Signer {
    /// Opens the key: a wrong passphrase is told before anything is packed.
    pub(super) fn open(&self) -> sealift::Result<sealift::Signing> {
        let is_locked = sealift::is_signing_key_locked(&self.path)?;
        let key = sealift::read_signing_key(&self.path, self.passphrase.as_ref().filter(|_| is_locked))?;
        Ok(sealift::Signing { key: Arc::new(key), release: self.release.clone() })
    }
}

/// A tick for each key that signs; of the one that is ticked, its passphrase. Nothing where there is no such key.
pub(super) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let signing = &state.pack.signing;
    for KnownKey { name, address, .. } in state.own.signing_keys() {
        let path = PathBuf::from(address);
        let is_ticked = signing.is_by(&path);
        let text = state.texts.with("sign-as", &[("name", name.to_owned())]);
        line(ui, |ui| {
            if tick_box(ui, &text, is_ticked) {
                actions.push(edit(Edit::Tick(name.clone(), path)));
            }
            ui.add(Label::body(&text).wrapped());
        });
        if is_ticked {
            let label = state.t("sign-passphrase");
            let typed = password(ui, state.texts, &label, &label, &signing.passphrase);
            if typed.is_submitted {
                focus::ask(ui.ctx(), focus::PACK_OUT);
            }
            actions.extend(typed.edits.into_iter().map(|change| edit(Edit::Passphrase(change))));
            release(ui, state, signing, actions);
        }
    }
}

/// What the signature says, so that a site can refuse an older release.
fn release(ui: &mut Ui, state: &State, signing: &Signing, actions: &mut Actions) {
    let mut typed = |id, text: &str| {
        let (label, width) = (state.t(id), ui.available_width());
        field::text(ui, &label, text, &label, width).1
    };
    let product = typed("sign-product", &signing.product).map(Edit::Product);
    let release = typed("sign-release", &signing.release).map(Edit::Release);
    actions.extend(product.into_iter().chain(release).map(edit));
}

/// Who signed.
pub(super) fn signed(ui: &mut Ui, state: &State, name: &str) {
    line(ui, |ui| {
        Icon::Check.show(ui, 16.0, Tone::Ok);
        let name = [("name", name.to_owned())];
        ui.add(Label::body(state.texts.with("packed-signed", &name)).wrapped());
    });
}

fn edit(edit: Edit) -> action::Action {
    action::Action::Pack(Action::Sign(edit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_asks_for_its_own_passphrase_and_a_second_press_takes_it_back() {
        let mut signing = Signing::default();
        let tick = |path: &str| Edit::Tick("acme".into(), path.into());
        signing.apply(tick("/a.key"));
        let typed = secret::Edit::Insert(zeroize::Zeroizing::new("secret".into()));
        signing.apply(Edit::Passphrase(typed));
        assert!(signing.signer().unwrap().is_some_and(|signer| signer.passphrase.is_some()));
        signing.apply(tick("/b.key"));
        assert!(signing.passphrase.is_empty() && signing.is_by(std::path::Path::new("/b.key")));
        signing.apply(tick("/b.key"));
        assert!(signing.signer().unwrap().is_none());
    }

    #[test]
    fn a_product_is_signed_with_its_release_or_not_at_all() {
        let mut signing = Signing::default();
        signing.apply(Edit::Product("suite".into()));
        assert_eq!(signing.why_not(), None, "nobody signs");
        signing.apply(Edit::Tick("acme".into(), "/a.key".into()));
        assert_eq!(signing.why_not(), Some("pack-why-release"));
        signing.apply(Edit::Release(" 1.4.2 ".into()));
        let release = signing.signer().unwrap().unwrap().release;
        assert_eq!((signing.why_not(), release), (None, Some(("suite".into(), "1.4.2".into()))));
    }
}
