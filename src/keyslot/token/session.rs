//! A token in use: found, entered with its PIN, and asked to open what was locked for one of its keys.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use age::secrecy::SecretString;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as Failure, RvError},
    mechanism::{
        Mechanism, MechanismType,
        elliptic_curve::{EcKdf, Ecdh1DeriveParams},
        rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource},
    },
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot as TokenSlot,
};
use rsa::{BigUint, RsaPublicKey, pkcs8::EncodePublicKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Details, ECDH_P256, KIND, RSA_OAEP_SHA256, TokenKey, TokenUri, ecdh_slot_key};
use crate::{
    bundle::{SetId, Slot},
    crypto::{KEY_BYTES, Key, Passphrase},
    error::{Code, Error, Fact, Result},
    keyslot::{
        Opened,
        ask::{Ask, Question},
        recipient::read_key_file,
        wrapped::Wrapped,
    },
};

/// Most private keys of a token that are tried.
const MAX_KEYS: usize = 64;
/// Bytes of SHA-256, which OAEP is made of here.
const HASH_BYTES: usize = 32;

/// A token's private keys. It is entered when the first slot is tried, and stays so until this is dropped.
pub struct TokenIdentity {
    uri: TokenUri,
    ask: Arc<dyn Ask>,
    session: Mutex<Option<Session>>,
}

impl TokenIdentity {
    pub(in crate::keyslot) fn new(uri: TokenUri, ask: &Arc<dyn Ask>) -> Self {
        Self { uri, ask: Arc::clone(ask), session: Mutex::default() }
    }

    /// The public keys on the token that the URI means: without a PIN, unless the token shows none so.
    ///
    /// # Errors
    /// [`Code::NoToken`] when there is none, and those of the token.
    pub(in crate::keyslot) fn public_keys(&self) -> Result<Vec<TokenKey>> {
        let (pkcs11, slot) = self.find()?;
        let session = pkcs11.open_ro_session(slot).map_err(|e| failed(&e))?;
        let mut keys = self.public_keys_in(&session)?;
        if keys.is_empty() {
            keys = self.public_keys_in(&self.enter()?)?;
        }
        if keys.is_empty() {
            Err(Error::new(Code::NoToken).worded(Fact::Detail, "detail-no-public-key", &[]))
        } else {
            Ok(keys)
        }
    }

    fn public_keys_in(&self, session: &Session) -> Result<Vec<TokenKey>> {
        let mut keys = Vec::new();
        for handle in self.objects(session, ObjectClass::PUBLIC_KEY)? {
            keys.extend(public_key(session, handle)?);
        }
        Ok(keys)
    }

    pub(in crate::keyslot) fn open(&self, set_id: &SetId, slot: &Slot) -> Result<Opened> {
        let Some(wrapped) = Wrapped::decode(&slot.body) else { return Ok(Opened::Refused) };
        let Some(details) = Details::decode(wrapped.details) else { return Ok(Opened::Refused) };
        let mut entered = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match &mut *entered {
            Some(session) => session,
            none => none.insert(self.enter()?),
        };
        for handle in self.objects(session, ObjectClass::PRIVATE_KEY)?.into_iter().take(MAX_KEYS) {
            let candidates = match details.algorithm {
                RSA_OAEP_SHA256 => rsa_oaep(session, handle, details.ciphertext)?,
                ECDH_P256 => ecdh(session, handle, set_id, &details)?,
                _ => None,
            };
            // Which of its keys is meant only shows when one fits.
            if let Some(key) = candidates.and_then(|slot_key| wrapped.open(KIND, set_id, &slot_key)) {
                return Ok(Opened::Key(key));
            }
        }
        Ok(Opened::Refused)
    }

    /// The token that the URI means, and its module.
    fn find(&self) -> Result<(Pkcs11, TokenSlot)> {
        let module = &self.uri.module;
        let pkcs11 = Pkcs11::new(module).map_err(|e| no_module(module, &e))?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match pkcs11.initialize(arguments) {
            Ok(()) | Err(Failure::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(e) => return Err(no_module(module, &e)),
        }
        let mut found = Vec::new();
        for slot in pkcs11.get_slots_with_token().map_err(|e| failed(&e))? {
            let Ok(token) = pkcs11.get_token_info(slot) else { continue };
            let fits = |wanted: &Option<String>, is: &str| {
                wanted.as_ref().is_none_or(|wanted| wanted == is.trim_end())
            };
            if fits(&self.uri.token, token.label())
                && fits(&self.uri.serial, token.serial_number())
                && token.token_initialized()
            {
                return Ok((pkcs11, slot));
            }
            found.push(token.label().trim_end().to_owned());
        }
        // A slot may hold a token that nobody has set up: it has no label.
        found.retain(|label| !label.is_empty());
        let mut error = Error::new(Code::NoToken);
        for wanted in self.uri.token.iter().chain(&self.uri.serial) {
            error = error.with(Fact::Expected, wanted);
        }
        Err(if found.is_empty() { error } else { error.with(Fact::Found, found.join(", ")) })
    }

    /// A session that may use private keys.
    fn enter(&self) -> Result<Session> {
        let (pkcs11, slot) = self.find()?;
        let session = pkcs11.open_ro_session(slot).map_err(|e| failed(&e))?;
        let token = pkcs11.get_token_info(slot).map_err(|e| failed(&e))?;
        let label = token.label().trim_end().to_owned();
        if token.user_pin_locked() {
            return Err(Error::new(Code::PinLocked).with(Fact::Token, label));
        }
        let pin = if token.protected_authentication_path() { None } else { Some(self.pin(&label)?) };
        match session.login(UserType::User, pin.as_ref()) {
            Ok(()) | Err(Failure::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Failure::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _)) => {
                // Tokens tell how near they are to locking themselves, not how many tries are left.
                let error = Error::new(Code::WrongPin).with(Fact::Token, &label);
                Err(match pkcs11.get_token_info(slot) {
                    Ok(token) if token.user_pin_locked() => {
                        Error::new(Code::PinLocked).with(Fact::Token, label)
                    }
                    Ok(token) if token.user_pin_final_try() => error.with(Fact::Tries, "1"),
                    Ok(token) if token.user_pin_count_low() => error.with(Fact::Tries, "< 3"),
                    _ => error,
                })
            }
            Err(Failure::Pkcs11(RvError::PinLocked, _)) => {
                Err(Error::new(Code::PinLocked).with(Fact::Token, label))
            }
            Err(e) => Err(failed(&e)),
        }
    }

    fn pin(&self, label: &str) -> Result<SecretString> {
        let pin = match &self.uri.pin_source {
            Some(path) => {
                let content = read_key_file(path)?;
                let pin = Passphrase::new(content.to_vec()).map_err(|e| e.at(path))?;
                Zeroizing::new(pin.as_str().to_owned())
            }
            None => self
                .ask
                .secret(&Question::Pin(label.to_owned()))
                .ok_or_else(|| Error::new(Code::WrongPin).with(Fact::Token, label))?,
        };
        Ok(SecretString::from(pin.as_str()))
    }

    fn objects(&self, session: &Session, class: ObjectClass) -> Result<Vec<ObjectHandle>> {
        let mut template = vec![Attribute::Class(class)];
        template.extend(self.uri.id.clone().map(Attribute::Id));
        template.extend(self.uri.object.clone().map(|label| Attribute::Label(label.into_bytes())));
        session.find_objects(&template).map_err(|e| failed(&e))
    }
}

/// The slot key that an RSA key gives; `None` when it is another's.
fn rsa_oaep(session: &Session, key: ObjectHandle, ciphertext: &[u8]) -> Result<Option<Key>> {
    let oaep = PkcsOaepParams::new(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, PkcsOaepSource::empty());
    let plain = match session.decrypt(&Mechanism::RsaPkcsOaep(oaep), key, ciphertext) {
        Ok(plain) => Some(Zeroizing::new(plain)),
        // Some tokens know OAEP with SHA-1 alone: they do the power, and the padding is taken off here.
        Err(Failure::Pkcs11(
            RvError::ArgumentsBad | RvError::MechanismParamInvalid | RvError::MechanismInvalid,
            _,
        )) => match session.decrypt(&Mechanism::RsaX509, key, ciphertext) {
            Ok(block) => unpad_oaep(&Zeroizing::new(block)),
            Err(e) => return not_ours(&e),
        },
        Err(e) => return not_ours(&e),
    };
    Ok(plain.and_then(|plain| key_of(&plain)))
}

/// The slot key that an elliptic curve key gives; `None` when it cannot be used so.
fn ecdh(session: &Session, key: ObjectHandle, set_id: &SetId, details: &Details<'_>) -> Result<Option<Key>> {
    let point = details.ciphertext;
    let octets = [&[0x04, point.len() as u8][..], point].concat();
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::ValueLen((KEY_BYTES as u64).into()),
    ];
    // PKCS #11 §2.3: the raw point; older tokens want it as a DER octet string.
    for public in [point, &octets] {
        let derive = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), public));
        let derived = match session.derive_key(&derive, key, &template) {
            Ok(derived) => derived,
            Err(Failure::Pkcs11(RvError::ArgumentsBad | RvError::MechanismParamInvalid, _)) => continue,
            Err(e) => return not_ours(&e),
        };
        let values = session.get_attributes(derived, &[AttributeType::Value]).map_err(|e| failed(&e))?;
        let _ = session.destroy_object(derived);
        for value in values {
            if let Attribute::Value(shared) = value {
                let shared = Zeroizing::new(shared);
                return Ok(Some(ecdh_slot_key(set_id, &shared, details.key_id, point)));
            }
        }
    }
    Ok(None)
}

fn key_of(bytes: &[u8]) -> Option<Key> {
    Key::from_fn(|key| <[u8; KEY_BYTES]>::try_from(bytes).map(|bytes| *key = bytes)).ok()
}

/// Takes OAEP padding off (RFC 8017 §7.1.2, SHA-256, empty label). The commitment of the slot decides whether what comes
/// out is right, and nobody can ask this many times: it need not hide how it fails.
fn unpad_oaep(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (seed, data) = block.strip_prefix(&[0])?.split_at_checked(HASH_BYTES)?;
    let seed = masked(seed, data);
    let data = masked(data, &seed);
    let (hash, rest) = data.split_at_checked(HASH_BYTES)?;
    if hash != &Sha256::digest([])[..] {
        return None;
    }
    let start = rest.iter().position(|byte| *byte != 0)?;
    rest[start..].strip_prefix(&[1]).map(|plain| Zeroizing::new(plain.to_vec()))
}

/// `bytes` under the mask that MGF1 makes of `seed` (RFC 8017 §B.2.1).
fn masked(bytes: &[u8], seed: &[u8]) -> Zeroizing<Vec<u8>> {
    let blocks = (0_u32..).zip(bytes.chunks(HASH_BYTES));
    let masked = blocks.flat_map(|(counter, chunk)| {
        let mask = Sha256::new_with_prefix(seed).chain_update(counter.to_be_bytes()).finalize();
        chunk.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect::<Vec<_>>()
    });
    Zeroizing::new(masked.collect())
}

/// The public key `handle`, if it is of a kind that a slot can be made for.
fn public_key(session: &Session, handle: ObjectHandle) -> Result<Option<TokenKey>> {
    let wanted = [AttributeType::Modulus, AttributeType::PublicExponent, AttributeType::EcPoint];
    let attributes = session.get_attributes(handle, &wanted).map_err(|e| failed(&e))?;
    let (mut modulus, mut exponent, mut point) = (None, None, None);
    for attribute in attributes {
        match attribute {
            Attribute::Modulus(bytes) => modulus = Some(BigUint::from_bytes_be(&bytes)),
            Attribute::PublicExponent(bytes) => exponent = Some(BigUint::from_bytes_be(&bytes)),
            Attribute::EcPoint(bytes) => point = Some(bytes),
            _ => {}
        }
    }
    let der = match (modulus.zip(exponent), point) {
        (Some((modulus, exponent)), _) => RsaPublicKey::new(modulus, exponent)
            .ok()
            .and_then(|key| key.to_public_key_der().ok())
            .map(rsa::pkcs8::Document::into_vec),
        // CKA_EC_POINT is the point as a DER octet string.
        (None, Some(octets)) => {
            p256::PublicKey::from_sec1_bytes(octets.strip_prefix(&[0x04, 65]).unwrap_or(&octets))
                .ok()
                .and_then(|key| p256::pkcs8::EncodePublicKey::to_public_key_der(&key).ok())
                .map(|der| der.as_bytes().to_vec())
        }
        (None, None) => None,
    };
    der.map(|der| TokenKey::from_spki(&der)).transpose()
}

/// A key that cannot open the slot is no failure; a token that was taken out is.
fn not_ours<T>(error: &Failure) -> Result<Option<T>> {
    match error {
        Failure::Pkcs11(
            RvError::TokenNotPresent
            | RvError::DeviceRemoved
            | RvError::DeviceError
            | RvError::SessionHandleInvalid
            | RvError::SlotIdInvalid
            | RvError::UserNotLoggedIn
            | RvError::FunctionCanceled,
            _,
        ) => Err(failed(error)),
        _ => Ok(None),
    }
}

fn failed(error: &Failure) -> Error {
    let code = match error {
        Failure::Pkcs11(
            RvError::TokenNotPresent
            | RvError::DeviceRemoved
            | RvError::SlotIdInvalid
            | RvError::SessionHandleInvalid,
            _,
        ) => Code::TokenGone,
        _ => Code::TokenFailed,
    };
    Error::new(code).with(Fact::System, error)
}

fn no_module(path: &Path, error: &Failure) -> Error {
    Error::new(Code::NoModule).with(Fact::System, error).at(path)
}

impl fmt::Debug for TokenIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenIdentity({:?})", self.uri.token)
    }
}
