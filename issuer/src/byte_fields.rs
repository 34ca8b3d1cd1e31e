//! Reads fields of fixed size from a binary record or token.

/// Takes the next field from `rest`; `None` if fewer bytes are left.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*field)
}
