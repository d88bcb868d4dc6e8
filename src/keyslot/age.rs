//! Recipients and identities of age: X25519, SSH keys, plugins. The slot key is encrypted as an age file, so whatever
//! opens age files opens the slot. docs/bundle-format.md §7.4; C2SP, "age".

use std::{fmt, io::Read, iter, sync::Arc};

use age::secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{
    Opened,
    ask::{Ask, Question},
    is_label, wrapped,
};
use crate::{
    bundle::{SetId, Slot},
    crypto::Key,
    error::{Code, Error, Fact, Result},
};

pub(super) const KIND: u16 = 3;
/// Most work that an encrypted identity file may ask for: 2¹⁸, as age itself writes; 256 MiB.
const MAX_WORK_FACTOR: u8 = 18;
/// What age files begin with.
const AGE_MAGIC: &str = "age-encryption.org/v1";

/// A public key of age: `age1…`, a plugin's, or a line of an SSH public key file.
#[derive(Clone)]
pub struct AgeRecipient {
    text: String,
    ask: Arc<dyn Ask>,
}

/// Private keys of one file.
pub struct AgeIdentity(Arc<Vec<Box<dyn age::Identity + Send + Sync>>>);

impl AgeRecipient {
    /// Whether `text` begins as a recipient does, right or mistyped.
    pub(super) fn is_meant(text: &str) -> bool {
        text.starts_with("age1") || text.starts_with("ssh-") || text.starts_with("ecdsa-")
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads one recipient. A plugin may ask something through `ask` when the slot is made.
    ///
    /// # Errors
    /// [`Code::BadRecipient`].
    pub fn parse(text: &str, ask: &Arc<dyn Ask>) -> Result<Self> {
        let this = Self { text: text.trim().to_owned(), ask: Arc::clone(ask) };
        this.build(false).map(|_| this)
    }

    fn build(&self, start_plugin: bool) -> Result<Option<Box<dyn age::Recipient>>> {
        let bad = |detail: String| {
            Error::new(Code::BadRecipient).with(Fact::Found, shortened(&self.text)).with(Fact::System, detail)
        };
        if self.text.starts_with("ssh-") || self.text.starts_with("ecdsa-") {
            let ssh: age::ssh::Recipient = self.text.parse().map_err(|e| bad(format!("{e:?}")))?;
            return Ok(Some(Box::new(ssh)));
        }
        if let Ok(native) = self.text.parse::<age::x25519::Recipient>() {
            return Ok(Some(Box::new(native)));
        }
        let plugin: age::plugin::Recipient = self.text.parse().map_err(|e: &str| bad(e.to_owned()))?;
        if !start_plugin {
            return Ok(None);
        }
        let prompts = Prompts(Arc::clone(&self.ask));
        let name = plugin.plugin().to_owned();
        let plugin = age::plugin::RecipientPluginV1::new(&name, &[plugin], &[], prompts);
        Ok(Some(Box::new(plugin.map_err(|e| Error::new(Code::PluginFailed).with(Fact::System, e))?)))
    }

    pub(super) fn seal(&self, set_id: &SetId, key: &Key) -> Result<Slot> {
        let failed = |e: String| Error::new(Code::PluginFailed).with(Fact::System, e);
        let slot_key = Key::random();
        let recipient = self.build(true)?.ok_or_else(|| Error::new(Code::BadRecipient))?;
        let recipients = iter::once(&*recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|e| failed(e.to_string()))?;
        let mut details = Vec::new();
        encryptor
            .wrap_output(&mut details)
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, slot_key.as_bytes())?;
                file.finish().map(drop)
            })
            .map_err(|e| failed(e.to_string()))?;
        // A plugin names its stanzas itself.
        if stanza_kinds(&details).is_none() {
            return Err(Error::new(Code::PluginFailed).worded(Fact::Detail, "detail-plugin-stanza", &[]));
        }
        Ok(wrapped::seal(KIND, set_id, key, &slot_key, &details))
    }
}

/// As much of a public key as tells it from others.
fn shortened(text: &str) -> String {
    text.chars().take(24).chain(['…']).collect()
}

impl AgeIdentity {
    /// Makes a new X25519 identity: the content of its file, and the recipient that belongs to it.
    pub fn generate() -> (Zeroizing<String>, String) {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let text = format!("# public key: {recipient}\n{}\n", identity.to_string().expose_secret());
        (Zeroizing::new(text), recipient)
    }

    /// Reads the content of an identity file: of age, encrypted with a passphrase or not, or an SSH private key.
    /// `name` is what it is called when `ask` is asked for its passphrase. `None` when it is nothing of the sort.
    ///
    /// # Errors
    /// [`Code::BadIdentity`], [`Code::IdentityLocked`].
    pub(super) fn parse(content: &[u8], name: &str, ask: &Arc<dyn Ask>) -> Result<Option<Self>> {
        let bad =
            |said: &dyn fmt::Display| Error::new(Code::BadIdentity).with(Fact::System, said.to_string());
        let prompts = Prompts(Arc::clone(ask));
        if content.starts_with(AGE_MAGIC.as_bytes()) {
            let decryptor = age::Decryptor::new(content).map_err(|e| bad(&e))?;
            let file = age::encrypted::EncryptedIdentity::new(
                decryptor,
                Named { name: name.to_owned(), prompts: prompts.clone() },
                Some(MAX_WORK_FACTOR),
            );
            let file = file
                .ok_or_else(|| {
                    Error::new(Code::BadIdentity).worded(Fact::Detail, "detail-identity-for-recipient", &[])
                })?
                .decrypt(None)
                .map_err(|e| match e {
                    age::DecryptError::KeyDecryptionFailed => Error::new(Code::IdentityLocked),
                    other => bad(&other),
                })?;
            let identities = file.with_callbacks(prompts).into_identities();
            return identities.map(|all| Some(Self(Arc::new(all)))).map_err(|e| plugin_failed(&e));
        }
        if content.starts_with(b"-----BEGIN OPENSSH PRIVATE KEY")
            || content.starts_with(b"-----BEGIN RSA PRIVATE KEY")
        {
            let identity = age::ssh::Identity::from_buffer(content, None).map_err(|e| bad(&e))?;
            let identity = match identity {
                age::ssh::Identity::Encrypted(key) => {
                    let passphrase = ask.secret(&Question::IdentityFile(name.to_owned()));
                    let passphrase = passphrase.ok_or_else(|| Error::new(Code::IdentityLocked))?;
                    let key = key.decrypt(SecretString::from(passphrase.as_str()));
                    key.map_err(|_| Error::new(Code::IdentityLocked))?.into()
                }
                age::ssh::Identity::Unsupported(_) => {
                    return Err(Error::new(Code::BadIdentity).worded(Fact::Detail, "detail-ssh-kind", &[]));
                }
                plain @ age::ssh::Identity::Unencrypted(_) => plain,
            };
            return Ok(Some(Self(Arc::new(vec![Box::new(identity)]))));
        }
        let text = std::str::from_utf8(content).unwrap_or_default();
        let is_meant =
            |line: &str| line.trim_start().get(..4).is_some_and(|head| head.eq_ignore_ascii_case("AGE-"));
        if !text.lines().any(is_meant) {
            return Ok(None);
        }
        let file = age::IdentityFile::from_buffer(content).map_err(|e| bad(&e))?;
        let identities = file.with_callbacks(prompts).into_identities();
        identities.map(|all| Some(Self(Arc::new(all)))).map_err(|e| plugin_failed(&e))
    }

    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// # Errors
    /// [`Code::PluginFailed`]; a slot for someone else is no error.
    pub(super) fn open(&self, set_id: &SetId, slot: &Slot) -> Result<Opened> {
        let wrapped = wrapped::Wrapped::decode(&slot.body);
        let Some(wrapped) = wrapped.filter(|wrapped| stanza_kinds(wrapped.details).is_some()) else {
            return Ok(Opened::Refused);
        };
        // An age file for a passphrase would be a password slot whose cost nobody has bounded.
        let Some(file) = age::Decryptor::new(wrapped.details).ok().filter(|file| !file.is_scrypt()) else {
            return Ok(Opened::Refused);
        };
        let mut plain = match file.decrypt(self.0.iter().map(|identity| &**identity as &dyn age::Identity)) {
            Ok(plain) => plain,
            Err(e @ (age::DecryptError::Plugin(_) | age::DecryptError::PluginResolve(_))) => {
                return Err(plugin_failed(&e));
            }
            Err(_) => return Ok(Opened::Refused),
        };
        let slot_key = Key::from_fn(|key| {
            plain.read_exact(key)?;
            if plain.read(&mut [0])? == 0 {
                Ok(())
            } else {
                Err(std::io::Error::from(std::io::ErrorKind::InvalidData))
            }
        });
        let key = slot_key.ok().and_then(|slot_key| wrapped.open(KIND, set_id, &slot_key));
        Ok(key.map_or(Opened::Refused, Opened::Key))
    }
}

fn plugin_failed(error: &age::DecryptError) -> Error {
    Error::new(Code::PluginFailed).with(Fact::System, error)
}

/// The kinds of recipients that an age file is for: those of its stanzas, without the grease that age mixes in, which may
/// be called anything. `None` where one is no [label](is_label).
fn stanza_kinds(file: &[u8]) -> Option<Vec<&str>> {
    let lines = file.split(|byte| *byte == b'\n').take_while(|line| !line.starts_with(b"---"));
    let kinds = lines.filter_map(|line| line.strip_prefix(b"-> ")?.split(|byte| *byte == b' ').next());
    let kinds = kinds.filter(|kind| !kind.ends_with(b"-grease"));
    kinds.map(|kind| std::str::from_utf8(kind).ok().filter(|kind| is_label(kind))).collect()
}

/// The kinds of recipients a slot is for; nothing of a malformed one.
pub(super) fn describe(slot: &Slot) -> String {
    let kinds = wrapped::Wrapped::decode(&slot.body).and_then(|wrapped| stanza_kinds(wrapped.details));
    kinds.unwrap_or_default().join(" ")
}

impl fmt::Debug for AgeIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgeIdentity(…)")
    }
}

impl fmt::Debug for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgeRecipient({})", shortened(&self.text))
    }
}

/// [`Ask`] as age wants it.
#[derive(Clone)]
struct Prompts(Arc<dyn Ask>);

impl age::Callbacks for Prompts {
    fn display_message(&self, message: &str) {
        self.0.show(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.text(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        let answer = self.0.secret(&Question::Plugin(description.to_owned()))?;
        Some(SecretString::from(answer.as_str()))
    }
}

/// Asks for the passphrase of one identity file.
#[derive(Clone)]
struct Named {
    name: String,
    prompts: Prompts,
}

impl age::Callbacks for Named {
    fn display_message(&self, message: &str) {
        self.prompts.display_message(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.prompts.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.prompts.request_public_string(description)
    }

    fn request_passphrase(&self, _: &str) -> Option<SecretString> {
        let answer = self.prompts.0.secret(&Question::IdentityFile(self.name.clone()))?;
        Some(SecretString::from(answer.as_str()))
    }
}
