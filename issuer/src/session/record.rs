//! The record of a session: a version and fields of fixed size, so that a compare-and-swap compares few bytes.

use hallpass_token::UnixSeconds;
use uuid::Uuid;

use super::{End, Label, Session, State, Transport, label::LABEL_BYTES};
use crate::{
    byte_fields::take,
    id::{SessionId, UserId},
    refresh_token::{KEY_ID_BYTES, KeyId, RefreshTokenHash, Salt, TokenPosition},
    user::CredentialEpoch,
};

/// A record with a label of up to 64 bytes. Version 1 had neither generations nor the previous token, and was never
/// released.
const SHORT: Version = Version { number: 2, label_bytes: 64, length_bytes: 1 };

/// A record with a label of any size. It is used only for a longer label: each session has exactly one encoding, so
/// that a compare-and-swap finds the record of an earlier build.
const LONG: Version = Version { number: 3, label_bytes: LABEL_BYTES, length_bytes: 2 };

/// Version, state, transport, user; epoch, generation, attempt; hashes of the current and the previous token; salt, key
/// id; times of the sign-in and of the last rotation. The label's length and the label follow.
const FIXED_BYTES: usize = 3 + 16 + 3 * 4 + 2 * 32 + 16 + KEY_ID_BYTES + 2 * 8;

/// A version of the record. Versions differ only in the size of the label.
#[derive(Clone, Copy)]
struct Version {
    number: u8,
    label_bytes: usize,
    /// The size of the label's length.
    length_bytes: usize,
}

impl Version {
    fn of_label(label: &Label) -> Self {
        if label.as_bytes().len() <= SHORT.label_bytes { SHORT } else { LONG }
    }

    fn record_bytes(self) -> usize {
        FIXED_BYTES + self.length_bytes + self.label_bytes
    }
}

/// Why bytes are not a valid session record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRecord {
    #[error("a session record must have {must} bytes, and this one has {is}")]
    Length { is: usize, must: usize },
    #[error("a session record must have version 2 or 3, and this one has {0}: use the hallpass version that wrote it")]
    Version(u8),
    #[error("a session record has an invalid field")]
    Field,
}

/// Encodes a session. Its id is the key and not part of the record.
pub(crate) fn encode(session: &Session) -> Vec<u8> {
    let version = Version::of_label(&session.label);
    let label = session.label.as_bytes();
    // A label is at most 256 bytes long.
    let label_length = u16::try_from(label.len()).unwrap_or_default().to_be_bytes();
    let fields: [&[u8]; 13] = [
        &[version.number, state_byte(session.state), transport_byte(session.transport)],
        session.user.0.as_bytes(),
        &session.epoch.0.to_be_bytes(),
        &session.position.generation.to_be_bytes(),
        &session.position.attempt.to_be_bytes(),
        &session.current.0,
        &session.previous.map_or([0; 32], |hash| hash.0),
        &session.salt.0,
        &session.key.0,
        &session.created_at.seconds().to_be_bytes(),
        &session.rotated_at.seconds().to_be_bytes(),
        &label_length[2 - version.length_bytes..],
        label,
    ];
    let mut record = fields.concat();
    record.resize(version.record_bytes(), 0);
    record
}

/// Decodes the record of the session with that id.
pub(crate) fn decode(id: SessionId, record: &[u8]) -> Result<Session, InvalidRecord> {
    let version = match record.first() {
        Some(number) => [SHORT, LONG].into_iter().find(|version| version.number == *number),
        None => Some(SHORT),
    };
    let version = version.ok_or_else(|| InvalidRecord::Version(record.first().copied().unwrap_or_default()))?;
    if record.len() != version.record_bytes() {
        return Err(InvalidRecord::Length { is: record.len(), must: version.record_bytes() });
    }
    read(id, version, record).filter(|session| encode(session) == record).ok_or(InvalidRecord::Field)
}

/// Decodes a record of the right length; `None` if a field is invalid.
fn read(id: SessionId, version: Version, mut rest: &[u8]) -> Option<Session> {
    let [_, state, transport] = take(&mut rest)?;
    let user = UserId(Uuid::from_bytes(take(&mut rest)?));
    let [epoch, generation, attempt] = [take(&mut rest)?, take(&mut rest)?, take(&mut rest)?].map(u32::from_be_bytes);
    let current = RefreshTokenHash(take(&mut rest)?);
    let previous = RefreshTokenHash(take(&mut rest)?);
    let salt = Salt(take(&mut rest)?);
    let key = KeyId(take(&mut rest)?);
    let created_at = UnixSeconds::new(u64::from_be_bytes(take(&mut rest)?)).ok()?;
    let rotated_at = UnixSeconds::new(u64::from_be_bytes(take(&mut rest)?)).ok()?;
    let (label_length, rest) = rest.split_at_checked(version.length_bytes)?;
    let label_length = label_length.iter().fold(0, |length, byte| length * 256 + usize::from(*byte));
    Some(Session {
        id,
        user,
        transport: [Transport::Cookie, Transport::Body].into_iter().find(|each| transport_byte(*each) == transport)?,
        label: Label::of_record(rest.get(..label_length)?)?,
        created_at,
        rotated_at,
        state: STATES.into_iter().find(|each| state_byte(*each) == state)?,
        epoch: CredentialEpoch(epoch),
        position: TokenPosition { generation, attempt },
        current,
        // Only the first token of a session has no previous one.
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

/// A session id and its record by the build of commit 4da7e9b, which truncated the user agent.
#[cfg(test)]
pub(crate) fn kept() -> (SessionId, Vec<u8>) {
    const KEPT: &str = "0200011f0988dc53644f4e92d23445915154190000000000000001000000000f28c3394b56bec9443359eb619e5de8e714ea\
                        54ed5ae8db287e150c79718a2c054050f8858ff65c0f3d4f6cbd7b98181bb81dec89b788f5ff56f2a4149524f19e0c460800\
                        c9cc12a79fbaecf088390b3bd374dd000000006b0df4d9000000006b0df4d9404d6f7a696c6c612f352e3020285831313b20\
                        4c696e7578207838365f36343b2072763a3134352e3029204765636b6f2f32303130303130312046697265666f78";
    let byte = |at| u8::from_str_radix(&KEPT[at..at + 2], 16).unwrap();
    let id = Uuid::from_u128(0xd7b5_0117_ae94_4b2c_bf19_0a52_b1aa_2d3d);
    (SessionId(id), (0..KEPT.len()).step_by(2).map(byte).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        refresh_token::{DecoyKey, LiveKeys, RefreshToken, RefreshTokenKey, RefreshTokenKeys},
        session::{Beginning, Lifetimes, Outcome, RotationContext, Rules},
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
        let context =
            RotationContext { rules: &rules, keys: &keys, epoch: CredentialEpoch(7), salt: Salt([5; 16]), now };
        match session.rotate(&token, &context) {
            Outcome::Rotated { session, .. } => session,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let labels = [String::new(), "x ".repeat(32), "x ".repeat(33), "x ".repeat(200), "é".repeat(99)];
        let mut sessions: Vec<_> = labels.iter().map(|label| begun(label.as_bytes()).0).collect();
        sessions.push(session());
        sessions.extend(STATES.map(|state| Session { state, ..session() }));
        for session in sessions {
            let record = encode(&session);
            let version = if session.label.as_bytes().len() <= 64 { SHORT } else { LONG };
            assert_eq!((record[0], record.len()), (version.number, version.record_bytes()));
            assert_eq!(decode(session.id, &record), Ok(session));
        }
    }

    #[test]
    fn a_record_of_an_earlier_version_without_a_refresh_names_no_key() {
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
        for session in [session(), begun(&b"x ".repeat(99)).0] {
            let mut record = encode(&session);
            let must = record.len();
            let length = |is| Err(InvalidRecord::Length { is, must });
            assert_eq!(decode(session.id, &record[..must - 1]), length(must - 1));
            record.push(0);
            assert_eq!(decode(session.id, &record), length(must + 1));
            for version in [0, 1, 4] {
                record[0] = version;
                assert_eq!(decode(session.id, &record), Err(InvalidRecord::Version(version)));
            }
        }
        assert!(matches!(decode(session().id, &[]), Err(InvalidRecord::Length { is: 0, .. })));
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
        // A short label in a long record would be a second encoding of the same session.
        let mut record = encode(&begun(&b"x ".repeat(99)).0);
        record[131..133].copy_from_slice(&[0, 64]);
        assert_eq!(decode(session.id, &record), Err(InvalidRecord::Field));
    }

    #[test]
    fn a_record_of_an_earlier_build_decodes_and_encodes_to_the_same_bytes() {
        let (id, record) = kept();
        let session = decode(id, &record).unwrap();
        assert_eq!(session.label.to_string(), "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox");
        assert_eq!(session.label.client().as_deref(), Some("a browser on Linux"));
        assert_eq!((session.position.generation, encode(&session)), (1, record));
    }
}
