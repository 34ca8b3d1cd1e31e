//! The bridge from `hallpass-token` to JavaScript: text and numbers in, JSON text out, and no rule of its own.
//!
//! Nothing here may panic, whatever comes in: a panic ends the WebAssembly instance.

mod refusal;
mod verifier;
mod workspace;
