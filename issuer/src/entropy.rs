//! The only source of randomness.

use uuid::Uuid;

/// The operating system provided no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system provided no random bytes: {0}")]
pub(crate) struct NoEntropy(getrandom::Error);

/// Random bytes from the operating system, suitable for secrets.
#[expect(clippy::disallowed_methods, reason = "the only call for randomness")]
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoEntropy)?;
    Ok(bytes)
}

/// A random id (RFC 9562 §5.4). Unlike a time-based id, it spreads evenly over a store's keys and reveals no time.
pub(crate) fn random_id() -> Result<Uuid, NoEntropy> {
    Ok(uuid::Builder::from_random_bytes(random_bytes()?).into_uuid())
}
