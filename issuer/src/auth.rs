//! The use cases: sign in, renew, sign out, and see who is there. Here the rules of passwords, sessions and tokens meet
//! the store; how they are reached over the network is the business of `http`.

use hallpass_token::{
    AccessClaims, Issuer, KeySetError, Policy, SignError, Signer, UnixSeconds, VerifiedClaims, Verifier, VerifyError,
    expires_at,
};
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    clock::Clock,
    entropy::{NoEntropy, random_bytes, random_id},
    id::{SessionId, UserId},
    password::{HashingError, Password, PasswordHasher},
    refresh_token::{InvalidRefreshToken, RefreshToken, RefreshTokenKey},
    session::{Lifetimes, Refusal, Session, Transport},
    store::{Store, StoreError, StoreFailure, Swapped},
    user::{User, Username},
};

mod renewal;

pub(crate) use renewal::{Presented, Seen};

/// The client of RFC 9068 §2.2 that users sign in with directly.
const CLIENT_ID: &str = "hallpass";

/// How often a session that others keep changing is read and decided again before the client is told to come back.
const MOST_ATTEMPTS: usize = 8;

/// Signs users in and out, over a store.
pub(crate) struct Auth {
    store: Box<dyn Store>,
    clock: Box<dyn Clock>,
    passwords: PasswordHasher,
    signer: Signer,
    refresh_token_key: RefreshTokenKey,
    verifier: Verifier,
    settings: Settings,
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
    pub(crate) lifetimes: Lifetimes,
}

/// What a sign-in or a renewal gives the client.
pub(crate) struct Pass {
    pub(crate) access_token: String,
    /// How long the access token is good, in seconds.
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: Zeroizing<String>,
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

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// Wrong password or no such user: nobody learns which.
    #[error("username or password is wrong")]
    InvalidCredentials,
    /// The refresh token is worth nothing any more. Final: sign in again.
    #[error("the refresh token gives nothing: {0}")]
    InvalidGrant(#[source] GrantFault),
    /// A refresh token came another way than it was given out.
    #[error("the refresh token came by another transport than the session's")]
    WrongTransport,
    /// The access token is not good.
    #[error("the access token is not good: {0}")]
    InvalidToken(#[source] TokenFault),
    /// Nothing that could be judged was presented.
    #[error("no token was presented")]
    NoCredentials,
    /// Too much is going on; the same request may succeed later.
    #[error("too much is going on: {0}")]
    Overloaded(&'static str),
    /// Something of ours failed; the same request may succeed later.
    #[error("a part of the issuer failed: {0}")]
    Unavailable(String),
}

/// Why a refresh token is worth nothing, for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantFault {
    #[error(transparent)]
    Token(#[from] InvalidRefreshToken),
    #[error(transparent)]
    Session(#[from] Refusal),
    #[error("its session or user is not there")]
    Unknown,
}

/// Why an access token is not good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFault {
    #[error(transparent)]
    Token(#[from] VerifyError),
    #[error("its session is over")]
    SessionOver,
}

impl Auth {
    pub(crate) fn new(
        store: Box<dyn Store>,
        clock: Box<dyn Clock>,
        signer: Signer,
        refresh_token_key: RefreshTokenKey,
        settings: Settings,
    ) -> Result<Self, AuthSetupError> {
        let issuer = Issuer::named(settings.issuer.as_str(), signer.key_set()?);
        let verifier = Verifier::new(Policy::for_audience(settings.audience.as_str()), issuer);
        let passwords = PasswordHasher::new()?;
        Ok(Self { store, clock, passwords, signer, refresh_token_key, verifier, settings })
    }

    /// The public keys, as a JSON Web Key Set (RFC 7517 §5).
    pub(crate) fn key_set(&self) -> Value {
        self.signer.public_key_set()
    }

    /// Completes when the store can keep its promises no longer, and never otherwise.
    pub(crate) fn store_failed(&self) -> StoreFailure {
        self.store.failed()
    }

    /// Checks a password and begins a session. A session whose refresh token the client still held ends after the new
    /// one is safe.
    pub(crate) async fn login(
        &self,
        username: &Username,
        password: Password,
        transport: Transport,
        replaced: Option<&str>,
    ) -> Result<Pass, AuthError> {
        let user = self.store.user_named(username).await?;
        let fits = self.passwords.verify(password, user.as_ref().map(|user| &user.password)).await?;
        let Some(user) = user.filter(|_| fits) else { return Err(AuthError::InvalidCredentials) };
        let now = self.clock.now();
        let token = RefreshToken::new(SessionId(random_id()?), random_bytes()?);
        let session = Session::begin(user.id, transport, &token, now);
        let pass = self.issue(&user, &session, &token, now)?;
        self.store.add_session(&session).await?;
        tracing::info!(user = %user.id, session = %session.id, "signed in");
        if let Some(replaced) = replaced.and_then(|text| RefreshToken::parse(text, &self.refresh_token_key).ok()) {
            // The new session is safe: that the old one could not be ended must not look like a failed sign-in.
            if let Err(error) = self.end_session(replaced.session, "replaced by a new sign-in").await {
                tracing::warn!(session = %replaced.session, %error, "a replaced session could not be ended");
            }
        }
        Ok(pass)
    }

    /// Trades a refresh token for a new pair.
    pub(crate) async fn refresh(&self, refresh_token: &str, transport: Transport) -> Result<Pass, AuthError> {
        let presented = RefreshToken::parse(refresh_token, &self.refresh_token_key)
            .map_err(|fault| AuthError::InvalidGrant(fault.into()))?;
        for _ in 0..MOST_ATTEMPTS {
            let (session, user) = self.session_and_user(presented.session).await?;
            if session.transport != transport {
                return Err(AuthError::WrongTransport);
            }
            let now = self.clock.now();
            let successor = RefreshToken::new(session.id, random_bytes()?);
            let rotated = session
                .rotate(&presented, &successor, self.settings.lifetimes, now)
                .map_err(|refusal| AuthError::InvalidGrant(refusal.into()))?;
            let pass = self.issue(&user, &rotated, &successor, now)?;
            if self.store.swap_session(&session, &rotated).await? == Swapped::Yes {
                return Ok(pass);
            }
        }
        Err(AuthError::Overloaded("the session is changed by too many requests at once"))
    }

    /// Ends the sessions of all these tokens. One that this issuer never made ends nothing; a failure to end one keeps
    /// none of the others from ending.
    pub(crate) async fn logout(&self, refresh_tokens: &[&str], access_tokens: &[&str]) -> Result<(), AuthError> {
        let by_refresh_token = refresh_tokens
            .iter()
            .filter_map(|text| RefreshToken::parse(text, &self.refresh_token_key).ok().map(|token| token.session));
        let by_access_token = access_tokens.iter().filter_map(|text| self.session_of_genuine(text));
        let mut outcome = Ok(());
        for session in by_refresh_token.chain(by_access_token) {
            outcome = outcome.and(self.end_session(session, "signed out").await);
        }
        outcome
    }

    /// The session of an access token that was good once: it is judged at the last moment at which it was.
    fn session_of_genuine(&self, access_token: &str) -> Option<SessionId> {
        let last_moment = UnixSeconds::new(expires_at(access_token).ok()?.seconds().saturating_sub(1)).ok()?;
        let claims = self.verifier.verify(access_token, last_moment.min(self.clock.now())).ok()?;
        session_of(&claims)
    }

    /// Who an access token belongs to: verified, its session and user looked up.
    async fn authenticate(&self, access_token: &str) -> Result<Identity, AuthError> {
        let now = self.clock.now();
        let claims = self.verifier.verify(access_token, now).map_err(|fault| AuthError::InvalidToken(fault.into()))?;
        let over = || AuthError::InvalidToken(TokenFault::SessionOver);
        let session = session_of(&claims).ok_or_else(over)?;
        let (session, user) = match self.session_and_user(session).await {
            Err(AuthError::InvalidGrant(_)) => Err(over()),
            found => found,
        }?;
        session.check_living(self.settings.lifetimes, now).map_err(|_| over())?;
        Ok(self.identity(&user, &session))
    }

    async fn session_and_user(&self, id: SessionId) -> Result<(Session, User), AuthError> {
        let unknown = || AuthError::InvalidGrant(GrantFault::Unknown);
        let session = self.store.session(id).await?.ok_or_else(unknown)?;
        let user = self.store.user(session.user).await?.ok_or_else(unknown)?;
        Ok((session, user))
    }

    async fn end_session(&self, id: SessionId, cause: &'static str) -> Result<(), AuthError> {
        for _ in 0..MOST_ATTEMPTS {
            let Some(session) = self.store.session(id).await? else { return Ok(()) };
            let Some(ended) = session.end() else { return Ok(()) };
            if self.store.swap_session(&session, &ended).await? == Swapped::Yes {
                tracing::info!(user = %session.user, session = %session.id, cause, "session ended");
                return Ok(());
            }
        }
        Err(AuthError::Overloaded("the session is changed by too many requests at once"))
    }

    /// Writes the pair for a session as it will be stored.
    fn issue(&self, user: &User, session: &Session, token: &RefreshToken, now: UnixSeconds) -> Result<Pass, AuthError> {
        let identity = self.identity(user, session);
        let session_expires_in = identity.session_expires_at.seconds_since(now);
        let expires_in = self.settings.access_ttl.min(session_expires_in);
        let access_token = self.signer.sign(&AccessClaims {
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
        })?;
        let refresh_token = token.reveal(&self.refresh_token_key);
        Ok(Pass { access_token, expires_in, refresh_token, transport: session.transport, session_expires_in, identity })
    }

    fn identity(&self, user: &User, session: &Session) -> Identity {
        Identity {
            user: user.id,
            username: user.username.clone(),
            session: session.id,
            session_expires_at: session.expires_at(self.settings.lifetimes),
        }
    }
}

fn session_of(claims: &VerifiedClaims) -> Option<SessionId> {
    Uuid::try_parse(&claims.session_id()?).ok().map(SessionId)
}

/// Why the use cases could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthSetupError {
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error("the issuer's own key set cannot be used: {0}")]
    Keys(#[from] KeySetError),
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<NoEntropy> for AuthError {
    fn from(error: NoEntropy) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<SignError> for AuthError {
    fn from(error: SignError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<HashingError> for AuthError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Overloaded => Self::Overloaded("too many passwords wait to be checked"),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
