//! Records by commit 4da7e9b, as hexadecimal: they decode, and their sessions end with their key.

use uuid::Uuid;

use super::*;
use crate::{
    id::SessionId,
    session::{Session, record as sessions},
    store::KeyRingRecord,
};

/// The master key of the ring.
const KEY: &str = "\
    96c686f3932f59297e31a3d970c2619d166028987c765e7afde2a3454722f2f4\
    ";

/// A ring with a key in use and one published of each kind.
const RING: &str = "\
    01010000000000278d00000000000076a700000000000000012c000000000000001e39d320411dcf75a07e719b7451fb8ee5\
    a930fec28125ffc9d3715e48418051255d928453ac214f1f490ab9efa8af28470b1d49d4eec1425d758f822e04012b533241\
    4465395966724d6479393733536250735971456e34626d42305663544832505669794c62614e685502000000006b0dfc6300\
    0000006b0dfc63000000000000012cb25cf886b1951359f1c3c9ef65f9bc54d8fc75eaa5733c0dcd681cd839bd10554dacbc\
    abfb9e2c306d3506d5f9cc0b6f7cd836b4ef4d12820b7067e8012b6d314a67746847466f43786b3946697a4e445455716362\
    5a31637a72615978382d686469656e48316c6f5900000000006b0dfc630000000000000000000000000000012cb78c4cd15e\
    5c32ec3e75a7f5f2480931f2f9c80b50b63b9b0400473943cbce1e5ff47272885f4b66330cf31ace88845e3f9a36bc123c1f\
    e5f2ca60c70008363533386633353302000000006b0dfc63000000006b0dfc6300000000020f5800916a02e3d5b2be2c9bb4\
    3ebf4db06b01b6d89082d461575b5182ddc0649bd02355da40b84c928463156517af800f33f2f9cb29de7ba913cd8c6ac87b\
    0008316439663861363700000000006b0dfc63000000000000000000000000020f580034f2716f3af330f7bb1a69c311bf48\
    61d9c201d255f032c766f3d6569fb4a950fbb8fb3ee1be2aa5f08b999cb0d16a174e5d43a05b04cb3305bdc35600fcf0594f\
    178b4aae27a84c3e91096d6e16d72ff77c96f43a16032217\
    ";

/// A session without a refresh.
const BEGUN: &str = "\
    020001f366c1d476814d3aa357e50c3d7fc4920000000000000000000000000a0452840b7bf888cc4a9dc161c4feaddebc2d\
    3410878427ed11e0be387d1b7600000000000000000000000000000000000000000000000000000000000000000000000000\
    000000000000000000000000000000000000006b0dfc64000000006b0dfc640a6375726c2f382e352e300000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    ";

/// A session with one refresh.
const RENEWED: &str = "\
    020001f366c1d476814d3aa357e50c3d7fc4920000000000000001000000001f19e85051c5903a68d52d6c07b2416b7ed06e\
    eb92b73512f8ef9a4cee28132d0d4960b79d5c114a0eb1f9890d470cac6225455ff9b65fca3dcbc63968900482a8b8a9aaed\
    862cb8ed9282622bbf8e306538f353000000006b0dfc65000000006b0dfc650a6375726c2f382e352e300000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    ";

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn session(record: &str) -> Session {
    sessions::decode(SessionId(Uuid::nil()), &bytes(record)).unwrap()
}

#[test]
fn the_records_of_an_earlier_version_decode_and_its_sessions_end_with_their_key() {
    let record = KeyRingRecord(bytes(RING));
    let master = MasterKey::new(&bytes(KEY).try_into().unwrap());
    let ring = decode(&record, &master).unwrap();
    assert_eq!(live_keys(&record).unwrap(), ring.live_keys());
    let begun = session(BEGUN);
    let renewed = session(RENEWED);
    let lost = |ring: &Ring| [&begun, &renewed].map(|session| session.lost_its_key(&ring.live_keys()));
    assert_eq!(lost(&ring), [false, false]);
    let used = ring.in_use(Kind::RefreshTokens).unwrap().name.0.clone();
    let now = renewed.rotated_at;
    let fresh = draw_fresh(&ring, &master).unwrap();
    let (revoked, _) = ring.revoke(&used, now, &fresh).unwrap();
    assert_eq!(lost(&revoked), [true, true]);
    let next = ring.standby(Kind::RefreshTokens).unwrap().name.0.clone();
    let (other, _) = ring.revoke(&next, begun.created_at, &fresh).unwrap();
    assert_eq!(
        lost(&other),
        [true, false],
        "a session that does not name its key ends with any revocation after it began"
    );
}
