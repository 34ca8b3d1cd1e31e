//! The verification of tokens: the only place that creates `VerifiedClaims`.

use crate::{
    Excerpt, Issuer, Policy, SkippedKey, UnixSeconds, VerifiedClaims, VerifyError,
    claims::Claims,
    compact::{CompactToken, Segments, Workspace},
    header::Header,
    key::Key,
    key_set::Candidates,
};

#[cfg(feature = "external-signatures")]
use crate::key_set::MAX_CANDIDATES;

#[cfg(feature = "external-signatures")]
mod pending;

#[cfg(feature = "external-signatures")]
pub use pending::{Begun, PendingToken};

/// Verifies tokens with a policy and the keys of accepted issuers.
#[derive(Clone, Debug)]
pub struct Verifier {
    policy: Policy,
    issuers: Vec<Issuer>,
}

/// One of several issuers has no name, or two share a name: a token's `iss` would not select the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("each of several issuers must have a unique name")]
pub struct AmbiguousIssuers;

impl Verifier {
    /// A verifier for tokens of `issuer` under `policy`.
    #[must_use]
    pub fn new(policy: Policy, issuer: Issuer) -> Self {
        Self { policy, issuers: vec![issuer] }
    }

    /// A verifier that accepts no token until an issuer is added.
    #[must_use]
    pub fn without_issuers(policy: Policy) -> Self {
        Self { policy, issuers: Vec::new() }
    }

    /// Adds an issuer. Each issuer's tokens are verified only with its own keys.
    pub fn add_issuer(&mut self, issuer: Issuer) -> Result<(), AmbiguousIssuers> {
        let is_ambiguous = |other: &Issuer| issuer.name.is_none() || other.name.is_none() || other.name == issuer.name;
        if self.issuers.iter().any(is_ambiguous) {
            return Err(AmbiguousIssuers);
        }
        self.issuers.push(issuer);
        Ok(())
    }

    /// The keys of all issuers that are never used, each with the name of its issuer.
    pub fn skipped_keys(&self) -> impl Iterator<Item = (Option<&str>, &SkippedKey)> {
        self.issuers.iter().flat_map(|issuer| issuer.keys.skipped().iter().map(|key| (issuer.name.as_deref(), key)))
    }

    /// The index of the issuer whose keys a token needs, unverified: to fetch the right keys before
    /// [`verify`](Self::verify).
    pub fn issuer_of(&self, token: &str) -> Result<usize, VerifyError> {
        let mut workspace = Workspace::new();
        let token = Segments::of(token, self.policy.max_token_bytes)?.decode(&mut workspace)?;
        let header = Header::read(token.header)?;
        let claims = Claims::read(token.claims)?;
        header.check(&self.policy)?;
        let (index, _) = self.named_by(&claims)?;
        Ok(index)
    }

    /// Verifies `token` at the time `now`: structure, header, key, signature, claims, in this order.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedClaims<'static>, VerifyError> {
        self.verify_in(&mut Workspace::new(), token, now).map(VerifiedClaims::into_owned)
    }

    /// As [`verify`](Self::verify), in existing buffers.
    pub fn verify_in<'w>(
        &self,
        workspace: &'w mut Workspace,
        token: &str,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        let token = self.read(workspace, token)?;
        if token.keys.iter().any(Key::is_external) {
            return Err(VerifyError::NeedsAsync);
        }
        let is_signed = token.is_signed();
        self.conclude(&token, is_signed, now)
    }

    /// The first step of a verification whose signature the caller may have to check: structure, header, key. The
    /// claims are checked too, and [`PendingToken::finish`] reports them after the signature.
    #[cfg(feature = "external-signatures")]
    pub fn begin_in<'w>(
        &self,
        workspace: &'w mut Workspace,
        token: &str,
        now: UnixSeconds,
    ) -> Result<Begun<'w>, VerifyError> {
        let token = self.read(workspace, token)?;
        if !token.keys.iter().any(Key::is_external) {
            let is_signed = token.is_signed();
            return self.conclude(&token, is_signed, now).map(Begun::Verified);
        }
        let signature = token.compact.signature;
        let admitting = token.keys.iter().filter(|key| key.admits(signature));
        let mut keys = [None; MAX_CANDIDATES];
        for (index, key) in keys.iter_mut().zip(admitting) {
            *index = self.keys().position(|other| std::ptr::eq(key, other));
        }
        Ok(Begun::Pending(PendingToken {
            signing_input_bytes: token.compact.signing_input.len(),
            signature,
            keys,
            claims: self.conclude(&token, true, now),
        }))
    }

    /// The public JSON Web Key with this index, with its `alg`, for the caller's own crypto. `None` if this build
    /// checks its signatures. The indexes count the keys of all issuers, in their order.
    #[cfg(feature = "external-signatures")]
    #[must_use]
    pub fn external_key(&self, index: usize) -> Option<String> {
        self.keys().nth(index).filter(|key| key.is_external())?.to_jwk()
    }

    #[cfg(feature = "external-signatures")]
    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.issuers.iter().flat_map(|issuer| issuer.keys.keys())
    }

    /// The steps before the signature: structure, header, issuer, key.
    fn read<'v, 't, 'w>(
        &'v self,
        workspace: &'w mut Workspace,
        token: &'t str,
    ) -> Result<ReadToken<'v, 't, 'w>, VerifyError> {
        let compact = Segments::of(token, self.policy.max_token_bytes)?.decode(workspace)?;
        let header = Header::read(compact.header)?;
        let claims = Claims::read(compact.claims)?;
        let header = header.check(&self.policy)?;
        let (_, issuer) = self.named_by(&claims)?;
        let keys = issuer.keys.candidates(&header)?;
        Ok(ReadToken { compact, claims, issuer, keys })
    }

    /// The steps after the signature.
    fn conclude<'w>(
        &self,
        token: &ReadToken<'_, '_, 'w>,
        is_signed: bool,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        if !is_signed {
            return Err(VerifyError::Signature);
        }
        let window = token.claims.check(&self.policy, token.issuer.name.as_deref(), now)?;
        Ok(VerifiedClaims::new(token.compact.claims.text, window))
    }

    /// The issuer that `iss` names. The claim is not verified yet; it only selects the keys that must verify it.
    fn named_by(&self, claims: &Claims<'_>) -> Result<(usize, &Issuer), VerifyError> {
        if let [only] = self.issuers.as_slice() {
            return Ok((0, only));
        }
        let is_named = |(_, issuer): &(usize, &Issuer)| {
            claims.issuer().zip(issuer.name.as_deref()).is_some_and(|(iss, name)| iss.equals(name))
        };
        let found = self.issuers.iter().enumerate().find(is_named);
        found.ok_or_else(|| {
            let names: Vec<_> = self.issuers.iter().filter_map(|issuer| issuer.name.as_deref()).collect();
            claims.issuer_mismatch("is not one of the expected issuers", Excerpt::of_all(&names))
        })
    }
}

/// A parsed token, and the keys of which one must verify it.
struct ReadToken<'v, 't, 'w> {
    compact: CompactToken<'t, 'w>,
    claims: Claims<'w>,
    issuer: &'v Issuer,
    keys: Candidates<'v>,
}

impl ReadToken<'_, '_, '_> {
    fn is_signed(&self) -> bool {
        let message = self.compact.signing_input.as_bytes();
        self.keys.iter().any(|key| key.verify(message, self.compact.signature))
    }
}

#[cfg(test)]
mod tests;
