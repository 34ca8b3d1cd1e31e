//! The tokens of a sign-in or a refresh.

use hallpass_token::{AccessClaims, UnixSeconds};
use zeroize::Zeroizing;

use super::{Auth, AuthError};
use crate::{
    device_token::{DeviceId, DeviceToken},
    entropy::{random_bytes, random_id},
    id::{SessionId, UserId},
    key_ring::OpenKeys,
    refresh_token::RefreshToken,
    session::{Session, Transport},
    user::{User, Username},
};

/// The client of RFC 9068 §2.2: users sign in directly, without another OAuth client.
const CLIENT_ID: &str = "hallpass";

/// The tokens of a sign-in or a refresh, with their lifetimes.
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    /// The lifetime of the access token, in seconds.
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: Zeroizing<String>,
    /// Makes the device a known one at the next sign-in. `None` for a refresh.
    pub(crate) device_token: Option<String>,
    pub(crate) transport: Transport,
    /// The lifetime of the session without another refresh, in seconds.
    pub(crate) session_expires_in: u64,
    pub(crate) identity: Identity,
}

/// The user and the session of a request.
pub(crate) struct Identity {
    pub(crate) user: UserId,
    pub(crate) username: Username,
    pub(crate) session: SessionId,
    pub(crate) session_expires_at: UnixSeconds,
}

impl Auth {
    /// Issues the tokens of a session as it will be stored.
    pub(super) fn issue(
        &self,
        keys: &OpenKeys,
        user: &User,
        session: &Session,
        token: &RefreshToken,
        now: UnixSeconds,
    ) -> Result<TokenResponse, AuthError> {
        let identity = self.identity(user, session);
        let session_expires_in = identity.session_expires_at.seconds_since(now);
        let expires_in = self.settings.access_ttl.min(session_expires_in);
        let access_token = keys.signer.sign(&AccessClaims {
            iss: &self.settings.issuer,
            sub: &user.id.to_string(),
            aud: &self.settings.audience,
            client_id: CLIENT_ID,
            iat: now.seconds(),
            exp: now.saturating_add(expires_in).seconds(),
            jti: &random_id()?.to_string(),
            sid: &session.id.to_string(),
            username: user.username.as_str(),
            roles: &user.roles.names(),
            custom: Some(&user.claims),
        })?;
        Ok(TokenResponse {
            access_token,
            expires_in,
            refresh_token: token.reveal(&keys.refresh_tokens),
            device_token: None,
            transport: session.transport,
            session_expires_in,
            identity,
        })
    }

    pub(super) fn identity(&self, user: &User, session: &Session) -> Identity {
        Identity {
            user: user.id,
            username: user.username.clone(),
            session: session.id,
            session_expires_at: session.expires_at(self.settings.rules.lifetimes),
        }
    }

    /// Issues a device token, which is valid as long as the user's credentials stay the same.
    pub(super) async fn device_token(&self, user: &User) -> Result<String, AuthError> {
        let id = DeviceId(random_bytes()?);
        let token = DeviceToken { user: user.id, issued_at: self.clock.now(), id, epoch: user.credential_epoch };
        Ok(token.reveal(&user.username, &self.keys().await?.refresh_tokens))
    }
}
