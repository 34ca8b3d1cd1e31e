//! `GET /metrics`, on a listener of its own: only the operator may read the metrics.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use warp::http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::{http::ApiError, metrics::Metrics};

/// The content type of the format that `prometheus-client` writes.
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Handles a request.
pub(crate) async fn handle(
    metrics: Arc<Metrics>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET) => match metrics.to_text() {
            Ok(text) => with_metrics(text),
            Err(error) => {
                tracing::error!(%error, "encoding the metrics failed");
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        },
        ("/metrics", _) => empty(StatusCode::METHOD_NOT_ALLOWED),
        _ => empty(StatusCode::NOT_FOUND),
    };
    Ok(response)
}

/// Responds to a request that is not HTTP.
pub(crate) fn refuse(error: &ApiError) -> Response<Full<Bytes>> {
    empty(error.status)
}

fn with_metrics(text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert(header::CONTENT_TYPE, OPEN_METRICS);
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
