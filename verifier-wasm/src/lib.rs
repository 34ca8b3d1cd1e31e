//! The bridge from `hallpass-token` to JavaScript: text and numbers in, JSON text out, and no rules.
//!
//! No input may cause a panic: a panic ends the WebAssembly instance.

mod refusal;
mod verifier;
mod workspace;
