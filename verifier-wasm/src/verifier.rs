//! The verifier as a JavaScript class, made once for a policy and the issuers' keys.

use hallpass_token::{Issuer, KeySet, Policy, TimeOutOfRange, UnixSeconds, VerifyError};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::refusal::Refusal;

/// Verifies tokens against one policy and the keys of one issuer or several. Where something may be left unchecked on
/// purpose, that is `undefined`.
#[wasm_bindgen]
pub struct Verifier(hallpass_token::Verifier);

#[wasm_bindgen]
impl Verifier {
    /// Takes the policy. Without issuers the verifier refuses every token.
    #[wasm_bindgen(constructor)]
    pub fn new(
        audiences: Option<Vec<String>>,
        leeway: f64,
        max_token_age: Option<f64>,
        required_claims: Vec<String>,
        types: Option<Vec<String>>,
    ) -> Self {
        let (leeway, max_token_age) = (seconds(leeway), max_token_age.map(seconds));
        let policy = Policy { audiences, leeway, max_token_age, required_claims, types };
        Self(hallpass_token::Verifier::without_issuers(policy))
    }

    /// Adds an issuer with the text of its key set (RFC 7517 §5).
    #[wasm_bindgen(js_name = addKeySet)]
    pub fn add_key_set(&mut self, name: Option<String>, key_set: &str) -> Result<(), Refusal> {
        let keys = KeySet::from_json(key_set)?;
        Ok(self.0.add_issuer(Issuer { name, keys })?)
    }

    /// Adds an issuer with the secret that it shares, for HS256.
    #[wasm_bindgen(js_name = addSecret)]
    pub fn add_secret(&mut self, name: Option<String>, secret: &[u8]) -> Result<(), Refusal> {
        let keys = KeySet::from_secret(secret)?;
        Ok(self.0.add_issuer(Issuer { name, keys })?)
    }

    /// Which of the issuers' keys a token needs, by its place among them; it proves nothing.
    #[wasm_bindgen(js_name = issuerOf)]
    pub fn issuer_of(&self, token: &str) -> Result<usize, Refusal> {
        Ok(self.0.issuer_of(token)?)
    }

    /// Verifies a token at the time `now`, in seconds since 1970, and returns its claims as JSON text.
    pub fn verify(&self, token: &str, now: f64) -> Result<String, Refusal> {
        let now = unix_seconds(now).map_err(VerifyError::from)?;
        Ok(self.0.verify(token, now)?.json().to_owned())
    }

    /// The public JSON Web Key that WebCrypto must check the token's signature with; `undefined` where `verify` does.
    #[wasm_bindgen(js_name = externalKey)]
    pub fn external_key(&self, token: &str) -> Result<Option<String>, Refusal> {
        Ok(self.0.external_key(token)?)
    }

    /// As `verify`, after WebCrypto has checked the signature with the external key.
    #[wasm_bindgen(js_name = verifyChecked)]
    pub fn verify_checked(&self, token: &str, signature_fits: bool, now: f64) -> Result<String, Refusal> {
        let now = unix_seconds(now).map_err(VerifyError::from)?;
        Ok(self.0.verify_checked(token, signature_fits, now)?.json().to_owned())
    }
}

/// A number of seconds; the package has checked that it is whole and not negative, and the cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from f64 saturates")]
fn seconds(number: f64) -> u64 {
    number as u64
}

fn unix_seconds(now: f64) -> Result<UnixSeconds, TimeOutOfRange> {
    // `NaN as u64` is 0, a time at which no token has expired.
    if now >= 0.0 { UnixSeconds::new(seconds(now)) } else { Err(TimeOutOfRange) }
}
