//! The one source of randomness.

use uuid::Uuid;

/// The operating system could not give random bytes. Nothing secret can be made without.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub(crate) struct NoEntropy(getrandom::Error);

/// Random bytes from the operating system, fit for secrets.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws randomness")]
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoEntropy)?;
    Ok(bytes)
}

/// A random id (RFC 9562 §5.4). Unlike one that begins with the time it spreads evenly over a store's key space, and
/// tells nothing of when it was made.
pub(crate) fn random_id() -> Result<Uuid, NoEntropy> {
    Ok(uuid::Builder::from_random_bytes(random_bytes()?).into_uuid())
}
