//! A refresh: a refresh token is exchanged for new tokens, as the rules in `session` decide.

use std::{net::IpAddr, sync::Arc};

use hallpass_token::UnixSeconds;

use super::{Auth, AuthError, GrantFault, TokenResponse, error::counted};
use crate::{
    audit,
    entropy::random_bytes,
    key_ring::OpenKeys,
    refresh_token::{RefreshToken, Salt},
    session::{End, Outcome, Refusal, Repeat, RotationContext, Session, Transport},
    store::{Decision, update_session},
    user::CredentialEpoch,
};

/// The result of an exchange.
enum Exchanged {
    Tokens(TokenResponse),
    /// The token was an old one, and its session has ended.
    Stolen(Session),
}

impl Auth {
    /// Exchanges a refresh token for new tokens, or for those of the same exchange a moment ago.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &str,
        transport: Transport,
        address: IpAddr,
    ) -> Result<TokenResponse, AuthError> {
        let exchange = self.exchange(refresh_token, transport, address);
        counted(exchange, |outcome| self.metrics.refresh(outcome)).await
    }

    async fn exchange(
        &self,
        refresh_token: &str,
        transport: Transport,
        address: IpAddr,
    ) -> Result<TokenResponse, AuthError> {
        let (keys, presented) = self.parse_refresh_token(&self.keys().await?, refresh_token).await?;
        let now = self.clock.now();
        let keys = &keys;
        let presented = &presented;
        let mut attempts = 0;
        let exchanged = update_session(&*self.store, presented.session, |session| {
            attempts += 1;
            let has_lost_race = attempts > 1;
            async move {
                let session = session.ok_or_else(unknown)?;
                let user = self.store.user(session.user).await?.ok_or_else(unknown)?;
                if has_lost_race && self.settings.rules.is_stale(self.clock.now().seconds_since(now)) {
                    return Err(AuthError::Contended);
                }
                let (keys, outcome) = self.rotate(keys, &session, user.credential_epoch, presented, now).await?;
                if session.transport != transport && !matches!(outcome, Outcome::Stolen { .. }) {
                    // An old token means theft with either transport. With any other token nothing changes.
                    return Err(AuthError::WrongTransport);
                }
                match outcome {
                    Outcome::Stolen { session: ended } => Ok(Decision::Swap(ended.clone(), Exchanged::Stolen(ended))),
                    Outcome::Rotated { session: rotated, token } => {
                        let tokens = self.issue(&keys, &user, &rotated, &token, now)?;
                        Ok(Decision::Swap(rotated, Exchanged::Tokens(tokens)))
                    }
                    Outcome::Again { token, by } => {
                        self.count_repeat(&session, by, address);
                        Ok(Decision::Keep(Exchanged::Tokens(self.issue(&keys, &user, &session, &token, now)?)))
                    }
                    Outcome::Wait { seconds } => Err(AuthError::Wait { seconds }),
                    Outcome::Refused(refusal) => Err(AuthError::InvalidGrant(refusal.into())),
                }
            }
        });
        match exchanged.await? {
            Exchanged::Tokens(tokens) => Ok(tokens),
            Exchanged::Stolen(ended) => {
                audit::session_ended(&ended, End::Stolen, address);
                Err(AuthError::InvalidGrant(Refusal::Ended(End::Stolen).into()))
            }
        }
    }

    /// Applies the rules to a refresh token. Returns the keys that they were applied with.
    async fn rotate(
        &self,
        keys: &Arc<OpenKeys>,
        session: &Session,
        epoch: CredentialEpoch,
        presented: &RefreshToken,
        now: UnixSeconds,
    ) -> Result<(Arc<OpenKeys>, Outcome), AuthError> {
        let rules = &self.settings.rules;
        let context = RotationContext { rules, keys: &keys.refresh_tokens, epoch, salt: Salt(random_bytes()?), now };
        match session.rotate(presented, &context) {
            // The current token may have a key from a version of the ring that only another issuer has read.
            Outcome::Refused(Refusal::KeyRevoked) => {
                let keys = self.keys_after_now().await?;
                let outcome = session.rotate(presented, &RotationContext { keys: &keys.refresh_tokens, ..context });
                Ok((keys, outcome))
            }
            outcome => Ok((Arc::clone(keys), outcome)),
        }
    }

    fn count_repeat(&self, session: &Session, by: Repeat, address: IpAddr) {
        if by == Repeat::Previous {
            let grace_answers = self.metrics.grace_answer();
            tracing::info!(user = %session.user, session = %session.id, %address, grace_answers, "answered again");
        }
    }
}

fn unknown() -> AuthError {
    AuthError::InvalidGrant(GrantFault::Unknown)
}
