//! The signature algorithms that are understood.

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). Each key has exactly one (RFC 8725 §3.1), and a token's `alg`
/// must be its key's: it is compared, never obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519, strictly verified.
    EdDsa,
    /// HMAC with SHA-256 and a shared secret, for servers alone.
    Hs256,
}

impl Algorithm {
    /// The algorithm that a header's or a key's `alg` names. RFC 9864 renamed `EdDSA` with Ed25519 to `Ed25519`; each
    /// name means the other. `none` names nothing, in whatever spelling.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "HS256" => Some(Self::Hs256),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_its_registered_names_and_no_other_spelling() {
        assert_eq!(Algorithm::named("EdDSA"), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::named("HS256"), Some(Algorithm::Hs256));
        for name in ["", "none", "None", "NONE", "nOnE", "eddsa", "EDDSA", "Ed448", "hs256", "HS256 ", "HS512", "RS256"]
        {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }
}
