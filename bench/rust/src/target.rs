//! A server in an open loop: each request is another client's, over a connection of its own from an address of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::connection::{Answer, Connection};
use crate::dialect::{Dialect, Pass, User};
use crate::open_loop::Outcome;
use crate::source::source;

/// Kinds of request: their addresses come in turn.
const KINDS: usize = 3;

/// The server, and what its clients hold.
pub(crate) struct Target {
    dialect: Dialect,
    address: SocketAddr,
    /// Made beforehand, one for each user.
    logins: Vec<Vec<u8>>,
    /// Who asks who they are, and how they do.
    asking: Vec<(User, Vec<u8>)>,
    refreshing: Pool,
}

impl Target {
    /// `asking` are signed in as these users, in turn.
    pub(crate) fn new(
        dialect: Dialect,
        address: SocketAddr,
        users: &[User],
        refreshing: Vec<Pass>,
        asking: Vec<(User, Pass)>,
    ) -> Self {
        Self {
            dialect,
            address,
            logins: users.iter().map(|user| dialect.login(address, user)).collect(),
            asking: asking.into_iter().map(|(user, pass)| (user, dialect.me(address, &pass))).collect(),
            refreshing: Pool::new(refreshing),
        }
    }

    /// A sign-in with the right password.
    pub(crate) async fn log_in(self: Arc<Self>, number: usize) -> Outcome {
        let request = &self.logins[number % self.logins.len()];
        self.ask(number * KINDS, request, |answer| self.dialect.pass(answer).is_some()).await
    }

    /// `GET /me` of somebody who is signed in.
    pub(crate) async fn me(self: Arc<Self>, number: usize) -> Outcome {
        let (user, request) = &self.asking[number % self.asking.len()];
        self.ask(number * KINDS + 1, request, |answer| user.is_named_in(answer)).await
    }

    /// A refresh of the session that has waited longest for one. If none is free, it waits: nobody refreshes twice at
    /// once. A session whose refresh had no good answer is not used again.
    pub(crate) async fn refresh(self: Arc<Self>, number: usize) -> Outcome {
        let Some(pass) = self.refreshing.take().await else { return Outcome::Wrong("no session is left".to_owned()) };
        let mut renewed = None;
        let is_good = |answer: &Answer<'_>| {
            renewed = self.dialect.renewed(&pass, answer);
            renewed.is_some()
        };
        let outcome = self.ask(number * KINDS + 2, &self.dialect.refresh(self.address, &pass), is_good).await;
        if let Some(pass) = renewed {
            self.refreshing.give_back(pass);
        }
        outcome
    }

    async fn ask(&self, number: usize, request: &[u8], is_good: impl FnOnce(&Answer<'_>) -> bool) -> Outcome {
        let asked = async {
            let mut connection = Connection::open_from(source(number), self.address).await?;
            let answer = connection.ask(request).await?;
            let outcome = if is_good(&answer) { Outcome::Accepted } else { refusal(&answer) };
            io::Result::Ok(outcome)
        };
        asked.await.unwrap_or_else(|error| Outcome::Wrong(error.to_string()))
    }
}

/// A server that has too much to do says so, and when to come back (RFC 9110 §15.6.4).
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

/// The sessions that nobody refreshes just now, the one that waited longest first.
struct Pool {
    free: Mutex<UnboundedReceiver<Pass>>,
    back: UnboundedSender<Pass>,
}

impl Pool {
    fn new(passes: Vec<Pass>) -> Self {
        let (back, free) = unbounded_channel();
        let pool = Self { free: Mutex::new(free), back };
        passes.into_iter().for_each(|pass| pool.give_back(pass));
        pool
    }

    async fn take(&self) -> Option<Pass> {
        self.free.lock().await.recv().await
    }

    fn give_back(&self, pass: Pass) {
        // It fails once nobody can take any more, and then nobody misses it.
        drop(self.back.send(pass));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, head: &'a str, body: &'a str) -> Answer<'a> {
        Answer { status, head, body: body.as_bytes().into() }
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        assert_eq!(refusal(&answer(503, "HTTP/1.1 503 x\r\nRetry-After: 2", "")), Outcome::Refused);
        assert_eq!(refusal(&answer(503, "HTTP/1.1 503 x", "")), Outcome::Wrong("status 503".to_owned()));
        let limited = answer(429, "HTTP/1.1 429 x\r\nRetry-After: 2", r#"{"error":"too_many_attempts"}"#);
        assert_eq!(refusal(&limited), Outcome::Wrong("status 429 too_many_attempts".to_owned()));
    }
}
