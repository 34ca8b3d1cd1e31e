//! The accept loop. Stock `warp::serve` has no time-outs, no bound on connections and no deadline at the end; this one
//! has all three.

use std::{convert::Infallible, future::Future, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
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

/// About how much of a head is read: proxies cut at 8 KiB to 16 KiB, and an access token is at most 8 KiB.
pub(crate) const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How long an answer may stay unread before the kernel ends the connection.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNREAD_TIMEOUT: Duration = Duration::from_secs(20);

/// How long requests in flight may take once the issuer is told to stop.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// A pause after a failed `accept`, which fails again at once while the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `shutdown` completes, then lets the requests in flight finish. One address gets a part of the
/// connections that there can be, but for `proxies` and clients on this machine. A request that cannot be read is answered
/// by `refuse`.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    refuse: impl Fn(&ApiError, IpAddr) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    proxies: Arc<TrustedProxies>,
    keep_alive_timeout: Duration,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let slots = Slots::new();
    let (stop, stopping) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let stream = listener.accept().await;
            // Only now: an idle connection ends for one that is there.
            (slots.room().await, stream)
        };
        let (room, stream) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            (Some(room), stream) = accepted => (room, stream),
            else => break,
        };
        match stream {
            Ok((stream, peer)) => {
                // An IPv4 client of a socket that takes both kinds is the same client.
                let address = peer.ip().to_canonical();
                let speaks_for_others = address.is_loopback() || proxies.trusts(address);
                let is_proxy = if speaks_for_others { IsProxy::Yes } else { IsProxy::No };
                let Some(slot) = slots.take(room, address, is_proxy) else {
                    proxies.warn_of_crowd(address);
                    continue;
                };
                set_options(&stream);
                let slot = Arc::new(slot);
                let activity = Activity::new(Arc::clone(&slot), keep_alive_timeout);
                let held = (Arc::clone(&slot), stopping.clone());
                let service = finishing(service.clone(), held);
                let (here, stopping, refuse) = (ConnectionGuard::new(), stopping.clone(), refuse.clone());
                tokio::spawn(async move {
                    let peer = Peer { address, connection: here.watch() };
                    let service = service.map_request(move |mut request: Request<Incoming>| {
                        request.extensions_mut().insert(peer.clone());
                        request
                    });
                    let refuse = |error: &ApiError| refuse(error, address);
                    connection::serve(stream, service, activity, stopping, refuse).await;
                    drop((here, slot));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    drop(stopping);
    if time::timeout(SHUTDOWN_DEADLINE, stop.closed()).await.is_err() {
        tracing::warn!("some requests were still in flight at the deadline and were cut off");
    }
}

/// Answers are small and complete, so that there is nothing to wait for; and a client that does not read them must not hold
/// its slot for ever.
fn set_options(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // Elsewhere the kernel gives up by itself, later.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIMEOUT)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
    }
}

/// A service whose answers are worked out to their end even if the client hangs up: a page that closes still signs out.
/// What is `held` tells that something is under way: its connection's slot is taken, and the issuer has not stopped.
fn finishing<S>(
    service: S,
    held: impl Clone + Send + 'static,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone + Send
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    tower::service_fn(move |request| {
        let (answered, held) = (service.clone().oneshot(request), held.clone());
        let task = tokio::spawn(async move {
            let answered = answered.await;
            drop(held);
            answered
        });
        async move {
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "an answer was not worked out to its end");
                let mut response = Response::new(Full::default());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                Ok(response)
            })
        }
    })
}
