//! The bridge from `hallpass-token` to JavaScript: text and numbers in, JSON text out, and no rule of its own.
//!
//! Nothing here may panic, whatever comes in: a panic ends the WebAssembly instance.

mod refusal;
mod verifier;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::refusal::Refusal;

/// Reads header and claims of a token, which proves nothing: `{"header": …, "claims": …}`.
#[wasm_bindgen]
pub fn decode(token: &str) -> Result<String, Refusal> {
    let decoded = hallpass_token::decode(token)?;
    Ok(format!(r#"{{"header":{},"claims":{}}}"#, decoded.header_json(), decoded.claims_json()))
}

/// Reads when a token runs out, in seconds since 1970, which proves nothing.
#[wasm_bindgen(js_name = expiresAt)]
#[expect(clippy::cast_precision_loss, reason = "a time before the year 10000 has 38 bits, an f64 holds 53")]
pub fn expires_at(token: &str) -> Result<f64, Refusal> {
    Ok(hallpass_token::expires_at(token)?.seconds() as f64)
}
