//! The parser: `decode` and `expires_at` over any text, and over any header and claims in well-formed base64url.
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::{decode, expires_at};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        check(text);
    }
    // 0xff stands in no UTF-8 text, so it can part header and claims.
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    let mut segment = || Base64UrlUnpadded::encode_string(parts.next().unwrap_or_default());
    check(&format!("{}.{}.AQ", segment(), segment()));
});

fn check(token: &str) {
    let expires_at = expires_at(token);
    let Ok(decoded) = decode(token) else {
        assert!(expires_at.is_err());
        return;
    };
    let segment = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signing_input = format!("{}.{}.", segment(decoded.header_json()), segment(decoded.claims_json()));
    assert!(token.starts_with(&signing_input), "a token that is read has one spelling");

    let header: Value = serde_json::from_str(decoded.header_json()).expect("a header that is read is JSON");
    let claims: Value = serde_json::from_str(decoded.claims_json()).expect("claims that are read are JSON");
    assert!(header.is_object() && claims.is_object());
    if let Ok(time) = expires_at {
        assert_eq!(claims["exp"].as_u64(), Some(time.seconds()));
    }
}
