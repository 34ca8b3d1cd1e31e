//! The tower layer that verifies tokens in front of a service.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer, Service};

use crate::{
    Refusal, TokenVerifier,
    bearer::{self, Bearer},
};

/// Verifies the bearer token of each request, and inserts the [`VerifiedClaims`](crate::VerifiedClaims) into the
/// request's extensions.
#[derive(Clone, Debug)]
pub struct VerifyLayer {
    verifier: TokenVerifier,
    without_token: WithoutToken,
}

/// The treatment of a request without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WithoutToken {
    Refused,
    Admitted,
}

/// A service behind a [`VerifyLayer`].
#[derive(Clone, Debug)]
pub struct VerifyService<S> {
    inner: S,
    layer: Arc<VerifyLayer>,
}

impl VerifyLayer {
    /// Refuses requests without a valid token.
    #[must_use]
    pub fn new(verifier: TokenVerifier) -> Self {
        Self { verifier, without_token: WithoutToken::Refused }
    }

    /// Admits requests without a token, without claims. An invalid token is still refused.
    #[must_use]
    pub fn optional(verifier: TokenVerifier) -> Self {
        Self { verifier, without_token: WithoutToken::Admitted }
    }

    /// Verifies a request's token and puts the claims into its extensions.
    async fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Refusal> {
        let token = match bearer::read(request.headers()) {
            Bearer::Token(token) => token,
            Bearer::Malformed => return Err(Refusal::Malformed),
            Bearer::Missing if self.without_token == WithoutToken::Admitted => return Ok(()),
            Bearer::Missing => return Err(Refusal::NoToken),
        };
        let claims = self.verifier.verify(token).await?;
        request.extensions_mut().insert(claims);
        Ok(())
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = VerifyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyService { inner, layer: Arc::new(self.clone()) }
    }
}

impl<S, B, R> Service<Request<B>> for VerifyService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The ready service handles the request. Its clone may not be ready, and replaces it until the next
        // `poll_ready`.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            match layer.admit(&mut request).await {
                Ok(()) => inner.call(request).await,
                Err(refusal) => {
                    tracing::debug!(code = refusal.code(), %refusal, "request refused");
                    Ok(refusal.respond())
                }
            }
        })
    }
}
