//! A request and its answer, stage by stage.

use std::fmt;

use hallpass_token::UnixSeconds;

use crate::{refresh_token::RefreshToken, session::Refusal};

/// A token that a client holds, and its index in the family tree.
#[derive(Clone)]
pub(super) struct HeldToken {
    pub(super) token: RefreshToken,
    pub(super) index: usize,
}

pub(super) struct Exchange {
    pub(super) party: Party,
    pub(super) kind: RequestKind,
    pub(super) held: HeldToken,
    /// In true milliseconds.
    pub(super) sent_at: u64,
    pub(super) stage: Stage,
    /// The client has given up, or the answer is lost.
    pub(super) is_abandoned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    Tab(usize),
    Thief,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestKind {
    Renewal,
    SignOut,
}

#[derive(Clone)]
pub(super) enum Stage {
    /// The request is on its way to the issuer.
    Sent,
    /// The request has arrived, and the issuer has read its clock.
    Arrived { now: UnixSeconds, at: u64 },
    /// The issuer has read this version, which may not be durable yet.
    Read { now: UnixSeconds, at: u64, version: usize },
    /// The answer waits until that version is durable.
    Decided { version: usize, answer: Answer },
    /// The answer is on its way.
    Answered { answer: Answer },
}

#[derive(Clone)]
pub(super) enum Answer {
    /// 200 with a token.
    Pair(HeldToken),
    /// 204.
    SignedOut,
    /// 503.
    Wait,
    /// 400 `invalid_grant`.
    Refused { refusal: Refusal, rotated_at: u64, at: u64 },
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tab(tab) => write!(f, "tab {tab}"),
            Self::Thief => f.write_str("the thief"),
        }
    }
}

impl fmt::Display for HeldToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = self.token.position;
        write!(f, "token {} ({}.{})", self.index, position.generation, position.attempt)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(held) => write!(f, "200 with {held}"),
            Self::SignedOut => f.write_str("204"),
            Self::Wait => f.write_str("503"),
            Self::Refused { refusal, .. } => write!(f, "400, {refusal}"),
        }
    }
}
