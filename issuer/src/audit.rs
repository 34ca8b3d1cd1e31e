//! The audit log. It has one line for each start and end of a session, each change of a password, each added, changed
//! or removed user, each account under attack, each import, and each change of a key's stage. A line names the user,
//! the event, the cause and the address. It never has a token, a token's hash or a submitted name, since users type
//! passwords into the name field.

use std::fmt::Display;

use crate::{
    id::{SessionId, UserId},
    log::AUDIT,
    session::{End, Session},
};

/// The address field of the operator's actions.
pub(crate) const OPERATOR: &str = "command-line";

/// The address field of an issuer's own actions.
pub(crate) const ISSUER: &str = "issuer";

/// The device of a sign-in, by its device token.
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

/// A session ended. A reused token is a warning, since the operator should investigate it.
pub(crate) fn session_ended(session: &Session, cause: End, address: impl Display) {
    let Session { user, id, .. } = session;
    let event = "session_ended";
    if cause == End::Stolen {
        tracing::warn!(target: AUDIT, event, %user, session = %id, %cause, %address, "audit");
    } else {
        tracing::info!(target: AUDIT, event, %user, session = %id, %cause, %address, "audit");
    }
}

/// A user changed the password in that session.
pub(crate) fn password_changed(user: UserId, session: SessionId, address: impl Display) {
    tracing::info!(target: AUDIT, event = "password_changed", %user, %session, %address, "audit");
}

/// A user registered.
pub(crate) fn user_registered(user: UserId, address: impl Display) {
    tracing::info!(target: AUDIT, event = "user_registered", %user, %address, "audit");
}

/// The operator imported users from a file.
pub(crate) fn users_imported(added: u64, present: u64, refused: u64) {
    let event = "users_imported";
    tracing::info!(target: AUDIT, event, added, present, refused, address = OPERATOR, "audit");
}

/// An account has failed attempts: further attempts of unknown devices are delayed.
pub(crate) fn attempts_delayed(user: UserId, address: impl Display) {
    tracing::info!(target: AUDIT, event = "attempts_delayed", %user, %address, "audit");
}

/// An account has so many consecutive failed attempts that those of unknown devices are refused with any password.
pub(crate) fn attempts_refused(user: UserId, failures: u16, address: impl Display) {
    tracing::warn!(target: AUDIT, event = "attempts_refused", %user, failures, %address, "audit");
}

/// An address has failed attempts with any names: its further attempts are delayed.
pub(crate) fn address_limited(address: impl Display) {
    tracing::info!(target: AUDIT, event = "address_delayed", %address, "audit");
}

/// A key of the ring was published, put into use, retired, removed or revoked.
pub(crate) fn key_changed(event: &'static str, purpose: impl Display, key: impl Display, by: &str) {
    if event == "key_revoked" {
        tracing::warn!(target: AUDIT, event, %purpose, %key, by, "audit");
    } else {
        tracing::info!(target: AUDIT, event, %purpose, %key, by, "audit");
    }
}

/// The operator changed all keys.
pub(crate) fn keys_changed(event: &'static str) {
    tracing::warn!(target: AUDIT, event, by = OPERATOR, "audit");
}

/// The operator added, changed or removed a user.
pub(crate) fn user_changed(event: &'static str, user: UserId) {
    tracing::info!(target: AUDIT, event, %user, address = OPERATOR, "audit");
}
