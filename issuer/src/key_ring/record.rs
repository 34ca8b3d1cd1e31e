//! The record of a ring: a version, fields of fixed size, names with their lengths, and a final mark that only the
//! master key can make. So an attacker with write access to the store cannot change a key's stage.

use hallpass_token::UnixSeconds;

use super::{
    Key, KeyName, MAX_KEYS, MAX_REVOCATIONS, Purpose, Revocation, Ring, Sealed, SigningAlgorithm, Stage, Timing,
    Wanted,
    seal::{FreshNonce, MARK_BYTES, MasterKey, NotOpened},
};
use crate::{byte_fields::take, refresh_token::LiveKeys, store::KeyRingRecord};

const VERSION: u8 = 1;

/// The maximum length of a key's name. A thumbprint (RFC 7638) has 43 characters.
const MAX_NAME_BYTES: usize = 64;

/// Why a record is not a valid ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRing {
    #[error("the key ring must have version {VERSION}, and this one has {0}: use the hallpass version that wrote it")]
    Version(u8),
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    #[error("the key ring has an invalid field")]
    Field,
}

/// Encodes a ring. Each record is unique by the nonce of its mark, so that a compare-and-swap never confuses two equal
/// rings.
pub(crate) fn encode(ring: &Ring, master: &MasterKey, nonce: FreshNonce) -> KeyRingRecord {
    let mut record = vec![VERSION, algorithm_byte(ring.wanted.algorithm)];
    for seconds in [
        ring.wanted.signing_period.unwrap_or_default(),
        ring.wanted.refresh_period.unwrap_or_default(),
        ring.timing.max_age,
        ring.timing.lag,
    ] {
        record.extend(seconds.to_be_bytes());
    }
    record.extend(ring.decoy.0);
    record.push(count(ring.keys.len()));
    for key in &ring.keys {
        write_key(&mut record, key);
    }
    record.push(count(ring.revocations.len()));
    for revoked in &ring.revocations {
        write_name(&mut record, revoked.purpose, &revoked.name);
        record.extend(revoked.at.seconds().to_be_bytes());
    }
    let mark = master.mark(&record, nonce);
    record.extend(mark);
    KeyRingRecord(record)
}

/// Decodes a ring, if its mark is the master key's.
pub(crate) fn decode(record: &KeyRingRecord, master: &MasterKey) -> Result<Ring, InvalidRing> {
    let (content, mark) = parts(record)?;
    master.check(content, mark)?;
    read(content).ok_or(InvalidRing::Field)
}

/// The refresh token keys of a ring, for a command without the master key. The unchecked mark is no risk, since a
/// program that can write the ring can write the sessions too.
pub(crate) fn live_keys(record: &KeyRingRecord) -> Result<LiveKeys, InvalidRing> {
    Ok(decode_unmarked(record)?.live_keys())
}

/// Decodes a ring without a check of its mark, for the parts that are not secret.
pub(super) fn decode_unmarked(record: &KeyRingRecord) -> Result<Ring, InvalidRing> {
    let (content, _) = parts(record)?;
    read(content).ok_or(InvalidRing::Field)
}

/// The content of a record, and its mark.
fn parts(record: &KeyRingRecord) -> Result<(&[u8], &[u8; MARK_BYTES]), InvalidRing> {
    if let Some(&version) = record.0.first().filter(|version| **version != VERSION) {
        return Err(InvalidRing::Version(version));
    }
    record.0.split_last_chunk::<MARK_BYTES>().ok_or(InvalidRing::Field)
}

fn write_key(record: &mut Vec<u8>, key: &Key) {
    write_name(record, key.purpose, &key.name);
    let (stage, since) = match key.stage {
        Stage::Published { hurried: false } => (0, UnixSeconds::EPOCH),
        Stage::Published { hurried: true } => (1, UnixSeconds::EPOCH),
        Stage::InUse { since } => (2, since),
        Stage::Retired { since } => (3, since),
    };
    record.push(stage);
    for seconds in [key.published_at.seconds(), since.seconds(), key.longest_life] {
        record.extend(seconds.to_be_bytes());
    }
    record.extend(key.secret.0);
}

fn write_name(record: &mut Vec<u8>, purpose: Purpose, KeyName(name): &KeyName) {
    record.push(match purpose {
        Purpose::RefreshTokens => 0,
        Purpose::Signing(algorithm) => algorithm_byte(algorithm),
    });
    // A name is at max_items 64 bytes long.
    record.push(count(name.len()));
    record.extend(name.as_bytes());
}

/// The counts in a record are small.
fn count(number: usize) -> u8 {
    number.try_into().unwrap_or(u8::MAX)
}

fn algorithm_byte(algorithm: SigningAlgorithm) -> u8 {
    match algorithm {
        SigningAlgorithm::EdDsa => 1,
        SigningAlgorithm::Es256 => 2,
        SigningAlgorithm::Ed25519 => 3,
    }
}

fn read(mut rest: &[u8]) -> Option<Ring> {
    let [_, algorithm] = take(&mut rest)?;
    let algorithm = read_algorithm(algorithm)?;
    let [signing_period, refresh_period, max_age, lag] =
        [take(&mut rest)?, take(&mut rest)?, take(&mut rest)?, take(&mut rest)?].map(u64::from_be_bytes);
    let [signing_period, refresh_period] =
        [signing_period, refresh_period].map(|period| Some(period).filter(|p| *p > 0));
    let wanted = Wanted { algorithm, signing_period, refresh_period };
    let decoy = Sealed(take(&mut rest)?);
    let keys = read_list(&mut rest, 2 * MAX_KEYS, read_key)?;
    let revocations = read_list(&mut rest, MAX_REVOCATIONS, |rest| {
        let (purpose, name) = read_name(rest)?;
        Some(Revocation { purpose, name, at: read_time(rest)? })
    })?;
    rest.is_empty().then_some(Ring { wanted, timing: Timing { max_age, lag }, decoy, keys, revocations })
}

fn read_list<T>(rest: &mut &[u8], max_items: usize, read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let [count] = take(rest)?;
    (usize::from(count) <= max_items).then(|| (0..count).map(|_| read(rest)).collect())?
}

fn read_key(rest: &mut &[u8]) -> Option<Key> {
    let (purpose, name) = read_name(rest)?;
    let [stage] = take(rest)?;
    let published_at = read_time(rest)?;
    let since = read_time(rest)?;
    let stage = match stage {
        0 => Stage::Published { hurried: false },
        1 => Stage::Published { hurried: true },
        2 => Stage::InUse { since },
        3 => Stage::Retired { since },
        _ => return None,
    };
    let longest_life = u64::from_be_bytes(take(rest)?);
    Some(Key { purpose, name, published_at, stage, longest_life, secret: Sealed(take(rest)?) })
}

fn read_name(rest: &mut &[u8]) -> Option<(Purpose, KeyName)> {
    let [purpose, length] = take(rest)?;
    let purpose = match purpose {
        0 => Purpose::RefreshTokens,
        byte => Purpose::Signing(read_algorithm(byte)?),
    };
    let (name, after) = rest.split_at_checked(length.into())?;
    *rest = after;
    let name = str::from_utf8(name).ok().filter(|name| name.len() <= MAX_NAME_BYTES && name.is_ascii())?;
    Some((purpose, KeyName(name.to_owned())))
}

fn read_algorithm(byte: u8) -> Option<SigningAlgorithm> {
    let algorithms = [SigningAlgorithm::EdDsa, SigningAlgorithm::Ed25519, SigningAlgorithm::Es256];
    algorithms.into_iter().find(|each| algorithm_byte(*each) == byte)
}

fn read_time(rest: &mut &[u8]) -> Option<UnixSeconds> {
    UnixSeconds::new(u64::from_be_bytes(take(rest)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key_ring::{
            Kind, material,
            tests::{MASTER, ring_in_every_stage},
        },
        refresh_token::KeyId,
    };

    #[test]
    fn a_ring_decodes_as_it_was_encoded_and_no_two_records_are_equal() {
        let ring = ring_in_every_stage();
        let master = MasterKey::new(&MASTER);
        let record = encode(&ring, &master, [1; 12]);
        assert_eq!(decode(&record, &master), Ok(ring.clone()));
        assert_ne!(record, encode(&ring, &master, [2; 12]));
        for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Ed25519, SigningAlgorithm::Es256] {
            let mut ring = ring.clone();
            ring.wanted.algorithm = algorithm;
            ring.keys[0].purpose = Purpose::Signing(algorithm);
            assert_eq!(decode(&encode(&ring, &master, [3; 12]), &master), Ok(ring));
        }
    }

    #[test]
    fn a_ring_of_another_master_key_or_version_or_with_one_bit_changed_is_an_error() {
        let ring = ring_in_every_stage();
        let master = MasterKey::new(&MASTER);
        let record = encode(&ring, &master, [1; 12]);
        assert_eq!(decode(&record, &MasterKey::new(&[2; 32])), Err(InvalidRing::NotOpened(NotOpened)));
        for index in 1..record.0.len() {
            let mut changed = record.clone();
            changed.0[index] ^= 1;
            assert_eq!(decode(&changed, &master), Err(InvalidRing::NotOpened(NotOpened)), "byte {index}");
        }
        let mut other = record.clone();
        other.0[0] = 9;
        assert_eq!(decode(&other, &master), Err(InvalidRing::Version(9)));
        assert_eq!(decode(&KeyRingRecord(vec![]), &master), Err(InvalidRing::Field));
        assert_eq!(decode(&KeyRingRecord(record.0[..20].to_vec()), &master), Err(InvalidRing::Field));
    }

    #[test]
    fn refresh_token_keys_are_listed_without_the_master_key_and_a_reset_revokes_them_all() {
        let ring = ring_in_every_stage();
        let record = encode(&ring, &MasterKey::new(&MASTER), [1; 12]);
        let live = live_keys(&record).unwrap();
        let now = UnixSeconds::new(1_790_001_000).unwrap();
        let began = UnixSeconds::EPOCH;
        let names: Vec<_> = ring.of(Kind::RefreshTokens).map(|key| key.name.clone()).collect();
        let ids: Vec<_> = names.iter().map(|name| material::id_of(name).unwrap()).collect();
        assert!(ids.len() > 2 && ids.iter().all(|id| live.include(*id, began)));

        let other = MasterKey::new(&[2; 32]);
        let reset = material::reset(&record, &other, now).unwrap();
        let revoked: Vec<_> = reset.revocations.iter().map(|revoked| revoked.name.clone()).collect();
        assert_eq!(revoked, names);
        let live = live_keys(&encode(&reset, &other, [1; 12])).unwrap();
        assert!(!ids.iter().any(|id| live.include(*id, began)));
        assert!(!live.include(KeyId::UNNAMED, began) && live.include(KeyId::UNNAMED, now.saturating_add(1)));
    }

    #[test]
    fn the_fullest_ring_fits_into_every_store() {
        let mut ring = ring_in_every_stage();
        let [signing, refresh] = [Kind::Signing, Kind::RefreshTokens].map(|kind| ring.of(kind).next().unwrap().clone());
        assert_eq!((signing.name.0.len(), refresh.name.0.len()), (43, 8));
        ring.keys = [vec![signing.clone(); MAX_KEYS], vec![refresh; MAX_KEYS]].concat();
        let revoked = Revocation { purpose: signing.purpose, name: signing.name, at: UnixSeconds::EPOCH };
        ring.revocations = vec![revoked; MAX_REVOCATIONS];
        let bytes = encode(&ring, &MasterKey::new(&MASTER), [1; 12]).0.len();
        assert!(bytes <= 4092, "{bytes}");
    }
}
