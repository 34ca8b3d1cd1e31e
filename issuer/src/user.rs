//! Users: their credentials, rights and failed attempts.

use std::str::FromStr;

use hallpass_token::{CustomClaims, UnixSeconds};

use crate::{id::UserId, password::Credential};

pub(crate) mod record;
mod username;

use username::is_invisible;
pub(crate) use username::{InvalidNewUsername, InvalidUsername, NewUsername, Username};

/// A user as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) username: Username,
    pub(crate) password: Credential,
    pub(crate) credential_epoch: CredentialEpoch,
    /// Whether the operator has disabled the user, who then cannot sign in.
    pub(crate) is_disabled: bool,
    pub(crate) roles: Roles,
    /// The custom claims of the user's access tokens.
    pub(crate) claims: CustomClaims,
    pub(crate) created_at: UnixSeconds,
    /// Consecutive failed attempts: a running issuer's counts, rounded up, for its next start.
    pub(crate) failures: Failures,
    /// How often the operator has reset the failed attempts. A change of this number resets the count of a running
    /// issuer.
    pub(crate) pardons: u32,
}

/// Consecutive failed attempts at a user's password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// The attempts of unknown devices.
    pub(crate) unknown: u16,
    /// The attempts of all known devices and sessions together.
    pub(crate) known: u16,
}

/// The number of changes of a user's credentials. A session of an earlier epoch is invalid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CredentialEpoch(pub(crate) u32);

impl CredentialEpoch {
    fn next(self) -> Self {
        // Four billion changes, most at the cost of a hash, take years, so that the number does not overflow.
        Self(self.0.saturating_add(1))
    }
}

impl User {
    /// A new user: enabled, without roles, custom claims or failed attempts.
    pub(crate) fn new(id: UserId, username: Username, password: Credential, created_at: UnixSeconds) -> Self {
        Self {
            id,
            username,
            password,
            credential_epoch: CredentialEpoch::default(),
            is_disabled: false,
            roles: Roles::default(),
            claims: CustomClaims::default(),
            created_at,
            failures: Failures::default(),
            pardons: 0,
        }
    }

    /// The user with a new password. All sessions become invalid, except the one that keeps the new epoch.
    pub(crate) fn with_password(&self, password: Credential) -> Self {
        Self { password, credential_epoch: self.credential_epoch.next(), failures: Failures::default(), ..self.clone() }
    }

    /// The user with another hash of the same password. The sessions stay valid.
    pub(crate) fn with_hash(&self, password: Credential) -> Self {
        Self { password, ..self.clone() }
    }

    /// The disabled user. The sessions become invalid, and stay so when the user is enabled again.
    pub(crate) fn disabled(&self) -> Self {
        Self { is_disabled: true, credential_epoch: self.credential_epoch.next(), ..self.clone() }
    }

    /// The user with other rights, which the next access token has.
    pub(crate) fn with_rights(&self, roles: Roles, claims: CustomClaims) -> Self {
        Self { roles, claims, ..self.clone() }
    }

    /// The enabled user, with the failed attempts reset.
    pub(crate) fn enabled(&self) -> Self {
        Self {
            is_disabled: false,
            failures: Failures::default(),
            pardons: self.pardons.saturating_add(1),
            ..self.clone()
        }
    }

    /// The user with other counts of failed attempts.
    pub(crate) fn with_failures(&self, failures: Failures) -> Self {
        Self { failures, ..self.clone() }
    }
}

/// A role of a user, for the services that read the access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role(String);

/// The roles of a user, at most 1 KiB together. So a token fits into a cookie of 4 KiB, the limit of browsers (RFC 6265
/// §6.1), and a user's record stays small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles(Vec<Role>);

/// The roles are too long for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a user's roles must have at most {MAX_ROLE_BYTES} bytes together, so that a token with them fits into a cookie"
)]
pub(crate) struct TooManyRoles;

/// A text that cannot be a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role must have 1 to 64 characters, without white space, control characters and invisible characters")]
pub(crate) struct InvalidRole;

/// Long enough for common e-mail addresses, and short enough for a small token.
const MAX_ROLE_NAME: usize = 64;

const MAX_ROLE_BYTES: usize = 1024;

impl TryFrom<Vec<Role>> for Roles {
    type Error = TooManyRoles;

    fn try_from(roles: Vec<Role>) -> Result<Self, TooManyRoles> {
        let bytes: usize = roles.iter().map(Role::bytes_in_a_list).sum();
        if bytes <= MAX_ROLE_BYTES { Ok(Self(roles)) } else { Err(TooManyRoles) }
    }
}

impl Roles {
    /// The names of the roles.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|role| role.0.clone()).collect()
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let is_odd = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c);
        let fits = has_name_length(text) && !text.chars().any(is_odd);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidRole) }
    }
}

impl Role {
    /// The size in a JSON list: with quotes, a comma, and a backslash before each quote and backslash.
    fn bytes_in_a_list(&self) -> usize {
        self.0.len() + self.0.matches(['"', '\\']).count() + 3
    }
}

fn has_name_length(text: &str) -> bool {
    (1..=MAX_ROLE_NAME).contains(&text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_and_a_disabling_raise_the_epoch_and_an_enabling_only_resets_failures() {
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap();
        let password = Credential::imported(hash);
        let id = UserId(uuid::Uuid::from_u128(1));
        let user = User {
            credential_epoch: CredentialEpoch(7),
            failures: Failures { unknown: 60, known: 40 },
            ..User::new(id, "a".parse().unwrap(), password.clone(), UnixSeconds::EPOCH)
        };
        let changed = user.with_password(password);
        assert_eq!((changed.credential_epoch, changed.failures), (CredentialEpoch(8), Failures::default()));
        let disabled = user.disabled();
        assert_eq!(
            (disabled.is_disabled, disabled.credential_epoch, disabled.failures),
            (true, CredentialEpoch(8), user.failures)
        );
        let enabled = disabled.enabled();
        assert_eq!((enabled.is_disabled, enabled.credential_epoch), (false, CredentialEpoch(8)));
        assert_eq!((enabled.failures, enabled.pardons), (Failures::default(), 1));
    }

    #[test]
    fn roles_fit_into_a_token() {
        let roles = |count| vec!["x".repeat(61).parse::<Role>().unwrap(); count];
        assert_eq!(Roles::try_from(roles(16)).unwrap().names().len(), 16);
        assert_eq!(Roles::try_from(roles(17)), Err(TooManyRoles));
        // A quote takes two bytes in a token.
        assert_eq!(Roles::try_from(vec!["\"".repeat(61).parse::<Role>().unwrap(); 9]), Err(TooManyRoles));
    }

    #[test]
    fn a_role_has_no_white_space() {
        assert_eq!("admin".parse::<Role>().unwrap().0, "admin");
        for bad in ["", "two words", "tab\t"] {
            assert_eq!(bad.parse::<Role>(), Err(InvalidRole), "{bad:?}");
        }
    }
}
