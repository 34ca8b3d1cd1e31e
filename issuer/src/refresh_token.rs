//! Refresh tokens: the plain one that a client holds, the hash that is stored, and how one follows from another.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{byte_fields::take, id::SessionId};

mod key;

pub(crate) use key::{DecoyKey, KEY_ID_BYTES, KeyId, LiveKeys, RefreshTokenKey, RefreshTokenKeys};

/// Tells people and secret scanners what leaked.
const PREFIX: &str = "hprt_";

const ID_BYTES: usize = 16;
const NUMBER_BYTES: usize = 4;
const SECRET_BYTES: usize = 32;
/// 128 bits: a forger must try each guess online, and a longer tag would only make the cookie longer.
const TAG_BYTES: usize = 16;
/// What the tag covers: all before it.
const TAGGED_BYTES: usize = KEY_ID_BYTES + ID_BYTES + 2 * NUMBER_BYTES + SECRET_BYTES;
const TOKEN_BYTES: usize = TAGGED_BYTES + TAG_BYTES;

/// A refresh token that this issuer made: its tag was checked, whether its session lives was not.
#[derive(Clone)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) position: TokenPosition,
    secret: Secret,
    /// The key that its text is tagged with.
    pub(crate) key: KeyId,
}

/// Where in its session's history a token stands; later is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TokenPosition {
    /// How many tokens of the session were used before this one.
    pub(crate) generation: u32,
    /// How many tokens were made at its position before and came to nothing, since no client used them.
    pub(crate) attempt: u32,
}

/// Makes the successors of one token different at each write, so that one that was superseded stays so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Salt(pub(crate) [u8; 16]);

#[derive(Clone, ZeroizeOnDrop)]
struct Secret([u8; SECRET_BYTES]);

/// The SHA-256 of a refresh token's secret, the only thing of it that is stored. The secret is 256 random bits, so
/// that a slow hash would add nothing.
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
    #[error("the refresh token was made with a key that this issuer does not have")]
    Key,
    #[error("the refresh token was not made by this issuer")]
    Tag,
}

impl RefreshToken {
    /// The first token of `session`, over 32 random bytes, which the key in use tags. Every later one is derived.
    pub(crate) fn new(session: SessionId, secret: [u8; SECRET_BYTES], key: KeyId) -> Self {
        Self { session, position: TokenPosition::default(), secret: Secret(secret), key }
    }

    /// The token that follows this one at `position`. With the salt of the record it can be made again, so that a retry
    /// gets the same answer and nothing need be kept in the clear; without the key nobody can make it.
    pub(crate) fn successor(&self, position: TokenPosition, salt: Salt, key: &RefreshTokenKey) -> Self {
        let generation = position.generation.to_be_bytes();
        let secret = key.derive(&[&self.secret.0, self.session.0.as_bytes(), &generation, &salt.0]);
        Self { session: self.session, position, secret: Secret(secret), key: key.id() }
    }

    /// Reads what a client presents. Garbage and forgeries end here, before the store is asked.
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

    /// The text that the client keeps: always the same for a token, as long as its key is there.
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

    /// The keys after a rotation: another is in use, and the one before is among the others where it is `kept`.
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
    fn a_token_outlives_the_use_of_its_key_and_keeps_its_text() {
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
    fn no_changed_character_passes() {
        let text = token().reveal(&keys()).to_string();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'x' { b'y' } else { b'x' };
            assert!(RefreshToken::parse(&String::from_utf8(changed).unwrap(), &keys()).is_err(), "at {index}");
        }
    }

    #[test]
    fn a_successor_can_be_made_again_and_depends_on_all_that_it_is_made_of() {
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
