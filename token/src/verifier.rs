//! The one function that turns text into trust.

use crate::{
    Issuer, Policy, UnixSeconds, VerifiedClaims, VerifyError,
    claims::Claims,
    compact::{CompactToken, Segments, Workspace},
    header::Header,
    key::Key,
};

/// Checks tokens against a policy and the keys of those who may issue them.
#[derive(Clone, Debug)]
pub struct Verifier {
    policy: Policy,
    issuers: Vec<Issuer>,
}

/// Of several issuers one has no name, or two have the same: a token's `iss` would not tell whose keys count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("each of several issuers must have a name of its own")]
pub struct AmbiguousIssuers;

impl Verifier {
    /// A verifier that accepts tokens of `issuer` that fit `policy`.
    #[must_use]
    pub fn new(policy: Policy, issuer: Issuer) -> Self {
        Self { policy, issuers: vec![issuer] }
    }

    /// A verifier that accepts no token until an issuer is added.
    #[must_use]
    pub fn without_issuers(policy: Policy) -> Self {
        Self { policy, issuers: Vec::new() }
    }

    /// Accepts the tokens of one more issuer, each by its own keys alone: a key of one never makes a token of another
    /// good.
    pub fn add_issuer(&mut self, issuer: Issuer) -> Result<(), AmbiguousIssuers> {
        let is_ambiguous = |other: &Issuer| issuer.name.is_none() || other.name.is_none() || other.name == issuer.name;
        if self.issuers.iter().any(is_ambiguous) {
            return Err(AmbiguousIssuers);
        }
        self.issuers.push(issuer);
        Ok(())
    }

    /// Which of the issuers' keys a token needs, by its place among them. It proves nothing: it serves to fetch the right
    /// keys before [`verify`](Self::verify).
    pub fn issuer_of(&self, token: &str) -> Result<usize, VerifyError> {
        let mut workspace = Workspace::new();
        let token = Segments::of(token)?.decode(&mut workspace)?;
        let (header, claims) = (Header::read(token.header)?, Claims::read(token.claims)?);
        header.check(&self.policy)?;
        let (place, _) = self.named_by(&claims)?;
        Ok(place)
    }

    /// Verifies `token` at the time `now`: structure, header, key, signature, claims, in this order.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedClaims<'static>, VerifyError> {
        self.verify_in(&mut Workspace::new(), token, now).map(VerifiedClaims::into_owned)
    }

    /// As [`verify`](Self::verify), in memory that is there already.
    pub fn verify_in<'w>(
        &self,
        workspace: &'w mut Workspace,
        token: &str,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        let token = self.read(workspace, token)?;
        if token.key.is_checked_elsewhere() {
            return Err(VerifyError::NeedsAsync);
        }
        let is_signed = token.is_signed();
        self.conclude(&token, is_signed, now)
    }

    /// The key that must have signed `token`, as a public JSON Web Key with its `alg`, where this build leaves the check to
    /// its surroundings; `None` where [`verify`](Self::verify) checks it itself. Structure and header were found good;
    /// nothing is proved.
    #[cfg(feature = "external-signatures")]
    pub fn external_key(&self, token: &str) -> Result<Option<String>, VerifyError> {
        let mut workspace = Workspace::new();
        let key = self.read(&mut workspace, token)?.key;
        Ok(if key.is_checked_elsewhere() { key.to_jwk() } else { None })
    }

    /// As [`verify_in`](Self::verify_in), for a token whose signature was checked with the
    /// [external key](Self::external_key): whoever calls this vouches for `signature_fits`. A signature that can be checked
    /// here is checked all the same.
    #[cfg(feature = "external-signatures")]
    pub fn verify_checked_in<'w>(
        &self,
        workspace: &'w mut Workspace,
        token: &str,
        signature_fits: bool,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        let token = self.read(workspace, token)?;
        let is_signed = if token.key.is_checked_elsewhere() {
            signature_fits && token.key.signs_in(token.compact.signature.len())
        } else {
            token.is_signed()
        };
        self.conclude(&token, is_signed, now)
    }

    /// Everything before the signature: structure, header, issuer, key.
    fn read<'v, 't, 'w>(
        &'v self,
        workspace: &'w mut Workspace,
        token: &'t str,
    ) -> Result<ReadToken<'v, 't, 'w>, VerifyError> {
        let compact = Segments::of(token)?.decode(workspace)?;
        let (header, claims) = (Header::read(compact.header)?, Claims::read(compact.claims)?);
        let (algorithm, kid) = header.check(&self.policy)?;
        let (_, issuer) = self.named_by(&claims)?;
        let key = issuer.keys.find(kid).ok_or(VerifyError::KeyUnknown)?;
        if key.algorithm() != algorithm {
            return Err(VerifyError::Algorithm);
        }
        Ok(ReadToken { compact, claims, issuer, key })
    }

    /// Everything after the signature.
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

    /// Whose keys count. `iss` is not proved yet: it only chooses which keys must prove it.
    fn named_by(&self, claims: &Claims<'_>) -> Result<(usize, &Issuer), VerifyError> {
        if let [only] = self.issuers.as_slice() {
            return Ok((0, only));
        }
        let is_named = |(_, issuer): &(usize, &Issuer)| {
            claims.issuer().zip(issuer.name.as_deref()).is_some_and(|(iss, name)| iss.says(name))
        };
        let found = self.issuers.iter().enumerate().find(is_named);
        found.ok_or_else(|| VerifyError::of_claim("iss", "is not one of the expected issuers"))
    }
}

/// A token that was read, and the key that must have signed it.
struct ReadToken<'v, 't, 'w> {
    compact: CompactToken<'t, 'w>,
    claims: Claims<'w>,
    issuer: &'v Issuer,
    key: &'v Key,
}

impl ReadToken<'_, '_, '_> {
    fn is_signed(&self) -> bool {
        self.key.verify(self.compact.signing_input.as_bytes(), self.compact.signature)
    }
}

#[cfg(test)]
mod tests;
