//! Refresh tokens: the plain one that a client holds, and the hash that is stored.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::id::SessionId;

/// Tells people and secret scanners what leaked.
const PREFIX: &str = "hprt_";

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
/// 128 bits: a forger must try each guess online, and a longer tag would only make the cookie longer.
const TAG_BYTES: usize = 16;
const TOKEN_BYTES: usize = ID_BYTES + SECRET_BYTES + TAG_BYTES;

/// A refresh token that this issuer made: its tag was checked, whether its session lives was not.
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    secret: Secret,
}

#[derive(ZeroizeOnDrop)]
struct Secret([u8; SECRET_BYTES]);

/// The SHA-256 of a refresh token's secret, the only thing of it that is stored. The secret is 256 random bits, so
/// that a slow hash would add nothing.
#[derive(Clone, Copy)]
pub(crate) struct RefreshTokenHash(pub(crate) [u8; 32]);

/// The key of the tags on refresh tokens.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct RefreshTokenKey(pub(crate) [u8; 32]);

/// Why a text is not a refresh token of this issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRefreshToken {
    #[error("a refresh token begins with {PREFIX}")]
    Prefix,
    #[error("a refresh token is base64url of {TOKEN_BYTES} bytes")]
    Length,
    #[error("a refresh token is base64url without padding")]
    Alphabet,
    #[error("the refresh token was not made by this issuer")]
    Tag,
}

impl RefreshToken {
    /// A token for `session` over a secret of 32 random bytes.
    pub(crate) fn new(session: SessionId, secret: [u8; SECRET_BYTES]) -> Self {
        Self { session, secret: Secret(secret) }
    }

    /// Reads what a client presents. Garbage and forgeries end here, before the store is asked.
    pub(crate) fn parse(text: &str, key: &RefreshTokenKey) -> Result<Self, InvalidRefreshToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidRefreshToken::Prefix)?;
        if encoded.len() != Base64UrlUnpadded::encoded_len(&[0; TOKEN_BYTES]) {
            return Err(InvalidRefreshToken::Length);
        }
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        Base64UrlUnpadded::decode(encoded, bytes.as_mut()).map_err(|_| InvalidRefreshToken::Alphabet)?;
        let (id, rest) = bytes.split_first_chunk::<ID_BYTES>().ok_or(InvalidRefreshToken::Length)?;
        let (secret, tag) = rest.split_first_chunk::<SECRET_BYTES>().ok_or(InvalidRefreshToken::Length)?;
        let token = Self::new(SessionId(Uuid::from_bytes(*id)), *secret);
        if bool::from(token.tag(key).ct_eq(tag)) { Ok(token) } else { Err(InvalidRefreshToken::Tag) }
    }

    /// The text that the client keeps.
    pub(crate) fn reveal(&self, key: &RefreshTokenKey) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(TOKEN_BYTES));
        bytes.extend_from_slice(self.session.0.as_bytes());
        bytes.extend_from_slice(&self.secret.0);
        bytes.extend_from_slice(&self.tag(key));
        let mut encoded = Base64UrlUnpadded::encode_string(&bytes);
        let text = Zeroizing::new(format!("{PREFIX}{encoded}"));
        encoded.zeroize();
        text
    }

    pub(crate) fn hash(&self) -> RefreshTokenHash {
        RefreshTokenHash(Sha256::digest(self.secret.0).into())
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
    fn tag(&self, key: &RefreshTokenKey) -> [u8; TAG_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
        mac.update(self.session.0.as_bytes());
        mac.update(&self.secret.0);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&full[..TAG_BYTES]);
        tag
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session", &self.session).finish_non_exhaustive()
    }
}

impl PartialEq for RefreshTokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for RefreshTokenHash {}

impl fmt::Debug for RefreshTokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshTokenHash(…)")
    }
}

impl fmt::Debug for RefreshTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshTokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RefreshTokenKey {
        RefreshTokenKey([9; 32])
    }

    fn token() -> RefreshToken {
        RefreshToken::new(SessionId(Uuid::from_u128(7)), [5; SECRET_BYTES])
    }

    fn refusal(text: &str) -> InvalidRefreshToken {
        RefreshToken::parse(text, &key()).unwrap_err()
    }

    #[test]
    fn a_token_survives_the_trip_to_the_client() {
        let text = token().reveal(&key());
        let parsed = RefreshToken::parse(&text, &key()).unwrap();
        assert_eq!((parsed.session, parsed.hash()), (token().session, token().hash()));
    }

    #[test]
    fn each_check_has_its_own_error() {
        let text = token().reveal(&key()).to_string();
        assert_eq!(refusal(""), InvalidRefreshToken::Prefix);
        assert_eq!(refusal(&text.replace(PREFIX, "hpat_")), InvalidRefreshToken::Prefix);
        assert_eq!(refusal(&text[..text.len() - 1]), InvalidRefreshToken::Length);
        assert_eq!(refusal(&format!("{text}A")), InvalidRefreshToken::Length);
        assert_eq!(refusal(&text.replacen('A', "=", 1)), InvalidRefreshToken::Alphabet);
        let other_key = RefreshTokenKey([8; 32]);
        assert_eq!(RefreshToken::parse(&text, &other_key).unwrap_err(), InvalidRefreshToken::Tag);
    }

    #[test]
    fn no_changed_character_passes() {
        let text = token().reveal(&key()).to_string();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'x' { b'y' } else { b'x' };
            assert!(RefreshToken::parse(&String::from_utf8(changed).unwrap(), &key()).is_err(), "at {index}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?} {:?} {:?}", token(), token().hash(), key());
        let id = "00000000-0000-0000-0000-000000000007";
        assert_eq!(
            text,
            format!("RefreshToken {{ session: SessionId({id}), .. }} RefreshTokenHash(…) RefreshTokenKey(…)")
        );
    }
}
