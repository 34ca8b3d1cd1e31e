//! The audit log: one line for each session that begins or ends, each change of a password, and each user who comes, goes
//! or changes, with who, what, why and from where; an import is one line. Never a token, not even a hash of one.

use std::fmt::Display;

use crate::{
    id::{SessionId, UserId},
    session::{End, Session},
};

/// What stands in the place of an address where the person who runs the issuer acts.
pub(crate) const OPERATOR: &str = "command-line";

/// A user signed in.
pub(crate) fn session_began(session: &Session, address: impl Display) {
    let Session { user, id, .. } = session;
    tracing::info!(target: "hallpass::audit", event = "session_began", %user, session = %id, %address, "audit");
}

/// A session ended. That two hold its tokens is a warning: somebody should look into it.
pub(crate) fn session_ended(session: &Session, cause: End, address: impl Display) {
    let Session { user, id, .. } = session;
    let event = "session_ended";
    if cause == End::Stolen {
        tracing::warn!(target: "hallpass::audit", event, %user, session = %id, %cause, %address, "audit");
    } else {
        tracing::info!(target: "hallpass::audit", event, %user, session = %id, %cause, %address, "audit");
    }
}

/// A user changed their password in that session.
pub(crate) fn password_changed(user: UserId, session: SessionId, address: impl Display) {
    tracing::info!(target: "hallpass::audit", event = "password_changed", %user, %session, %address, "audit");
}

/// Somebody made themselves a user.
pub(crate) fn user_registered(user: UserId, address: impl Display) {
    tracing::info!(target: "hallpass::audit", event = "user_registered", %user, %address, "audit");
}

/// The person who runs the issuer added the users of a file.
pub(crate) fn users_imported(added: u64, present: u64, refused: u64) {
    let event = "users_imported";
    tracing::info!(target: "hallpass::audit", event, added, present, refused, address = OPERATOR, "audit");
}

/// The person who runs the issuer added, changed or removed a user.
pub(crate) fn user_changed(event: &'static str, user: UserId) {
    tracing::info!(target: "hallpass::audit", event, %user, address = OPERATOR, "audit");
}
