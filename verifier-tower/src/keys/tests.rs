//! Keys from a real server that fails in many ways.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use hallpass_token::{AccessClaims, Signer, VerifyError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time,
};

use super::*;
use crate::{Refusal, TokenVerifier};

const ISSUER: &str = "https://auth.example.com";

/// A key set server with a configurable answer, which counts its requests.
struct Server {
    url: String,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<AtomicUsize>,
    last_request: Arc<Mutex<String>>,
}

#[derive(Clone)]
enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// The same after a delay.
    Late(Duration, Vec<u8>),
    /// No answer.
    Silence,
    /// A body without an end.
    Endless,
}

impl Server {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let server =
            Self { url, answer: Arc::new(Mutex::new(answer)), requests: Arc::default(), last_request: Arc::default() };
        let answer = Arc::clone(&server.answer);
        let requests = Arc::clone(&server.requests);
        let last_request = Arc::clone(&server.last_request);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                requests.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                let last_request = Arc::clone(&last_request);
                // An error is expected: some tests disconnect.
                tokio::spawn(async move { drop(respond(stream, answer, &last_request).await) });
            }
        });
        server
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Waits for this number of requests, and asserts that there are no more.
    async fn wait_for_requests(&self, count: usize) {
        let arrived = async {
            while self.requests() < count {
                time::sleep(Duration::from_millis(5)).await;
            }
        };
        time::timeout(Duration::from_secs(30), arrived).await.unwrap();
        assert_eq!(self.requests(), count);
    }

    fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(ISSUER, Policy::for_audience("api"), RemoteKeys::new(&self.url).unwrap())
    }
}

async fn respond(mut stream: TcpStream, answer: Answer, last_request: &Mutex<String>) -> io::Result<()> {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await?;
    *last_request.lock().unwrap() = String::from_utf8_lossy(&request[..length]).into_owned();
    match answer {
        Answer::Bytes(bytes) => stream.write_all(&bytes).await,
        Answer::Late(pause, bytes) => {
            time::sleep(pause).await;
            stream.write_all(&bytes).await
        }
        Answer::Silence => std::future::pending().await,
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b' '; 4096]).await?;
            }
        }
    }
}

/// An answer with a status, headers and a body.
fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

fn ok(signer: &Signer, headers: &str) -> Answer {
    Answer::Bytes(http("200 OK", headers, &signer.public_key_set().to_string()))
}

fn signer(seed: u8) -> Signer {
    Signer::ed25519(&[seed; 32])
}

fn token(signer: &Signer) -> String {
    let claims = AccessClaims {
        iss: ISSUER,
        sub: "user",
        aud: "api",
        client_id: "hallpass",
        iat: 0,
        exp: 200_000_000_000,
        jti: "1",
        sid: "1",
        username: "exampleUser",
        roles: &[],
        custom: None,
    };
    signer.sign(&claims).unwrap()
}

/// Advances tokio's clock, which determines the keys' age.
async fn advance(seconds: u64) {
    time::pause();
    time::advance(Duration::from_secs(seconds)).await;
    time::resume();
}

fn is_unreachable(verified: &Result<crate::VerifiedClaims<'static>, Refusal>, words: &str) -> bool {
    matches!(verified, Err(Refusal::KeysUnreachable(error)) if error.to_string().contains(words))
}

#[test]
fn urls_must_be_https_or_localhost() {
    for url in ["https://auth.example.com/k", "http://localhost:8080/k", "http://127.0.0.1/k", "http://[::1]:1/k"] {
        assert!(RemoteKeys::new(url).is_ok(), "{url}");
    }
    for url in
        ["http://auth.example.com/k", "ftp://localhost/k", "/k", "auth.example.com", "", "https://u:p@a.example/k"]
    {
        assert_eq!(RemoteKeys::new(url).err(), Some(InvalidKeysUrl), "{url}");
    }
}

#[tokio::test]
async fn concurrent_requests_cause_one_fetch() {
    let signer = signer(1);
    let slow = Answer::Late(Duration::from_millis(100), http("200 OK", "", &signer.public_key_set().to_string()));
    let server = Server::start(slow).await;
    let verifier = server.verifier();
    let token = token(&signer);
    let answers = join_all((0..50).map(|_| verifier.verify(&token))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_canceled_request_does_not_end_the_fetch_for_others() {
    let signer = signer(1);
    let slow = Answer::Late(Duration::from_millis(200), http("200 OK", "", &signer.public_key_set().to_string()));
    let server = Server::start(slow).await;
    let verifier = server.verifier();
    let token = token(&signer);
    assert!(time::timeout(Duration::from_millis(50), verifier.verify(&token)).await.is_err());
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_flood_of_unknown_kids_causes_one_fetch_and_delays_no_valid_token() {
    let ours = signer(1);
    let theirs = signer(2);
    let server = Server::start(ok(&ours, "")).await;
    let verifier = server.verifier();
    assert!(verifier.verify(&token(&ours)).await.is_ok());
    server.answers(Answer::Silence);
    let unknown = token(&theirs);
    let good = token(&ours);
    let flood = join_all((0..100).map(|_| verifier.verify(&unknown)));
    let honest = async {
        server.wait_for_requests(2).await;
        // The flood's fetch is in progress, and gets no answer for five seconds.
        time::timeout(Duration::from_secs(4), verifier.verify(&good)).await.unwrap()
    };
    let (refusals, admitted) = tokio::join!(flood, honest);
    assert!(admitted.is_ok());
    assert!(refusals.iter().all(|refusal| matches!(refusal, Err(Refusal::InvalidToken(VerifyError::KeyUnknown)))));
    assert!(verifier.verify(&unknown).await.is_err());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn the_first_token_of_a_new_key_causes_a_fetch() {
    let old = signer(1);
    let new = signer(2);
    let server = Server::start(ok(&old, "cache-control: max-age=600\r\n")).await;
    let verifier = server.verifier();
    assert!(verifier.verify(&token(&old)).await.is_ok());
    server.answers(ok(&new, ""));
    assert!(verifier.verify(&token(&new)).await.is_ok());
    assert!(matches!(verifier.verify(&token(&old)).await, Err(Refusal::InvalidToken(VerifyError::KeyUnknown))));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn keys_are_renewed_early_in_the_background() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    // The renewal stays in progress during the test.
    server.answers(Answer::Silence);
    advance(224).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.requests(), 1);
    advance(2).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert!(verifier.verify(&token).await.is_ok());
    server.wait_for_requests(2).await;
}

#[tokio::test]
async fn a_revoked_key_is_trusted_for_at_most_max_age() {
    let old = signer(1);
    let new = signer(2);
    let server = Server::start(ok(&old, "cache-control: max-age=100\r\n")).await;
    let verifier = server.verifier();
    verifier.verify(&token(&old)).await.unwrap();
    server.answers(ok(&new, ""));
    advance(100).await;
    assert!(matches!(verifier.verify(&token(&old)).await, Err(Refusal::InvalidToken(VerifyError::KeyUnknown))));
}

#[tokio::test]
async fn known_keys_stay_valid_for_a_limited_time_during_an_outage() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "cache-control: max-age=100\r\n")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    server.answers(Answer::Bytes(http("500 Internal Server Error", "", "")));
    advance(100).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.requests(), 2);
    advance(3600).await;
    assert!(is_unreachable(&verifier.verify(&token).await, "status 500"));
    server.answers(ok(&signer, ""));
    advance(60).await;
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn unchanged_keys_are_confirmed_by_their_etag() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "etag: \"one\"\r\ncache-control: max-age=100\r\n")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    server.answers(Answer::Bytes(http("304 Not Modified", "cache-control: max-age=600\r\n", "")));
    advance(100).await;
    verifier.verify(&token).await.unwrap();
    advance(400).await;
    assert!(server.last_request.lock().unwrap().contains("if-none-match: \"one\""));
    verifier.verify(&token).await.unwrap();
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn an_invalid_key_set_is_refused_with_the_reason() {
    let set = signer(1).public_key_set().to_string();
    let truncated = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{set}", set.len() + 1).into_bytes();
    let huge = http("200 OK", "", &" ".repeat(100_000));
    let not_utf8 = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\xff".to_vec();
    for (answer, words) in [
        (http("302 Found", "location: /other\r\n", &set), "status 302"),
        (http("304 Not Modified", "", ""), "status 304"),
        (http("404 Not Found", "", &set), "status 404"),
        (http("200 OK", "", "<html>"), "JSON object"),
        (http("200 OK", "", r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#), "secrets"),
        (truncated, "cannot be fetched"),
        (huge, "length limit"),
        (not_utf8, "UTF-8"),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "cannot be fetched"),
        (Vec::new(), "cannot be fetched"),
    ] {
        let server = Server::start(Answer::Bytes(answer)).await;
        let verifier = server.verifier();
        let refusal = verifier.verify(&token(&signer(1))).await;
        assert!(is_unreachable(&refusal, words), "{words}: {refusal:?}");
        // A request during the pause gets an immediate answer.
        assert!(is_unreachable(&verifier.verify(&token(&signer(1))).await, words));
        assert_eq!(server.requests(), 1, "{words}");
    }
}

#[tokio::test]
async fn an_endless_body_and_a_silent_server_are_aborted() {
    let endless = Server::start(Answer::Endless).await;
    let silent = Server::start(Answer::Silence).await;
    let endless = endless.verifier();
    let silent = silent.verifier();
    let token = token(&signer(1));
    let (endless, silent) = tokio::join!(endless.verify(&token), silent.verify(&token));
    assert!(is_unreachable(&endless, "length limit"), "{endless:?}");
    assert!(is_unreachable(&silent, "within 5 s"), "{silent:?}");
}

#[tokio::test]
async fn an_invalid_set_does_not_replace_a_valid_one() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    server.answers(Answer::Bytes(http("200 OK", "", r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#)));
    advance(300).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn an_https_url_requires_tls() {
    let server = Server::start(ok(&signer(1), "")).await;
    let keys = RemoteKeys::new(&server.url.replace("http:", "https:")).unwrap();
    let verifier = TokenVerifier::new(ISSUER, Policy::for_audience("api"), keys);
    assert!(is_unreachable(&verifier.verify(&token(&signer(1))).await, "cannot be fetched"));
}
