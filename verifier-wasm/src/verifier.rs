//! The verifier as a JavaScript class, made once for a policy and a key set.

use hallpass_token::{Issuer, KeySet, Policy, TimeOutOfRange, UnixSeconds, VerifyError};
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::refusal::Refusal;

/// Verifies tokens against one policy and one key set.
#[wasm_bindgen]
pub struct Verifier(hallpass_token::Verifier);

/// The policy as the package hands it over; `null` says that something is on purpose not checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyJson {
    issuer: Option<String>,
    audience: Option<String>,
    leeway: u64,
}

#[wasm_bindgen]
impl Verifier {
    /// Takes a policy, `{"issuer", "audience", "leeway"}`, and a key set (RFC 7517 §5), both as JSON text.
    #[wasm_bindgen(constructor)]
    pub fn new(policy: &str, key_set: &str) -> Result<Self, Refusal> {
        let PolicyJson { issuer, audience, leeway } =
            serde_json::from_str(policy).map_err(|error| Refusal::policy(&error))?;
        let policy =
            Policy { audiences: audience.map(|audience| vec![audience]), leeway, ..Policy::for_any_audience() };
        let issuer = Issuer { name: issuer, keys: KeySet::from_json(key_set)? };
        Ok(Self(hallpass_token::Verifier::new(policy, issuer)))
    }

    /// Verifies a token at the time `now`, in seconds since 1970, and returns its claims as JSON text.
    pub fn verify(&self, token: &str, now: f64) -> Result<String, Refusal> {
        let now = unix_seconds(now).map_err(VerifyError::from)?;
        Ok(self.0.verify(token, now)?.json().to_owned())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only numbers from 0 on are cast")]
fn unix_seconds(now: f64) -> Result<UnixSeconds, TimeOutOfRange> {
    // `NaN as u64` is 0, a time at which no token has expired.
    if now >= 0.0 { UnixSeconds::new(now as u64) } else { Err(TimeOutOfRange) }
}
