//! The verifier as a JavaScript class, for one policy and the keys of its issuers.

use hallpass_token::{Hash, Issuer, KeySet, KeySetError, Policy, SkippedKey, TimeOutOfRange, UnixSeconds};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{refusal::Refusal, workspace::Workspace};

/// Verifies tokens with one policy and the keys of one issuer or several. `undefined` disables an optional check.
#[wasm_bindgen]
pub struct Verifier(hallpass_token::Verifier);

#[wasm_bindgen]
impl Verifier {
    /// Creates a verifier with a policy. Without issuers it refuses every token.
    #[wasm_bindgen(constructor)]
    pub fn new(
        audiences: Option<Vec<String>>,
        leeway: f64,
        max_token_age: Option<f64>,
        required_claims: Vec<String>,
        types: Option<Vec<String>>,
        max_token_bytes: usize,
    ) -> Self {
        let leeway = seconds(leeway);
        let max_token_age = max_token_age.map(seconds);
        let policy = Policy { audiences, leeway, max_token_age, required_claims, types, max_token_bytes };
        Self(hallpass_token::Verifier::without_issuers(policy))
    }

    /// Adds an issuer with the text of its key set (RFC 7517 §5), in which secrets may be allowed, and with a shared secret for
    /// an algorithm such as HS256; both are optional.
    #[wasm_bindgen(js_name = addIssuer)]
    pub fn add_issuer(
        &mut self,
        name: Option<String>,
        key_set: Option<String>,
        allows_secrets: bool,
        secret: Option<Vec<u8>>,
        secret_alg: &str,
    ) -> Result<(), Refusal> {
        let read = if allows_secrets { KeySet::from_json_with_secrets } else { KeySet::from_json };
        let mut keys = key_set.map(|text| read(&text)).transpose()?.unwrap_or_default();
        if let Some(secret) = secret {
            let hash = Hash::of_hmac(secret_alg).ok_or(KeySetError::UnsupportedAlgorithm)?;
            keys = keys.with_secret(&secret, hash)?;
        }
        Ok(self.0.add_issuer(Issuer { name, keys })?)
    }

    /// The keys that are never used, in threes: position in the key set, `kid` (empty without one), reason.
    #[wasm_bindgen(js_name = skippedKeys)]
    pub fn skipped_keys(&self) -> Vec<String> {
        let texts =
            |key: &SkippedKey| [key.index.to_string(), key.kid.clone().unwrap_or_default(), key.reason.to_string()];
        self.0.skipped_keys().flat_map(|(_, key)| texts(key)).collect()
    }

    /// The index of the issuer whose keys the token of `length` bytes needs, unverified.
    #[wasm_bindgen(js_name = issuerOf)]
    pub fn issuer_of(&self, workspace: &Workspace, length: usize) -> Result<usize, Refusal> {
        Ok(self.0.issuer_of(workspace.token(length))?)
    }

    /// Verifies the token of `length` bytes at the time `now`, in seconds since 1970. Writes its claims, a JSON text,
    /// into the output, and returns their length. A negative number: the token is refused, or JavaScript must check the
    /// signature ([`Workspace::pending_address`]).
    pub fn verify(&self, workspace: &mut Workspace, length: usize, now: f64) -> i32 {
        workspace.verify(length, |decoded, token| self.0.begin_in(decoded, token, unix_seconds(now)?))
    }

    /// The public JSON Web Key with this index; `undefined` if there is none that the caller must use.
    #[wasm_bindgen(js_name = externalKey)]
    pub fn external_key(&self, index: usize) -> Option<String> {
        self.0.external_key(index)
    }
}

/// Converts seconds. The package has checked that they are whole and not negative; the cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from f64 saturates")]
fn seconds(number: f64) -> u64 {
    number as u64
}

fn unix_seconds(now: f64) -> Result<UnixSeconds, TimeOutOfRange> {
    // `NaN as u64` would be 0, a time at which no token has expired.
    if now >= 0.0 { UnixSeconds::new(seconds(now)) } else { Err(TimeOutOfRange) }
}
