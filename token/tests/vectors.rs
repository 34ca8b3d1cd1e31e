//! The shared vectors of `tests/vectors/`, which every implementation and runtime must answer equally.

#[cfg(test)]
mod vectors {
    use std::{fs, path::Path};

    use base64ct::{Base64UrlUnpadded, Encoding};
    use hallpass_token::{
        Hash, Issuer, KeySet, KeySetError, MAX_TOKEN_BYTES, Policy, UnixSeconds, Verifier, VerifyError,
    };
    use serde::{Deserialize, Deserializer};
    use serde_json::Value;

    /// One vector, as `tests/vectors/README.md` describes it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Vector {
        name: String,
        #[serde(rename = "source")]
        _source: Option<String>,
        policy: PolicyJson,
        #[serde(default)]
        issuers: Vec<IssuerJson>,
        keys: Option<Value>,
        now: u64,
        token: TokenJson,
        expected: String,
        claim: Option<String>,
        /// The code of JavaScript's `verifySync`; Rust has no such function.
        #[serde(rename = "sync")]
        _sync: Option<String>,
    }

    /// The options of the npm package; absent ones have their default.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct PolicyJson {
        issuer: Option<String>,
        audience: Option<OneOrMany>,
        #[serde(default)]
        leeway: u64,
        max_token_age: Option<u64>,
        max_token_bytes: Option<usize>,
        #[serde(default)]
        required_claims: Vec<String>,
        #[serde(default = "access_token", deserialize_with = "nullable")]
        typ: Option<OneOrMany>,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    #[derive(Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct IssuerJson {
        issuer: Option<String>,
        jwks: Option<Value>,
        secret: Option<String>,
        /// The secret's algorithm; HS256 by default.
        alg: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TokenJson {
        Text(String),
        Parts(Vec<TokenPart>),
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TokenPart {
        Text(String),
        Repeated { repeat: String, times: usize },
    }

    /// A verification's result: accepted, or a code and the invalid claim.
    #[derive(Debug, PartialEq)]
    enum Outcome {
        Accepted,
        Refused { code: String, claim: Option<String> },
    }

    #[test]
    fn every_vector_gets_the_expected_answer_with_and_without_tables() {
        let vectors = read_vectors();
        assert!(!vectors.is_empty(), "there are no vectors");
        assert_all_agree(&vectors);
        let _users = users_of_tables(&vectors);
        assert_all_agree(&vectors);
        println!("{} vectors agree", vectors.len());
    }

    fn assert_all_agree(vectors: &[Vector]) {
        let disagreements: Vec<String> = vectors.iter().filter_map(disagreement).collect();
        assert!(disagreements.is_empty(), "{} disagree:\n{}", disagreements.len(), disagreements.join("\n"));
    }

    /// Uses the keys of the first few valid tokens until they have tables. While these verifiers exist, all verifiers
    /// with the same keys share the tables.
    fn users_of_tables(vectors: &[Vector]) -> Vec<Verifier> {
        let good = vectors.iter().filter(|vector| vector.expected == "accepted" && vector.keys.is_some());
        let use_often = |vector: &Vector| {
            let verifier = vector.verifier().unwrap();
            for _ in 0..128 {
                verifier.verify(&vector.token.text(), UnixSeconds::new(vector.now).unwrap()).unwrap();
            }
            verifier
        };
        good.take(4).map(use_often).collect()
    }

    fn read_vectors() -> Vec<Vector> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        files
            .flat_map(|path| serde_json::from_str::<Vec<Vector>>(&fs::read_to_string(path).unwrap()).unwrap())
            .collect()
    }

    fn disagreement(vector: &Vector) -> Option<String> {
        let expected = match vector.expected.as_str() {
            "accepted" => Outcome::Accepted,
            code => Outcome::Refused { code: code.to_owned(), claim: vector.claim.clone() },
        };
        let outcome = vector.outcome();
        (outcome != expected).then(|| format!("{}: expected {expected:?}, got {outcome:?}", vector.name))
    }

    impl Vector {
        fn outcome(&self) -> Outcome {
            let verifier = match self.verifier() {
                Ok(verifier) => verifier,
                Err(error) => return refused(error.code(), None),
            };
            let token = self.token.text();
            let now = UnixSeconds::new(self.now).map_err(VerifyError::from);
            match now.and_then(|now| verifier.verify(&token, now)) {
                Ok(claims) => {
                    let signed = Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap()).unwrap();
                    assert_eq!(claims.json().as_bytes(), signed, "{}", self.name);
                    Outcome::Accepted
                }
                Err(error) => {
                    let text = format!("{error} {error:?}");
                    let tells = token.split('.').any(|segment| segment.len() > 8 && text.contains(segment));
                    assert!(!tells, "{}: the error tells the token", self.name);
                    refused(error.code(), error.claim())
                }
            }
        }

        fn verifier(&self) -> Result<Verifier, KeySetError> {
            let mut verifier = Verifier::without_issuers(self.policy.read());
            for issuer in self.issuers() {
                verifier.add_issuer(issuer.read()?).unwrap();
            }
            Ok(verifier)
        }

        fn issuers(&self) -> Vec<IssuerJson> {
            let Some(keys) = &self.keys else { return self.issuers.clone() };
            let [secret, alg] = ["secret", "alg"].map(|name| keys.get(name).and_then(Value::as_str).map(str::to_owned));
            let jwks = secret.is_none().then(|| keys.clone());
            vec![IssuerJson { issuer: self.policy.issuer.clone(), jwks, secret, alg }]
        }
    }

    /// Only `ERR_CLAIM_INVALID` needs the claim to identify the cause.
    fn refused(code: &str, claim: Option<&str>) -> Outcome {
        let claim = claim.filter(|_| code == "ERR_CLAIM_INVALID").map(str::to_owned);
        Outcome::Refused { code: code.to_owned(), claim }
    }

    impl PolicyJson {
        fn read(&self) -> Policy {
            Policy {
                audiences: self.audience.as_ref().map(OneOrMany::all),
                leeway: self.leeway,
                max_token_age: self.max_token_age,
                required_claims: self.required_claims.clone(),
                types: self.typ.as_ref().map(OneOrMany::all),
                max_token_bytes: self.max_token_bytes.unwrap_or(MAX_TOKEN_BYTES),
            }
        }
    }

    impl OneOrMany {
        fn all(&self) -> Vec<String> {
            match self {
                Self::One(text) => vec![text.clone()],
                Self::Many(texts) => texts.clone(),
            }
        }
    }

    impl IssuerJson {
        fn read(&self) -> Result<Issuer, KeySetError> {
            let keys = match (&self.jwks, &self.secret) {
                (Some(jwks), None) => KeySet::from_json_with_secrets(&jwks.to_string())?,
                (None, Some(secret)) => {
                    let hash = Hash::of_hmac(self.alg.as_deref().unwrap_or("HS256")).unwrap();
                    KeySet::from_secret(&Base64UrlUnpadded::decode_vec(secret).unwrap(), hash)?
                }
                _ => panic!("an issuer has either keys or a secret"),
            };
            Ok(Issuer { name: self.issuer.clone(), keys })
        }
    }

    impl TokenJson {
        fn text(&self) -> String {
            match self {
                Self::Text(text) => text.clone(),
                Self::Parts(parts) => parts.iter().map(TokenPart::text).collect(),
            }
        }
    }

    impl TokenPart {
        fn text(&self) -> String {
            match self {
                Self::Text(text) => text.clone(),
                Self::Repeated { repeat, times } => repeat.repeat(*times),
            }
        }
    }

    /// The `typ` of a policy without one; `null` permits any.
    fn access_token() -> Option<OneOrMany> {
        Policy::for_any_audience().types.map(OneOrMany::Many)
    }

    fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OneOrMany>, D::Error> {
        Option::deserialize(deserializer)
    }
}
