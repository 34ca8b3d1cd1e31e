//! The memory that JavaScript and this module share. A token is copied once into it, and its claims once out of it.

use std::str;

use hallpass_token::{Begun, MAX_RSA_BITS, VerifiedClaims, VerifyError, decode_in, expires_at_in};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::refusal::Refusal;

/// The maximum length of a token for which a new workspace has room.
const TOKEN_BYTES: usize = hallpass_token::MAX_TOKEN_BYTES;

/// Returned instead of a length or a time if the token is refused; [`Workspace::refusal`] has the reason.
pub(crate) const REFUSED: i32 = -1;

/// Returned instead of a length if JavaScript must check the signature.
const NEEDS_SIGNATURE_CHECK: i32 = -2;

/// The maximum length of a signature that JavaScript checks: that of the longest RSA modulus.
const SIGNATURE_BYTES: usize = MAX_RSA_BITS / 8;

/// After the last index of a key.
const NO_KEY: i32 = -1;

/// The numbers that describe such a token: three, at most four indexes of keys, and their end.
const PENDING_NUMBERS: usize = 8;

/// The buffers where JavaScript writes a token and reads the output. Their addresses change only in
/// [`make_room`](Workspace::make_room).
#[wasm_bindgen]
pub struct Workspace {
    input: Box<[u8]>,
    output: Vec<u8>,
    decoded: hallpass_token::Workspace,
    refusal: Option<Refusal>,
    signature: Box<[u8]>,
    /// The numbers that describe a token whose signature JavaScript must check.
    pending: Box<[i32; PENDING_NUMBERS]>,
    valid_from: u64,
    valid_until: u64,
}

#[wasm_bindgen]
impl Workspace {
    /// Creates the buffers. A program needs one workspace.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {
            input: input_for(TOKEN_BYTES),
            output: output_for(TOKEN_BYTES),
            decoded: hallpass_token::Workspace::new(),
            refusal: None,
            signature: vec![0; SIGNATURE_BYTES].into_boxed_slice(),
            pending: Box::new([NO_KEY; PENDING_NUMBERS]),
            valid_from: 0,
            valid_until: 0,
        }
    }

    /// Replaces input and output by larger ones, for tokens of up to so many UTF-16 units.
    #[wasm_bindgen(js_name = makeRoom)]
    pub fn make_room(&mut self, units: usize) {
        self.input = input_for(units);
        self.output = output_for(units);
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

    /// The address of the signature that JavaScript must check.
    #[wasm_bindgen(js_name = signatureAddress)]
    pub fn signature_address(&self) -> *const u8 {
        self.signature.as_ptr()
    }

    /// The maximum length of such a signature in bytes.
    #[wasm_bindgen(js_name = signatureBytes)]
    pub fn signature_bytes(&self) -> usize {
        self.signature.len()
    }

    /// The address of the 32-bit numbers that describe a token whose signature JavaScript must check:
    ///
    /// 0. the number of signed bytes in the input,
    /// 1. the length of the signature,
    /// 2. the outcome of the token if its signature is valid, as of `Verifier.verify`; otherwise it must not be used,
    /// 3. and following: the indexes of at most four keys of which one must verify the signature, then a negative number.
    #[wasm_bindgen(js_name = pendingAddress)]
    pub fn pending_address(&self) -> *const i32 {
        self.pending.as_ptr()
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
    /// Verifies the token of `length` bytes with `begin`, and writes its claims into the output.
    pub(crate) fn verify(
        &mut self,
        length: usize,
        begin: impl for<'w> FnOnce(&'w mut hallpass_token::Workspace, &str) -> Result<Begun<'w>, VerifyError>,
    ) -> i32 {
        let Self { input, output, decoded, refusal, signature, pending, valid_from, valid_until } = self;
        let mut conclude = |outcome: Result<VerifiedClaims<'_>, VerifyError>| match outcome {
            Ok(claims) => {
                *valid_from = claims.valid_from();
                *valid_until = claims.valid_until();
                write(output, &[claims.json()])
            }
            Err(error) => refuse(refusal, error),
        };
        match begin(decoded, text(input, length)) {
            Ok(Begun::Verified(claims)) => conclude(Ok(claims)),
            Ok(Begun::Pending(token)) => {
                copy(token.signature(), signature);
                let lengths = [token.signing_input_bytes(), token.signature().len()];
                pending.fill(NO_KEY);
                for (value, number) in pending.iter_mut().zip(lengths.into_iter().chain([0]).chain(token.keys())) {
                    *value = i32::try_from(number).unwrap_or(NO_KEY);
                }
                // JavaScript uses this outcome only after it has verified the signature.
                pending[2] = conclude(token.finish(true));
                NEEDS_SIGNATURE_CHECK
            }
            Err(error) => conclude(Err(error)),
        }
    }

    /// The token of `length` bytes in the input.
    pub(crate) fn token(&self, length: usize) -> &str {
        text(&self.input, length)
    }
}

/// A UTF-16 unit takes at most three bytes of UTF-8.
fn input_for(units: usize) -> Box<[u8]> {
    vec![0; 3 * units].into_boxed_slice()
}

/// Header and claims are shorter than their token.
fn output_for(units: usize) -> Vec<u8> {
    Vec::with_capacity(units + 64)
}

/// The text in the input. JavaScript's encoder writes only UTF-8, and at most the input's size.
fn text(input: &[u8], length: usize) -> &str {
    input.get(..length).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Copies a signature. A longer one than the buffer belongs to no key.
fn copy(signature: &[u8], buffer: &mut [u8]) {
    if let Some(copy) = buffer.get_mut(..signature.len()) {
        copy.copy_from_slice(signature);
    }
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
