//! The opened keys of a ring: the signer, the published key set, the verifier, and the refresh token keys.

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::{Issuer, KeySet, KeySetError, Policy, Signer, Verifier};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Key, Kind, MasterKey, Purpose, Ring, Stage, material,
    seal::NotOpened,
    settings::{KeySettings, Signing},
};
use crate::refresh_token::{DecoyKey, RefreshTokenKey, RefreshTokenKeys};

/// The keys of one moment. A request uses one instance from its beginning to its end.
pub(crate) struct OpenKeys {
    pub(crate) signer: Signer,
    pub(crate) verifier: Verifier,
    pub(crate) refresh_tokens: RefreshTokenKeys,
    /// The public keys, as a JSON Web Key Set (RFC 7517 §5).
    pub(crate) key_set: String,
    /// The entity tag of the key set (RFC 9110 §8.8.3).
    pub(crate) etag: String,
}

/// Why a ring's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    #[error("the issuer's own key set cannot be used: {0}")]
    KeySet(#[from] KeySetError),
    #[error("the key ring has no key in use for {0}")]
    NothingInUse(&'static str),
    #[error("the key ring has an invalid key")]
    NoKey,
}

/// Opens all keys of a ring.
pub(super) fn open(ring: &Ring, master: &MasterKey, settings: &KeySettings) -> Result<OpenKeys, OpenError> {
    let (signer, public) = match &settings.signing {
        Signing::Ring(_) => open_signing(ring, master)?,
        // A shared secret has no public key.
        Signing::Shared(secret) => (secret.signer()?, json!({"keys": []})),
    };
    let key_set = public.to_string();
    let verifying = match &settings.signing {
        Signing::Ring(_) => KeySet::from_json(&key_set)?,
        Signing::Shared(_) => signer.key_set()?,
    };
    let issuer = Issuer::named(settings.issuer.as_str(), verifying);
    Ok(OpenKeys {
        signer,
        verifier: Verifier::new(Policy::for_audience(settings.audience.as_str()), issuer),
        refresh_tokens: open_refresh_tokens(ring, master)?,
        etag: etag(&key_set),
        key_set,
    })
}

/// The signer, and the set of all public keys, with the key in use first.
fn open_signing(ring: &Ring, master: &MasterKey) -> Result<(Signer, Value), OpenError> {
    let mut used = None;
    let mut keys = Vec::new();
    for key in ring.of(Kind::Signing) {
        let Purpose::Signing(algorithm) = key.purpose else { continue };
        let secret = material::open(master, key.purpose, &key.name, &key.secret)?;
        let signer = material::signer(algorithm, &secret).ok_or(OpenError::NoKey)?;
        let mut public = signer.public_key_set();
        let public = public["keys"][0].take();
        if is_used(key) {
            keys.insert(0, public);
            used = Some(signer);
        } else {
            keys.push(public);
        }
    }
    Ok((used.ok_or(OpenError::NothingInUse("signing"))?, json!({"keys": keys})))
}

fn open_refresh_tokens(ring: &Ring, master: &MasterKey) -> Result<RefreshTokenKeys, OpenError> {
    let mut used = None;
    let mut others = Vec::new();
    for key in ring.of(Kind::RefreshTokens) {
        let root = material::open(master, key.purpose, &key.name, &key.secret)?;
        let opened = RefreshTokenKey::from_root(&root);
        if is_used(key) {
            used = Some(opened);
        } else {
            others.push(opened);
        }
    }
    let decoy = DecoyKey::from_bytes(*material::open_decoy(master, &ring.decoy)?);
    let used = used.ok_or(OpenError::NothingInUse("refresh tokens"))?;
    Ok(RefreshTokenKeys::new(used, others, decoy).after_revocation(ring.refresh_keys_revoked_until()))
}

fn is_used(key: &Key) -> bool {
    matches!(key.stage, Stage::InUse { .. })
}

fn etag(key_set: &str) -> String {
    let hash = Sha256::digest(key_set.as_bytes());
    format!("\"{}\"", Base64UrlUnpadded::encode_string(&hash[..16]))
}
