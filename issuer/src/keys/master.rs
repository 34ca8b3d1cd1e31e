//! The key that all issuers of a shared store know, and what is derived from it.

use std::ffi::OsString;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hallpass_token::Signer;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Keys;
use crate::refresh_token::RefreshTokenKey;

/// 32 random bytes in base64url. It comes from the environment, never from an argument.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct MasterKey(Vec<u8>);

/// A text that is no such key. It never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be 32 random bytes in base64url, 43 characters without padding")]
pub(crate) struct MasterKeyError;

impl From<OsString> for MasterKey {
    fn from(text: OsString) -> Self {
        Self(text.into_encoded_bytes())
    }
}

impl MasterKey {
    /// The keys of all issuers that know this one.
    pub(crate) fn keys(&self) -> Result<Keys, MasterKeyError> {
        let mut master = Zeroizing::new([0; 32]);
        let decoded = Base64UrlUnpadded::decode(&self.0, master.as_mut()).map_err(|_| MasterKeyError)?;
        if decoded.len() != 32 {
            return Err(MasterKeyError);
        }
        // A scalar of P-256 that is out of range comes once in 2³² keys, and the next label then.
        let es256_signer = (0_u8..8).find_map(|turn| Signer::es256(&derive(&master, &[b"es256", &[turn]])).ok());
        Ok(Keys {
            ed25519_signer: Signer::ed25519(&derive(&master, &[b"ed25519"])),
            es256_signer: es256_signer.ok_or(MasterKeyError)?,
            refresh_token: RefreshTokenKey::from_root(&derive(&master, &[b"refresh token"])),
        })
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
fn derive(master: &[u8; 32], label: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(master).expect("HMAC takes a key of any length");
    mac.update(b"hallpass master key: ");
    for part in label {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}
