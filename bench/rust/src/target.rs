//! A server in an open loop: each request is of another client, over its own connection from its own address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::connection::{Answer, Connection};
use crate::dialect::{Credentials, Dialect, User};
use crate::open_loop::Outcome;
use crate::source::source;

/// The number of kinds of requests, which take addresses in turn.
const KINDS: usize = 3;

/// The server and its clients' credentials.
pub(crate) struct Target {
    dialect: Dialect,
    address: SocketAddr,
    /// The prepared sign-in requests, one per user.
    logins: Vec<Vec<u8>>,
    /// The users of `GET /me`, and their requests.
    me_users: Vec<(User, Vec<u8>)>,
    refreshing: Pool,
}

impl Target {
    /// A target with the credentials of refreshing sessions and of the users of `GET /me`.
    pub(crate) fn new(
        dialect: Dialect,
        address: SocketAddr,
        users: &[User],
        refreshing: Vec<Credentials>,
        me_users: Vec<(User, Credentials)>,
    ) -> Self {
        Self {
            dialect,
            address,
            logins: users.iter().map(|user| dialect.login(address, user)).collect(),
            me_users: me_users
                .into_iter()
                .map(|(user, credentials)| (user, dialect.me(address, &credentials)))
                .collect(),
            refreshing: Pool::new(refreshing),
        }
    }

    /// A sign-in with the correct password.
    pub(crate) async fn log_in(self: Arc<Self>, number: usize) -> Outcome {
        let request = &self.logins[number % self.logins.len()];
        self.ask(number * KINDS, request, |answer| self.dialect.credentials(answer).is_some()).await
    }

    /// `GET /me` of a signed-in user.
    pub(crate) async fn me(self: Arc<Self>, number: usize) -> Outcome {
        let (user, request) = &self.me_users[number % self.me_users.len()];
        self.ask(number * KINDS + 1, request, |answer| user.is_named_in(answer)).await
    }

    /// A refresh of the session with the longest wait. Without a free session it waits, because a session has one
    /// refresh at a time. A session with a failed refresh is not used again.
    pub(crate) async fn refresh(self: Arc<Self>, number: usize) -> Outcome {
        let Some(credentials) = self.refreshing.take().await else {
            return Outcome::Wrong("no session is left".to_owned());
        };
        let mut renewed = None;
        let is_good = |answer: &Answer<'_>| {
            renewed = self.dialect.renewed(&credentials, answer);
            renewed.is_some()
        };
        let outcome = self.ask(number * KINDS + 2, &self.dialect.refresh(self.address, &credentials), is_good).await;
        if let Some(credentials) = renewed {
            self.refreshing.give_back(credentials);
        }
        outcome
    }

    async fn ask(&self, number: usize, request: &[u8], is_good: impl FnOnce(&Answer<'_>) -> bool) -> Outcome {
        let answer = async {
            let mut connection = Connection::open_from(source(number), self.address).await?;
            let answer = connection.ask(request).await?;
            let outcome = if is_good(&answer) { Outcome::Accepted } else { refusal(&answer) };
            io::Result::Ok(outcome)
        };
        answer.await.unwrap_or_else(|error| Outcome::Wrong(error.to_string()))
    }
}

/// The outcome of an unsuccessful answer: a refusal has `Retry-After` (RFC 9110 §15.6.4).
fn refusal(answer: &Answer<'_>) -> Outcome {
    let comes_back = answer.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok());
    if answer.status == 503 && comes_back {
        Outcome::Refused
    } else {
        let code = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
        let code = code.as_ref().and_then(|body| body["error"].as_str()).unwrap_or_default();
        Outcome::Wrong(format!("status {} {code}", answer.status).trim_end().to_owned())
    }
}

/// The sessions without a refresh in progress, the one with the longest wait first.
struct Pool {
    free: Mutex<UnboundedReceiver<Credentials>>,
    back: UnboundedSender<Credentials>,
}

impl Pool {
    fn new(credentials: Vec<Credentials>) -> Self {
        let (back, free) = unbounded_channel();
        let pool = Self { free: Mutex::new(free), back };
        credentials.into_iter().for_each(|credentials| pool.give_back(credentials));
        pool
    }

    async fn take(&self) -> Option<Credentials> {
        self.free.lock().await.recv().await
    }

    fn give_back(&self, credentials: Credentials) {
        // An error means that the receiver was dropped, so no client needs the session.
        drop(self.back.send(credentials));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, head: &'a str, body: &'a str) -> Answer<'a> {
        Answer { status, head, body: body.as_bytes().into() }
    }

    #[test]
    fn a_refusal_has_retry_after() {
        assert_eq!(refusal(&answer(503, "HTTP/1.1 503 x\r\nRetry-After: 2", "")), Outcome::Refused);
        assert_eq!(refusal(&answer(503, "HTTP/1.1 503 x", "")), Outcome::Wrong("status 503".to_owned()));
        let limited = answer(429, "HTTP/1.1 429 x\r\nRetry-After: 2", r#"{"error":"too_many_attempts"}"#);
        assert_eq!(refusal(&limited), Outcome::Wrong("status 429 too_many_attempts".to_owned()));
    }
}
