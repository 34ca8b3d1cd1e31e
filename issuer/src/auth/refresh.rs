//! A refresh token for a new pair, as the rules in `session` decide.

use std::net::IpAddr;

use super::{Auth, AuthError, MAX_ATTEMPTS, TokenResponse, error::outcome};
use crate::{
    audit,
    entropy::random_bytes,
    refresh_token::Salt,
    session::{End, Given, Outcome, Refusal, Repeat, Session, Transport},
    store::Swapped,
};

impl Auth {
    /// Trades a refresh token for a new pair, or for the one that was given for it a moment ago.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &str,
        transport: Transport,
        address: IpAddr,
    ) -> Result<TokenResponse, AuthError> {
        let refreshed = self.trade(refresh_token, transport, address).await;
        self.metrics.refresh(outcome(&refreshed));
        refreshed
    }

    async fn trade(
        &self,
        refresh_token: &str,
        transport: Transport,
        address: IpAddr,
    ) -> Result<TokenResponse, AuthError> {
        let (mut keys, presented) = self.read_refresh_token(&self.keys().await?, refresh_token).await?;
        let now = self.clock.now();
        let mut has_read_keys_again = false;
        for attempt in 0..MAX_ATTEMPTS {
            let (session, user) = self.session_and_user(presented.session).await?;
            if attempt > 0 && self.settings.rules.is_stale(self.clock.now().seconds_since(now)) {
                return Err(AuthError::Contended);
            }
            let (rules, epoch) = (&self.settings.rules, user.credential_epoch);
            let given = Given { rules, keys: &keys.refresh_tokens, epoch, salt: Salt(random_bytes()?), now };
            match session.rotate(&presented, &given) {
                Outcome::Stolen { session: ended } => {
                    if self.store.swap_session(&session, &ended).await? == Swapped::Yes {
                        audit::session_ended(&ended, End::Stolen, address);
                        return Err(AuthError::InvalidGrant(Refusal::Ended(End::Stolen).into()));
                    }
                }
                // Two hold tokens of a session whichever way an old one comes; any other token changes nothing here.
                _ if session.transport != transport => return Err(AuthError::WrongTransport),
                Outcome::Rotated { session: rotated, token } => {
                    let pass = self.issue(&keys, &user, &rotated, &token, now)?;
                    if self.store.swap_session(&session, &rotated).await? == Swapped::Yes {
                        return Ok(pass);
                    }
                }
                Outcome::Again { token, by } => {
                    self.count(&session, by, address);
                    return self.issue(&keys, &user, &session, &token, now);
                }
                Outcome::Wait { seconds } => return Err(AuthError::Wait { seconds }),
                // The current token may be by a key that another issuer has seen come into use, and we have not.
                Outcome::Refused(Refusal::KeyRevoked) if !has_read_keys_again => {
                    keys = self.keys_after_now().await?;
                    has_read_keys_again = true;
                }
                Outcome::Refused(refusal) => return Err(AuthError::InvalidGrant(refusal.into())),
            }
        }
        Err(AuthError::Contended)
    }

    fn count(&self, session: &Session, by: Repeat, address: IpAddr) {
        if by == Repeat::Previous {
            let grace_answers = self.metrics.grace_answer();
            tracing::info!(user = %session.user, session = %session.id, %address, grace_answers, "answered again");
        }
    }
}
