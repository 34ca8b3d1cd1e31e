//! Ends the sessions whose key of refresh tokens was revoked: durably, with a line each in the audit log, beside requests.
//!
//! A session is refused by every reader from the moment at which its key has left the ring (`Session::lost_its_key`). That
//! rule is also what this work goes by: what a kill cut short is found again, and several issuers may do it at once.

use futures_util::future::try_join_all;
use tokio::time;

use super::{AT_ONCE, PAUSE, STEP};
use crate::{
    audit,
    key_ring::{Keeper, KeyRingError},
    session::{End, Session},
    store::{Store, StoreError, Swapped},
};

/// After which part of all sessions the progress is logged, in percent.
const REPORTED: u8 = 10;

/// Why sessions could not be ended. What was ended stays so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

/// Goes once through all sessions and ends those whose key has left the ring. Says how many.
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
            tracing::info!(ended, percent, "sessions whose key was revoked are being ended");
            next_report = percent - percent % REPORTED + REPORTED;
        }
        time::sleep(PAUSE).await;
    }
}

/// Ends those of a page, and says how many.
async fn end_revoked_of(page: &[Session], store: &dyn Store, keys: &Keeper) -> Result<usize, EndError> {
    let latest = keys.latest();
    if !page.iter().any(|session| session.lost_its_key(latest.keys.refresh_tokens.live())) {
        return Ok(0);
    }
    // A key that is not among ours may be another issuer's, which knows more: the ring is read after the page was.
    let view = keys.fresh_view().await?;
    let mut ended = 0;
    for some in page.chunks(AT_ONCE) {
        let revoked = some.iter().filter(|session| session.lost_its_key(view.keys.refresh_tokens.live()));
        let ends = try_join_all(revoked.map(|session| end(store, session))).await?;
        ended += ends.into_iter().filter(|is_ended| *is_ended).count();
    }
    Ok(ended)
}

/// Ends a session. One that is changed meanwhile stays for the next round: another issuer ended it, or renewed it in the
/// seconds before it knows of the revocation.
async fn end(store: &dyn Store, session: &Session) -> Result<bool, StoreError> {
    let Some(ended) = session.end(End::KeyRevoked) else { return Ok(false) };
    let is_ended = store.swap_session(session, &ended).await? == Swapped::Yes;
    if is_ended {
        audit::session_ended(&ended, End::KeyRevoked, audit::ISSUER);
    }
    Ok(is_ended)
}

/// How many percent of all sessions come before this one: their ids are random.
fn percent_before(session: &Session) -> u8 {
    let [first, ..] = *session.id.0.as_bytes();
    u8::try_from(u32::from(first) * 100 / 256).unwrap_or(100)
}
