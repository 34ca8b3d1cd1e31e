//! The API in process: requests through the envelope and the routes, over a real store and without a listener.

use std::{net::Ipv4Addr, num::NonZero, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tempfile::TempDir;
use warp::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};

use super::{Envelope, routes, server::head::Peer};
use crate::{
    auth::{Auth, Settings},
    clock::SystemClock,
    hashing::{self, ConnectionGuard, Hashing},
    http::{MAX_HOPS, TrustedProxies},
    key_ring::{Home, Keeper, KeySettings, Lives, MasterKeySource, Signing, SigningAlgorithm, Timing, Wishes},
    metrics::Metrics,
    password::{CostLimit, Parameters},
    session::{Lifetimes, Rules},
    store::{Store, sled::SledStore},
};

const ISSUER: &str = "https://auth.example";
const PAGE: &str = "https://app.example";
const USERNAME: &str = "exampleUser";
const PASSWORD: &str = "examplePassword";

/// An API with self-registration and one user.
struct Api {
    auth: Arc<Auth>,
    _folder: TempDir,
}

/// A response, with its body as JSON; null if the body is empty.
struct Received {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&folder.path().join("sled")).unwrap());
        let metrics = Metrics::new();
        let master_key = MasterKeySource { text: None, file: None };
        let clock = Box::new(SystemClock);
        let home = Home::Folder(folder.path());
        let keys = Keeper::start(Arc::clone(&store), clock, &master_key, home, key_settings(), metrics.keys).await;
        let keys = Arc::new(keys.unwrap());
        let hashing = Hashing::start(&hashing_settings(), metrics.hashing).unwrap();
        let auth = Auth::new(store, Box::new(SystemClock), keys, hashing, metrics.auth, settings()).unwrap();
        let api = Self { auth: Arc::new(auth), _folder: folder };
        let body = json!({ "username": USERNAME, "password": PASSWORD });
        assert_eq!(api.post("/register", &[], &body).await.status, 201);
        api
    }

    async fn send(&self, method: Method, path: &str, headers: &[(HeaderName, &str)], body: Bytes) -> Received {
        let guard = ConnectionGuard::new();
        let peer = Peer { address: Ipv4Addr::LOCALHOST.into(), connection: guard.watch() };
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "auth.example");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.extension(peer).body(Full::new(body)).unwrap();
        let request = TrustedProxies::new(Vec::new(), MAX_HOPS).with_sender(request);
        let routes = warp::service(routes(&self.auth));
        let allowed = [PAGE.parse().unwrap()];
        let envelope = Envelope::new(routes, ISSUER.parse().unwrap(), &allowed, false, Metrics::new().http);
        let Ok(response) = envelope.handle(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Received { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str, headers: &[(HeaderName, &str)]) -> Received {
        self.send(Method::GET, path, headers, Bytes::new()).await
    }

    async fn delete(&self, path: &str, headers: &[(HeaderName, &str)]) -> Received {
        self.send(Method::DELETE, path, headers, Bytes::new()).await
    }

    async fn post(&self, path: &str, headers: &[(HeaderName, &str)], body: &Value) -> Received {
        let headers = [headers, &[(header::CONTENT_TYPE, "application/json")]].concat();
        self.send(Method::POST, path, &headers, body.to_string().into()).await
    }

    /// Signs the user in with the transport `body`.
    async fn login(&self) -> Tokens {
        let body = json!({ "username": USERNAME, "password": PASSWORD, "transport": "body" });
        let Received { status, body, .. } = self.post("/login", &[], &body).await;
        assert_eq!(status, 200, "{body}");
        Tokens {
            bearer: format!("Bearer {}", body["access_token"].as_str().unwrap()),
            refresh: body["refresh_token"].as_str().unwrap().to_owned(),
            session: body["session"]["id"].as_str().unwrap().to_owned(),
        }
    }
}

struct Tokens {
    bearer: String,
    refresh: String,
    session: String,
}

impl Tokens {
    fn header(&self) -> [(HeaderName, &str); 1] {
        [(header::AUTHORIZATION, &self.bearer)]
    }
}

impl Received {
    fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The name and value of each cookie that the response sets.
    fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        cookies.filter_map(|cookie| cookie.split(';').next()).collect()
    }
}

fn settings() -> Settings {
    Settings {
        issuer: ISSUER.to_owned(),
        audience: "api".to_owned(),
        access_ttl: 300,
        allows_registration: true,
        rules: Rules { lifetimes: Lifetimes { idle: 1000, absolute: 5000 }, grace: 30, late_window: 600 },
    }
}

fn hashing_settings() -> hashing::Settings {
    hashing::Settings {
        parameters: Parameters::FLOOR,
        workers: NonZero::<usize>::MIN,
        limit: CostLimit { memory_bytes: CostLimit::DEFAULT_MEMORY_BYTES },
        deadline: Duration::from_secs(20),
    }
}

fn key_settings() -> KeySettings {
    KeySettings {
        issuer: ISSUER.to_owned(),
        audience: "api".to_owned(),
        signing: Signing::Ring(SigningAlgorithm::EdDsa),
        signing_period: None,
        refresh_period: None,
        wishes: Wishes {
            timing: Timing { max_age: 300, lag: 30 },
            lives: Lives { access_tokens: 300, refresh_tokens: 5000 },
            signs: true,
        },
    }
}

#[tokio::test]
async fn an_error_has_one_shape_and_names_its_request() {
    let response = Api::new().await.get("/nothing", &[]).await;
    assert_eq!(response.error(), (404, "not_found"));
    let request_id = response.header(HeaderName::from_static("x-request-id"));
    let expected = json!({ "error": "not_found", "error_description": "no such path", "request_id": request_id });
    assert_eq!(response.body, expected);
    assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(response.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
}

#[tokio::test]
async fn a_wrong_method_gets_405_with_allow() {
    let api = Api::new().await;
    for (path, allowed) in [("/login", "POST"), ("/me", "GET, HEAD"), ("/sessions", "GET, HEAD, DELETE")] {
        let response = api.send(Method::PUT, path, &[], Bytes::new()).await;
        assert_eq!(response.error(), (405, "method_not_allowed"), "{path}");
        assert_eq!(response.header(header::ALLOW), allowed, "{path}");
    }
}

#[tokio::test]
async fn a_body_is_json_of_the_expected_shape_and_size() {
    let api = Api::new().await;
    let json = (header::CONTENT_TYPE, "application/json; charset=utf-8");
    for (content_type, body, expected) in [
        ((header::CONTENT_TYPE, "text/plain"), "{}".to_owned(), (415, "unsupported_media_type")),
        (json.clone(), "{}".to_owned(), (400, "invalid_request")),
        (json.clone(), r#"["exampleUser", "examplePassword"]"#.to_owned(), (400, "invalid_request")),
        (json, "x".repeat(20_000), (413, "body_too_large")),
    ] {
        let response = api.send(Method::POST, "/login", &[content_type], body.into()).await;
        assert_eq!(response.error(), expected);
    }
}

#[tokio::test]
async fn without_credentials_a_session_s_routes_get_401_with_a_challenge() {
    let api = Api::new().await;
    for (method, path) in [(Method::GET, "/me"), (Method::GET, "/sessions"), (Method::DELETE, "/sessions")] {
        let response = api.send(method, path, &[], Bytes::new()).await;
        assert_eq!(response.error(), (401, "invalid_token"), "{path}");
        assert_eq!(response.header(header::WWW_AUTHENTICATE), "Bearer");
    }
    let response = api.get("/me", &[(header::AUTHORIZATION, "Bearer x.y.z")]).await;
    assert_eq!(response.header(header::WWW_AUTHENTICATE), r#"Bearer error="invalid_token""#);
}

#[tokio::test]
async fn a_sign_in_with_cookies_sets_them_and_a_sign_out_removes_them() {
    let api = Api::new().await;
    let response = api.post("/login", &[], &json!({ "username": USERNAME, "password": PASSWORD })).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.body["token"], response.body["access_token"]);
    assert_eq!(response.body["refresh_token"], Value::Null);
    let cookies = response.cookies();
    let names = cookies.iter().filter_map(|cookie| cookie.split('=').next()).collect::<Vec<_>>();
    assert_eq!(names, ["__Host-hallpass_access", "__Host-hallpass_refresh", "__Host-hallpass_device"]);

    let session = [(header::COOKIE, &*cookies.join("; "))];
    let me = api.get("/me", &session).await;
    assert_eq!((me.status, &me.body["user"]["username"]), (200, &json!(USERNAME)));
    let out = api.send(Method::POST, "/logout", &session, Bytes::new()).await;
    assert_eq!((out.status, out.cookies()), (204, vec!["__Host-hallpass_access=", "__Host-hallpass_refresh="]));
    assert_eq!(api.get("/me", &session).await.error(), (401, "invalid_token"));
}

#[tokio::test]
async fn a_refresh_returns_new_tokens_of_the_same_session() {
    let api = Api::new().await;
    let tokens = api.login().await;
    let response = api.post("/refresh", &[], &json!({ "refresh_token": tokens.refresh })).await;
    assert_eq!((response.status, &response.body["session"]["id"]), (200, &json!(tokens.session)));
    assert_ne!(response.body["refresh_token"], json!(tokens.refresh));
    assert_eq!(api.send(Method::POST, "/refresh", &[], Bytes::new()).await.status, 204, "no token");
    let forged = api.post("/refresh", &[], &json!({ "refresh_token": "hprt_forged" })).await;
    assert_eq!(forged.error(), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_user_lists_and_ends_sessions() {
    let api = Api::new().await;
    let other = api.login().await;
    let own = api.login().await;
    let listed = api.get("/sessions", &own.header()).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == json!(true)).collect();
    assert_eq!((sessions.len(), current.len()), (2, 1));
    assert_eq!(current[0]["id"], json!(own.session));

    assert_eq!(api.delete("/sessions/none", &own.header()).await.error(), (404, "not_found"));
    assert_eq!(api.delete(&format!("/sessions/{}", other.session), &own.header()).await.status, 204);
    let refused = api.post("/refresh", &[], &json!({ "refresh_token": other.refresh })).await;
    assert_eq!(refused.error(), (400, "invalid_grant"));
    assert_eq!(api.delete("/sessions", &own.header()).await.status, 204);
}

#[tokio::test]
async fn a_new_password_replaces_the_current_one() {
    let api = Api::new().await;
    let tokens = api.login().await;
    let new = "another examplePassword";
    let change = |current: &str| json!({ "current_password": current, "new_password": new });
    let wrong = api.post("/password", &tokens.header(), &change("wrong")).await;
    assert_eq!(wrong.error(), (403, "invalid_credentials"));
    assert_eq!(api.post("/password", &tokens.header(), &change(PASSWORD)).await.status, 204);
    let old = api.post("/login", &[], &json!({ "username": USERNAME, "password": PASSWORD })).await;
    assert_eq!(old.error(), (401, "invalid_credentials"));
}

#[tokio::test]
async fn a_registration_needs_a_free_name_and_a_strong_password() {
    let api = Api::new().await;
    let taken = api.post("/register", &[], &json!({ "username": USERNAME, "password": PASSWORD })).await;
    assert_eq!(taken.error(), (409, "username_taken"));
    let weak = api.post("/register", &[], &json!({ "username": "another", "password": "12345678" })).await;
    assert_eq!(weak.error(), (422, "weak_password"));
}

#[tokio::test]
async fn the_key_set_can_be_cached_and_the_probes_succeed() {
    let api = Api::new().await;
    let key_set = api.get("/.well-known/jwks.json", &[]).await;
    assert_eq!(key_set.body["keys"].as_array().unwrap().len(), 2, "the key in use and the next");
    assert!(key_set.header(header::CACHE_CONTROL).starts_with("public, max-age="));
    let etag = key_set.header(header::ETAG);
    let current = api.get("/.well-known/jwks.json", &[(header::IF_NONE_MATCH, etag)]).await;
    assert_eq!(current.status, StatusCode::NOT_MODIFIED.as_u16());
    assert_eq!(api.get("/healthz", &[]).await.body, json!({ "status": "ok" }));
    assert_eq!(api.get("/readyz", &[]).await.body, json!({ "status": "ready" }));
}

#[tokio::test]
async fn a_preflight_allows_the_methods_of_all_routes_to_allowed_pages_only() {
    let api = Api::new().await;
    let preflight = async |origin| {
        let headers = [(header::ORIGIN, origin), (header::ACCESS_CONTROL_REQUEST_METHOD, "DELETE")];
        api.send(Method::OPTIONS, "/sessions", &headers, Bytes::new()).await
    };
    let allowed = preflight(PAGE).await;
    assert_eq!((allowed.status, allowed.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)), (200, PAGE));
    let methods = allowed.header(header::ACCESS_CONTROL_ALLOW_METHODS).split(", ").collect::<Vec<_>>();
    assert!(routes::methods().all(|method| methods.contains(&method.as_str())), "{methods:?}");
    assert_eq!(preflight("https://evil.example").await.error(), (403, "csrf_rejected"));
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_act_for_a_user() {
    let api = Api::new().await;
    for (origin, expected) in [(PAGE, 204), (ISSUER, 204), ("https://evil.example", 403)] {
        let response = api.send(Method::POST, "/logout", &[(header::ORIGIN, origin)], Bytes::new()).await;
        assert_eq!(response.status, expected, "{origin}");
    }
}
