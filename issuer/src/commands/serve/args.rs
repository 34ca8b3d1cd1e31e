//! Arguments of `hallpass serve`.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, ValueEnum};

use super::hashing_args::HashingOptions;
use crate::{
    commands::{
        keys::KeyOptions,
        session::LifetimeOptions,
        store::ServedStoreOption,
        values::{IssuerUrl, audience, duration, duration_or_none, hops, socket_address},
    },
    http::{MAX_HOPS, Network, Origin},
};

/// Options of `hallpass serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "HALLPASS_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080",
          value_parser = socket_address)]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) store: ServedStoreOption,
    /// The issuer's public URL, the `iss` of its tokens [default on a loopback address: http://localhost:PORT].
    #[arg(long, env = "HALLPASS_ISSUER", value_name = "URL")]
    pub(crate) issuer: Option<IssuerUrl>,
    /// The audience of the access tokens, their `aud`.
    #[arg(long, env = "HALLPASS_AUDIENCE", value_name = "NAME", default_value = "api", value_parser = audience)]
    pub(crate) audience: String,
    /// Lifetime of an access token.
    #[arg(long, env = "HALLPASS_ACCESS_TTL", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) access_ttl: Duration,
    #[command(flatten)]
    pub(crate) lifetimes: LifetimeOptions,
    /// How long after a renewal the refresh token that was used gives the same new one again: to two tabs, or to a
    /// client that lost the answer. A request and its answer should take at most half of it. 0 renews at every use.
    #[arg(long, env = "HALLPASS_REFRESH_GRACE", value_name = "DURATION", default_value = "30s",
          value_parser = duration_or_none)]
    pub(crate) refresh_grace: Duration,
    /// How long after a renewal a client that lost the answer may still come back with the refresh token that it used.
    /// 0 switches that off.
    #[arg(long, env = "HALLPASS_LATE_WINDOW", value_name = "DURATION", default_value = "7d",
          value_parser = duration_or_none)]
    pub(crate) late_window: Duration,
    /// What the access tokens are signed with. HS256 takes its secret from `HALLPASS_HS256_SECRET`, at least 32 bytes that
    /// every verifier must share; no key is published then.
    #[arg(long, env = "HALLPASS_SIGNING_ALG", value_name = "ALG", default_value = "EdDSA")]
    pub(crate) signing_alg: SigningAlg,
    #[command(flatten)]
    pub(crate) keys: KeyOptions,
    #[command(flatten)]
    pub(crate) hashing: HashingOptions,
    /// Address and port of `GET /metrics`, for Prometheus. Keep it private.
    #[arg(long, env = "HALLPASS_ADMIN_LISTEN", value_name = "ADDRESS:PORT", value_parser = socket_address)]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Allow self-registration, by `POST /register`.
    #[arg(long, env = "HALLPASS_ALLOW_REGISTRATION")]
    pub(crate) allow_registration: bool,
    /// Another origin whose pages may call the issuer, such as `https://app.example.com`, or an app's, such as
    /// `tauri://localhost`; may be given several times.
    #[arg(long, env = "HALLPASS_ALLOWED_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) allowed_origin: Vec<Origin>,
    /// A proxy, or a network of proxies such as 10.0.0.0/8, that is trusted to set `X-Forwarded-For`; may be given several
    /// times. Every client inside such a network can choose the address that it appears to have: name the proxies alone, or
    /// give --trusted-proxy-hops, and let clients reach the issuer through the proxies only.
    #[arg(long, env = "HALLPASS_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<Network>,
    /// The number of trusted proxies in front of the issuer, at most. The client is the address that the outermost of them names,
    /// even where a trusted network contains it. With one proxy: 1.
    #[arg(long, env = "HALLPASS_TRUSTED_PROXY_HOPS", value_name = "N", default_value_t = MAX_HOPS, value_parser = hops,
          requires = "trusted_proxy")]
    pub(crate) trusted_proxy_hops: u8,
    /// How long a connection may be idle between two requests. Set it above the idle timeout of the load balancer in front,
    /// which could otherwise send a request on a connection that the issuer is closing.
    #[arg(long, env = "HALLPASS_KEEP_ALIVE_TIMEOUT", value_name = "DURATION", default_value = "75s",
          value_parser = duration)]
    pub(crate) keep_alive_timeout: Duration,
    /// For development: a store in a temporary folder, with the user exampleUser / examplePassword.
    #[arg(long, env = "HALLPASS_DEV", conflicts_with = "store")]
    pub(crate) dev: bool,
}

/// What access tokens can be signed with, by their names in RFC 8037 and RFC 7518.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SigningAlg {
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "HS256")]
    Hs256,
}
