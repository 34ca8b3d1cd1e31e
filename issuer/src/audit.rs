//! The audit log: one line for each session that begins or ends, each change of a password, each user who comes, goes or
//! changes, and each account whose password is being guessed, with who, what, why and from where; an import is one line.
//! And one for each step of a key's life.
//! Never a token, not even a hash of one, and never a name that was submitted: people type passwords there.

use std::fmt::Display;

use crate::{
    id::{SessionId, UserId},
    log::AUDIT,
    session::{End, Session},
};

/// What stands in the place of an address where the person who runs the issuer acts.
pub(crate) const OPERATOR: &str = "command-line";

/// What stands in the place of an address where an issuer acts on its own.
pub(crate) const ISSUER: &str = "issuer";

/// A device on which somebody signs in, by the device token that it presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Known,
    New,
}

/// A user signed in.
pub(crate) fn session_began(session: &Session, device: Device, address: impl Display) {
    let Session { user, id, .. } = session;
    let event = "session_began";
    let device = if device == Device::Known { "known" } else { "new" };
    tracing::info!(target: AUDIT, event, %user, session = %id, device, %address, "audit");
}

/// A session ended. That two hold its tokens is a warning: somebody should look into it.
pub(crate) fn session_ended(session: &Session, cause: End, address: impl Display) {
    let Session { user, id, .. } = session;
    let event = "session_ended";
    if cause == End::Stolen {
        tracing::warn!(target: AUDIT, event, %user, session = %id, %cause, %address, "audit");
    } else {
        tracing::info!(target: AUDIT, event, %user, session = %id, %cause, %address, "audit");
    }
}

/// A user changed their password in that session.
pub(crate) fn password_changed(user: UserId, session: SessionId, address: impl Display) {
    tracing::info!(target: AUDIT, event = "password_changed", %user, %session, %address, "audit");
}

/// Somebody made themselves a user.
pub(crate) fn user_registered(user: UserId, address: impl Display) {
    tracing::info!(target: AUDIT, event = "user_registered", %user, %address, "audit");
}

/// The person who runs the issuer added the users of a file.
pub(crate) fn users_imported(added: u64, present: u64, refused: u64) {
    let event = "users_imported";
    tracing::info!(target: AUDIT, event, added, present, refused, address = OPERATOR, "audit");
}

/// A user's account has failed attempts: what follows of unknown devices is delayed.
pub(crate) fn attempts_delayed(user: UserId, address: impl Display) {
    tracing::info!(target: AUDIT, event = "attempts_delayed", %user, %address, "audit");
}

/// A user's account has so many failed attempts in a row that those of unknown devices are refused whatever the password.
pub(crate) fn attempts_refused(user: UserId, failures: u16, address: impl Display) {
    tracing::warn!(target: AUDIT, event = "attempts_refused", %user, failures, %address, "audit");
}

/// An address has failed attempts, at whatever names: what follows from it is delayed.
pub(crate) fn address_limited(address: impl Display) {
    tracing::info!(target: AUDIT, event = "address_delayed", %address, "audit");
}

/// A key of the ring was published, went into use, retired, has gone or was revoked.
pub(crate) fn key_changed(event: &'static str, purpose: impl Display, key: impl Display, by: &str) {
    if event == "key_revoked" {
        tracing::warn!(target: AUDIT, event, %purpose, %key, by, "audit");
    } else {
        tracing::info!(target: AUDIT, event, %purpose, %key, by, "audit");
    }
}

/// The person who runs the issuer changed all keys at once.
pub(crate) fn keys_changed(event: &'static str) {
    tracing::warn!(target: AUDIT, event, by = OPERATOR, "audit");
}

/// The person who runs the issuer added, changed or removed a user.
pub(crate) fn user_changed(event: &'static str, user: UserId) {
    tracing::info!(target: AUDIT, event, %user, address = OPERATOR, "audit");
}
