//! What is counted and measured, and how Prometheus reads it: names with their units, labels from closed lists.

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

/// What hashing does.
#[derive(Clone)]
pub(crate) struct HashingMetrics {
    queued_known: Gauge,
    queued_unknown: Gauge,
    waited: Histogram,
    hashed: Histogram,
    dropped: Family<DroppedLabel, Counter>,
}

/// What the use cases come to.
#[derive(Clone, Default)]
pub(crate) struct AuthMetrics {
    logins: Family<OutcomeLabel, Counter>,
    refreshes: Family<OutcomeLabel, Counter>,
    attempts_refused: Family<LimitLabel, Counter>,
    grace_answers: Counter,
    rewritten_hashes: Counter,
}

/// What is asked over HTTP.
#[derive(Clone, Default)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
}

/// How the issuer's keys are kept.
#[derive(Clone, Default)]
pub(crate) struct KeyMetrics {
    read_on: Gauge,
    failed_reads: Counter,
}

/// What becomes of the log.
#[derive(Clone, Default)]
pub(crate) struct LogMetrics {
    dropped: Family<KindLabel, Counter>,
}

/// Why something was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dropped {
    /// The wait would have been too long.
    Full,
    /// The wait was too long.
    Late,
    ClientGone,
    /// A hash was not made anew, since too many such wait.
    Spare,
}

/// Which limit of attempts refused one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    Account,
    Address,
    Device,
    Session,
}

/// How a use case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Ok,
    Refused,
    /// Too many, too busy: the same request may succeed later.
    Overloaded,
    /// An answer to the same refresh token may still be under way: the same request succeeds a moment later.
    RetryLater,
    ClientGone,
    /// The database is not there for now, or has no primary.
    StoreAway,
    /// A fault of the issuer, or of what it stands on.
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
    /// The class of the answer's status: `2xx`, say.
    status: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hallpass");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        let hashing = HashingMetrics::register(&mut registry);
        let auth = AuthMetrics::register(&mut registry);
        let http = HttpMetrics::default();
        registry.register("http_requests", "Requests by route and class of the answer's status", http.requests.clone());
        let keys = KeyMetrics::register(&mut registry);
        Self { registry, hashing, auth, http, keys }
    }

    /// With those of the log, which is older than all else.
    pub(crate) fn and_of_log(mut self, log: &LogMetrics) -> Self {
        let help = "Lines of the log that were not written, since it was not taken fast enough";
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
        // From a millisecond to 16 seconds, each bound 1.6 times the one before.
        let times = || Histogram::new(exponential_buckets(0.001, 1.6, 21));
        let queued = Family::<LaneLabel, Gauge>::default();
        let dropped = Family::default();
        let waited = times();
        let hashed = times();
        registry.register("hash_queue_length", "Passwords that wait to be hashed, by lane", queued.clone());
        let wait_help = "How long a password that was hashed had waited for it";
        registry.register_with_unit("hash_wait", wait_help, Unit::Seconds, waited.clone());
        registry.register_with_unit("hash_time", "How long one hash took", Unit::Seconds, hashed.clone());
        registry.register("hash_dropped", "Passwords that were not hashed, by reason", Family::clone(&dropped));
        let [queued_known, queued_unknown] =
            ["known", "unknown"].map(|lane| queued.get_or_create_owned(&LaneLabel { lane }));
        Self { queued_known, queued_unknown, waited, hashed, dropped }
    }

    /// Takes on how many wait: of clients that are known, and of all others. It takes no lock, since it is called under one.
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
        let help =
            "Attempts at a password, and registrations, that were refused since too many failed before, by limit";
        registry.register("attempts_refused", help, metrics.attempts_refused.clone());
        // A thief who is as quick as the owner shows nowhere else.
        let help = "Refresh tokens that were used already and were answered again within the grace";
        registry.register("grace_answers", help, metrics.grace_answers.clone());
        let help = "Hashes that were made anew with our own parameters at a sign-in";
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

    /// Counts an answer within the grace; how many there were.
    pub(crate) fn grace_answer(&self) -> u64 {
        self.grace_answers.inc() + 1
    }

    pub(crate) fn rewritten_hash(&self) {
        self.rewritten_hashes.inc();
    }
}

impl LogMetrics {
    /// So many lines of a kind were not written.
    pub(crate) fn dropped(&self, kind: &'static str, lines: u64) {
        self.dropped.get_or_create(&KindLabel { kind }).inc_by(lines);
    }

    /// How many lines of a kind were not written, ever.
    pub(crate) fn all_dropped(&self, kind: &'static str) -> u64 {
        self.dropped.get_or_create(&KindLabel { kind }).get()
    }
}

impl KeyMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let help = "When the key ring was last read, in seconds since 1970";
        registry.register("key_ring_read_timestamp_seconds", help, metrics.read_on.clone());
        registry.register("key_ring_failed_reads", "Reads of the key ring that failed", metrics.failed_reads.clone());
        metrics
    }

    /// The key ring was read at that time.
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

/// The name of a label's value, as Prometheus has it.
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
    fn what_was_counted_is_told_with_names_and_units() {
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
