//! Keys from a real server that misbehaves.

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

/// A server of key sets, which answers as it is told and counts the questions.
struct Server {
    url: String,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    last_request: Arc<Mutex<String>>,
}

#[derive(Clone)]
enum Answer {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// The same after a while.
    Late(Duration, Vec<u8>),
    /// Nothing at all.
    Silence,
    /// A body that never ends.
    Endless,
}

impl Server {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let server =
            Self { url, answer: Arc::new(Mutex::new(answer)), asked: Arc::default(), last_request: Arc::default() };
        let (answer, asked, last_request) =
            (Arc::clone(&server.answer), Arc::clone(&server.asked), Arc::clone(&server.last_request));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                let last_request = Arc::clone(&last_request);
                // That the client hangs up is part of the tests.
                tokio::spawn(async move { drop(converse(stream, answer, &last_request).await) });
            }
        });
        server
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it has been asked so often, and never more often.
    async fn was_asked(&self, times: usize) {
        let asked = async {
            while self.asked() < times {
                time::sleep(Duration::from_millis(5)).await;
            }
        };
        time::timeout(Duration::from_secs(30), asked).await.unwrap();
        assert_eq!(self.asked(), times);
    }

    fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(ISSUER, Policy::for_audience("api"), RemoteKeys::new(&self.url).unwrap())
    }
}

async fn converse(mut stream: TcpStream, answer: Answer, last_request: &Mutex<String>) -> io::Result<()> {
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

/// Moves tokio's clock, which tells how old keys are, on by so many seconds.
async fn later(seconds: u64) {
    time::pause();
    time::advance(Duration::from_secs(seconds)).await;
    time::resume();
}

fn is_unreachable(verified: &Result<crate::VerifiedClaims<'static>, Refusal>, words: &str) -> bool {
    matches!(verified, Err(Refusal::KeysUnreachable(error)) if error.to_string().contains(words))
}

#[test]
fn keys_travel_encrypted_or_stay_on_this_machine() {
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
async fn many_requests_at_once_cause_one_fetch() {
    let signer = signer(1);
    let slow = Answer::Late(Duration::from_millis(100), http("200 OK", "", &signer.public_key_set().to_string()));
    let server = Server::start(slow).await;
    let verifier = server.verifier();
    let token = token(&signer);
    let answers = join_all((0..50).map(|_| verifier.verify(&token))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_request_that_is_given_up_does_not_end_the_fetch_for_the_others() {
    let signer = signer(1);
    let slow = Answer::Late(Duration::from_millis(200), http("200 OK", "", &signer.public_key_set().to_string()));
    let server = Server::start(slow).await;
    let verifier = server.verifier();
    let token = token(&signer);
    assert!(time::timeout(Duration::from_millis(50), verifier.verify(&token)).await.is_err());
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_stream_of_unknown_kids_causes_one_fetch_and_holds_up_no_good_token() {
    let (ours, theirs) = (signer(1), signer(2));
    let server = Server::start(ok(&ours, "")).await;
    let verifier = server.verifier();
    assert!(verifier.verify(&token(&ours)).await.is_ok());
    server.answers(Answer::Silence);
    let (unknown, good) = (token(&theirs), token(&ours));
    let flood = join_all((0..100).map(|_| verifier.verify(&unknown)));
    let honest = async {
        server.was_asked(2).await;
        // The flood's fetch is under way and gets no answer for five seconds.
        time::timeout(Duration::from_secs(4), verifier.verify(&good)).await.unwrap()
    };
    let (refusals, welcome) = tokio::join!(flood, honest);
    assert!(welcome.is_ok());
    assert!(refusals.iter().all(|refusal| matches!(refusal, Err(Refusal::InvalidToken(VerifyError::KeyUnknown)))));
    assert!(verifier.verify(&unknown).await.is_err());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_by_the_first_token_that_it_signed() {
    let (old, new) = (signer(1), signer(2));
    let server = Server::start(ok(&old, "cache-control: max-age=600\r\n")).await;
    let verifier = server.verifier();
    assert!(verifier.verify(&token(&old)).await.is_ok());
    server.answers(ok(&new, ""));
    assert!(verifier.verify(&token(&new)).await.is_ok());
    assert!(matches!(verifier.verify(&token(&old)).await, Err(Refusal::InvalidToken(VerifyError::KeyUnknown))));
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn keys_are_renewed_ahead_of_their_end_without_making_anybody_wait() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    // The renewal is under way all the time that this test needs.
    server.answers(Answer::Silence);
    later(224).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.asked(), 1);
    later(2).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert!(verifier.verify(&token).await.is_ok());
    server.was_asked(2).await;
}

#[tokio::test]
async fn a_withdrawn_key_is_trusted_no_longer_than_its_max_age() {
    let (old, new) = (signer(1), signer(2));
    let server = Server::start(ok(&old, "cache-control: max-age=100\r\n")).await;
    let verifier = server.verifier();
    verifier.verify(&token(&old)).await.unwrap();
    server.answers(ok(&new, ""));
    later(100).await;
    assert!(matches!(verifier.verify(&token(&old)).await, Err(Refusal::InvalidToken(VerifyError::KeyUnknown))));
}

#[tokio::test]
async fn an_issuer_that_is_down_harms_nobody_while_known_keys_may_serve_on() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "cache-control: max-age=100\r\n")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    server.answers(Answer::Bytes(http("500 Internal Server Error", "", "")));
    later(100).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.asked(), 2);
    later(3600).await;
    assert!(is_unreachable(&verifier.verify(&token).await, "status 500"));
    server.answers(ok(&signer, ""));
    later(60).await;
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn unchanged_keys_are_confirmed_by_their_tag() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "etag: \"one\"\r\ncache-control: max-age=100\r\n")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    server.answers(Answer::Bytes(http("304 Not Modified", "cache-control: max-age=600\r\n", "")));
    later(100).await;
    verifier.verify(&token).await.unwrap();
    later(400).await;
    assert!(server.last_request.lock().unwrap().contains("if-none-match: \"one\""));
    verifier.verify(&token).await.unwrap();
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn what_is_no_key_set_is_refused_and_told() {
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
        // Whoever comes during the pause is answered at once.
        assert!(is_unreachable(&verifier.verify(&token(&signer(1))).await, words));
        assert_eq!(server.asked(), 1, "{words}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_and_a_silent_server_given_up() {
    let endless = Server::start(Answer::Endless).await;
    let silent = Server::start(Answer::Silence).await;
    let (endless, silent) = (endless.verifier(), silent.verifier());
    let token = token(&signer(1));
    let (endless, silent) = tokio::join!(endless.verify(&token), silent.verify(&token));
    assert!(is_unreachable(&endless, "length limit"), "{endless:?}");
    assert!(is_unreachable(&silent, "within 5 s"), "{silent:?}");
}

#[tokio::test]
async fn a_set_that_cannot_be_used_does_not_take_the_place_of_one_that_can() {
    let signer = signer(1);
    let server = Server::start(ok(&signer, "")).await;
    let verifier = server.verifier();
    let token = token(&signer);
    verifier.verify(&token).await.unwrap();
    server.answers(Answer::Bytes(http("200 OK", "", r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#)));
    later(300).await;
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_server_without_tls_is_no_https_server() {
    let server = Server::start(ok(&signer(1), "")).await;
    let keys = RemoteKeys::new(&server.url.replace("http:", "https:")).unwrap();
    let verifier = TokenVerifier::new(ISSUER, Policy::for_audience("api"), keys);
    assert!(is_unreachable(&verifier.verify(&token(&signer(1))).await, "cannot be fetched"));
}
