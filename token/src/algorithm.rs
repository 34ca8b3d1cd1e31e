//! The supported signature algorithms.

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). Each key has exactly one (RFC 8725 §3.1). A token's `alg` is
/// compared with its key's, and never selects the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Ed25519, with strict verification.
    EdDsa,
    /// HMAC with SHA-256 and a shared secret, for servers only.
    Hs256,
    /// ECDSA on the curve P-256 with SHA-256.
    Es256,
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// RSA with PSS, SHA-256 and a salt of 32 bytes.
    Ps256,
}

impl Algorithm {
    /// The algorithm of the `alg` of a header or a key. RFC 9864 renamed `EdDSA` with Ed25519 to `Ed25519`; both names
    /// are accepted. `none`, in any spelling, is no algorithm.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "HS256" => Some(Self::Hs256),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            _ => None,
        }
    }

    /// The registered name; for Ed25519 the older one, which every library supports.
    #[cfg(any(test, feature = "sign", feature = "external-signatures"))]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_names_are_accepted() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Hs256, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256] {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDsa));
        for name in ["", "none", "None", "NONE", "nOnE", "eddsa", "EDDSA", "Ed448", "hs256", "HS256 ", "HS512", "es256"]
        {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }
}
