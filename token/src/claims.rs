//! The checks of the registered claims (RFC 7519 §4.1), and the time window in which they hold.

use crate::{
    Excerpt, Mismatch, Policy, UnixSeconds, VerifyError,
    compact::JsonSegment,
    json::{self, JsonString, Value},
};

/// The registered claims that the verifier checks, as written in the token.
pub(crate) struct Claims<'w> {
    segment: JsonSegment<'w>,
    exp: Option<Value<'w>>,
    nbf: Option<Value<'w>>,
    iat: Option<Value<'w>>,
    iss: Option<Value<'w>>,
    aud: Option<Value<'w>>,
}

/// The time window in which a token is accepted, leeway included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The claim `exp`.
    pub(crate) expires_at: UnixSeconds,
    /// The first second in which the token is valid.
    pub(crate) from: u64,
    /// The first second in which it is no longer valid.
    pub(crate) until: u64,
}

impl<'w> Claims<'w> {
    pub(crate) fn read(segment: JsonSegment<'w>) -> Result<Self, VerifyError> {
        let mut claims = Self { segment, exp: None, nbf: None, iat: None, iss: None, aud: None };
        segment.members(|name, value| match name {
            "exp" => claims.exp = Some(value),
            "nbf" => claims.nbf = Some(value),
            "iat" => claims.iat = Some(value),
            "iss" => claims.iss = Some(value),
            "aud" => claims.aud = Some(value),
            _ => {}
        })?;
        Ok(claims)
    }

    /// The claim `iss`, unverified.
    pub(crate) fn issuer(&self) -> Option<JsonString<'w>> {
        self.iss.and_then(Value::as_string)
    }

    /// The error of an `iss` that is not one of the expected names.
    pub(crate) fn issuer_mismatch(&self, reason: &'static str, expected: Excerpt) -> VerifyError {
        mismatch("iss", reason, expected, self.iss)
    }

    /// Checks the claims at the time `now`, and returns the window in which they are valid.
    pub(crate) fn check(&self, policy: &Policy, issuer: Option<&str>, now: UnixSeconds) -> Result<Window, VerifyError> {
        let expires_at = expiry(self.exp)?;
        let nbf = time_claim("nbf", self.nbf)?.map_or(0, |nbf| nbf.ceiling);
        let iat = time_claim("iat", self.iat)?;
        check_issuer(self.iss, issuer)?;
        check_audience(self.aud, policy.audiences.as_deref())?;
        self.check_required(&policy.required_claims)?;
        let window = Window {
            expires_at,
            from: nbf.saturating_sub(policy.leeway),
            until: expires_at.seconds().saturating_add(policy.leeway),
        };
        if now.seconds() >= window.until {
            return Err(VerifyError::Expired);
        }
        if now.seconds() < window.from {
            return Err(VerifyError::NotYetValid);
        }
        match policy.max_token_age {
            None => Ok(window),
            Some(max_token_age) => window.within_age(iat, max_token_age, policy.leeway, now),
        }
    }

    /// Checks that the required claims are present, with any value.
    fn check_required(&self, required: &[String]) -> Result<(), VerifyError> {
        let mut missing: Vec<&String> = required.iter().collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.segment.members(|name, _| missing.retain(|required| *required != name))?;
        missing.first().map_or(Ok(()), |name| Err(VerifyError::of_claim((*name).clone(), "is missing")))
    }
}

impl Window {
    /// The part of the window in which a token issued at `iat` is not too old.
    fn within_age(
        self,
        iat: Option<TimeClaim>,
        max_token_age: u64,
        leeway: u64,
        now: UnixSeconds,
    ) -> Result<Self, VerifyError> {
        let iat = iat.ok_or_else(|| VerifyError::of_claim("iat", "is missing"))?;
        let issued = iat.ceiling.saturating_sub(leeway);
        if now.seconds() < issued {
            return Err(VerifyError::of_claim("iat", "is in the future"));
        }
        let too_old = iat.floor.saturating_add(max_token_age).saturating_add(leeway);
        if now.seconds() >= too_old {
            return Err(VerifyError::TooOld);
        }
        Ok(Self { from: self.from.max(issued), until: self.until.min(too_old), ..self })
    }
}

/// The error of a public claim with another value than expected.
#[cold]
fn mismatch(claim: &'static str, reason: &'static str, expected: Excerpt, found: Option<Value<'_>>) -> VerifyError {
    let mismatch = Mismatch::new(expected, Excerpt::of_value(found));
    VerifyError::Claim { claim: claim.into(), reason, mismatch: Some(Box::new(mismatch)) }
}

/// Reads the required claim `exp`: a token without it would never expire. A time beyond the year 9999 is its last second.
pub(crate) fn expiry(exp: Option<Value<'_>>) -> Result<UnixSeconds, VerifyError> {
    let exp = time_claim("exp", exp)?.ok_or_else(|| VerifyError::of_claim("exp", "is missing"))?;
    Ok(UnixSeconds::new(exp.floor).unwrap_or(UnixSeconds::MAX))
}

/// A `NumericDate` (RFC 7519 §2), which may have a fraction: the whole seconds around it, from 1970 on. A check uses the
/// stricter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeClaim {
    floor: u64,
    ceiling: u64,
}

fn time_claim(claim: &'static str, value: Option<Value<'_>>) -> Result<Option<TimeClaim>, VerifyError> {
    match value {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let (floor, ceiling) = json::whole_numbers_around(number);
            Ok(Some(TimeClaim { floor, ceiling }))
        }
        Some(_) => Err(VerifyError::of_claim(claim, "must be a number of seconds since 1970")),
    }
}

/// Checks `iss` (RFC 7519 §4.1.1): a string, exactly equal to the expected one.
fn check_issuer(value: Option<Value<'_>>, expected: Option<&str>) -> Result<(), VerifyError> {
    let reject = |reason| Err(VerifyError::of_claim("iss", reason));
    match (value, expected) {
        (None, None) => Ok(()),
        (None, Some(_)) => reject("is missing"),
        (Some(Value::String(issuer)), expected) if expected.is_none_or(|expected| issuer.equals(expected)) => Ok(()),
        (Some(Value::String(_)), _) => {
            Err(mismatch("iss", "is not the expected issuer", Excerpt::of(expected.unwrap_or_default()), value))
        }
        (Some(_), _) => reject("must be a string"),
    }
}

/// Checks `aud` (RFC 7519 §4.1.3): a string or an array of strings that contains an expected one.
fn check_audience(value: Option<Value<'_>>, expected: Option<&[String]>) -> Result<(), VerifyError> {
    let reject = |reason| Err(VerifyError::of_claim("aud", reason));
    let names_one = |audience: JsonString<'_>| {
        expected.is_none_or(|expected| expected.iter().any(|expected| audience.equals(expected)))
    };
    let mut is_list_of_strings = true;
    let mut is_named = expected.is_none();
    let mut check = |audience: Value<'_>| match audience {
        Value::String(audience) => is_named |= names_one(audience),
        _ => is_list_of_strings = false,
    };
    match value {
        None if expected.is_none() => return Ok(()),
        None => return reject("is missing"),
        // Parsing cannot fail here: the claims were parsed with this array.
        Some(Value::Array(audiences)) => is_list_of_strings &= json::array(audiences, check).is_ok(),
        Some(audience) => check(audience),
    }
    match (is_list_of_strings, is_named) {
        (false, _) => reject("must be a string or an array of strings"),
        (true, false) => {
            Err(mismatch("aud", "does not contain the expected audience", Excerpt::of_option(expected), value))
        }
        (true, true) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(result: Result<(), VerifyError>) -> Option<&'static str> {
        result.err().and_then(|error| error.reason())
    }

    /// The one element of an array.
    fn value(text: &str) -> Value<'_> {
        let mut value = None;
        json::array(text, |element| value = Some(element)).unwrap();
        value.unwrap()
    }

    #[test]
    fn a_time_is_a_number_with_the_whole_seconds_around_it() {
        let time = |floor, ceiling| Ok(Some(TimeClaim { floor, ceiling }));
        assert_eq!(time_claim("exp", None), Ok(None));
        for (text, floor, ceiling) in
            [("[1]", 1, 1), ("[1.0]", 1, 1), ("[1.5]", 1, 2), ("[1e1]", 10, 10), ("[-1.5]", 0, 0)]
        {
            assert_eq!(time_claim("exp", Some(value(text))), time(floor, ceiling), "{text}");
        }
        for text in [r#"["1"]"#, "[null]", "[[1]]", "[{}]", "[true]"] {
            assert!(time_claim("exp", Some(value(text))).is_err(), "{text}");
        }
    }

    #[test]
    fn an_expiry_beyond_the_year_9999_is_its_last_second() {
        for text in ["[253402300799]", "[253402300800]", "[1e300]"] {
            assert_eq!(expiry(Some(value(text))), Ok(UnixSeconds::MAX), "{text}");
        }
        assert_eq!(expiry(Some(value("[7.9]"))), UnixSeconds::new(7).map_err(Into::into));
    }

    #[test]
    fn the_issuer_is_compared_exactly() {
        let check = |text, expected| check_issuer(Some(value(text)), expected);
        assert_eq!(check(r#"["https://a.example"]"#, Some("https://a.example")), Ok(()));
        assert_eq!(check(r#"["https:\/\/a.example"]"#, Some("https://a.example")), Ok(()));
        assert_eq!(check(r#"["https://a.example"]"#, None), Ok(()));
        let with_slash = check(r#"["https://a.example/"]"#, Some("https://a.example"));
        assert_eq!(reason(with_slash), Some("is not the expected issuer"));
        assert_eq!(reason(check_issuer(None, Some("x"))), Some("is missing"));
        assert_eq!(reason(check(r#"[["x"]]"#, None)), Some("must be a string"));
    }

    #[test]
    fn aud_must_contain_an_expected_audience() {
        let wrong_type = Some("must be a string or an array of strings");
        let not_named = Some("does not contain the expected audience");
        let api = ["api".to_owned(), "other".to_owned()];
        let check = |text, expected| check_audience(Some(value(text)), expected);
        assert_eq!(check(r#"["api"]"#, Some(&api)), Ok(()));
        assert_eq!(check(r#"[["web","api"]]"#, Some(&api)), Ok(()));
        assert_eq!(check(r#"[["web"]]"#, None), Ok(()));
        assert_eq!(reason(check(r#"["web"]"#, Some(&api))), not_named);
        assert_eq!(reason(check("[[]]", Some(&api))), not_named);
        assert_eq!(reason(check(r#"[["api",1]]"#, Some(&api))), wrong_type);
        assert_eq!(reason(check("[7]", None)), wrong_type);
        assert_eq!(reason(check_audience(None, Some(&api))), Some("is missing"));
        assert_eq!(check_audience(None, None), Ok(()));
    }
}
