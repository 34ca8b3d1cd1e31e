//! Arguments of `hallpass session`, and the lifetimes of sessions, which `hallpass serve` takes, too.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::{
    commands::{store::StoreOption, value_parsers::duration},
    id::SessionId,
    session::Lifetimes,
    user::Username,
};

/// Commands of `hallpass session`.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Print the active sessions of all users, or of one user.
    List(SessionList),
    /// End sessions by their ids, or all sessions of one user.
    Revoke(SessionRevoke),
}

/// Options of `hallpass session list`.
#[derive(Debug, Args)]
pub(crate) struct SessionList {
    /// The user whose sessions to print.
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
    /// The ids of the sessions to end.
    #[arg(value_name = "SESSION", required_unless_present = "user", conflicts_with = "user")]
    pub(crate) ids: Vec<SessionId>,
    /// The user whose sessions to end.
    #[arg(long, value_name = "USERNAME")]
    pub(crate) user: Option<Username>,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// The lifetimes of sessions.
#[derive(Debug, Args)]
pub(crate) struct LifetimeOptions {
    /// The lifetime of a session without a refresh.
    #[arg(long, env = "HALLPASS_IDLE_TTL", value_name = "DURATION", default_value = "30d", value_parser = duration)]
    pub(crate) idle_ttl: Duration,
    /// The maximum lifetime of a session.
    #[arg(long, env = "HALLPASS_SESSION_TTL", value_name = "DURATION", default_value = "90d", value_parser = duration)]
    pub(crate) session_ttl: Duration,
}

impl LifetimeOptions {
    pub(crate) fn to_lifetimes(&self) -> Lifetimes {
        Lifetimes { idle: self.idle_ttl.as_secs(), absolute: self.session_ttl.as_secs() }
    }
}
