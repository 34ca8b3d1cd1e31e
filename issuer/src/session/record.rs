//! The record of a session: a version and fields of fixed size, so that a compare-and-swap compares few bytes and no
//! reader has to guess.

use hallpass_token::UnixSeconds;
use uuid::Uuid;

use super::{End, Label, Session, State, Transport, label::LABEL_BYTES};
use crate::{
    id::{SessionId, UserId},
    refresh_token::{KEY_ID_BYTES, KeyId, Place, RefreshTokenHash, Salt},
    user::CredentialEpoch,
};

/// Version 1 knew neither generations nor the token before the current one, and was never released.
const VERSION: u8 = 2;

/// Version, state, transport, user; epoch, generation, attempt; hashes of the current and the previous token; salt, key
/// id; when it began, when it last rotated; the label's length, the label.
pub(crate) const RECORD_BYTES: usize = 3 + 16 + 3 * 4 + 2 * 32 + 16 + KEY_ID_BYTES + 2 * 8 + 1 + LABEL_BYTES;

/// Why bytes are not a session's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRecord {
    #[error("a session's record is {RECORD_BYTES} bytes long, this one {0}")]
    Length(usize),
    #[error("a session's record has version {VERSION}, this one {0}: was it written by another version of hallpass?")]
    Version(u8),
    #[error("a session's record has a field with an impossible value")]
    Field,
}

/// Writes a session; its id is the key and not part of the record.
pub(crate) fn encode(session: &Session) -> [u8; RECORD_BYTES] {
    // A label is at most 64 bytes long.
    let label = session.label.as_str().as_bytes();
    let label_length = label.len().try_into().unwrap_or_default();
    let fields: [&[u8]; 13] = [
        &[VERSION, state_byte(session.state), transport_byte(session.transport)],
        session.user.0.as_bytes(),
        &session.epoch.0.to_be_bytes(),
        &session.place.generation.to_be_bytes(),
        &session.place.attempt.to_be_bytes(),
        &session.current.0,
        &session.previous.map_or([0; 32], |hash| hash.0),
        &session.salt.0,
        &session.key.0,
        &session.created_at.seconds().to_be_bytes(),
        &session.rotated_at.seconds().to_be_bytes(),
        &[label_length],
        label,
    ];
    let mut record = [0; RECORD_BYTES];
    for (place, byte) in record.iter_mut().zip(fields.into_iter().flatten()) {
        *place = *byte;
    }
    record
}

/// Reads the record of the session with that id.
pub(crate) fn decode(id: SessionId, record: &[u8]) -> Result<Session, InvalidRecord> {
    if let Some(&version) = record.first().filter(|version| **version != VERSION) {
        return Err(InvalidRecord::Version(version));
    }
    let record: &[u8; RECORD_BYTES] = record.try_into().map_err(|_| InvalidRecord::Length(record.len()))?;
    read(id, &record[..]).ok_or(InvalidRecord::Field)
}

/// Reads a record of the right length; `None` where a field has an impossible value.
fn read(id: SessionId, mut rest: &[u8]) -> Option<Session> {
    let [_, state, transport] = take(&mut rest)?;
    let user = UserId(Uuid::from_bytes(take(&mut rest)?));
    let [epoch, generation, attempt] = [take(&mut rest)?, take(&mut rest)?, take(&mut rest)?].map(u32::from_be_bytes);
    let current = RefreshTokenHash(take(&mut rest)?);
    let previous = RefreshTokenHash(take(&mut rest)?);
    let (salt, key) = (Salt(take(&mut rest)?), KeyId(take(&mut rest)?));
    let created_at = UnixSeconds::new(u64::from_be_bytes(take(&mut rest)?)).ok()?;
    let rotated_at = UnixSeconds::new(u64::from_be_bytes(take(&mut rest)?)).ok()?;
    let [label_length] = take(&mut rest)?;
    let label = rest.get(..label_length.into())?;
    Some(Session {
        id,
        user,
        transport: [Transport::Cookie, Transport::Body].into_iter().find(|each| transport_byte(*each) == transport)?,
        label: Some(Label::of_user_agent(label)).filter(|read| read.as_str().as_bytes() == label)?,
        created_at,
        rotated_at,
        state: STATES.into_iter().find(|each| state_byte(*each) == state)?,
        epoch: CredentialEpoch(epoch),
        place: Place { generation, attempt },
        current,
        // The first token of a session, and it alone, follows no other.
        previous: (generation > 0).then_some(previous),
        salt,
        key,
    })
}

const STATES: [State; 9] = [
    State::Living,
    State::Ended(End::SignedOut),
    State::Ended(End::Replaced),
    State::Ended(End::Stolen),
    State::Ended(End::Displaced),
    State::Ended(End::Revoked),
    State::Ended(End::PasswordChanged),
    State::Ended(End::Operator),
    State::Ended(End::KeyRevoked),
];

fn state_byte(state: State) -> u8 {
    match state {
        State::Living => 0,
        State::Ended(End::SignedOut) => 1,
        State::Ended(End::Replaced) => 2,
        State::Ended(End::Stolen) => 3,
        State::Ended(End::Displaced) => 4,
        State::Ended(End::Revoked) => 5,
        State::Ended(End::PasswordChanged) => 6,
        State::Ended(End::Operator) => 7,
        State::Ended(End::KeyRevoked) => 8,
    }
}

fn transport_byte(transport: Transport) -> u8 {
    match transport {
        Transport::Cookie => 0,
        Transport::Body => 1,
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        refresh_token::{DecoyKey, LiveKeys, RefreshToken, RefreshTokenKey, RefreshTokenKeys},
        session::{Beginning, Given, Lifetimes, Outcome, Rules},
    };

    const NOW: u64 = 1_790_000_000;

    fn begun(label: &[u8]) -> (Session, RefreshToken) {
        let token =
            RefreshToken::new(SessionId(Uuid::from_u128(1)), [3; 32], RefreshTokenKey::from_root(&[4; 32]).id());
        let user = UserId(Uuid::from_u128(2));
        let label = Label::of_user_agent(label);
        let beginning = Beginning { user, epoch: CredentialEpoch(7), transport: Transport::Body, label };
        (Session::begin(beginning, &token, UnixSeconds::new(NOW).unwrap()), token)
    }

    fn session() -> Session {
        let (session, token) = begun(b"curl/8.5.0");
        let rules = Rules { lifetimes: Lifetimes { idle: 100, absolute: 100 }, grace: 30, late_window: 60 };
        let keys = RefreshTokenKeys::new(RefreshTokenKey::from_root(&[4; 32]), vec![], DecoyKey::of_root(&[4; 32]));
        let now = UnixSeconds::new(NOW + 9).unwrap();
        let given = Given { rules: &rules, keys: &keys, epoch: CredentialEpoch(7), salt: Salt([5; 16]), now };
        match session.rotate(&token, &given) {
            Outcome::Rotated { session, .. } => session,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let mut sessions = vec![session(), begun(b"").0, begun(&[b'x'; 99]).0, begun("é".repeat(99).as_bytes()).0];
        sessions.extend(STATES.map(|state| Session { state, ..session() }));
        for session in sessions {
            assert_eq!(decode(session.id, &encode(&session)), Ok(session));
        }
    }

    #[test]
    fn a_record_of_an_earlier_version_that_was_never_renewed_names_no_key() {
        let (session, _) = begun(b"curl/8.5.0");
        let mut record = encode(&session);
        record[111..115].fill(0);
        let read = decode(session.id, &record).unwrap();
        assert_eq!(read, Session { key: KeyId::UNNAMED, ..session });
        let keys = |revoked_until| LiveKeys::new(vec![KeyId([9; 4])], revoked_until);
        let lost = |at: u64| read.lost_its_key(&keys(Some(UnixSeconds::new(at).unwrap())));
        assert!(!read.lost_its_key(&keys(None)));
        assert_eq!((lost(NOW - 1), lost(NOW)), (false, true));
    }

    #[test]
    fn a_record_of_another_version_or_length_is_an_error_and_never_a_guess() {
        let session = session();
        let mut record = encode(&session).to_vec();
        assert_eq!(decode(session.id, &record[..RECORD_BYTES - 1]), Err(InvalidRecord::Length(RECORD_BYTES - 1)));
        record.push(0);
        assert_eq!(decode(session.id, &record), Err(InvalidRecord::Length(RECORD_BYTES + 1)));
        for version in [0, 1, 3] {
            record[0] = version;
            assert_eq!(decode(session.id, &record), Err(InvalidRecord::Version(version)));
        }
        assert_eq!(decode(session.id, &[]), Err(InvalidRecord::Length(0)));
    }

    #[test]
    fn an_impossible_field_is_an_error() {
        let session = session();
        // State, transport, the two times, the label's length.
        for index in [1, 2, 115, 123, 131] {
            let mut record = encode(&session);
            record[index] = 99;
            assert_eq!(decode(session.id, &record), Err(InvalidRecord::Field), "byte {index}");
        }
    }
}
