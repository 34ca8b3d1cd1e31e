//! The accept loop. Stock `warp::serve` has no time-outs, no bound on connections and no deadline at the end; this one
//! has all three.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time,
};
use tower::{Service, ServiceExt as _};
use warp::http::{Request, Response, StatusCode};

use super::{
    head::Peer,
    places::{IsProxy, Places},
    proxies::TrustedProxies,
};
use crate::hashing::Here;

/// How long a connection may take to send a request's head, and may be silent before its first and between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may stay unread before the kernel ends the connection.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(20);

/// About how much of a head is read before hyper answers 431 on its own, without a body: proxies cut at 8 KiB to 16 KiB,
/// and an access token is at most 8 KiB.
const MOST_HEAD_BYTES: usize = 32 * 1024;

/// How long requests in flight may take once the issuer is told to stop.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// A pause after a failed `accept`, which fails again at once while the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `shutdown` completes, then lets the requests in flight finish. One address gets a part of the
/// connections that there can be, but for `proxies` and whoever is on this machine.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    proxies: Arc<TrustedProxies>,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let places = Places::new();
    let (stop, stopping) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let room = places.room().await;
            (room, listener.accept().await)
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
                let Some(place) = places.take(room, address, is_proxy) else {
                    proxies.warn_of_crowd(address);
                    continue;
                };
                let place = Arc::new(place);
                let held = (Arc::clone(&place), stopping.clone());
                let service = finishing(service.clone(), held);
                let (here, stopping) = (Here::new(), stopping.clone());
                tokio::spawn(async move {
                    let peer = Peer { address, presence: here.presence() };
                    let service = service.map_request(move |mut request: Request<Incoming>| {
                        request.extensions_mut().insert(peer.clone());
                        request
                    });
                    serve_connection(stream, service, stopping).await;
                    drop((here, place));
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

/// A service whose answers are worked out to their end even if the client hangs up: a page that closes still signs out.
/// What is `held` tells that something is under way: its connection's place is taken, and the issuer has not stopped.
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

/// Serves one connection until it closes, falls silent or the issuer stops. It holds `stopping` to its end: that the
/// last one is gone tells that no connection is left.
async fn serve_connection<S>(stream: TcpStream, service: S, mut stopping: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    // Answers are small and complete: there is nothing to wait for.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // A client that does not read its answers must not hold its place for ever.
    if let Err(error) = SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_TIMEOUT)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
    }
    // hyper's own time-out for the head begins with the first byte of a connection only.
    tokio::select! {
        readable = time::timeout(HEAD_TIMEOUT, stream.readable()) => if !matches!(readable, Ok(Ok(()))) { return },
        () = told_to_stop(&mut stopping) => return,
    }
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MOST_HEAD_BYTES)
            // A client that closes its side has gone, whatever it asked for: nobody hashes for it.
            .half_close(false)
            // Called at once, where a future would wait for a first poll that never comes if the client is gone by then.
            .serve_connection(TokioIo::new(stream), service_fn(move |request| service.clone().call(request)))
    );
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error says that the server is gone, which is as good as being told.
    drop(stopping.wait_for(|stop| *stop).await);
}
