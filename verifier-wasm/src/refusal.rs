//! The error that JavaScript receives when a token, a key set or a policy is refused.

use hallpass_token::{AmbiguousIssuers, KeySetError, VerifyError};
use wasm_bindgen::JsValue;

/// A refusal as lines of text: code, invalid claim, its error (both empty without a claim) and message. The package
/// converts it to a `HallpassError`. It never contains the token.
pub struct Refusal(String);

impl Refusal {
    fn new(code: &str, message: &str, claim: &str, reason: &str) -> Self {
        // A claim's name comes from the options, and may contain a line break, which would shift the lines.
        let [claim, message] = [claim, message].map(|text| text.replace('\n', " "));
        Self([code, &claim, reason, &message].join("\n"))
    }
}

impl Refusal {
    pub(crate) fn into_lines(self) -> String {
        self.0
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        let claim = error.claim().unwrap_or_default();
        let reason = error.reason().unwrap_or_default();
        Self::new(error.code(), &error.to_string(), claim, reason)
    }
}

impl From<KeySetError> for Refusal {
    fn from(error: KeySetError) -> Self {
        Self::new(error.code(), &error.to_string(), "", "")
    }
}

impl From<AmbiguousIssuers> for Refusal {
    fn from(error: AmbiguousIssuers) -> Self {
        Self::new("ERR_OPTIONS_INVALID", &error.to_string(), "", "")
    }
}

impl From<Refusal> for JsValue {
    fn from(Refusal(lines): Refusal) -> Self {
        Self::from_str(&lines)
    }
}
