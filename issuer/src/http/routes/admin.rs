//! `GET /metrics`, on a listener of its own: what goes on inside is nobody's business but the operator's.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use warp::http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::{http::ApiError, metrics::Metrics};

/// The content type that goes with what the crate writes.
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Answers a request.
pub(crate) async fn answer(
    metrics: Arc<Metrics>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET) => match metrics.to_text() {
            Ok(text) => with_metrics(text),
            Err(error) => {
                tracing::error!(%error, "the metrics cannot be written");
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        },
        ("/metrics", _) => empty(StatusCode::METHOD_NOT_ALLOWED),
        _ => empty(StatusCode::NOT_FOUND),
    };
    Ok(answer)
}

/// Answers a request that cannot be read.
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
