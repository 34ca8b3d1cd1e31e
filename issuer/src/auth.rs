//! The use cases: sign in, renew, sign out, and authenticate. Here the rules of passwords, sessions and tokens meet
//! the store; how they are reached over the network is the business of `http`.

use std::{net::IpAddr, slice, sync::Arc};

use hallpass_token::{AccessClaims, UnixSeconds, VerifiedClaims};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit,
    clock::Clock,
    device_token::{DeviceId, DeviceToken},
    entropy::{random_bytes, random_id},
    hashing::{ConnectionWatch, Hashing},
    id::{SessionId, UserId},
    key_ring::{Keeper, OpenKeys},
    login_throttle::{LoginThrottle, SuccessLimit},
    metrics::AuthMetrics,
    password::Password,
    refresh_token::RefreshToken,
    session::{Beginning, End, Label, Rules, Session, Transport},
    store::{Decision, Store, StoreFailure, update_session},
    user::{User, Username},
};

mod check;
mod error;
mod failure_syncs;
mod keys;
mod limits;
mod password;
mod refresh;
mod registration;
mod renewal;
mod sessions;
mod successes;
mod turns;

use error::counted;
pub(crate) use error::{AuthError, AuthSetupError, GrantFault, TokenFault};
use failure_syncs::FailureSyncs;
pub(crate) use keys::KeySet;
pub(crate) use renewal::{Authenticated, Presented};
pub(crate) use sessions::Listed;
use turns::Turns;

/// The client of RFC 9068 §2.2 that users sign in with directly.
const CLIENT_ID: &str = "hallpass";

/// Refresh tokens, and access tokens, of one sign-out. A browser keeps one of each under a name, or a few where a site is
/// embedded in others; whatever is more is no client's, and would have the store look for so many sessions.
const MAX_TOKENS: usize = 16;

/// Signs users in and out, over a store.
pub(crate) struct Auth {
    store: Arc<dyn Store>,
    clock: Box<dyn Clock>,
    hashing: Arc<Hashing>,
    login_throttle: LoginThrottle,
    successes: SuccessLimit,
    metrics: AuthMetrics,
    keys: Arc<Keeper>,
    settings: Settings,
    /// A user's changes of password come one after the other: see [`change_password`](Self::change_password).
    password_changes: Turns,
    notes: FailureSyncs,
}

/// Who sends a request, as far as the connection and the request itself tell.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) label: Label,
    pub(crate) connection: ConnectionWatch,
    /// What it presents as device tokens; invalid ones are ignored.
    pub(crate) device_tokens: Vec<String>,
}

/// What the person who runs the issuer chose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `iss` of the access tokens.
    pub(crate) issuer: String,
    /// `aud` of the access tokens.
    pub(crate) audience: String,
    /// How long an access token is good, in seconds.
    pub(crate) access_ttl: u64,
    /// Whether anybody can make themselves a user.
    pub(crate) allows_registration: bool,
    pub(crate) rules: Rules,
}

/// What a sign-in or a renewal gives the client.
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    /// How long the access token is good, in seconds.
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: Zeroizing<String>,
    /// Tells the client's next sign-in from a stranger's. A renewal gives none.
    pub(crate) device_token: Option<String>,
    pub(crate) transport: Transport,
    /// How long the session lives without another renewal, in seconds.
    pub(crate) session_expires_in: u64,
    pub(crate) identity: Identity,
}

/// Who is there, and in which session.
pub(crate) struct Identity {
    pub(crate) user: UserId,
    pub(crate) username: Username,
    pub(crate) session: SessionId,
    pub(crate) session_expires_at: UnixSeconds,
}

impl Auth {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Box<dyn Clock>,
        keys: Arc<Keeper>,
        hashing: Hashing,
        metrics: AuthMetrics,
        settings: Settings,
    ) -> Result<Self, AuthSetupError> {
        let (hashing, password_changes) = (Arc::new(hashing), Turns::default());
        let login_throttle = LoginThrottle::new([random_bytes()?, random_bytes()?]);
        let successes = SuccessLimit::new(random_bytes()?);
        let notes = FailureSyncs::default();
        Ok(Self { store, clock, hashing, login_throttle, successes, metrics, keys, settings, password_changes, notes })
    }

    /// Completes when the failures of all requests that were answered are noted, for who goes on with the store.
    pub(crate) async fn noted(&self) {
        self.notes.finished().await;
    }

    /// Completes when the store can keep its promises no longer, and never otherwise.
    pub(crate) fn store_failed(&self) -> StoreFailure {
        self.store.failed()
    }

    /// Whether the store answers, and the keys can be had.
    pub(crate) async fn check_store(&self) -> Result<(), AuthError> {
        self.keys().await?;
        self.store.user(UserId(Uuid::nil())).await?;
        Ok(())
    }

    /// Checks a password and begins a session. A session whose refresh token the client still held ends after the new
    /// one is safe, and so does the one that is too many.
    pub(crate) async fn login(
        &self,
        username: &Username,
        password: Password,
        transport: Transport,
        replaced: Option<&str>,
        client: Client,
    ) -> Result<TokenResponse, AuthError> {
        let login = self.sign_in(username, password, transport, replaced, client);
        counted(login, |outcome| self.metrics.login(outcome)).await
    }

    async fn sign_in(
        &self,
        username: &Username,
        password: Password,
        transport: Transport,
        replaced: Option<&str>,
        client: Client,
    ) -> Result<TokenResponse, AuthError> {
        let (user, device) = self.check_password(username, password, &client).await?;
        if client.connection.is_closed() {
            // A session without a client would count all the same, and end one of the user's others.
            return Err(AuthError::ClientGone);
        }
        let (session, tokens) = self.begin_session(&user, transport, client.label).await?;
        audit::session_began(&session, device, client.address);
        self.end_replaced(replaced, client.address).await;
        if let Err(error) = self.make_room(&user, session.id, client.address).await {
            tracing::warn!(user = %user.id, %error, "sessions beyond the limit could not be ended");
        }
        Ok(tokens)
    }

    /// Stores a new session, and makes its tokens.
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

    /// Ends the session whose refresh token the client still held. The new session is stored: that an old one could not be
    /// ended must not look like a failed sign-in.
    async fn end_replaced(&self, refresh_token: Option<&str>, address: IpAddr) {
        let keys = self.keys.latest();
        let parsed = refresh_token.and_then(|text| RefreshToken::parse(text, &keys.keys.refresh_tokens).ok());
        if let Some(replaced) = parsed
            && let Err(error) = self.end_session(replaced.session, End::Replaced, address).await
        {
            tracing::warn!(session = %replaced.session, %error, "a replaced session could not be ended");
        }
    }

    /// A token by which the user's device is known at its next sign-in, as long as their credentials are the same.
    async fn device_token(&self, user: &User) -> Result<String, AuthError> {
        let (issued_at, id) = (self.clock.now(), DeviceId(random_bytes()?));
        let token = DeviceToken { user: user.id, issued_at, id, epoch: user.credential_epoch };
        Ok(token.reveal(&user.username, &self.keys().await?.refresh_tokens))
    }

    /// Ends the sessions of all these tokens. One that this issuer never made ends nothing; a failure to end one keeps
    /// none of the others from ending.
    pub(crate) async fn logout(
        &self,
        refresh_tokens: &[&str],
        access_tokens: &[&str],
        address: IpAddr,
    ) -> Result<(), AuthError> {
        if refresh_tokens.len().max(access_tokens.len()) > MAX_TOKENS {
            return Err(AuthError::TooManyTokens);
        }
        let keys = self.keys().await?;
        let mut named: Vec<_> = access_tokens.iter().filter_map(|text| self.session_of_genuine(&keys, text)).collect();
        let (sessions, read) = self.sessions_of_refresh_tokens(&keys, refresh_tokens).await;
        named.extend(sessions);
        if named.is_empty() {
            return read;
        }
        let sessions = self.store.sessions_by_id(&named).await?;
        let ends = sessions.into_iter().map(|session| self.end_read_session(session, End::SignedOut, address));
        futures_util::future::join_all(ends).await.into_iter().fold(read, Result::and)
    }

    /// Who an access token belongs to: verified, its session and user looked up.
    async fn authenticate(&self, access_token: &str) -> Result<Identity, AuthError> {
        let now = self.clock.now();
        let claims = self.verify(access_token, now).await?;
        let over = || AuthError::InvalidToken(TokenFault::SessionOver);
        let session = session_of(&claims).ok_or_else(over)?;
        let (session, user) = match self.session_and_user(session).await {
            Err(AuthError::InvalidGrant(_)) => Err(over()),
            found => found,
        }?;
        let keys = self.keys_for(slice::from_ref(&session)).await?;
        let (lifetimes, epoch) = (self.settings.rules.lifetimes, user.credential_epoch);
        session.check_living(lifetimes, epoch, keys.refresh_tokens.live(), now).map_err(|_| over())?;
        Ok(self.identity(&user, &session))
    }

    async fn session_and_user(&self, id: SessionId) -> Result<(Session, User), AuthError> {
        let unknown = || AuthError::InvalidGrant(GrantFault::Unknown);
        let session = self.store.session(id).await?.ok_or_else(unknown)?;
        let user = self.store.user(session.user).await?.ok_or_else(unknown)?;
        Ok((session, user))
    }

    /// Ends a session, unless it is over already.
    async fn end_session(&self, id: SessionId, cause: End, address: IpAddr) -> Result<(), AuthError> {
        match self.store.session(id).await? {
            Some(session) => self.end_read_session(session, cause, address).await,
            None => Ok(()),
        }
    }

    /// The same for one that was read already. "Ended" is final: a rotation at the same moment does not undo it.
    async fn end_read_session(&self, session: Session, cause: End, address: IpAddr) -> Result<(), AuthError> {
        let end = |session: Option<Session>| async move {
            let ended = session.and_then(|session| session.end(cause));
            Ok(ended.map_or(Decision::Keep(None), |ended| Decision::Swap(ended.clone(), Some(ended))))
        };
        let ended: Result<_, AuthError> = update_session(&*self.store, session, end).await;
        if let Some(ended) = ended? {
            audit::session_ended(&ended, cause, address);
        }
        Ok(())
    }

    /// Writes the pair for a session as it will be stored.
    fn issue(
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
        let refresh_token = token.reveal(&keys.refresh_tokens);
        Ok(TokenResponse {
            access_token,
            expires_in,
            refresh_token,
            device_token: None,
            transport: session.transport,
            session_expires_in,
            identity,
        })
    }

    fn identity(&self, user: &User, session: &Session) -> Identity {
        Identity {
            user: user.id,
            username: user.username.clone(),
            session: session.id,
            session_expires_at: session.expires_at(self.settings.rules.lifetimes),
        }
    }
}

fn session_of(claims: &VerifiedClaims) -> Option<SessionId> {
    Uuid::try_parse(&claims.session_id()?).ok().map(SessionId)
}

#[cfg(test)]
mod tests;
