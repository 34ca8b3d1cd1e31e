//! The claims of a token that was verified: trust, as a type.

use std::borrow::Cow;

use serde_json::Value;

use crate::{UnixSeconds, claims::Window, json};

/// What a verified token says. Only [`Verifier`](crate::Verifier) makes one: whoever holds it knows that signature, times,
/// issuer and audience were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedClaims<'w> {
    text: Cow<'w, str>,
    window: Window,
}

impl<'w> VerifiedClaims<'w> {
    pub(crate) fn new(text: &'w str, window: Window) -> Self {
        Self { text: Cow::Borrowed(text), window }
    }

    /// The same claims in memory of their own.
    #[must_use]
    pub fn into_owned(self) -> VerifiedClaims<'static> {
        VerifiedClaims { text: Cow::Owned(self.text.into_owned()), window: self.window }
    }

    /// All claims, a JSON object, as the token spells them.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.text
    }

    /// The claim of that name. The text is read for it: whoever wants many of them reads [`json`](Self::json) once.
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

    /// `sub`: whom the token is about; for Hallpass the user's id.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        self.text_claim("sub")
    }

    /// `sid`: the session that the token was made in.
    #[must_use]
    pub fn session_id(&self) -> Option<Cow<'_, str>> {
        self.text_claim("sid")
    }

    /// `exp`: when the token runs out.
    #[must_use]
    pub fn expires_at(&self) -> UnixSeconds {
        self.window.expires_at
    }

    /// The first second in which the policy accepts these claims, leeway included. Together with
    /// [`valid_until`](Self::valid_until) it lets a cache judge the same token again.
    #[must_use]
    pub fn valid_from(&self) -> u64 {
        self.window.from
    }

    /// The first second in which the policy accepts these claims no longer, leeway included.
    #[must_use]
    pub fn valid_until(&self) -> u64 {
        self.window.until
    }

    fn text_claim(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(json::member(&self.text, name).ok()??.as_string()?.text())
    }
}
