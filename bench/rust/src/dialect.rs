//! How the servers want to be spoken to: the requests, and what a good answer is.

use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::json;

use crate::connection::Answer;

/// The ways to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dialect {
    /// A pair of tokens in the body: Hallpass, and the server in Express
    Tokens,
    /// A cookie that names a session, which is looked up and renewed: better-auth
    Cookie,
}

/// Who signs in.
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
    /// Whether this is a good answer to this user's question who they are.
    pub(crate) fn is_named_in(&self, answer: &Answer<'_>) -> bool {
        answer.status == 200 && contains(&answer.body, &format!("\"{}\"", self.name))
    }
}

/// What somebody holds who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// What is shown to be known.
    access: String,
    /// What is shown to be renewed.
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

    /// The request to be renewed.
    pub(crate) fn refresh(self, address: SocketAddr, pass: &Pass) -> Vec<u8> {
        match self {
            Self::Tokens => post(address, "/refresh", &json!({ "refresh_token": pass.refresh }).to_string()),
            Self::Cookie => get(address, "/api/auth/get-session", &format!("cookie: {}", pass.refresh)),
        }
    }

    /// The request that asks who one is.
    pub(crate) fn me(self, address: SocketAddr, pass: &Pass) -> Vec<u8> {
        match self {
            Self::Tokens => get(address, "/me", &format!("authorization: Bearer {}", pass.access)),
            Self::Cookie => get(address, "/me", &format!("cookie: {}", pass.access)),
        }
    }

    /// What a good answer to a renewal brings, which is another token where there are tokens.
    pub(crate) fn renewed(self, held: &Pass, answer: &Answer<'_>) -> Option<Pass> {
        self.pass(answer).filter(|pass| self == Self::Cookie || pass.refresh != held.refresh)
    }

    /// What a good answer to a sign-in or a renewal brings; nothing if it is not good.
    pub(crate) fn pass(self, answer: &Answer<'_>) -> Option<Pass> {
        if answer.status != 200 {
            return None;
        }
        match self {
            Self::Tokens => {
                let Tokens { access_token, refresh_token } = serde_json::from_slice(&answer.body).ok()?;
                Some(Pass { access: access_token, refresh: refresh_token })
            }
            Self::Cookie => {
                // Who is not signed in is answered 200 too, with `null`.
                let cookie = answer.header("set-cookie")?.split(';').next()?;
                let known = contains(&answer.body, "\"user\":{") && cookie.contains("session_token=");
                known.then(|| Pass { access: cookie.to_owned(), refresh: cookie.to_owned() })
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
    fn tokens_are_a_pass_and_anything_else_is_none() {
        let good = answer("", r#"{"access_token":"a","refresh_token":"r"}"#);
        let pass = Pass { access: "a".to_owned(), refresh: "r".to_owned() };
        assert_eq!(Dialect::Tokens.pass(&good), Some(pass));
        assert_eq!(Dialect::Tokens.pass(&Answer { status: 201, ..good }), None);
        assert_eq!(Dialect::Tokens.pass(&answer("", "{}")), None);
    }

    #[test]
    fn a_cookie_is_a_pass_with_the_user_beside_it_alone() {
        let head = "HTTP/1.1 200 OK\r\nset-cookie: x.session_token=t.s; Path=/";
        let pass = Dialect::Cookie.pass(&answer(head, r#"{"user":{"email":"e"}}"#)).unwrap();
        assert_eq!(pass.refresh, "x.session_token=t.s");
        assert_eq!(Dialect::Cookie.pass(&answer(head, "null")), None);
        assert_eq!(Dialect::Cookie.pass(&answer("HTTP/1.1 200 OK", r#"{"user":{}}"#)), None);
    }

    #[test]
    fn a_renewal_brings_another_token() {
        let same = answer("", r#"{"access_token":"a","refresh_token":"r"}"#);
        let pass = Dialect::Tokens.pass(&same).unwrap();
        assert_eq!(Dialect::Tokens.renewed(&pass, &same), None);
        assert!(Dialect::Tokens.renewed(&pass, &answer("", r#"{"access_token":"a","refresh_token":"s"}"#)).is_some());
    }

    #[test]
    fn it_must_be_the_right_user() {
        let user: User = "ann:secret".parse().unwrap();
        assert!(user.is_named_in(&answer("", r#"{"username":"ann"}"#)));
        assert!(!user.is_named_in(&answer("", r#"{"username":"anna"}"#)));
    }
}
