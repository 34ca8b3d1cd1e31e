//! A sign-in: check the password, begin a session, end the sessions that it replaces.

use std::net::IpAddr;

use super::{Auth, AuthError, Client, TokenResponse, error::counted};
use crate::{
    audit,
    entropy::{random_bytes, random_id},
    id::SessionId,
    password::Password,
    refresh_token::RefreshToken,
    session::{Beginning, End, Label, Session, Transport},
    user::{User, Username},
};

/// A request to sign in.
pub(crate) struct Login<'r> {
    pub(crate) username: &'r Username,
    pub(crate) password: Password,
    pub(crate) transport: Transport,
    /// The refresh token that the client still holds: its session ends.
    pub(crate) replaced: Option<&'r str>,
    pub(crate) client: Client,
}

impl Auth {
    /// Checks a password and begins a session. Once the new session is stored, the replaced one ends, and so does the oldest one
    /// beyond the limit of a user.
    pub(crate) async fn login(&self, login: Login<'_>) -> Result<TokenResponse, AuthError> {
        let Login { username, password, transport, replaced, client } = login;
        let sign_in = async {
            let (user, device) = self.check_password(username, password, &client).await?;
            if client.connection.is_closed() {
                // A session without a client would count, and end another one of the user.
                return Err(AuthError::ClientGone);
            }
            let (session, tokens) = self.begin_session(&user, transport, client.label).await?;
            audit::session_began(&session, device, client.address);
            self.end_replaced(replaced, client.address).await;
            self.end_surplus(&user, session.id, client.address).await;
            Ok(tokens)
        };
        counted(sign_in, |outcome| self.metrics.login(outcome)).await
    }

    /// Stores a new session and issues its tokens.
    async fn begin_session(
        &self,
        user: &User,
        transport: Transport,
        label: Label,
    ) -> Result<(Session, TokenResponse), AuthError> {
        let now = self.clock.now();
        let keys = self.keys().await?;
        let token = RefreshToken::new(SessionId(random_id()?), random_bytes()?, keys.refresh_tokens.in_use().id());
        let beginning = Beginning { user: user.id, epoch: user.credential_epoch, transport, label };
        let session = Session::begin(beginning, &token, now);
        let device_token = Some(self.device_token(user).await?);
        let tokens = TokenResponse { device_token, ..self.issue(&keys, user, &session, &token, now)? };
        self.store.add_session(&session).await?;
        Ok((session, tokens))
    }

    /// Ends the session of the refresh token that the client still held. The new session is stored: an error here does not fail
    /// the sign-in.
    async fn end_replaced(&self, refresh_token: Option<&str>, address: IpAddr) {
        let keys = self.keys.latest();
        let parsed = refresh_token.and_then(|text| RefreshToken::parse(text, &keys.keys.refresh_tokens).ok());
        if let Some(replaced) = parsed
            && let Err(error) = self.end_session(replaced.session, End::Replaced, address).await
        {
            tracing::warn!(session = %replaced.session, %error, "a replaced session could not be ended");
        }
    }

    /// Ends the sessions beyond the limit of a user. An error here does not fail the sign-in.
    async fn end_surplus(&self, user: &User, newest: SessionId, address: IpAddr) {
        if let Err(error) = self.make_room(user, newest, address).await {
            tracing::warn!(user = %user.id, %error, "sessions beyond the limit could not be ended");
        }
    }
}
