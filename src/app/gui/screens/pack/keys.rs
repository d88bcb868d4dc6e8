//! What a bundle is locked with: a passphrase, recipients, or both. Of a delivery the bundle of each class has its own.

use sealift::Class;

use super::Action;
use crate::gui::{
    action, new_passphrase,
    new_passphrase::NewPassphrase,
    new_recipients,
    new_recipients::{Lock, NewRecipients},
    widgets,
};

/// Whose keys: those of the bundle of a class, or of the one that is not divided.
pub(crate) type Whose = Option<Class>;

/// The keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) new: NewPassphrase,
    pub(crate) recipients: NewRecipients,
}

impl Keys {
    /// What they still need: the id of a text.
    pub(super) fn why_not(&self) -> Option<&'static str> {
        let Self { new, recipients } = self;
        match () {
            () if new.is_empty() && recipients.is_empty() => Some("pack-why-key"),
            () if !new.is_empty() && !new.is_complete() => Some("pack-why-again"),
            // What is typed and was not added would be left out in silence.
            () if !recipients.typed.trim().is_empty() => Some("pack-why-recipient"),
            () if !recipients.is_complete() => Some("pack-why-shares"),
            () => None,
        }
    }

    /// What a job locks with.
    pub(super) fn lock(&self) -> sealift::Result<Lock> {
        let passphrase = if self.new.is_empty() { None } else { Some(self.new.passphrase()?) };
        Ok(self.recipients.lock(passphrase))
    }
}

/// What the page makes of what is done with the keys.
#[derive(Clone, Copy)]
pub(super) struct Then {
    pub(super) new: fn(new_passphrase::Change) -> action::Action,
    pub(super) recipients: widgets::new_recipients::Then,
}

impl Then {
    /// A key that a job has tried comes back when those of another class may be shown; so it says whose it is.
    pub(super) fn of(whose: Whose) -> Self {
        match whose {
            None => Self::numbered::<0>(),
            Some(Class::Public) => Self::numbered::<1>(),
            Some(Class::Internal) => Self::numbered::<2>(),
            Some(Class::Secret) => Self::numbered::<3>(),
        }
    }

    fn numbered<const N: usize>() -> Self {
        const WHOSE: [Whose; 4] = [None, Some(Class::Public), Some(Class::Internal), Some(Class::Secret)];
        Self {
            new: |change| action::Action::Pack(Action::New(WHOSE[N], change)),
            recipients: widgets::new_recipients::Then {
                change: |change| action::Action::Pack(Action::Recipients(WHOSE[N], change)),
                file: |paths| {
                    let path = paths.into_iter().next().unwrap_or_default();
                    let path = path.to_string_lossy().into_owned();
                    action::Action::Pack(Action::RecipientFile(WHOSE[N], path))
                },
                folder: |paths| {
                    let change = new_recipients::Change::share_folder(paths);
                    action::Action::Pack(Action::Recipients(WHOSE[N], change))
                },
            },
        }
    }
}

impl super::Pack {
    /// The keys of a bundle.
    pub(crate) fn keys(&self, whose: Whose) -> &Keys {
        whose.map_or(&self.keys, |class| &self.classes.keys[class as usize])
    }

    pub(super) fn keys_mut(&mut self, whose: Whose) -> &mut Keys {
        match whose {
            Some(class) => &mut self.classes.keys[class as usize],
            None => &mut self.keys,
        }
    }

    /// What becomes of a file that was chosen as recipients.
    pub(super) fn take_recipients(
        &mut self,
        whose: Whose,
        path: String,
        effects: &mut crate::gui::action::Effects,
    ) {
        for change in [new_recipients::Change::Typed(path), new_recipients::Change::Add] {
            self.keys_mut(whose).recipients.apply(change, Then::of(whose).recipients.change, effects);
        }
    }
}
