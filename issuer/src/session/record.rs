//! The record of a session: a version and fields of fixed size, so that a compare-and-swap compares few bytes and no
//! reader has to guess.

use hallpass_token::UnixSeconds;
use uuid::Uuid;

use super::{Session, State, Transport};
use crate::{
    id::{SessionId, UserId},
    refresh_token::RefreshTokenHash,
};

const VERSION: u8 = 1;

/// Version, state, transport, user, hash of the current refresh token, when it began, when it last rotated.
pub(crate) const RECORD_BYTES: usize = 1 + 1 + 1 + 16 + 32 + 8 + 8;

/// Why bytes are not a session's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRecord {
    #[error("a session's record is {RECORD_BYTES} bytes long, this one {0}")]
    Length(usize),
    #[error("a session's record has version {VERSION}, this one {0}: was it written by a newer hallpass?")]
    Version(u8),
    #[error("a session's record has a field with an impossible value")]
    Field,
}

/// Writes a session; its id is the key and not part of the record.
pub(crate) fn encode(session: &Session) -> [u8; RECORD_BYTES] {
    let state = match session.state {
        State::Living => 0,
        State::Ended => 1,
    };
    let transport = match session.transport {
        Transport::Cookie => 0,
        Transport::Body => 1,
    };
    let mut record = [0; RECORD_BYTES];
    record[..3].copy_from_slice(&[VERSION, state, transport]);
    record[3..19].copy_from_slice(session.user.0.as_bytes());
    record[19..51].copy_from_slice(&session.current.0);
    record[51..59].copy_from_slice(&session.created_at.seconds().to_be_bytes());
    record[59..].copy_from_slice(&session.rotated_at.seconds().to_be_bytes());
    record
}

/// Reads the record of the session with that id.
pub(crate) fn decode(id: SessionId, record: &[u8]) -> Result<Session, InvalidRecord> {
    if let Some(&version) = record.first().filter(|version| **version != VERSION) {
        return Err(InvalidRecord::Version(version));
    }
    let mut rest = record;
    let fields: Option<_> = (|| {
        let header: [u8; 3] = take(&mut rest)?;
        Some((header, take::<16>(&mut rest)?, take::<32>(&mut rest)?, take::<8>(&mut rest)?, take::<8>(&mut rest)?))
    })();
    let ([_, state, transport], user, current, created_at, rotated_at) =
        fields.filter(|_| rest.is_empty()).ok_or(InvalidRecord::Length(record.len()))?;
    let time = |bytes| UnixSeconds::new(u64::from_be_bytes(bytes)).map_err(|_| InvalidRecord::Field);
    Ok(Session {
        id,
        user: UserId(Uuid::from_bytes(user)),
        transport: match transport {
            0 => Transport::Cookie,
            1 => Transport::Body,
            _ => return Err(InvalidRecord::Field),
        },
        state: match state {
            0 => State::Living,
            1 => State::Ended,
            _ => return Err(InvalidRecord::Field),
        },
        current: RefreshTokenHash(current),
        created_at: time(created_at)?,
        rotated_at: time(rotated_at)?,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh_token::RefreshToken;

    fn session() -> Session {
        let token = RefreshToken::new(SessionId(Uuid::from_u128(1)), [3; 32]);
        let now = UnixSeconds::new(1_790_000_000).unwrap();
        Session::begin(UserId(Uuid::from_u128(2)), Transport::Body, &token, now)
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        for session in [session(), session().end().unwrap()] {
            assert_eq!(decode(session.id, &encode(&session)), Ok(session));
        }
    }

    #[test]
    fn a_record_of_another_version_or_length_is_an_error_and_never_a_guess() {
        let session = session();
        let mut record = encode(&session).to_vec();
        assert_eq!(decode(session.id, &record[1..]).unwrap_err(), InvalidRecord::Version(0));
        assert_eq!(decode(session.id, &record[..66]), Err(InvalidRecord::Length(66)));
        record.push(0);
        assert_eq!(decode(session.id, &record), Err(InvalidRecord::Length(68)));
        record[0] = 2;
        assert_eq!(decode(session.id, &record), Err(InvalidRecord::Version(2)));
        assert_eq!(decode(session.id, &[]), Err(InvalidRecord::Length(0)));
    }

    #[test]
    fn an_impossible_field_is_an_error() {
        let session = session();
        for index in [1, 2, 51, 59] {
            let mut record = encode(&session);
            record[index] = 9;
            assert_eq!(decode(session.id, &record), Err(InvalidRecord::Field), "byte {index}");
        }
    }
}
