//! Arguments of `hallpass serve`.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, ValueEnum};

use super::hashing_args::HashingOptions;
use crate::{
    commands::{
        keys::KeyOptions,
        session::LifetimeOptions,
        store::ServedStoreOption,
        value_parsers::{IssuerUrl, audience, duration, duration_or_zero, hops, socket_address},
    },
    http::{MAX_HOPS, Network, Origin},
};

/// Options of `hallpass serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address and port to listen on. Port 0 takes a free port.
    #[arg(long, env = "HALLPASS_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080",
          value_parser = socket_address)]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) store: ServedStoreOption,
    /// The issuer's public URL, the `iss` of its tokens [default on a loopback address: http://localhost:PORT].
    #[arg(long, env = "HALLPASS_ISSUER", value_name = "URL")]
    pub(crate) issuer: Option<IssuerUrl>,
    /// Allow self-registration with `POST /register`.
    #[arg(long, env = "HALLPASS_ALLOW_REGISTRATION")]
    pub(crate) allow_registration: bool,
    /// For development: a temporary store with the user exampleUser / examplePassword, on a loopback address only.
    #[arg(long, env = "HALLPASS_DEV", conflicts_with = "store")]
    pub(crate) dev: bool,
    /// The audience of the access tokens, their `aud`.
    #[arg(long, env = "HALLPASS_AUDIENCE", value_name = "NAME", default_value = "api", value_parser = audience,
          help_heading = "Tokens and sessions")]
    pub(crate) audience: String,
    /// The lifetime of an access token.
    #[arg(long, env = "HALLPASS_ACCESS_TTL", value_name = "DURATION", default_value = "5m", value_parser = duration,
          help_heading = "Tokens and sessions")]
    pub(crate) access_ttl: Duration,
    #[command(flatten, next_help_heading = "Tokens and sessions")]
    pub(crate) lifetimes: LifetimeOptions,
    /// The time after a refresh in which the used refresh token returns the same successor, to two tabs or to a client that
    /// lost the response. Set it to at least twice the time of a request. 0 rotates at each use.
    #[arg(long, env = "HALLPASS_REFRESH_GRACE", value_name = "DURATION", default_value = "30s",
          value_parser = duration_or_zero, help_heading = "Tokens and sessions")]
    pub(crate) refresh_grace: Duration,
    /// The time after a refresh in which a client that lost the response can retry with the used refresh token. 0 disables
    /// this.
    #[arg(long, env = "HALLPASS_LATE_WINDOW", value_name = "DURATION", default_value = "7d",
          value_parser = duration_or_zero, help_heading = "Tokens and sessions")]
    pub(crate) late_window: Duration,
    /// The signature algorithm of the access tokens. Ed25519 is the name of RFC 9864 for `EdDSA`: check first that every
    /// verifier knows it. HS256 needs `HALLPASS_HS256_SECRET`, at least 32 bytes that all verifiers share; then no key is
    /// published.
    #[arg(
        long,
        env = "HALLPASS_SIGNING_ALG",
        value_name = "ALG",
        default_value = "EdDSA",
        help_heading = "Tokens and sessions"
    )]
    pub(crate) signing_alg: SigningAlg,
    #[command(flatten, next_help_heading = "Keys")]
    pub(crate) keys: KeyOptions,
    #[command(flatten, next_help_heading = "Password hashing")]
    pub(crate) hashing: HashingOptions,
    /// The address and port of `GET /metrics` for Prometheus. Allow access for the operator only.
    #[arg(long, env = "HALLPASS_ADMIN_LISTEN", value_name = "ADDRESS:PORT", value_parser = socket_address,
          help_heading = "Network")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Another origin with pages that may call the issuer, such as `https://app.example.com`, or `tauri://localhost` for an
    /// app. Repeatable.
    #[arg(
        long,
        env = "HALLPASS_ALLOWED_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        help_heading = "Network"
    )]
    pub(crate) allowed_origin: Vec<Origin>,
    /// A proxy or a network of proxies, such as 10.0.0.0/8, trusted to set `X-Forwarded-For`. Repeatable. A client inside
    /// such a network can forge its address: list the proxies only, or set --trusted-proxy-hops, and let clients reach the
    /// issuer through the proxies only.
    #[arg(long, env = "HALLPASS_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', help_heading = "Network")]
    pub(crate) trusted_proxy: Vec<Network>,
    /// The maximum number of trusted proxies that a request passes. The client's address is the one that the outermost of
    /// them reports, even if a trusted network contains it. Behind one proxy: 1.
    #[arg(long, env = "HALLPASS_TRUSTED_PROXY_HOPS", value_name = "N", default_value_t = MAX_HOPS, value_parser = hops,
          requires = "trusted_proxy", help_heading = "Network")]
    pub(crate) trusted_proxy_hops: u8,
    /// The maximum idle time of a connection. Set it above the idle timeout of the load balancer. Otherwise the load
    /// balancer sends requests on connections that the issuer has closed.
    #[arg(long, env = "HALLPASS_KEEP_ALIVE_TIMEOUT", value_name = "DURATION", default_value = "75s",
          value_parser = duration, help_heading = "Network")]
    pub(crate) keep_alive_timeout: Duration,
}

/// The signature algorithms of access tokens, by their names in RFC 8037, RFC 9864 and RFC 7518.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SigningAlg {
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "Ed25519")]
    Ed25519,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "HS256")]
    Hs256,
}
