//! Ends that do not keep to what is agreed: none stops the server, or holds up a command that does.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
};

use proptest::prelude::*;
use tokio::{runtime::Runtime, sync::watch};
use uuid::Uuid;

use super::*;
use crate::store::socket::{
    message::Message as _,
    protocol::{Answer, Records, Request},
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
        (prop::option::of(id()), any::<u32>()).prop_map(|(after, most)| Request::UsersAfter(after, most)),
        id().prop_map(Request::Session),
        id().prop_map(Request::SessionsOf),
        (prop::option::of(id()), any::<u32>()).prop_map(|(after, most)| Request::SessionsAfter(after, most)),
        record().prop_map(Request::AddSession),
        (record(), record()).prop_map(|(old, new)| Request::SwapSession(old, new)),
        record().prop_map(Request::RemoveSession),
        Just(Request::KeyRing()),
        // Of any old one: none of these fits, so that the key ring stays none.
        (bytes(), bytes()).prop_map(|(old, new)| Request::SwapKeyRing(Some(old), new)),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    use crate::store::Swapped;
    prop_oneof![
        any::<String>().prop_map(|reason| Answer::Failed(StoreError::Engine(reason))),
        any::<String>().prop_map(|reason| Answer::Failed(StoreError::Record(reason))),
        any::<(usize, usize)>().prop_map(|(bytes, most)| Answer::Failed(StoreError::TooLarge { bytes, most })),
        prop::option::of(record()).prop_map(Answer::Found),
        prop::collection::vec(record(), 0..5).prop_map(|records| Answer::Listed(Records(records))),
        prop_oneof![Just(Added::Yes), Just(Added::UsernameTaken)].prop_map(Answer::Added),
        prop_oneof![Just(Swapped::Yes), Just(Swapped::Conflict)].prop_map(Answer::Swapped),
        Just(Answer::Done()),
        prop::option::of(bytes()).prop_map(Answer::KeyRing),
    ]
}

/// What an end sends: frames that are right but for what they hold, frames of any bytes, any bytes, and all of it cut.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let framed = bytes().prop_map(|bytes| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat());
    let right = (any::<u64>(), request()).prop_map(|(number, request)| frame::write(number, &request));
    let parts = prop::collection::vec(prop_oneof![4 => right, 1 => framed, 1 => bytes()], 0..6);
    (parts, any::<prop::sample::Index>(), prop::bool::weighted(0.8)).prop_map(|(parts, cut, greets)| {
        let mut sent = parts.concat();
        sent.truncate(cut.index(sent.len() + 1));
        if greets { [greeting::ours(), sent].concat() } else { sent }
    })
}

proptest! {
    #[test]
    fn messages_are_read_as_they_were_written_and_nothing_else_is(
        request in request(), answer in answer(), cut in any::<prop::sample::Index>(), any_bytes in bytes(),
    ) {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        request.write(&mut asked);
        answer.write(&mut answered);
        prop_assert_eq!(Request::read_whole(&asked), Some(request));
        prop_assert_eq!(Answer::read_whole(&answered), Some(answer));
        prop_assert_eq!(Request::read_whole(&asked[..cut.index(asked.len())]), None);
        prop_assert_eq!(Answer::read_whole(&answered[..cut.index(answered.len())]), None);
        asked.push(0);
        prop_assert_eq!(Request::read_whole(&asked), None);
        // Whatever this is, it is read without a panic.
        let _: (Option<Request>, Option<Answer>) = (Request::read_whole(&any_bytes), Answer::read_whole(&any_bytes));
    }
}

#[test]
fn whatever_bytes_come_the_server_goes_on_for_others() {
    let runtime = Runtime::new().unwrap();
    let (mut served, store) = runtime.block_on(Served::open(SHORT));
    let good = user(1, "good");
    runtime.block_on(store.add_user(&good)).unwrap();
    proptest!(|(sent in sent(), closes in any::<bool>())| {
        let mut stream = UnixStream::connect(served.folder.path().join(NAME)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may have closed its end already.
        drop(stream.write_all(&sent));
        if closes {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        prop_assert_eq!(runtime.block_on(store.user(good.id)), Ok(Some(good.clone())));
        if closes {
            // It answers what it could, and closes: an end within the time, or one that was cut off.
            let ended = stream.read_to_end(&mut Vec::new());
            prop_assert!(ended.is_ok() || ended.unwrap_err().kind() == io::ErrorKind::ConnectionReset);
        }
    });
    assert!(!served.server.is_finished());
    runtime.block_on(served.kill());
}

#[test]
fn no_bytes_make_a_connection_panic() {
    let runtime = Runtime::new().unwrap();
    let (_served, store) = runtime.block_on(Served::open(SHORT));
    let (_stop, stopping) = watch::channel(false);
    proptest!(|(sent in sent())| {
        runtime.block_on(async {
            let (mut ours, theirs) = tokio::net::UnixStream::pair().unwrap();
            let owner = theirs.peer_cred().unwrap().uid();
            let (store, stopping) = (Arc::clone(&store), stopping.clone());
            let host = Host { store, owner, patience: SHORT.patience, stopping };
            let served = tokio::spawn(host.converse(theirs));
            // The other end may be closed already.
            drop(ours.write_all(&sent).await);
            drop(ours);
            assert!(time::timeout(Duration::from_secs(20), served).await.unwrap().is_ok());
        });
    });
}

/// Connects, greets, and sends these bytes.
fn sending(served: &Served, bytes: &[u8]) -> UnixStream {
    let mut stream = UnixStream::connect(served.folder.path().join(NAME)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&[&greeting::ours(), bytes].concat()).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_stalls_half_way_loses_its_connection_and_one_that_has_not_begun_does_not() {
    let (served, store) = Served::open(SHORT).await;
    let begun = frame::write(1, &Request::KeyRing());
    for half in [&begun[..1], &begun[..begun.len() - 1], &u32::MAX.to_be_bytes()] {
        let mut stalled = sending(&served, half);
        let mut read = Vec::new();
        tokio::task::spawn_blocking(move || stalled.read_to_end(&mut read).map(|_| read)).await.unwrap().unwrap();
    }
    time::sleep(3 * SHORT.patience).await;
    assert_eq!(store.key_ring().await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_command_than_there_are_places_waits_until_one_is_free() {
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
async fn who_does_not_read_their_answers_holds_nobody_up() {
    let (served, store) = Served::open(SHORT).await;
    for id in 0..1000 {
        store.add_user(&user(id, &format!("user{id}"))).await.unwrap();
    }
    // Answers of a hundred megabytes, which no buffer takes.
    let page = frame::write(1, &Request::UsersAfter(None, u32::MAX));
    let deaf = sending(&served, &page.repeat(400));
    let good = time::timeout(Duration::from_mins(1), async {
        for id in 0..100 {
            assert!(store.user(user(id, "any").id).await.unwrap().is_some());
        }
    });
    good.await.unwrap();
    drop(deaf);
}
