//! What JavaScript catches when a token, a key set or a policy is refused.

use hallpass_token::{KeySetError, VerifyError};
use serde_json::json;
use wasm_bindgen::JsValue;

/// A refusal as JSON text, `{"code", "message", "claim", "reason"}`, the last two only where a claim is at fault. The
/// package makes a `HallpassError` of it. It never holds the token.
pub struct Refusal(String);

impl Refusal {
    /// A policy that cannot be read: the package checks its options first, so this names the shape and no option.
    pub(crate) fn policy(error: &serde_json::Error) -> Self {
        Self(json!({ "code": "ERR_OPTIONS_INVALID", "message": error.to_string() }).to_string())
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        let mut refusal = json!({ "code": error.code(), "message": error.to_string() });
        for (name, text) in [("claim", error.claim()), ("reason", error.reason())] {
            if let Some(text) = text {
                refusal[name] = text.into();
            }
        }
        Self(refusal.to_string())
    }
}

impl From<KeySetError> for Refusal {
    fn from(error: KeySetError) -> Self {
        Self(json!({ "code": error.code(), "message": error.to_string() }).to_string())
    }
}

impl From<Refusal> for JsValue {
    fn from(Refusal(json): Refusal) -> Self {
        Self::from_str(&json)
    }
}
