//! The memory that JavaScript and this module share, so that a token is copied once on its way in, and its claims once on
//! their way out.

use std::str;

use hallpass_token::{VerifiedClaims, VerifyError, decode_in, expires_at_in};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::refusal::Refusal;

/// What JavaScript may write: the longest token, in the UTF-8 of as many characters of the longest kind.
const INPUT_BYTES: usize = 3 * hallpass_token::MAX_TOKEN_BYTES;

/// What JavaScript may read. Header and claims are shorter than the token that they come from.
const OUTPUT_BYTES: usize = hallpass_token::MAX_TOKEN_BYTES + 64;

/// Answered instead of a length or a time by whoever refuses the token: [`Workspace::refusal`] tells why.
pub(crate) const REFUSED: i32 = -1;

/// Answered instead of a length where WebCrypto must check the signature.
pub(crate) const NEEDS_WEB_CRYPTO: i32 = -2;

/// Where JavaScript writes a token, and finds what was read from it. Neither place ever moves.
#[wasm_bindgen]
pub struct Workspace {
    input: Box<[u8]>,
    output: Vec<u8>,
    decoded: hallpass_token::Workspace,
    refusal: Option<Refusal>,
    valid_from: u64,
    valid_until: u64,
}

#[wasm_bindgen]
impl Workspace {
    /// A program needs one.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {
            input: vec![0; INPUT_BYTES].into_boxed_slice(),
            output: Vec::with_capacity(OUTPUT_BYTES),
            decoded: hallpass_token::Workspace::new(),
            refusal: None,
            valid_from: 0,
            valid_until: 0,
        }
    }

    /// Where a token is to be written, in UTF-8.
    #[wasm_bindgen(js_name = inputAddress)]
    pub fn input_address(&self) -> *const u8 {
        self.input.as_ptr()
    }

    /// How many bytes may be written there.
    #[wasm_bindgen(js_name = inputBytes)]
    pub fn input_bytes(&self) -> usize {
        self.input.len()
    }

    /// Where what was read is found, in UTF-8.
    #[wasm_bindgen(js_name = outputAddress)]
    pub fn output_address(&self) -> *const u8 {
        self.output.as_ptr()
    }

    /// How many bytes may be found there.
    #[wasm_bindgen(js_name = outputBytes)]
    pub fn output_bytes(&self) -> usize {
        self.output.capacity()
    }

    /// Reads header and claims of the token of so many bytes, which proves nothing. The output is
    /// `{"header": …, "claims": …}`, and so long.
    pub fn decode(&mut self, length: usize) -> i32 {
        let Self { input, output, decoded, refusal, .. } = self;
        match decode_in(decoded, text(input, length)) {
            Ok(token) => {
                let parts = [r#"{"header":"#, token.header_json(), r#","claims":"#, token.claims_json(), "}"];
                write(output, &parts)
            }
            Err(error) => refuse(refusal, error),
        }
    }

    /// Reads when the token of so many bytes runs out, in seconds since 1970, which proves nothing.
    #[wasm_bindgen(js_name = expiresAt)]
    pub fn expires_at(&mut self, length: usize) -> f64 {
        match expires_at_in(&mut self.decoded, text(&self.input, length)) {
            Ok(time) => float(time.seconds()),
            Err(error) => f64::from(refuse(&mut self.refusal, error)),
        }
    }

    /// Why the last refused token was refused, as [`Refusal`] writes it.
    pub fn refusal(&mut self) -> String {
        self.refusal.take().map(Refusal::into_lines).unwrap_or_default()
    }

    /// From when on the last verified token is good under its policy, in seconds since 1970.
    #[wasm_bindgen(js_name = validFrom)]
    pub fn valid_from(&self) -> f64 {
        float(self.valid_from)
    }

    /// When the last verified token is no longer good under its policy, in seconds since 1970.
    #[wasm_bindgen(js_name = validUntil)]
    pub fn valid_until(&self) -> f64 {
        float(self.valid_until)
    }
}

impl Workspace {
    /// Verifies the token of so many bytes with `verify`, and writes its claims out.
    pub(crate) fn verify(
        &mut self,
        length: usize,
        verify: impl for<'w> FnOnce(&'w mut hallpass_token::Workspace, &str) -> Result<VerifiedClaims<'w>, VerifyError>,
    ) -> i32 {
        match verify(&mut self.decoded, text(&self.input, length)) {
            Ok(claims) => {
                self.valid_from = claims.valid_from();
                self.valid_until = claims.valid_until();
                write(&mut self.output, &[claims.json()])
            }
            Err(VerifyError::NeedsAsync) => {
                refuse(&mut self.refusal, VerifyError::NeedsAsync);
                NEEDS_WEB_CRYPTO
            }
            Err(error) => refuse(&mut self.refusal, error),
        }
    }

    /// The token of so many bytes.
    pub(crate) fn token(&self, length: usize) -> &str {
        text(&self.input, length)
    }
}

/// The text that JavaScript wrote. An encoder writes nothing but UTF-8, and no more than there is room for.
fn text(input: &[u8], length: usize) -> &str {
    input.get(..length).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
}

fn write(output: &mut Vec<u8>, parts: &[&str]) -> i32 {
    output.clear();
    for part in parts {
        output.extend_from_slice(part.as_bytes());
    }
    i32::try_from(output.len()).unwrap_or(REFUSED)
}

fn refuse(refusal: &mut Option<Refusal>, error: VerifyError) -> i32 {
    *refusal = Some(error.into());
    REFUSED
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times before the year 10000, and a leeway that JavaScript counted itself"
)]
fn float(seconds: u64) -> f64 {
    seconds as f64
}
