//! What a bundle is locked for: one key slot each.

use std::{io::Read, path::Path, sync::Arc};

use zeroize::Zeroizing;

use super::{
    AgeRecipient, Ask, Identities, Identity, KeyFile, PendingSlot, SplitKey, TokenKey, TransitKey, group,
    token,
    trial::{check_costs, try_slot},
};
#[cfg(feature = "pkcs11")]
use super::{TokenIdentity, token::TokenUri};
use crate::{
    bundle::{BundleKeys, SetId, Slot},
    crypto::{KdfCost, Key, Passphrase},
    digest::hex,
    error::{Code, Error, Fact, Result},
    fs::{open_file, unmark},
    job::{Ctx, Notice, NoticeKind},
};

/// More than any file with keys has.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// One way to unlock a bundle, from the side of who packs it.
#[derive(Debug)]
pub enum Recipient {
    /// Whoever knows a passphrase.
    Passphrase(Passphrase),
    /// Whoever has a key file.
    KeyFile(KeyFile),
    /// Whoever has the private key: age's own, SSH's, a plugin's.
    Age(AgeRecipient),
    /// Whoever has the token with the private key.
    Token(TokenKey),
    /// Whoever a server lets use its key.
    Transit(TransitKey),
    /// Some number of people with a share each.
    Split(SplitKey),
    /// All of these together.
    All(Vec<Recipient>),
}

/// All that a bundle is locked for; any one of them opens it.
#[derive(Debug, Default)]
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// The recipients, in the order of their slots.
    pub fn new(recipients: Vec<Recipient>) -> Self {
        Self(recipients)
    }

    /// Whether nobody could open the bundle.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Recipient> {
        self.0.iter()
    }

    /// Starts a slot for each; those that [`Self::reopen`] opened are kept.
    pub(crate) fn start(
        &self,
        ctx: &Ctx,
        keys: &BundleKeys,
        cost: KdfCost,
        opened: Vec<Option<Slot>>,
    ) -> Result<Vec<PendingSlot>> {
        let opened = opened.into_iter().chain(std::iter::repeat(None));
        let start = |(recipient, opened): (&Recipient, Option<Slot>)| match opened {
            Some(slot) => Ok(PendingSlot::Ready(slot)),
            None => recipient.start(ctx, keys.set_id(), keys.bundle_key(), cost),
        };
        self.0.iter().zip(opened).map(start).collect()
    }

    /// Opens the slots that an interrupted run made for these recipients, in their order: gives the keys, and each slot
    /// that was opened. Nothing unless every recipient that can open its own does.
    ///
    /// # Errors
    /// [`Code::Cancelled`].
    pub(crate) fn reopen(
        &self,
        ctx: &Ctx,
        set_id: SetId,
        slots: &[Slot],
    ) -> Result<Option<(BundleKeys, Vec<Option<Slot>>)>> {
        if slots.len() != self.0.len() || check_costs(slots).is_err() {
            return Ok(None);
        }
        let (mut keys, mut opened): (Option<BundleKeys>, _) = (None, Vec::new());
        for (recipient, slot) in self.0.iter().zip(slots) {
            let Some(identity) = recipient.identity() else {
                opened.push(None);
                continue;
            };
            match try_slot(ctx, set_id, slot, &Identities::new(vec![identity]))? {
                Some(found) if keys.as_ref().is_none_or(|keys| keys.commitment() == found.commitment()) => {
                    keys.get_or_insert(found);
                    opened.push(Some(slot.clone()));
                }
                _ => return Ok(None),
            }
        }
        Ok(keys.map(|keys| (keys, opened)))
    }

    /// Whether who packs has what opens any of their slots, and so can read back what an interrupted run has sealed.
    pub(crate) fn can_reopen(&self) -> bool {
        self.0.iter().any(|recipient| recipient.identity().is_some())
    }

    /// What tells the recipients from others, without any secret.
    pub(crate) fn public_parts(&self) -> Vec<String> {
        self.0.iter().map(Recipient::public_part).collect()
    }
}

impl From<&Passphrase> for Recipients {
    fn from(passphrase: &Passphrase) -> Self {
        Self(vec![passphrase.share().into()])
    }
}

impl From<Vec<Recipient>> for Recipients {
    fn from(recipients: Vec<Recipient>) -> Self {
        Self(recipients)
    }
}

impl From<Recipient> for Recipients {
    fn from(recipient: Recipient) -> Self {
        Self(vec![recipient])
    }
}

impl From<Passphrase> for Recipient {
    fn from(passphrase: Passphrase) -> Self {
        Self::Passphrase(passphrase)
    }
}

impl Recipient {
    /// Reads recipients as a user gives them: `age1…`, a line of an SSH public key, a `pkcs11:` URI, a `vault://`
    /// address, or the path of a file: such lines, a public key or certificate in PEM for a token, or a key file.
    ///
    /// # Errors
    /// [`Code::BadRecipient`], [`Code::BadIdentity`] for a key file with a typing error, and those of reading the file.
    pub fn parse(text: &str, ask: &Arc<dyn Ask>) -> Result<Vec<Self>> {
        if AgeRecipient::is_meant(text) {
            return Ok(vec![Self::Age(AgeRecipient::parse(text, ask)?)]);
        }
        if TransitKey::is_meant(text) {
            return Ok(vec![Self::Transit(TransitKey::parse(text)?)]);
        }
        #[cfg(not(feature = "pkcs11"))]
        if token::is_uri(text) {
            return Err(token::no_tokens());
        }
        #[cfg(feature = "pkcs11")]
        if token::is_uri(text) {
            let token = TokenIdentity::new(TokenUri::parse(text)?, ask);
            return Ok(token.public_keys()?.into_iter().map(Self::Token).collect());
        }
        let path = Path::new(text);
        let content = read_key_file(path)?;
        let content = std::str::from_utf8(&content).map_err(|_| Error::new(Code::BadRecipient).at(path))?;
        if KeyFile::is_meant(content) {
            return Ok(vec![Self::KeyFile(KeyFile::parse(content).map_err(|e| e.at(path))?)]);
        }
        if TokenKey::is_meant(content) {
            return Ok(vec![Self::Token(TokenKey::of_file(content, path).map_err(|e| e.at(path))?)]);
        }
        let lines = content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parsed = lines.map(|line| {
            // Any other line may be a private key: it is not shown.
            let line = Some(line).filter(|line| AgeRecipient::is_meant(line));
            let line = line.ok_or_else(|| Error::new(Code::BadRecipient))?;
            AgeRecipient::parse(line, ask).map(Self::Age)
        });
        let recipients = parsed.collect::<Result<Vec<_>>>().map_err(|e| e.at(path))?;
        if recipients.is_empty() { Err(Error::new(Code::BadRecipient).at(path)) } else { Ok(recipients) }
    }

    /// Starts the slot that wraps `key`; what takes a moment runs beside the caller.
    pub(crate) fn start(&self, ctx: &Ctx, set_id: &SetId, key: &Key, cost: KdfCost) -> Result<PendingSlot> {
        match self {
            Self::Passphrase(passphrase) => Ok(PendingSlot::start(passphrase, cost)),
            other => other.seal(ctx, set_id, key, cost).map(PendingSlot::Ready),
        }
    }

    /// The slot that wraps `key`.
    pub(crate) fn seal(&self, ctx: &Ctx, set_id: &SetId, key: &Key, cost: KdfCost) -> Result<Slot> {
        match self {
            Self::Passphrase(passphrase) => PendingSlot::start(passphrase, cost).wrap(ctx, set_id, key),
            Self::KeyFile(file) => Ok(file.seal(set_id, key)),
            Self::Age(recipient) => recipient.seal(set_id, key),
            Self::Token(token) => {
                if let Some(file) = token.file() {
                    ctx.notice(Notice::new(NoticeKind::OpensWithToken, file.display()));
                }
                token.seal(set_id, key)
            }
            Self::Transit(transit) => transit.seal(ctx, set_id, key),
            Self::Split(split) => Ok(split.seal(set_id, key)),
            Self::All(members) => {
                if members.iter().any(|member| matches!(member, Self::All(_))) || members.len() < 2 {
                    return Err(Error::new(Code::BadRecipient).worded(Fact::Detail, "detail-group", &[]));
                }
                group::seal(set_id, key, members.len(), |place, part| {
                    members[place].seal(ctx, set_id, part, cost)
                })
            }
        }
    }

    /// What tells it from others: the public key of one that has a key pair, else only the kind.
    fn public_part(&self) -> String {
        match self {
            Self::Passphrase(_) => "passphrase".into(),
            Self::KeyFile(_) => "key file".into(),
            Self::Transit(_) => "vault".into(),
            Self::Age(recipient) => recipient.text().into(),
            Self::Token(token) => hex(token.key_id()),
            Self::Split(split) => split.describe(),
            Self::All(members) => {
                let parts: Vec<String> = members.iter().map(Self::public_part).collect();
                parts.join(" + ")
            }
        }
    }

    /// What opens the slot, where that is the same secret.
    pub(crate) fn identity(&self) -> Option<Identity> {
        match self {
            Self::Passphrase(passphrase) => Some(Identity::Passphrase(passphrase.share())),
            Self::KeyFile(file) => Some(Identity::KeyFile(file.share())),
            Self::Transit(transit) => Some(Identity::Transit(transit.clone())),
            Self::Age(_) | Self::Token(_) | Self::Split(_) | Self::All(_) => None,
        }
    }
}

/// The content of a small file with keys.
pub(super) fn read_key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let file = open_file(path)?;
    let len = file.metadata().map_err(|e| Error::read(path, e))?.len();
    if len > MAX_FILE_BYTES {
        return Err(Error::new(Code::BadIdentity).with(Fact::Limit, "1 MiB").with(Fact::Found, len).at(path));
    }
    // Room for all of it, so that nothing reallocates and leaves a copy.
    let mut content = Zeroizing::new(Vec::with_capacity(len as usize + 1));
    file.take(MAX_FILE_BYTES).read_to_end(&mut content).map_err(|e| Error::read(path, e))?;
    unmark(&mut content).map_err(|e| e.at(path))?;
    Ok(content)
}
