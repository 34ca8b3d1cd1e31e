//! The supported signature algorithms.

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). Each key has exactly one (RFC 8725 §3.1). A token's `alg` is
/// compared with its key's, and never selects the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Ed25519, with strict verification.
    EdDsa,
    /// HMAC with a shared secret, for servers only.
    Hmac(Hash),
    /// ECDSA on a curve, with the hash of its length.
    Ecdsa(Curve),
    /// RSA with a padding.
    Rsa(Padding, Hash),
}

/// A hash function (FIPS 180-4), which completes the name of an algorithm: `HS256`, `HS384`, `HS512`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A curve for ECDSA (NIST SP 800-186 §3.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// The padding of an RSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    Pkcs1,
    /// RSASSA-PSS with a salt as long as the hash (RFC 8017 §8.1, RFC 7518 §3.5).
    Pss,
}

impl Algorithm {
    pub(crate) const HS256: Self = Self::Hmac(Hash::Sha256);
    pub(crate) const ES256: Self = Self::Ecdsa(Curve::P256);
    pub(crate) const RS256: Self = Self::Rsa(Padding::Pkcs1, Hash::Sha256);

    /// All of them, the most frequent ones first.
    const ALL: [Self; 13] = [
        Self::EdDsa,
        Self::ES256,
        Self::RS256,
        Self::HS256,
        Self::Rsa(Padding::Pss, Hash::Sha256),
        Self::Ecdsa(Curve::P384),
        Self::Ecdsa(Curve::P521),
        Self::Rsa(Padding::Pkcs1, Hash::Sha384),
        Self::Rsa(Padding::Pkcs1, Hash::Sha512),
        Self::Rsa(Padding::Pss, Hash::Sha384),
        Self::Rsa(Padding::Pss, Hash::Sha512),
        Self::Hmac(Hash::Sha384),
        Self::Hmac(Hash::Sha512),
    ];

    /// The algorithm of the `alg` of a header or a key. RFC 9864 renamed `EdDSA` with Ed25519 to `Ed25519`; both names
    /// are accepted. `none`, in any spelling, is no algorithm.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let algorithm = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        algorithm.or_else(|| (name == "Ed25519").then_some(Self::EdDsa))
    }

    /// The registered name; for Ed25519 the older one, which every library supports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hmac(Hash::Sha256) => "HS256",
            Self::Hmac(Hash::Sha384) => "HS384",
            Self::Hmac(Hash::Sha512) => "HS512",
            Self::Ecdsa(Curve::P256) => "ES256",
            Self::Ecdsa(Curve::P384) => "ES384",
            Self::Ecdsa(Curve::P521) => "ES512",
            Self::Rsa(Padding::Pkcs1, Hash::Sha256) => "RS256",
            Self::Rsa(Padding::Pkcs1, Hash::Sha384) => "RS384",
            Self::Rsa(Padding::Pkcs1, Hash::Sha512) => "RS512",
            Self::Rsa(Padding::Pss, Hash::Sha256) => "PS256",
            Self::Rsa(Padding::Pss, Hash::Sha384) => "PS384",
            Self::Rsa(Padding::Pss, Hash::Sha512) => "PS512",
        }
    }

    /// Whether its keys are shared secrets.
    pub(crate) const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hmac(_))
    }
}

impl Hash {
    /// The hash of an HMAC algorithm (RFC 7518 §3.2), such as `HS256`.
    #[must_use]
    pub fn of_hmac(alg: &str) -> Option<Self> {
        match Algorithm::named(alg) {
            Some(Algorithm::Hmac(hash)) => Some(hash),
            _ => None,
        }
    }

    /// The length of a hash in bytes, and the minimum length of a secret (RFC 7518 §3.2).
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Curve {
    /// The curve of the `crv` of a key (RFC 7518 §6.2.1.1).
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate, and of a number of a signature, in bytes.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_names_are_accepted() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDsa));
        let invalid = [
            "", "none", "None", "NONE", "nOnE", "eddsa", "EDDSA", "ed25519", "Ed448", "hs256", "HS256 ", "HS1",
            "HS224", "es256", "ES521", "ES256K", "RS1", "RS-256", "PS 256",
        ];
        for name in invalid {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_hash_is_named_by_its_hmac_algorithm() {
        let hashes = ["HS256", "HS384", "HS512", "RS256", "SHA-256", ""].map(Hash::of_hmac);
        assert_eq!(hashes, [Some(Hash::Sha256), Some(Hash::Sha384), Some(Hash::Sha512), None, None, None]);
    }
}
