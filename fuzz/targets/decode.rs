//! Fuzzes the parser: `decode` and `expires_at` with any text, and with any header and claims in valid base64url.
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::{Part, VerifyError, decode, expires_at};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        check(text);
    }
    // No UTF-8 text contains 0xff, so it separates header and claims.
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    let mut segment = || Base64UrlUnpadded::encode_string(parts.next().unwrap_or_default());
    check(&format!("{}.{}.AQ", segment(), segment()));
});

fn check(token: &str) {
    // `expires_at` reads only the claims up to `exp`, so a token with an invalid header may have an expiry.
    let expires_at = expires_at(token);
    let decoded = match decode(token) {
        Ok(decoded) => decoded,
        Err(VerifyError::Json { part }) => return assert_no_json(token, part),
        Err(_) => return,
    };
    let segment = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signing_input = format!("{}.{}.", segment(decoded.header_json()), segment(decoded.claims_json()));
    assert!(token.starts_with(&signing_input), "an accepted token is canonical");

    let header: Value = serde_json::from_str(decoded.header_json()).expect("an accepted header is JSON");
    let claims: Value = serde_json::from_str(decoded.claims_json()).expect("accepted claims are JSON");
    assert!(header.is_object() && claims.is_object());
    if let Ok(time) = expires_at {
        assert_eq!(claims["exp"].as_u64(), Some(time.seconds()));
    }
}

/// Another parser must refuse the segment, too, except for numbers near the largest double, which parsers round
/// differently.
fn assert_no_json(token: &str, part: Part) {
    let segment = token.split('.').nth(if part == Part::Header { 0 } else { 1 }).unwrap_or_default();
    let text = Base64UrlUnpadded::decode_vec(segment).expect("the segment is base64url");
    let is_json = serde_json::from_slice::<Map<String, Value>>(&text).is_ok();
    let is_at_the_limit = String::from_utf8_lossy(&text).replace('.', "").contains("1797693134862315");
    assert!(!is_json || is_at_the_limit, "JSON was refused");
}
