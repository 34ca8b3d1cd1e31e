//! The layer and the extractors in front of an axum router.

#[cfg(test)]
mod layer {
    use std::sync::Arc;

    use axum::{
        Json, Router,
        body::Body,
        http::{Request, Response},
        routing::get,
    };
    use hallpass_token::{AccessClaims, Signer};
    use hallpass_verifier_tower::{
        Claims, KeySet, MaybeClaims, Policy, RemoteKeys, TokenVerifier, UnixSeconds, VerifyLayer,
    };
    use http_body_util::BodyExt as _;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    const ISSUER: &str = "https://auth.example.com";
    const NOW: u64 = 1_790_000_000;

    #[derive(Deserialize)]
    struct User {
        username: String,
    }

    #[derive(Deserialize)]
    struct Member {
        #[expect(dead_code, reason = "the test needs only the requirement")]
        plan: String,
    }

    fn signer() -> Signer {
        Signer::ed25519(&[7; 32])
    }

    fn token(audience: &str, expires_at: u64) -> String {
        let claims = AccessClaims {
            iss: ISSUER,
            sub: "user",
            aud: audience,
            client_id: "hallpass",
            iat: NOW - 60,
            exp: expires_at,
            jti: "1",
            sid: "1",
            username: "exampleUser",
            roles: &[],
            custom: None,
        };
        signer().sign(&claims).unwrap()
    }

    fn verifier() -> TokenVerifier {
        let keys = KeySet::from_json(&signer().public_key_set().to_string()).unwrap();
        TokenVerifier::with_keys(ISSUER, Policy::for_audience("api"), keys)
            .with_clock(|| UnixSeconds::new(NOW).unwrap())
    }

    fn app() -> Router {
        let user = async |Claims(user): Claims<User>| Json(json!(user.username));
        let member = async |Claims(_): Claims<Member>| "a member";
        let anybody = async |claims: MaybeClaims<User>| Json(json!(claims.map(|Claims(user)| user.username)));
        let strict =
            Router::new().route("/user", get(user)).route("/member", get(member)).layer(VerifyLayer::new(verifier()));
        let lenient = Router::new().route("/anybody", get(anybody)).layer(VerifyLayer::optional(verifier()));
        let unprotected = Router::new().route("/forgotten", get(user));
        strict.merge(lenient).merge(unprotected)
    }

    async fn get_with(path: &str, authorization: &[&str]) -> Response<Body> {
        let mut request = Request::get(path);
        for value in authorization {
            request = request.header("authorization", *value);
        }
        app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn body(response: Response<Body>) -> Value {
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_valid_token_is_admitted() {
        let response = get_with("/user", &[&format!("Bearer {}", token("api", NOW + 60))]).await;
        assert_eq!((response.status().as_u16(), body(response).await), (200, json!("exampleUser")));
    }

    #[tokio::test]
    async fn a_request_without_a_token_gets_a_plain_challenge() {
        for authorization in [&[][..], &["Basic dTpw"]] {
            let response = get_with("/user", authorization).await;
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert_eq!(body(response).await["error"], "invalid_token");
        }
    }

    #[tokio::test]
    async fn every_invalid_token_gets_the_same_answer() {
        let mut answers = Vec::new();
        for token in
            ["a.b.c", &token("other", NOW + 60), &token("api", NOW - 1), &format!("{}x", token("api", NOW + 60))]
        {
            for path in ["/user", "/anybody"] {
                let response = get_with(path, &[&format!("Bearer {token}")]).await;
                assert_eq!(response.status(), 401);
                assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
                answers.push(body(response).await);
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
    }

    #[tokio::test]
    async fn two_tokens_are_a_bad_request() {
        let token = format!("Bearer {}", token("api", NOW + 60));
        let response = get_with("/user", &[&token, &token]).await;
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_request""#);
    }

    #[tokio::test]
    async fn missing_claims_of_the_handler_are_refused() {
        let response = get_with("/member", &[&format!("Bearer {}", token("api", NOW + 60))]).await;
        assert_eq!(response.status(), 401);
    }

    #[tokio::test]
    async fn an_optional_token_may_be_absent() {
        assert_eq!(body(get_with("/anybody", &[]).await).await, Value::Null);
        let known = get_with("/anybody", &[&format!("Bearer {}", token("api", NOW + 60))]).await;
        assert_eq!(body(known).await, "exampleUser");
    }

    #[tokio::test]
    async fn a_handler_without_the_layer_refuses_every_request() {
        let response = get_with("/forgotten", &[&format!("Bearer {}", token("api", NOW + 60))]).await;
        assert_eq!(response.status(), 401);
    }

    #[tokio::test]
    async fn an_unreachable_issuer_is_a_503() {
        // A port that was just free, so that no process listens on it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let keys = RemoteKeys::new(&format!("http://127.0.0.1:{port}/jwks.json")).unwrap();
        let layer = VerifyLayer::new(TokenVerifier::new(ISSUER, Policy::for_audience("api"), keys));
        let app = Router::new().route("/", get(async || "in")).layer(layer);
        let request = Request::get("/").header("authorization", format!("Bearer {}", token("api", NOW + 60)));
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert!(!response.headers().contains_key("www-authenticate"));
    }

    #[test]
    fn debug_shows_neither_keys_nor_tokens() {
        let layer = Arc::new(VerifyLayer::new(verifier()));
        assert_eq!(format!("{layer:?}"), "VerifyLayer { verifier: TokenVerifier { .. }, without_token: Refused }");
    }
}
