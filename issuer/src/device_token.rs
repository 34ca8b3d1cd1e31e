//! Device tokens: they distinguish a client that signed in before from an unknown device, and give it a separate budget
//! of attempts. They are not credentials: their holder still needs the password. A token is valid for one username,
//! until the user's credentials change.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::UnixSeconds;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{
    id::UserId,
    refresh_token::{RefreshTokenKey, RefreshTokenKeys},
    user::{CredentialEpoch, User, Username},
};

/// Identifies a leaked token to people and secret scanners.
const PREFIX: &str = "hpdt_";

/// The life of a device token in seconds: 400 days, the maximum of a cookie (RFC 6265bis §5.5). Each sign-in issues a
/// new token.
pub(crate) const DEVICE_TTL: u64 = 400 * 24 * 60 * 60;

const ID_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
/// 128 bits, as in a refresh token, since each forgery must be tried online.
const TAG_BYTES: usize = 16;
const EPOCH_BYTES: usize = 4;
/// The bytes before the tag, which covers the username too. A token of an earlier version has no epoch and is shorter.
/// It does not prove the current password, so that its holder is an unknown device until the next sign-in.
const TAGGED_BYTES: usize = ID_BYTES + TIME_BYTES + ID_BYTES + EPOCH_BYTES;
const TOKEN_BYTES: usize = TAGGED_BYTES + TAG_BYTES;

/// The id of one sign-in on one device: 128 random bits. Each sign-in has a new id, so that a thief of an older token
/// does not share the owner's budget.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeviceId(pub(crate) [u8; ID_BYTES]);

/// A device token of this issuer, with a verified tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeviceToken {
    pub(crate) user: UserId,
    pub(crate) issued_at: UnixSeconds,
    pub(crate) id: DeviceId,
    /// The user's credential epoch at the sign-in. With a later epoch the device is unknown.
    pub(crate) epoch: CredentialEpoch,
}

impl DeviceToken {
    /// Parses a client's token for a username. Garbage, forgeries and tokens of other usernames are ignored, without a
    /// read of the store. The token names no key: there are few keys, and a tag is cheap.
    pub(crate) fn parse(text: &str, username: &Username, keys: &RefreshTokenKeys) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX)?;
        let mut bytes = [0; TOKEN_BYTES];
        let decoded = Base64UrlUnpadded::decode(encoded, &mut bytes).ok()?;
        let (tagged, tag) = decoded.split_at_checked(TAGGED_BYTES)?;
        let is_tagged =
            |key: &RefreshTokenKey| bool::from(key.device_tag(&[tagged, name_of(username)])[..TAG_BYTES].ct_eq(tag));
        if !keys.all().any(is_tagged) {
            return None;
        }
        let (user, rest) = tagged.split_first_chunk()?;
        let (issued_at, rest) = rest.split_first_chunk()?;
        let (id, epoch) = rest.split_first_chunk()?;
        Some(Self {
            user: UserId(Uuid::from_bytes(*user)),
            issued_at: UnixSeconds::new(u64::from_be_bytes(*issued_at)).ok()?,
            id: DeviceId(*id),
            epoch: CredentialEpoch(u32::from_be_bytes(epoch.try_into().ok()?)),
        })
    }

    /// The text for the client, for this username.
    pub(crate) fn reveal(&self, username: &Username, keys: &RefreshTokenKeys) -> String {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.extend_from_slice(self.user.0.as_bytes());
        bytes.extend_from_slice(&self.issued_at.seconds().to_be_bytes());
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&self.epoch.0.to_be_bytes());
        let tag = keys.in_use().device_tag(&[&bytes, name_of(username)]);
        bytes.extend_from_slice(&tag[..TAG_BYTES]);
        format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&bytes))
    }

    /// Whether the token has not expired. A token from the future is valid: the clock was set back, and its tag is
    /// genuine.
    pub(crate) fn is_good(&self, now: UnixSeconds) -> bool {
        now.seconds_since(self.issued_at) < DEVICE_TTL
    }

    /// Whether the token is from a sign-in of that user with the current credentials.
    pub(crate) fn is_of(&self, user: &User) -> bool {
        (self.user, self.epoch) == (user.id, user.credential_epoch)
    }
}

/// The username for the tag. It comes last, since its length varies.
fn name_of(username: &Username) -> &[u8] {
    username.as_str().as_bytes()
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceToken").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh_token::DecoyKey;

    fn keys_of(roots: &[u8]) -> RefreshTokenKeys {
        let mut keys = roots.iter().map(|root| RefreshTokenKey::from_root(&[*root; 32]));
        RefreshTokenKeys::new(keys.next().unwrap(), keys.collect(), DecoyKey::of_root(&[9; 32]))
    }

    fn keys() -> RefreshTokenKeys {
        keys_of(&[9])
    }

    fn token() -> DeviceToken {
        let issued_at = UnixSeconds::new(1_790_000_000).unwrap();
        DeviceToken { user: UserId(Uuid::from_u128(7)), issued_at, id: DeviceId([5; 16]), epoch: CredentialEpoch(3) }
    }

    fn name(text: &str) -> Username {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_survives_the_trip_to_the_client() {
        let text = token().reveal(&name("one"), &keys());
        assert_eq!(text.len(), 85);
        assert_eq!(DeviceToken::parse(&text, &name("one"), &keys()), Some(token()));
    }

    #[test]
    fn garbage_forgeries_and_tokens_of_another_issuer_or_username_are_ignored() {
        let parse = |text: &str| DeviceToken::parse(text, &name("one"), &keys());
        let text = token().reveal(&name("one"), &keys());
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'x' { b'y' } else { b'x' };
            assert_eq!(parse(str::from_utf8(&changed).unwrap()), None, "at {index}");
        }
        for bad in ["", "hpdt_", "hpdt_AAAA", &text[..40], &format!("{text}A"), &format!("{text}AAAA"), "hpdt_é"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(DeviceToken::parse(&text, &name("two"), &keys()), None);
        assert_eq!(DeviceToken::parse(&text, &name("one"), &keys_of(&[8])), None);
        assert_eq!(DeviceToken::parse(&text, &name("one"), &keys_of(&[8, 9])), Some(token()));
    }

    /// The token was made by the build of commit 4da7e9b, with the key of these tests.
    #[test]
    fn a_token_of_an_earlier_version_has_no_epoch_and_is_ignored() {
        let text = "hpdt_AAAAAAAAAAAAAAAAAAAABwAAAABqsTuABQUFBQUFBQUFBQUFBQUFBYFO4yIG-hXtx6-PMBVKArQ";
        assert_eq!(DeviceToken::parse(text, &name("one"), &keys()), None);
    }

    #[test]
    fn a_token_is_valid_for_400_days() {
        let at = |seconds| token().is_good(UnixSeconds::new(seconds).unwrap());
        assert!(at(1_790_000_000) && at(1_790_000_000 + DEVICE_TTL - 1) && at(1_780_000_000));
        assert!(!at(1_790_000_000 + DEVICE_TTL));
    }

    #[test]
    fn debug_shows_no_usable_part() {
        let user = "UserId(00000000-0000-0000-0000-000000000007)";
        assert_eq!(format!("{:?}", token()), format!("DeviceToken {{ user: {user}, .. }}"));
        assert_eq!(format!("{:?}", token().id), "DeviceId(…)");
    }
}
