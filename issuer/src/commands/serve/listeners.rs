//! The listeners of an issuer: the API, and the metrics.

use std::{convert::Infallible, future, sync::Arc, time::Duration};

use hyper::body::Incoming;
use tokio::net::TcpListener;
use tower::Service;
use warp::{http::Request, reply};

use crate::{
    http::{self, ApiError, Envelope, TrustedProxies, server::Server},
    metrics::Metrics,
};

/// The connection settings of both listeners.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) proxies: Arc<TrustedProxies>,
    pub(super) keep_alive_timeout: Duration,
}

/// Serves the API until `stop` completes.
pub(super) async fn serve_api<S>(
    listener: TcpListener,
    envelope: Envelope<S>,
    connections: Connections,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = reply::Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let Connections { proxies, keep_alive_timeout } = connections;
    let senders = Arc::clone(&proxies);
    let refusals = envelope.clone();
    let refuse = move |error: &ApiError, address| refusals.refuse(error, address);
    let service = tower::service_fn(move |request| envelope.clone().handle(senders.with_sender(request)));
    Server { service, refuse, proxies, keep_alive_timeout }.serve(listener, stop).await;
}

/// Serves the metrics until the task is aborted.
pub(super) async fn serve_metrics(listener: TcpListener, metrics: Arc<Metrics>, connections: Connections) {
    let Connections { proxies, keep_alive_timeout } = connections;
    let refuse = |error: &ApiError, _| http::refuse_admin(error);
    let service = tower::service_fn(move |request| http::handle_admin(Arc::clone(&metrics), request));
    Server { service, refuse, proxies, keep_alive_timeout }.serve(listener, future::pending()).await;
}
