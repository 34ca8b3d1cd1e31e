//! The accept loop. Unlike `warp::serve` it has time-outs, a limit of connections and a shutdown deadline.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, watch},
    time,
};
use tower::{Service, ServiceExt as _};
use warp::http::{Request, Response, StatusCode};

use crate::{hashing::ConnectionGuard, http::ApiError};

mod activity;
pub(crate) mod body;
mod connection;
mod cors;
pub(crate) mod envelope;
pub(crate) mod head;
mod message;
pub(crate) mod origin;
pub(crate) mod proxies;
mod slots;

use activity::Activity;
use head::Peer;
use proxies::TrustedProxies;
use slots::{IsProxy, Slots};

/// The approximate maximum of a request head: proxies allow 8 KiB to 16 KiB, and an access token has at most 8 KiB.
pub(crate) const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How long a response may stay unread before the kernel closes the connection.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNREAD_TIMEOUT: Duration = Duration::from_secs(20);

/// How long requests in flight may take after the stop signal.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// A pause after a failed `accept`, which fails again at once while the process has no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The parts that all connections of a listener share. `refuse` makes the response to a request that is not HTTP.
pub(crate) struct Server<S, R> {
    pub(crate) service: S,
    pub(crate) refuse: R,
    pub(crate) proxies: Arc<TrustedProxies>,
    pub(crate) keep_alive_timeout: Duration,
}

impl<S, R> Server<S, R>
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    R: Fn(&ApiError, IpAddr) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
{
    /// Serves connections until `shutdown` completes, then lets the requests in flight finish. One address gets a part of
    /// all connections, unless it is a trusted proxy or a loopback address.
    pub(crate) async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let slots = Slots::new();
        let (stop, stopping) = watch::channel(false);
        let mut shutdown = pin!(shutdown);
        loop {
            let (permit, accepted) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                (Some(permit), accepted) = accept(&listener, &slots) => (permit, accepted),
                else => break,
            };
            match accepted {
                Ok((stream, peer)) => self.begin(stream, peer, &slots, permit, &stopping),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        stop.send_replace(true);
        drop(stopping);
        if time::timeout(SHUTDOWN_DEADLINE, stop.closed()).await.is_err() {
            tracing::warn!("requests in flight were aborted at the shutdown deadline");
        }
    }

    /// Serves a connection in a task of its own, unless its address has too many.
    fn begin(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        slots: &Arc<Slots>,
        permit: OwnedSemaphorePermit,
        stopping: &watch::Receiver<bool>,
    ) {
        // A dual-stack socket reports an IPv4 client by its mapped IPv6 address.
        let address = peer.ip().to_canonical();
        let is_proxy = if address.is_loopback() || self.proxies.trusts(address) { IsProxy::Yes } else { IsProxy::No };
        let Some(slot) = slots.take(permit, address, is_proxy) else {
            self.proxies.warn_of_limit(address);
            return;
        };
        set_options(&stream);
        let slot = Arc::new(slot);
        let activity = Activity::new(Arc::clone(&slot), self.keep_alive_timeout);
        let guard = ConnectionGuard::new();
        let peer = Peer { address, connection: guard.watch() };
        let held = (Arc::clone(&slot), stopping.clone());
        let service = finishing(self.service.clone(), held).map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request
        });
        let refuse = self.refuse.clone();
        let stopping = stopping.clone();
        tokio::spawn(async move {
            connection::serve(stream, service, activity, stopping, |error| refuse(error, address)).await;
            drop((guard, slot));
        });
    }
}

/// The next connection, and the permit for its slot. Idle connections end only for a connection that has arrived.
async fn accept(
    listener: &TcpListener,
    slots: &Slots,
) -> (Option<OwnedSemaphorePermit>, io::Result<(TcpStream, SocketAddr)>) {
    let accepted = listener.accept().await;
    (slots.permit().await, accepted)
}

/// `TCP_NODELAY`, since each response is written at once; and a time-out for clients that do not read theirs, since they hold
/// a slot.
fn set_options(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "setting TCP_NODELAY failed");
    }
    // Other kernels have only their default time-out.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIMEOUT)) {
        tracing::debug!(%error, "setting TCP_USER_TIMEOUT failed");
    }
}

/// A service that finishes each request even if the client disconnects: a page that closes still signs out. `held` keeps the
/// connection's slot and delays the end of the shutdown meanwhile.
fn finishing<S>(
    service: S,
    held: impl Clone + Send + 'static,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone + Send
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    tower::service_fn(move |request| {
        let response = service.clone().oneshot(request);
        let held = held.clone();
        let task = tokio::spawn(async move {
            let response = response.await;
            drop(held);
            response
        });
        async move {
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a request was aborted");
                let mut response = Response::new(Full::default());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                Ok(response)
            })
        }
    })
}
