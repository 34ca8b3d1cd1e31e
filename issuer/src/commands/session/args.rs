//! Arguments of `hallpass session`, and the lifetimes of sessions that `hallpass serve` takes, too.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::{
    commands::{store::StoreOption, values::duration},
    id::SessionId,
    session::Lifetimes,
    user::Username,
};

/// Commands of `hallpass session`.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Print the live sessions of all users, or of one.
    List(SessionList),
    /// End sessions, by their ids or all of one user.
    Revoke(SessionRevoke),
}

/// Options of `hallpass session list`.
#[derive(Debug, Args)]
pub(crate) struct SessionList {
    /// Only the sessions of this user.
    #[arg(long, value_name = "USERNAME")]
    pub(crate) user: Option<Username>,
    #[command(flatten)]
    pub(crate) lifetimes: LifetimeOptions,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass session revoke`.
#[derive(Debug, Args)]
pub(crate) struct SessionRevoke {
    /// The sessions to end, by their ids.
    #[arg(value_name = "SESSION", required_unless_present = "user", conflicts_with = "user")]
    pub(crate) ids: Vec<SessionId>,
    /// End all sessions of this user.
    #[arg(long, value_name = "USERNAME")]
    pub(crate) user: Option<Username>,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// The options that say how long sessions live.
#[derive(Debug, Args)]
pub(crate) struct LifetimeOptions {
    /// Lifetime of a session without a renewal.
    #[arg(long, env = "HALLPASS_IDLE_TTL", value_name = "DURATION", default_value = "30d", value_parser = duration)]
    pub(crate) idle_ttl: Duration,
    /// Lifetime of a session in total.
    #[arg(long, env = "HALLPASS_SESSION_TTL", value_name = "DURATION", default_value = "90d", value_parser = duration)]
    pub(crate) session_ttl: Duration,
}

impl LifetimeOptions {
    pub(crate) fn to_lifetimes(&self) -> Lifetimes {
        Lifetimes { idle: self.idle_ttl.as_secs(), absolute: self.session_ttl.as_secs() }
    }
}
