//! The record of a user: JSON with a version, since lists and hashes have any length.

use hallpass_token::{CustomClaims, UnixSeconds};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{CredentialEpoch, Failures, Role, Roles, User};
use crate::{
    id::UserId,
    password::{Credential, PasswordForm},
};

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Record {
    version: u8,
    username: String,
    password: String,
    /// Missing in records from before passwords were normalized.
    #[serde(default)]
    password_form: Form,
    /// Missing in records from before epochs existed.
    #[serde(default)]
    credential_epoch: u32,
    #[serde(default)]
    disabled: bool,
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<Box<RawValue>>,
    created_at: u64,
    #[serde(default)]
    failures: u16,
    /// Missing in records from before the failures of known devices were counted together.
    #[serde(default)]
    known_failures: u16,
    /// Missing in records from before a command could reset a running issuer's count.
    #[serde(default)]
    pardons: u32,
}

/// A [`PasswordForm`] by its name.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    #[default]
    AsTyped,
    Normalised,
}

/// Why bytes are not a valid user record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidRecord {
    #[error("a user record is not JSON of the known shape")]
    Shape,
    #[error("a user record must have version {VERSION}, and this one has {0}: use the hallpass version that wrote it")]
    Version(u8),
    #[error("a user record has an invalid field: {0}")]
    Field(&'static str),
}

/// Encodes a user. The id is the key and not part of the record.
pub(crate) fn encode(user: &User) -> Result<Vec<u8>, InvalidRecord> {
    let claims = (!user.claims.is_empty()).then(|| serde_json::value::to_raw_value(&user.claims)).transpose();
    let record = Record {
        version: VERSION,
        username: user.username.as_str().to_owned(),
        password: user.password.hash.to_text(),
        password_form: user.password.form.into(),
        credential_epoch: user.credential_epoch.0,
        disabled: user.is_disabled,
        roles: user.roles.names(),
        claims: claims.map_err(|_| InvalidRecord::Shape)?,
        created_at: user.created_at.seconds(),
        failures: user.failures.unknown,
        known_failures: user.failures.known,
        pardons: user.pardons,
    };
    serde_json::to_vec(&record).map_err(|_| InvalidRecord::Shape)
}

/// Decodes the record of the user with that id.
pub(crate) fn decode(id: UserId, record: &[u8]) -> Result<User, InvalidRecord> {
    let record: Record = serde_json::from_slice(record).map_err(|_| InvalidRecord::Shape)?;
    if record.version != VERSION {
        return Err(InvalidRecord::Version(record.version));
    }
    let roles: Result<Vec<Role>, _> = record.roles.iter().map(|role| role.parse()).collect();
    let roles = roles.ok().and_then(|roles| Roles::try_from(roles).ok());
    let hash = record.password.parse().map_err(|_| InvalidRecord::Field("password"))?;
    let claims = record.claims.map_or_else(|| Ok(CustomClaims::default()), |claims| claims.get().parse());
    Ok(User {
        id,
        username: record.username.parse().map_err(|_| InvalidRecord::Field("username"))?,
        password: Credential { hash, form: record.password_form.into() },
        credential_epoch: CredentialEpoch(record.credential_epoch),
        is_disabled: record.disabled,
        roles: roles.ok_or(InvalidRecord::Field("roles"))?,
        claims: claims.map_err(|_| InvalidRecord::Field("claims"))?,
        created_at: UnixSeconds::new(record.created_at).map_err(|_| InvalidRecord::Field("created_at"))?,
        failures: Failures { unknown: record.failures, known: record.known_failures },
        pardons: record.pardons,
    })
}

impl From<PasswordForm> for Form {
    fn from(form: PasswordForm) -> Self {
        match form {
            PasswordForm::AsTyped => Self::AsTyped,
            PasswordForm::Normalised => Self::Normalised,
        }
    }
}

impl From<Form> for PasswordForm {
    fn from(form: Form) -> Self {
        match form {
            Form::AsTyped => Self::AsTyped,
            Form::Normalised => Self::Normalised,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user() -> User {
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap();
        let password = Credential { hash, form: PasswordForm::Normalised };
        let id = UserId(Uuid::from_u128(1));
        let created_at = UnixSeconds::new(1_790_000_000).unwrap();
        User {
            credential_epoch: CredentialEpoch(3),
            is_disabled: true,
            roles: vec!["admin".parse().unwrap()].try_into().unwrap(),
            claims: r#"{"plan":"pro","limits":{"rate":0.1}}"#.parse().unwrap(),
            failures: Failures { unknown: 20, known: 10 },
            pardons: 2,
            ..User::new(id, "exampleUser".parse().unwrap(), password, created_at)
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        assert_eq!(decode(user().id, &encode(&user()).unwrap()).unwrap(), user());
    }

    #[test]
    fn a_record_of_another_version_or_shape_is_an_error_and_never_a_guess() {
        let refusal = |from: &str, to: &str| {
            let record = String::from_utf8(encode(&user()).unwrap()).unwrap();
            assert!(record.contains(from), "{from}");
            decode(user().id, record.replace(from, to).as_bytes()).unwrap_err()
        };
        assert!(matches!(refusal(r#""version":1"#, r#""version":2"#), InvalidRecord::Version(2)));
        assert!(matches!(refusal("exampleUser", " "), InvalidRecord::Field("username")));
        assert!(matches!(refusal("$argon2id", "argon2id"), InvalidRecord::Field("password")));
        assert!(matches!(refusal("admin", "ad min"), InvalidRecord::Field("roles")));
        assert!(matches!(refusal(r#""plan""#, r#""iss""#), InvalidRecord::Field("claims")));
        assert!(matches!(refusal(r#""normalised""#, r#""reversed""#), InvalidRecord::Shape));
        assert!(matches!(refusal("{", "["), InvalidRecord::Shape));
    }

    /// The record was written by the build of commit 4da7e9b, which did not count the failures of known devices
    /// together.
    #[test]
    fn a_record_without_failures_of_known_devices_has_none() {
        let record = br#"{"version":1,"username":"a","password":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo","password_form":"normalised","credential_epoch":3,"disabled":false,"roles":["admin"],"created_at":1790000000,"failures":100,"pardons":2}"#;
        let user = decode(UserId(Uuid::from_u128(1)), record).unwrap();
        assert_eq!(user.failures, Failures { unknown: 100, known: 0 });
        assert_eq!((user.credential_epoch, user.pardons), (CredentialEpoch(3), 2));
    }

    #[test]
    fn a_record_without_later_fields_gets_their_defaults() {
        let record = br#"{"version":1,"username":"a","password":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo","roles":[],"created_at":1}"#;
        let user = decode(UserId(Uuid::from_u128(1)), record).unwrap();
        assert_eq!((user.password.form, user.is_disabled), (PasswordForm::AsTyped, false));
        assert!(user.claims.is_empty());
    }
}
