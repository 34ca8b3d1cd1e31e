//! The conformance suite over the socket, and peers that break the protocol.

use std::{
    fs,
    future::pending,
    os::unix::{fs::PermissionsExt as _, net::UnixListener as StdListener},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixListener,
    sync::oneshot,
    task::JoinHandle,
    time,
};

use super::*;
use crate::store::{
    Added, KeyRingRecord, Store, StoreError,
    conformance::{Bench, conforms, copy, user},
    sled::SledStore,
};

mod hostile;

/// A data folder with a served store.
struct Served {
    folder: TempDir,
    server: JoinHandle<()>,
}

impl Served {
    async fn open(limits: Limits) -> (Self, Arc<dyn Store>) {
        Self::over(tempfile::tempdir().unwrap(), limits).await
    }

    async fn over(folder: TempDir, limits: Limits) -> (Self, Arc<dyn Store>) {
        let store = Arc::new(SledStore::open(&folder.path().join("sled")).unwrap());
        let serving = Server::bind(folder.path(), limits).unwrap().serve(store, pending());
        let this = Self { folder, server: tokio::spawn(serving) };
        let store = this.connect().await;
        (this, store)
    }

    async fn connect(&self) -> Arc<dyn Store> {
        Arc::new(SocketStore::connect(self.folder.path()).await.unwrap())
    }

    /// Ends the server as a kill does, and waits until the store is closed.
    async fn kill(&mut self) {
        self.server.abort();
        drop((&mut self.server).await);
    }
}

impl Bench for Served {
    async fn open() -> (Self, Arc<dyn Store>) {
        Self::open(Limits::default()).await
    }

    async fn crash(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        // The files before the store closes are what a killed process leaves.
        let left = tempfile::tempdir().unwrap();
        copy(&self.folder.path().join("sled"), &left.path().join("sled"));
        self.kill().await;
        drop(store);
        let (served, store) = Self::over(left, Limits::default()).await;
        *self = served;
        store
    }
}

conforms!(Served);

#[tokio::test]
async fn a_refusal_by_the_store_reaches_the_client_unchanged() {
    let (_served, store) = Served::open(Limits::default()).await;
    let mut large = user(1, "one");
    let claim = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
    large.claims = claim.parse().unwrap();
    large.roles = vec!["x".repeat(61).parse().unwrap(); 16].try_into().unwrap();
    assert_eq!(store.add_user(&large).await, Ok(Added::Yes));
    let ring = KeyRingRecord(vec![0; 5000]);
    let refusal = StoreError::TooLarge { bytes: 5004, max: 4096 };
    assert_eq!(store.swap_key_ring(None, &ring).await, Err(refusal));
    let beyond = KeyRingRecord(vec![0; 1 << 20]);
    assert!(matches!(store.swap_key_ring(None, &beyond).await, Err(StoreError::TooLarge { max: 262_144, .. })));
    assert_eq!(store.key_ring().await, Ok(None));
}

#[tokio::test]
async fn a_thousand_writes_at_once_go_over_one_connection_and_so_do_long_listings() {
    let (_served, store) = Served::open(Limits::default()).await;
    let users: Vec<_> = (0..3000).map(|id| user(id, &format!("user{id}"))).collect();
    let added = join_all(users.iter().map(|user| store.add_user(user))).await;
    assert!(added.iter().all(|added| *added == Ok(Added::Yes)));
    let mut listed = 0;
    let mut after = None;
    loop {
        let page = store.users_after(after, usize::MAX).await.unwrap();
        let Some(last) = page.last() else { break };
        (listed, after) = (listed + page.len(), Some(last.id));
    }
    assert_eq!(listed, 3000);
}

/// A server that sends this greeting, reads this many requests, and closes without an answer.
fn served_by(greeting: Vec<u8>, requests: usize) -> (TempDir, JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(NAME)).unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(&greeting).await.unwrap();
        let mut theirs = vec![0; greeting::ours().len()];
        stream.read_exact(&mut theirs).await.unwrap();
        for _ in 0..requests {
            frame::read(&mut stream, frame::MAX_REQUEST_BYTES, Duration::from_secs(10)).await.unwrap().unwrap();
        }
    });
    (folder, served)
}

#[tokio::test]
async fn an_unanswered_write_is_reported_as_uncertain_and_a_read_as_failed() {
    let (folder, served) = served_by(greeting::ours(), 2);
    let store = SocketStore::connect(folder.path()).await.unwrap();
    let one = user(1, "one");
    let (write, read) = tokio::join!(store.add_user(&one), store.user(one.id));
    assert_eq!((write, read), (Err(StoreError::Unanswered), Err(StoreError::Gone)));
    served.await.unwrap();
    assert_eq!(time::timeout(Duration::from_secs(10), store.failed()).await, Ok(StoreError::Gone));
    assert_eq!(store.add_user(&one).await, Err(StoreError::Gone));
    assert!(StoreError::Unanswered.to_string().ends_with("the change may be written or not; check it"));
}

#[tokio::test]
async fn another_version_and_another_program_are_each_reported_in_a_line() {
    let mut newer = greeting::ours();
    newer[9] += 1;
    let version = env!("CARGO_PKG_VERSION");
    for (greeting, message) in [
        (
            newer,
            format!(
                "the running hallpass is {version} (protocol 3) and this is {version} (protocol 2): use the same binary, or restart it"
            ),
        ),
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "the other end is not hallpass".to_owned()),
        (Vec::new(), "the connection ended before a greeting".to_owned()),
    ] {
        let (folder, _served) = served_by(greeting, 0);
        assert_eq!(SocketStore::connect(folder.path()).await.err().unwrap().to_string(), message);
    }
}

#[tokio::test]
async fn the_socket_is_private_to_its_owner_replaces_a_leftover_and_is_removed_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    let bind = || Server::bind(folder.path(), Limits::default());
    drop(StdListener::bind(&file).unwrap());
    assert!(matches!(SocketStore::connect(folder.path()).await, Err(ConnectError::NotServed(_))));
    let server = bind().unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    drop(server);
    assert!(!file.exists());
    fs::write(&file, "somebody's").unwrap();
    assert!(bind().is_err());
    assert_eq!(fs::read(&file).unwrap(), b"somebody's");
}

#[tokio::test]
async fn a_folder_with_a_path_too_long_for_an_address_is_served() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("long".repeat(50)).join("path".repeat(50));
    fs::create_dir_all(&folder).unwrap();
    let store = Arc::new(SledStore::open(&folder.join("sled")).unwrap());
    let serving = tokio::spawn(Server::bind(&folder, Limits::default()).unwrap().serve(store, pending()));
    let store = SocketStore::connect(&folder).await.unwrap();
    assert_eq!(store.add_user(&user(1, "one")).await, Ok(Added::Yes));
    serving.abort();
}

#[tokio::test]
async fn a_stopping_server_answers_requests_under_way_and_closes_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let opened = || Arc::new(SledStore::open(&folder.path().join("sled")).unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let bound = Server::bind(folder.path(), Limits::default()).unwrap();
    let serving = tokio::spawn(bound.serve(opened(), async { drop(stopped.await) }));
    let store = SocketStore::connect(folder.path()).await.unwrap();
    let users: Vec<_> = (0..500).map(|id| user(id, &format!("user{id}"))).collect();
    let adding = join_all(users.iter().map(|user| store.add_user(user)));
    let (added, ()) = tokio::join!(adding, async {
        stop.send(()).unwrap();
        time::timeout(Duration::from_secs(20), serving).await.unwrap().unwrap();
    });
    let store = opened();
    for (user, added) in users.iter().zip(added) {
        match added {
            Ok(added) => {
                assert_eq!(added, Added::Yes);
                assert_eq!(store.user(user.id).await.unwrap().as_ref(), Some(user));
            }
            Err(error) => assert!(matches!(error, StoreError::Unanswered | StoreError::Gone), "{error}"),
        }
    }
}
