//! Refresh tokens: the plain token that a client holds, the hash that the store keeps, and the derivation of the next
//! one.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{byte_fields::take, id::SessionId};

mod key;

pub(crate) use key::{DecoyKey, KEY_ID_BYTES, KeyId, LiveKeys, RefreshTokenKey, RefreshTokenKeys};

/// Identifies a leaked token to people and secret scanners.
const PREFIX: &str = "hprt_";

const ID_BYTES: usize = 16;
const NUMBER_BYTES: usize = 4;
const SECRET_BYTES: usize = 32;
/// 128 bits suffice, since each forgery must be tried online. A longer tag would make the cookie longer.
const TAG_BYTES: usize = 16;
/// The bytes that the tag covers: all before it.
const TAGGED_BYTES: usize = KEY_ID_BYTES + ID_BYTES + 2 * NUMBER_BYTES + SECRET_BYTES;
const TOKEN_BYTES: usize = TAGGED_BYTES + TAG_BYTES;

/// A refresh token of this issuer. Its tag was verified; its session was not checked.
#[derive(Clone)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) position: TokenPosition,
    secret: Secret,
    /// The key of its tag.
    pub(crate) key: KeyId,
}

/// The position of a token in its session's history. A later one is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TokenPosition {
    /// The number of tokens of the session that were used before this one.
    pub(crate) generation: u32,
    /// The number of earlier tokens of this generation that no client used.
    pub(crate) attempt: u32,
}

/// Makes each successor of a token different, so that a superseded one stays superseded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Salt(pub(crate) [u8; 16]);

#[derive(Clone, ZeroizeOnDrop)]
struct Secret([u8; SECRET_BYTES]);

/// The SHA-256 of a refresh token's secret, the only stored part. The secret has 256 random bits, so that a slow hash
/// is unnecessary.
#[derive(Clone, Copy)]
pub(crate) struct RefreshTokenHash(pub(crate) [u8; 32]);

/// Why a text is not a refresh token of this issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRefreshToken {
    #[error("a refresh token begins with {PREFIX}")]
    Prefix,
    #[error("a refresh token is base64url of {TOKEN_BYTES} bytes")]
    Length,
    #[error("a refresh token is base64url without padding")]
    Alphabet,
    #[error("this issuer does not have the key of the refresh token")]
    Key,
    #[error("the refresh token has an invalid tag")]
    Tag,
}

impl RefreshToken {
    /// The first token of `session`, from 32 random bytes, with the tag of `key`. Later tokens are derived.
    pub(crate) fn new(session: SessionId, secret: [u8; SECRET_BYTES], key: KeyId) -> Self {
        Self { session, position: TokenPosition::default(), secret: Secret(secret), key }
    }

    /// The successor of this token at `position`. It can be derived again with the record's salt, so that a retry gets
    /// the same answer and no plain token is stored. The derivation needs the key.
    pub(crate) fn successor(&self, position: TokenPosition, salt: Salt, key: &RefreshTokenKey) -> Self {
        let generation = position.generation.to_be_bytes();
        let secret = key.derive(&[&self.secret.0, self.session.0.as_bytes(), &generation, &salt.0]);
        Self { session: self.session, position, secret: Secret(secret), key: key.id() }
    }

    /// Parses a client's token. Garbage and forgeries are refused here, before a read of the store.
    pub(crate) fn parse(text: &str, keys: &RefreshTokenKeys) -> Result<Self, InvalidRefreshToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidRefreshToken::Prefix)?;
        if encoded.len() != Base64UrlUnpadded::encoded_len(&[0; TOKEN_BYTES]) {
            return Err(InvalidRefreshToken::Length);
        }
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        Base64UrlUnpadded::decode(encoded, bytes.as_mut()).map_err(|_| InvalidRefreshToken::Alphabet)?;
        let (tagged, tag) = bytes.split_at(TAGGED_BYTES);
        let key_id = tagged.first_chunk().copied().map(KeyId).ok_or(InvalidRefreshToken::Length)?;
        let key = keys.find(key_id).ok_or(InvalidRefreshToken::Key)?;
        if !bool::from(key.tag(tagged)[..TAG_BYTES].ct_eq(tag)) {
            return Err(InvalidRefreshToken::Tag);
        }
        Self::from_tagged(tagged).ok_or(InvalidRefreshToken::Length)
    }

    fn from_tagged(mut rest: &[u8]) -> Option<Self> {
        let key = KeyId(take(&mut rest)?);
        let session = SessionId(Uuid::from_bytes(take(&mut rest)?));
        let generation = u32::from_be_bytes(take(&mut rest)?);
        let attempt = u32::from_be_bytes(take(&mut rest)?);
        Some(Self { session, position: TokenPosition { generation, attempt }, secret: Secret(take(&mut rest)?), key })
    }

    /// The text for the client. It is the same each time, as long as the issuer has the token's key.
    pub(crate) fn reveal(&self, keys: &RefreshTokenKeys) -> Zeroizing<String> {
        let key = keys.find(self.key).unwrap_or(keys.in_use());
        let mut bytes = Zeroizing::new(Vec::with_capacity(TOKEN_BYTES));
        bytes.extend_from_slice(&key.id().0);
        bytes.extend_from_slice(self.session.0.as_bytes());
        bytes.extend_from_slice(&self.position.generation.to_be_bytes());
        bytes.extend_from_slice(&self.position.attempt.to_be_bytes());
        bytes.extend_from_slice(&self.secret.0);
        let tag = key.tag(&bytes);
        bytes.extend_from_slice(&tag[..TAG_BYTES]);
        let mut encoded = Base64UrlUnpadded::encode_string(&bytes);
        let text = Zeroizing::new(format!("{PREFIX}{encoded}"));
        encoded.zeroize();
        text
    }

    pub(crate) fn hash(&self) -> RefreshTokenHash {
        RefreshTokenHash(Sha256::digest(self.secret.0).into())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RefreshToken");
        shown.field("session", &self.session).field("position", &self.position).finish_non_exhaustive()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RefreshTokenKey {
        RefreshTokenKey::from_root(&[9; 32])
    }

    fn keys() -> RefreshTokenKeys {
        RefreshTokenKeys::new(key(), Vec::new(), DecoyKey::of_root(&[9; 32]))
    }

    /// The keys after a rotation: a new key in use, and the `kept` ones.
    fn rotated_keys(kept: Vec<RefreshTokenKey>) -> RefreshTokenKeys {
        RefreshTokenKeys::new(RefreshTokenKey::from_root(&[8; 32]), kept, DecoyKey::of_root(&[9; 32]))
    }

    fn token() -> RefreshToken {
        let first = RefreshToken::new(SessionId(Uuid::from_u128(7)), [5; SECRET_BYTES], key().id());
        first.successor(TokenPosition { generation: 1, attempt: 2 }, Salt([6; 16]), &key())
    }

    fn refusal(text: &str) -> InvalidRefreshToken {
        RefreshToken::parse(text, &keys()).unwrap_err()
    }

    #[test]
    fn a_token_survives_the_trip_to_the_client() {
        let text = token().reveal(&keys());
        let parsed = RefreshToken::parse(&text, &keys()).unwrap();
        assert_eq!(
            (parsed.session, parsed.position, parsed.hash()),
            (token().session, token().position, token().hash())
        );
    }

    #[test]
    fn each_check_has_its_own_error() {
        let text = token().reveal(&keys()).to_string();
        assert_eq!(refusal(""), InvalidRefreshToken::Prefix);
        assert_eq!(refusal(&text.replace(PREFIX, "hpat_")), InvalidRefreshToken::Prefix);
        assert_eq!(refusal(&text[..text.len() - 1]), InvalidRefreshToken::Length);
        assert_eq!(refusal(&format!("{text}A")), InvalidRefreshToken::Length);
        assert_eq!(refusal(&text.replacen('A', "=", 1)), InvalidRefreshToken::Alphabet);
        assert_eq!(RefreshToken::parse(&text, &rotated_keys(vec![])).unwrap_err(), InvalidRefreshToken::Key);
        let changed = format!("{}{}", &text[..60], text[60..].replace(&text[60..=60], "-"));
        assert_eq!(refusal(&changed), InvalidRefreshToken::Tag);
    }

    #[test]
    fn a_token_stays_valid_and_keeps_its_text_after_its_key_retires() {
        let text = token().reveal(&keys());
        let after = rotated_keys(vec![key()]);
        let parsed = RefreshToken::parse(&text, &after).unwrap();
        assert_eq!((parsed.hash(), parsed.reveal(&after)), (token().hash(), text));
        let first = RefreshToken::new(SessionId(Uuid::from_u128(7)), [5; SECRET_BYTES], after.in_use().id());
        let text = first.reveal(&after);
        assert_eq!(RefreshToken::parse(&text, &keys()).unwrap_err(), InvalidRefreshToken::Key);
        assert_eq!(RefreshToken::parse(&text, &after).unwrap().reveal(&after), text);
    }

    #[test]
    fn a_token_with_any_changed_character_is_refused() {
        let text = token().reveal(&keys()).to_string();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'x' { b'y' } else { b'x' };
            assert!(RefreshToken::parse(&String::from_utf8(changed).unwrap(), &keys()).is_err(), "at {index}");
        }
    }

    #[test]
    fn a_successor_can_be_derived_again_and_depends_on_each_input() {
        let made = |secret, session, generation, salt, root| {
            let first = RefreshToken::new(SessionId(Uuid::from_u128(session)), [secret; SECRET_BYTES], key().id());
            let position = TokenPosition { generation, attempt: 0 };
            first.successor(position, Salt([salt; 16]), &RefreshTokenKey::from_root(&[root; 32])).hash()
        };
        let one = made(1, 1, 1, 1, 1);
        assert_eq!(one, made(1, 1, 1, 1, 1));
        for other in
            [made(2, 1, 1, 1, 1), made(1, 2, 1, 1, 1), made(1, 1, 2, 1, 1), made(1, 1, 1, 2, 1), made(1, 1, 1, 1, 2)]
        {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?} {:?}", token(), token().hash());
        let id = "00000000-0000-0000-0000-000000000007";
        let position = "TokenPosition { generation: 1, attempt: 2 }";
        assert_eq!(
            text,
            format!("RefreshToken {{ session: SessionId({id}), position: {position}, .. }} RefreshTokenHash(…)")
        );
    }
}
