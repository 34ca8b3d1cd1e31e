//! Peers that break the protocol: none stops the server or delays other commands.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
};

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{runtime::Runtime, sync::watch};
use uuid::Uuid;

use super::*;
use crate::store::socket::{
    frame::FrameError,
    protocol::{Answer, Request},
    record::Record,
    server::Host,
};

const SHORT: Limits = Limits { connections: 4, patience: Duration::from_millis(100) };

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..200)
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn record() -> impl Strategy<Value = Record> {
    (id(), bytes()).prop_map(|(id, bytes)| Record { id, bytes })
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        id().prop_map(Request::User),
        any::<String>().prop_map(Request::UserNamed),
        record().prop_map(Request::AddUser),
        (record(), record()).prop_map(|(old, new)| Request::SwapUser(old, new)),
        record().prop_map(Request::RemoveUser),
        (prop::option::of(id()), any::<u32>()).prop_map(|(after, limit)| Request::UsersAfter(after, limit)),
        id().prop_map(Request::Session),
        id().prop_map(Request::SessionsOf),
        (prop::option::of(id()), any::<u32>()).prop_map(|(after, limit)| Request::SessionsAfter(after, limit)),
        record().prop_map(Request::AddSession),
        (record(), record()).prop_map(|(old, new)| Request::SwapSession(old, new)),
        record().prop_map(Request::RemoveSession),
        Just(Request::KeyRing),
        // Always with an old record, which never matches, so that the store keeps no key ring.
        (bytes(), bytes()).prop_map(|(old, new)| Request::SwapKeyRing(Some(old), new)),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    use crate::store::Swapped;
    prop_oneof![
        any::<String>().prop_map(|reason| Answer::Failed(StoreError::Engine(reason))),
        any::<String>().prop_map(|reason| Answer::Failed(StoreError::Record(reason))),
        any::<(usize, usize)>().prop_map(|(bytes, max)| Answer::Failed(StoreError::TooLarge { bytes, max })),
        prop::option::of(record()).prop_map(Answer::Found),
        prop::collection::vec(record(), 0..5).prop_map(Answer::Listed),
        prop_oneof![Just(Added::Yes), Just(Added::UsernameTaken)].prop_map(Answer::Added),
        prop_oneof![Just(Swapped::Yes), Just(Swapped::Conflict)].prop_map(Answer::Swapped),
        Just(Answer::Done),
        prop::option::of(bytes()).prop_map(Answer::KeyRing),
    ]
}

/// The bytes of a peer: valid frames, frames of arbitrary bytes, and arbitrary bytes, truncated anywhere.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let framed = bytes().prop_map(|bytes| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat());
    let right = (any::<u64>(), request()).prop_map(|(number, request)| frame::encode(number, &request));
    let parts = prop::collection::vec(prop_oneof![4 => right, 1 => framed, 1 => bytes()], 0..6);
    (parts, any::<prop::sample::Index>(), prop::bool::weighted(0.8)).prop_map(|(parts, cut, greets)| {
        let mut sent = parts.concat();
        sent.truncate(cut.index(sent.len() + 1));
        if greets { [greeting::ours(), sent].concat() } else { sent }
    })
}

/// The message of a frame, without its length and number.
fn message_of(message: &impl Serialize) -> Vec<u8> {
    frame::encode(0, message).split_off(size_of::<u32>() + size_of::<u64>())
}

fn is_refused<T: DeserializeOwned>(message: &[u8]) -> bool {
    matches!(frame::decode::<T>(message), Err(FrameError::Message))
}

/// A list that announces more items than arrive is refused, and reserves little memory.
#[test]
fn a_list_with_a_false_length_is_refused() {
    // The variant `Listed`, and a length of 2^63 - 1.
    let listed = [&[2][..], &[0xff; 8], &[0x7f]].concat();
    assert!(is_refused::<Answer>(&listed));
    // The variant `SwapKeyRing` without an old record, and a new one of 2^63 - 1 bytes.
    let swap = [&[14, 0][..], &[0xff; 8], &[0x7f]].concat();
    assert!(is_refused::<Request>(&swap));
}

proptest! {
    #[test]
    fn only_complete_messages_are_decoded_and_as_they_were_encoded(
        request in request(), answer in answer(), cut in any::<prop::sample::Index>(), any_bytes in bytes(),
    ) {
        let mut encoded_request = message_of(&request);
        let encoded_answer = message_of(&answer);
        prop_assert_eq!(frame::decode(&encoded_request).ok(), Some(request));
        prop_assert_eq!(frame::decode(&encoded_answer).ok(), Some(answer));
        prop_assert!(is_refused::<Request>(&encoded_request[..cut.index(encoded_request.len())]));
        prop_assert!(is_refused::<Answer>(&encoded_answer[..cut.index(encoded_answer.len())]));
        encoded_request.push(0);
        prop_assert!(is_refused::<Request>(&encoded_request));
        // Arbitrary bytes are decoded without a panic.
        is_refused::<Request>(&any_bytes);
        is_refused::<Answer>(&any_bytes);
    }
}

#[test]
fn arbitrary_bytes_do_not_stop_the_server_for_others() {
    let runtime = Runtime::new().unwrap();
    let (mut served, store) = runtime.block_on(Served::open(SHORT));
    let good = user(1, "good");
    runtime.block_on(store.add_user(&good)).unwrap();
    proptest!(|(sent in sent(), closes in any::<bool>())| {
        let mut stream = UnixStream::connect(served.folder.path().join(NAME)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may already have closed the connection.
        drop(stream.write_all(&sent));
        if closes {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        prop_assert_eq!(runtime.block_on(store.user(good.id)), Ok(Some(good.clone())));
        if closes {
            // The server answers the valid requests and closes within the time-out, by an end or a reset.
            let ended = stream.read_to_end(&mut Vec::new());
            prop_assert!(ended.is_ok() || ended.unwrap_err().kind() == io::ErrorKind::ConnectionReset);
        }
    });
    assert!(!served.server.is_finished());
    runtime.block_on(served.kill());
}

#[test]
fn arbitrary_bytes_cause_no_panic() {
    let runtime = Runtime::new().unwrap();
    let (_served, store) = runtime.block_on(Served::open(SHORT));
    let (_stop, stopping) = watch::channel(false);
    proptest!(|(sent in sent())| {
        runtime.block_on(async {
            let (mut ours, theirs) = tokio::net::UnixStream::pair().unwrap();
            let owner = theirs.peer_cred().unwrap().uid();
            let store = Arc::clone(&store);
            let stopping = stopping.clone();
            let host = Host { store, owner, patience: SHORT.patience, stopping };
            let served = tokio::spawn(host.converse(theirs));
            // The server may already have closed the connection.
            drop(ours.write_all(&sent).await);
            drop(ours);
            assert!(time::timeout(Duration::from_secs(20), served).await.unwrap().is_ok());
        });
    });
}

/// Connects, sends a greeting, and then these bytes.
fn sending(served: &Served, bytes: &[u8]) -> UnixStream {
    let mut stream = UnixStream::connect(served.folder.path().join(NAME)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&[&greeting::ours(), bytes].concat()).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_stalls_within_a_request_is_closed_and_an_idle_one_stays_open() {
    let (served, store) = Served::open(SHORT).await;
    let begun = frame::encode(1, &Request::KeyRing);
    for half in [&begun[..1], &begun[..begun.len() - 1], &u32::MAX.to_be_bytes()] {
        let mut stalled = sending(&served, half);
        let mut read = Vec::new();
        tokio::task::spawn_blocking(move || stalled.read_to_end(&mut read).map(|_| read)).await.unwrap().unwrap();
    }
    time::sleep(3 * SHORT.patience).await;
    assert_eq!(store.key_ring().await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beyond_the_limit_waits_until_another_ends() {
    let (served, _store) = Served::open(Limits { connections: 2, ..SHORT }).await;
    let second = served.connect().await;
    let third = tokio::spawn({
        let folder = served.folder.path().to_owned();
        async move { SocketStore::connect(&folder).await.unwrap().key_ring().await }
    });
    time::sleep(Duration::from_millis(100)).await;
    assert!(!third.is_finished());
    drop(second);
    assert_eq!(third.await.unwrap(), Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_its_answers_delays_no_other() {
    let (served, store) = Served::open(SHORT).await;
    for id in 0..1000 {
        store.add_user(&user(id, &format!("user{id}"))).await.unwrap();
    }
    // The answers have a hundred megabytes, more than any buffer.
    let page = frame::encode(1, &Request::UsersAfter(None, u32::MAX));
    let deaf = sending(&served, &page.repeat(400));
    let good = time::timeout(Duration::from_mins(1), async {
        for id in 0..100 {
            assert!(store.user(user(id, "any").id).await.unwrap().is_some());
        }
    });
    good.await.unwrap();
    drop(deaf);
}
