//! The servers' APIs: their requests and their successful answers.

use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::json;

use crate::connection::Answer;

/// An API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dialect {
    /// A pair of tokens in the body: Hallpass, and the server in Express
    Tokens,
    /// A cookie with a session's id, which the server reads and renews: better-auth
    Cookie,
}

/// A user that signs in.
#[derive(Clone, Debug)]
pub(crate) struct User {
    name: String,
    password: String,
}

impl FromStr for User {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, password) = text.split_once(':').ok_or("a user is NAME:PASSWORD")?;
        Ok(Self { name: name.to_owned(), password: password.to_owned() })
    }
}

impl User {
    /// Whether the answer to `GET /me` names this user.
    pub(crate) fn is_named_in(&self, answer: &Answer<'_>) -> bool {
        answer.status == 200 && contains(&answer.body, &format!("\"{}\"", self.name))
    }
}

/// The credentials of a signed-in client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The credential of `GET /me`.
    access: String,
    /// The credential of a renewal.
    refresh: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

impl Dialect {
    /// The request of a sign-in.
    pub(crate) fn login(self, address: SocketAddr, User { name, password }: &User) -> Vec<u8> {
        match self {
            Self::Tokens => {
                let body = json!({ "username": name, "password": password, "transport": "body" });
                post(address, "/login", &body.to_string())
            }
            Self::Cookie => {
                let body = json!({ "email": name, "password": password });
                post(address, "/api/auth/sign-in/email", &body.to_string())
            }
        }
    }

    /// The request of a renewal.
    pub(crate) fn refresh(self, address: SocketAddr, credentials: &Credentials) -> Vec<u8> {
        match self {
            Self::Tokens => post(address, "/refresh", &json!({ "refresh_token": credentials.refresh }).to_string()),
            Self::Cookie => get(address, "/api/auth/get-session", &format!("cookie: {}", credentials.refresh)),
        }
    }

    /// The request for the signed-in user.
    pub(crate) fn me(self, address: SocketAddr, credentials: &Credentials) -> Vec<u8> {
        match self {
            Self::Tokens => get(address, "/me", &format!("authorization: Bearer {}", credentials.access)),
            Self::Cookie => get(address, "/me", &format!("cookie: {}", credentials.access)),
        }
    }

    /// The credentials of a successful renewal, with another refresh token if the API has tokens.
    pub(crate) fn renewed(self, held: &Credentials, answer: &Answer<'_>) -> Option<Credentials> {
        self.credentials(answer).filter(|credentials| self == Self::Cookie || credentials.refresh != held.refresh)
    }

    /// The credentials of a successful sign-in or renewal.
    pub(crate) fn credentials(self, answer: &Answer<'_>) -> Option<Credentials> {
        if answer.status != 200 {
            return None;
        }
        match self {
            Self::Tokens => {
                let Tokens { access_token, refresh_token } = serde_json::from_slice(&answer.body).ok()?;
                Some(Credentials { access: access_token, refresh: refresh_token })
            }
            Self::Cookie => {
                // The answer without a session is 200, too, with `null`.
                let cookie = answer.header("set-cookie")?.split(';').next()?;
                let known = contains(&answer.body, "\"user\":{") && cookie.contains("session_token=");
                known.then(|| Credentials { access: cookie.to_owned(), refresh: cookie.to_owned() })
            }
        }
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

fn post(address: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn get(address: SocketAddr, path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{header}\r\n\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(head: &'a str, body: &'a str) -> Answer<'a> {
        Answer { status: 200, head, body: body.as_bytes().into() }
    }

    #[test]
    fn only_an_answer_with_tokens_has_credentials() {
        let good = answer("", r#"{"access_token":"a","refresh_token":"r"}"#);
        let credentials = Credentials { access: "a".to_owned(), refresh: "r".to_owned() };
        assert_eq!(Dialect::Tokens.credentials(&good), Some(credentials));
        assert_eq!(Dialect::Tokens.credentials(&Answer { status: 201, ..good }), None);
        assert_eq!(Dialect::Tokens.credentials(&answer("", "{}")), None);
    }

    #[test]
    fn a_cookie_is_a_credential_only_with_the_user() {
        let head = "HTTP/1.1 200 OK\r\nset-cookie: x.session_token=t.s; Path=/";
        let credentials = Dialect::Cookie.credentials(&answer(head, r#"{"user":{"email":"e"}}"#)).unwrap();
        assert_eq!(credentials.refresh, "x.session_token=t.s");
        assert_eq!(Dialect::Cookie.credentials(&answer(head, "null")), None);
        assert_eq!(Dialect::Cookie.credentials(&answer("HTTP/1.1 200 OK", r#"{"user":{}}"#)), None);
    }

    #[test]
    fn a_renewal_must_return_another_token() {
        let same = answer("", r#"{"access_token":"a","refresh_token":"r"}"#);
        let credentials = Dialect::Tokens.credentials(&same).unwrap();
        assert_eq!(Dialect::Tokens.renewed(&credentials, &same), None);
        assert!(
            Dialect::Tokens.renewed(&credentials, &answer("", r#"{"access_token":"a","refresh_token":"s"}"#)).is_some()
        );
    }

    #[test]
    fn an_answer_for_another_user_is_refused() {
        let user: User = "ann:secret".parse().unwrap();
        assert!(user.is_named_in(&answer("", r#"{"username":"ann"}"#)));
        assert!(!user.is_named_in(&answer("", r#"{"username":"anna"}"#)));
    }
}
