//! Ends the sessions of revoked refresh token keys: durably, with an audit line each, concurrently with requests.
//!
//! Every reader refuses a session once its key has left the ring (`Session::lost_its_key`). This work uses the same
//! rule, so that it resumes after a kill, and several issuers can do it concurrently.

use futures_util::future::try_join_all;
use tokio::time;

use super::{AT_ONCE, PAUSE, STEP};
use crate::{
    audit,
    key_ring::{Keeper, KeyRingError},
    session::{End, Session},
    store::{Store, StoreError, Swapped},
};

/// The interval of progress lines, in percent of all sessions.
const REPORTED: u8 = 10;

/// Why sessions could not be ended. Sessions that were ended before stay ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

/// Reads all sessions once and ends those whose key has left the ring. Returns their number.
pub(crate) async fn end_revoked(store: &dyn Store, keys: &Keeper) -> Result<usize, EndError> {
    let mut ended = 0;
    let mut after = None;
    let mut next_report = REPORTED;
    loop {
        let page = store.sessions_after(after, STEP).await?;
        let Some(last) = page.last() else { return Ok(ended) };
        let percent = percent_before(last);
        after = Some(last.id);
        ended += end_revoked_of(&page, store, keys).await?;
        if ended > 0 && percent >= next_report {
            tracing::info!(ended, percent, "ended a part of the sessions of a revoked key");
            next_report = percent - percent % REPORTED + REPORTED;
        }
        time::sleep(PAUSE).await;
    }
}

/// Ends the sessions of revoked keys in a page, and returns their number.
async fn end_revoked_of(page: &[Session], store: &dyn Store, keys: &Keeper) -> Result<usize, EndError> {
    let latest = keys.latest();
    if !page.iter().any(|session| session.lost_its_key(latest.keys.refresh_tokens.live())) {
        return Ok(0);
    }
    // An unknown key may come from an issuer with a newer ring, so that the ring is read after the page.
    let view = keys.fresh_view().await?;
    let mut ended = 0;
    for some in page.chunks(AT_ONCE) {
        let revoked = some.iter().filter(|session| session.lost_its_key(view.keys.refresh_tokens.live()));
        let ends = try_join_all(revoked.map(|session| end(store, session))).await?;
        ended += ends.into_iter().filter(|is_ended| *is_ended).count();
    }
    Ok(ended)
}

/// Ends a session. A session that changes meanwhile stays for the next round: another issuer ended it, or refreshed it
/// in the seconds before it learned of the revocation.
async fn end(store: &dyn Store, session: &Session) -> Result<bool, StoreError> {
    let Some(ended) = session.end(End::KeyRevoked) else { return Ok(false) };
    let is_ended = store.swap_session(session, &ended).await? == Swapped::Yes;
    if is_ended {
        audit::session_ended(&ended, End::KeyRevoked, audit::ISSUER);
    }
    Ok(is_ended)
}

/// The percentage of sessions before this one, an estimate from its random id.
fn percent_before(session: &Session) -> u8 {
    let [first, ..] = *session.id.0.as_bytes();
    u8::try_from(u32::from(first) * 100 / 256).unwrap_or(100)
}
