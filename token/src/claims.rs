//! The claims of a token that was verified, and how each registered claim must look (RFC 7519 §4.1).

use serde_json::{Map, Value};

use crate::{UnixSeconds, VerifyError};

/// What a verified token says. Only [`Verifier::verify`](crate::Verifier::verify) makes one: whoever holds it knows
/// that signature, times, issuer and audience were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedClaims {
    text: String,
    members: Map<String, Value>,
    expires_at: UnixSeconds,
}

impl VerifiedClaims {
    pub(crate) fn new(text: String, members: Map<String, Value>, expires_at: UnixSeconds) -> Self {
        Self { text, members, expires_at }
    }

    /// All claims, a JSON object, as the token spells them.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.text
    }

    /// The claim of that name.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// `sub`: whom the token is about; for Hallpass the user's id.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.claim("sub")?.as_str()
    }

    /// `sid`: the session that the token was made in.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.claim("sid")?.as_str()
    }

    /// `exp`: when the token runs out.
    #[must_use]
    pub fn expires_at(&self) -> UnixSeconds {
        self.expires_at
    }
}

/// Reads a `NumericDate`. Fractions, exponents, strings and negative numbers are refused: they are legal in places, but
/// no issuer needs them, and readers round them differently.
pub(crate) fn time_claim(claim: &'static str, value: Option<&Value>) -> Result<Option<UnixSeconds>, VerifyError> {
    let Some(value) = value else { return Ok(None) };
    let seconds = value.as_u64().and_then(|seconds| UnixSeconds::new(seconds).ok());
    let reason = "must be whole seconds between 1970 and the year 9999";
    seconds.map(Some).ok_or_else(|| VerifyError::of_claim(claim, reason))
}

/// Checks `iss` (RFC 7519 §4.1.1): a string, equal to the expected one to the letter.
pub(crate) fn check_issuer(value: Option<&Value>, expected: Option<&str>) -> Result<(), VerifyError> {
    let refuse = |reason| Err(VerifyError::of_claim("iss", reason));
    match (value, expected) {
        (None, None) => Ok(()),
        (None, Some(_)) => refuse("is missing"),
        (Some(Value::String(issuer)), expected) if expected.is_none_or(|expected| expected == issuer) => Ok(()),
        (Some(Value::String(_)), _) => refuse("is not the expected issuer"),
        (Some(_), _) => refuse("must be a string"),
    }
}

/// Checks `aud` (RFC 7519 §4.1.3): a string or an array of strings, one of the expected ones among them.
pub(crate) fn check_audience(value: Option<&Value>, expected: Option<&[String]>) -> Result<(), VerifyError> {
    let refuse = |reason| Err(VerifyError::of_claim("aud", reason));
    let audiences = match value {
        None if expected.is_none() => return Ok(()),
        None => return refuse("is missing"),
        Some(Value::Array(audiences)) => audiences.as_slice(),
        Some(audience) => std::slice::from_ref(audience),
    };
    if !audiences.iter().all(Value::is_string) {
        return refuse("must be a string or an array of strings");
    }
    let names_one = |expected: &[String]| audiences.iter().any(|audience| expected.iter().any(|each| audience == each));
    if expected.is_none_or(names_one) { Ok(()) } else { refuse("does not contain the expected audience") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(result: Result<(), VerifyError>) -> Option<&'static str> {
        result.err().and_then(|error| error.reason())
    }

    #[test]
    fn only_whole_seconds_in_range_are_a_time() {
        assert_eq!(time_claim("exp", Some(&json!(1))).unwrap(), UnixSeconds::new(1).ok());
        assert_eq!(time_claim("exp", None).unwrap(), None);
        for value in
            [json!("1"), json!(null), json!(1.5), json!(1.0), json!(-1), json!(253_402_300_800_u64), json!([1])]
        {
            assert!(time_claim("exp", Some(&value)).is_err(), "{value}");
        }
    }

    #[test]
    fn the_issuer_is_compared_to_the_letter() {
        let issuer = json!("https://a.example");
        assert_eq!(check_issuer(Some(&issuer), Some("https://a.example")), Ok(()));
        assert_eq!(check_issuer(Some(&issuer), None), Ok(()));
        assert_eq!(reason(check_issuer(Some(&issuer), Some("https://a.example/"))), Some("is not the expected issuer"));
        assert_eq!(reason(check_issuer(None, Some("x"))), Some("is missing"));
        assert_eq!(reason(check_issuer(Some(&json!(["x"])), None)), Some("must be a string"));
    }

    #[test]
    fn the_expected_audience_is_one_of_those_named() {
        let wrong_type = Some("must be a string or an array of strings");
        let api = ["api".to_owned(), "other".to_owned()];
        let api = Some(&api[..]);
        assert_eq!(check_audience(Some(&json!("api")), api), Ok(()));
        assert_eq!(check_audience(Some(&json!(["web", "api"])), api), Ok(()));
        assert_eq!(reason(check_audience(Some(&json!("web")), api)), Some("does not contain the expected audience"));
        assert_eq!(reason(check_audience(Some(&json!([])), api)), Some("does not contain the expected audience"));
        assert_eq!(reason(check_audience(Some(&json!(["api", 1])), api)), wrong_type);
        assert_eq!(reason(check_audience(Some(&json!(7)), None)), wrong_type);
        assert_eq!(reason(check_audience(None, api)), Some("is missing"));
        assert_eq!(check_audience(None, None), Ok(()));
    }
}
