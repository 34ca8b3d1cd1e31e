//! The metrics, in the format of Prometheus: names with units, and labels from closed lists.

use std::{fmt, time::Duration};

use hallpass_token::UnixSeconds;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

/// All metrics of the process.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) hashing: HashingMetrics,
    pub(crate) auth: AuthMetrics,
    pub(crate) http: HttpMetrics,
    pub(crate) keys: KeyMetrics,
}

/// The metrics of hashing.
#[derive(Clone)]
pub(crate) struct HashingMetrics {
    queued_known: Gauge,
    queued_unknown: Gauge,
    waited: Histogram,
    hashed: Histogram,
    dropped: Family<DroppedLabel, Counter>,
}

/// The metrics of the use cases.
#[derive(Clone, Default)]
pub(crate) struct AuthMetrics {
    logins: Family<OutcomeLabel, Counter>,
    refreshes: Family<OutcomeLabel, Counter>,
    attempts_refused: Family<LimitLabel, Counter>,
    grace_answers: Counter,
    rewritten_hashes: Counter,
}

/// The metrics of HTTP requests.
#[derive(Clone, Default)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
}

/// The metrics of the key ring.
#[derive(Clone, Default)]
pub(crate) struct KeyMetrics {
    read_on: Gauge,
    failed_reads: Counter,
}

/// The metrics of the log.
#[derive(Clone, Default)]
pub(crate) struct LogMetrics {
    dropped: Family<KindLabel, Counter>,
}

/// Why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dropped {
    /// The expected wait was too long.
    Full,
    /// The actual wait was too long.
    Late,
    ClientGone,
    /// An imported hash was not replaced, since too many replacements were waiting.
    Spare,
}

/// The limit that refused an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    Account,
    Address,
    Device,
    Session,
}

/// The outcome of a use case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Ok,
    Refused,
    /// A limit or the load refused the request, which may succeed later.
    Overloaded,
    /// The answer to an earlier use of the refresh token may be under way. The same request succeeds after a moment.
    RetryLater,
    ClientGone,
    /// The database is temporarily unavailable, or has no primary.
    StoreAway,
    /// A fault of the issuer or of its environment.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabel {
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabel {
    reason: Dropped,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    limit: Limit,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    /// The class of the response's status, such as `2xx`.
    status: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hallpass");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running version", build);
        let hashing = HashingMetrics::register(&mut registry);
        let auth = AuthMetrics::register(&mut registry);
        let http = HttpMetrics::default();
        registry.register(
            "http_requests",
            "HTTP requests by route and class of the response's status",
            http.requests.clone(),
        );
        let keys = KeyMetrics::register(&mut registry);
        Self { registry, hashing, auth, http, keys }
    }

    /// Adds the metrics of the log, which exist before the others.
    pub(crate) fn and_of_log(mut self, log: &LogMetrics) -> Self {
        let help = "Log lines dropped because the reader of the log was too slow, by kind";
        self.registry.register("log_lines_dropped", help, log.dropped.clone());
        self
    }

    /// The metrics in Prometheus' text format, `OpenMetrics` 1.0.
    pub(crate) fn to_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl HashingMetrics {
    fn register(registry: &mut Registry) -> Self {
        // 21 buckets from 1 ms to about 12 s, each bound 1.6 times the previous one.
        let times = || Histogram::new(exponential_buckets(0.001, 1.6, 21));
        let queued = Family::<LaneLabel, Gauge>::default();
        let dropped = Family::default();
        let waited = times();
        let hashed = times();
        registry.register("hash_queue_length", "Passwords waiting to be hashed, by lane", queued.clone());
        let wait_help = "Time from a password's arrival to the start of its hash";
        registry.register_with_unit("hash_wait", wait_help, Unit::Seconds, waited.clone());
        registry.register_with_unit("hash_time", "Duration of one hash", Unit::Seconds, hashed.clone());
        registry.register("hash_dropped", "Passwords that were not hashed, by reason", Family::clone(&dropped));
        let [queued_known, queued_unknown] =
            ["known", "unknown"].map(|lane| queued.get_or_create_owned(&LaneLabel { lane }));
        Self { queued_known, queued_unknown, waited, hashed, dropped }
    }

    /// Sets the queue lengths of known and of other clients. It takes no lock, since its caller holds one.
    pub(crate) fn queued(&self, known: usize, unknown: usize) {
        self.queued_known.set(i64::try_from(known).unwrap_or(i64::MAX));
        self.queued_unknown.set(i64::try_from(unknown).unwrap_or(i64::MAX));
    }

    /// Whether any password waits to be hashed.
    pub(crate) fn has_queue(&self) -> bool {
        self.queued_known.get() + self.queued_unknown.get() > 0
    }

    pub(crate) fn waited(&self, waited: Duration) {
        self.waited.observe(waited.as_secs_f64());
    }

    pub(crate) fn hashed(&self, took: Duration) {
        self.hashed.observe(took.as_secs_f64());
    }

    pub(crate) fn dropped(&self, reason: Dropped) {
        self.dropped.get_or_create(&DroppedLabel { reason }).inc();
    }
}

impl AuthMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("logins", "Sign-ins by outcome", metrics.logins.clone());
        registry.register("refreshes", "Uses of refresh tokens by outcome", metrics.refreshes.clone());
        let help = "Password attempts and registrations refused because of earlier failures, by limit";
        registry.register("attempts_refused", help, metrics.attempts_refused.clone());
        // This is the only trace of a thief that is as fast as the owner.
        let help = "Used refresh tokens that were answered again within the grace";
        registry.register("grace_answers", help, metrics.grace_answers.clone());
        let help = "Password hashes replaced with the current parameters at a sign-in";
        registry.register("rewritten_hashes", help, metrics.rewritten_hashes.clone());
        metrics
    }

    pub(crate) fn login(&self, outcome: Outcome) {
        self.logins.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    pub(crate) fn refresh(&self, outcome: Outcome) {
        self.refreshes.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    pub(crate) fn attempt_refused(&self, limit: Limit) {
        self.attempts_refused.get_or_create(&LimitLabel { limit }).inc();
    }

    /// Counts an answer within the grace; returns the total.
    pub(crate) fn grace_answer(&self) -> u64 {
        self.grace_answers.inc() + 1
    }

    pub(crate) fn rewritten_hash(&self) {
        self.rewritten_hashes.inc();
    }
}

impl LogMetrics {
    /// Counts dropped lines of a kind.
    pub(crate) fn dropped(&self, kind: &'static str, lines: u64) {
        self.dropped.get_or_create(&KindLabel { kind }).inc_by(lines);
    }

    /// The total of dropped lines of a kind.
    pub(crate) fn all_dropped(&self, kind: &'static str) -> u64 {
        self.dropped.get_or_create(&KindLabel { kind }).get()
    }
}

impl KeyMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let help = "Time of the last read of the key ring, in seconds since 1970";
        registry.register("key_ring_read_timestamp_seconds", help, metrics.read_on.clone());
        registry.register("key_ring_failed_reads", "Failed reads of the key ring", metrics.failed_reads.clone());
        metrics
    }

    /// Records a read of the key ring at that time.
    pub(crate) fn read(&self, on: UnixSeconds) {
        self.read_on.set(i64::try_from(on.seconds()).unwrap_or(i64::MAX));
    }

    pub(crate) fn read_failed(&self) {
        self.failed_reads.inc();
    }
}

impl HttpMetrics {
    pub(crate) fn request(&self, route: &'static str, status: u16) {
        let status = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
    }
}

/// The names of a label's values in Prometheus.
macro_rules! named {
    ($label:ty: $($value:ident = $name:literal),*) => {
        impl EncodeLabelValue for $label {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), fmt::Error> {
                match self {
                    $(Self::$value => EncodeLabelValue::encode(&$name, encoder),)*
                }
            }
        }
    };
}

named!(Dropped: Full = "full", Late = "late", ClientGone = "client_gone", Spare = "spare");
named!(Limit: Account = "account", Address = "address", Device = "device", Session = "session");
named!(
    Outcome: Ok = "ok", Refused = "refused", Overloaded = "overloaded", RetryLater = "retry_later",
    ClientGone = "client_gone", StoreAway = "store_away", Failed = "failed"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_every_metric_with_its_name_and_unit() {
        let metrics = Metrics::new();
        metrics.hashing.queued(3, 0);
        metrics.hashing.hashed(Duration::from_millis(20));
        metrics.hashing.dropped(Dropped::ClientGone);
        metrics.auth.login(Outcome::Overloaded);
        metrics.auth.attempt_refused(Limit::Address);
        metrics.http.request("/login", 503);
        metrics.keys.read(UnixSeconds::new(1_790_000_000).unwrap());
        metrics.keys.read_failed();
        assert_eq!((metrics.auth.grace_answer(), metrics.auth.grace_answer()), (1, 2));
        let text = metrics.to_text().unwrap();
        for line in [
            "hallpass_hash_queue_length{lane=\"known\"} 3",
            "hallpass_hash_queue_length{lane=\"unknown\"} 0",
            "hallpass_hash_time_seconds_count 1",
            "hallpass_hash_dropped_total{reason=\"client_gone\"} 1",
            "hallpass_logins_total{outcome=\"overloaded\"} 1",
            "hallpass_attempts_refused_total{limit=\"address\"} 1",
            "hallpass_http_requests_total{route=\"/login\",status=\"5xx\"} 1",
            "hallpass_grace_answers_total 2",
            "hallpass_key_ring_read_timestamp_seconds 1790000000",
            "hallpass_key_ring_failed_reads_total 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
