//! The memory that JavaScript and this module share. A token is copied once into it, and its claims once out of it.

use std::str;

use hallpass_token::{VerifiedClaims, VerifyError, decode_in, expires_at_in};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::refusal::Refusal;

/// The size of the input: the longest token, if each of its UTF-16 units takes three bytes of UTF-8.
const INPUT_BYTES: usize = 3 * hallpass_token::MAX_TOKEN_BYTES;

/// The size of the output. Header and claims are shorter than their token.
const OUTPUT_BYTES: usize = hallpass_token::MAX_TOKEN_BYTES + 64;

/// Returned instead of a length or a time if the token is refused; [`Workspace::refusal`] has the reason.
pub(crate) const REFUSED: i32 = -1;

/// Returned instead of a length if WebCrypto must verify the signature.
pub(crate) const NEEDS_WEB_CRYPTO: i32 = -2;

/// The buffers where JavaScript writes a token and reads the output. Their addresses never change.
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
    /// Creates the buffers. A program needs one workspace.
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

    /// The address of the input, a token in UTF-8.
    #[wasm_bindgen(js_name = inputAddress)]
    pub fn input_address(&self) -> *const u8 {
        self.input.as_ptr()
    }

    /// The size of the input in bytes.
    #[wasm_bindgen(js_name = inputBytes)]
    pub fn input_bytes(&self) -> usize {
        self.input.len()
    }

    /// The address of the output, in UTF-8.
    #[wasm_bindgen(js_name = outputAddress)]
    pub fn output_address(&self) -> *const u8 {
        self.output.as_ptr()
    }

    /// The size of the output in bytes.
    #[wasm_bindgen(js_name = outputBytes)]
    pub fn output_bytes(&self) -> usize {
        self.output.capacity()
    }

    /// Reads header and claims of the token of `length` bytes, unverified. Writes `{"header": …, "claims": …}` into the
    /// output, and returns its length.
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

    /// Reads the expiry of the token of `length` bytes, in seconds since 1970, unverified.
    #[wasm_bindgen(js_name = expiresAt)]
    pub fn expires_at(&mut self, length: usize) -> f64 {
        match expires_at_in(&mut self.decoded, text(&self.input, length)) {
            Ok(time) => float(time.seconds()),
            Err(error) => f64::from(refuse(&mut self.refusal, error)),
        }
    }

    /// The reason of the last refusal, in the format of [`Refusal`].
    pub fn refusal(&mut self) -> String {
        self.refusal.take().map(Refusal::into_lines).unwrap_or_default()
    }

    /// The first second in which the policy accepts the last verified token, in seconds since 1970.
    #[wasm_bindgen(js_name = validFrom)]
    pub fn valid_from(&self) -> f64 {
        float(self.valid_from)
    }

    /// The first second in which the policy no longer accepts the last verified token, in seconds since 1970.
    #[wasm_bindgen(js_name = validUntil)]
    pub fn valid_until(&self) -> f64 {
        float(self.valid_until)
    }
}

impl Workspace {
    /// Verifies the token of `length` bytes with `verify`, and writes its claims into the output.
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

    /// The token of `length` bytes in the input.
    pub(crate) fn token(&self, length: usize) -> &str {
        text(&self.input, length)
    }
}

/// The text in the input. JavaScript's encoder writes only UTF-8, and at most the input's size.
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

#[expect(clippy::cast_precision_loss, reason = "times before the year 10000, and a leeway that came from JavaScript")]
fn float(seconds: u64) -> f64 {
    seconds as f64
}
