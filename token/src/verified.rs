//! The claims of a verified token. Trust is a type.

use std::borrow::Cow;

use serde_json::Value;

use crate::{UnixSeconds, claims::Window, json};

/// The claims of a verified token. Only a [`Verifier`](crate::Verifier) creates this type: signature, times, issuer and
/// audience were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedClaims<'w> {
    text: Cow<'w, str>,
    window: Window,
}

impl<'w> VerifiedClaims<'w> {
    pub(crate) fn new(text: &'w str, window: Window) -> Self {
        Self { text: Cow::Borrowed(text), window }
    }

    /// The same claims as an owned value.
    #[must_use]
    pub fn into_owned(self) -> VerifiedClaims<'static> {
        VerifiedClaims { text: Cow::Owned(self.text.into_owned()), window: self.window }
    }

    /// All claims, a JSON object, as written in the token.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.text
    }

    /// The claim with this name. Each call parses the text: to read many claims, parse [`json`](Self::json) once.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<Value> {
        match json::member(&self.text, name).ok()?? {
            json::Value::String(text) => Some(Value::String(text.text().into_owned())),
            json::Value::Number(text)
            | json::Value::Array(text)
            | json::Value::Object(text)
            | json::Value::Word(text) => serde_json::from_str(text).ok(),
        }
    }

    /// `sub`: the subject; for Hallpass the user's id.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        self.text_claim("sub")
    }

    /// `sid`: the session of the token.
    #[must_use]
    pub fn session_id(&self) -> Option<Cow<'_, str>> {
        self.text_claim("sid")
    }

    /// `exp`: the token's expiry.
    #[must_use]
    pub fn expires_at(&self) -> UnixSeconds {
        self.window.expires_at
    }

    /// The first second in which the policy accepts these claims, leeway included. With
    /// [`valid_until`](Self::valid_until) a cache can check the same token again.
    #[must_use]
    pub fn valid_from(&self) -> u64 {
        self.window.from
    }

    /// The first second in which the policy no longer accepts these claims, leeway included.
    #[must_use]
    pub fn valid_until(&self) -> u64 {
        self.window.until
    }

    fn text_claim(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(json::member(&self.text, name).ok()??.as_string()?.text())
    }
}
