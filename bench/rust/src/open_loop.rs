//! An open loop: requests are sent when they are due, whatever the state of earlier ones. Latency counts from the time
//! at which a request was due, so that a delay of the sender does not flatter the server.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::clock::now;
use crate::latencies::Latencies;
use crate::pacer::Pacer;
use crate::schedule::Schedule;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A successful answer
    Accepted,
    /// A refusal with `Retry-After`
    Refused,
    /// No answer in time
    TimedOut,
    /// Any other outcome, as text
    Wrong(String),
}

/// A request that was sent.
pub(crate) struct Sent {
    due: Instant,
    /// The delay between due and sent.
    late: Duration,
    ended: Instant,
    outcome: Outcome,
}

/// The time span of requests, and the timeout of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
    pub(crate) give_up: Duration,
}

/// Sends each numbered request when it is due, and waits for all answers at the end.
pub(crate) async fn run<F>(schedule: Schedule, span: Span, send: impl Fn(usize) -> F) -> Result<Vec<Sent>, String>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut pacer = Pacer::new().map_err(|error| error.to_string())?;
    let mut under_way = JoinSet::new();
    let moments = schedule.map(|moment| span.from + moment).take_while(|due| *due < span.to);
    for (number, due) in moments.enumerate() {
        pacer.until(due).await.map_err(|error| error.to_string())?;
        let late = now() - due;
        let request = send(number);
        under_way.spawn(async move {
            let answered = timeout_at((due + span.give_up).into(), request).await;
            Sent { due, late, ended: now(), outcome: answered.unwrap_or(Outcome::TimedOut) }
        });
    }
    Ok(under_way.join_all().await)
}

/// The number of successful requests.
pub(crate) fn accepted(sent: &[Sent]) -> usize {
    sent.iter().filter(|sent| sent.outcome == Outcome::Accepted).count()
}

/// The outcomes of the requests that were due in a period. Rates count the answers within it. `waited` has successful
/// answers and timeouts, which would have taken even longer: otherwise a server that serves the fewest would seem the
/// fastest.
pub(crate) fn report(sent: &[Sent], from: Instant, to: Instant) -> Value {
    let time = to - from;
    let mut late = Latencies::default();
    let mut timed_out = 0;
    let mut wrong = BTreeMap::<&str, u64>::new();
    let [mut accepted, mut refused, mut waited] = [(); 3].map(|()| Answers::default());
    for Sent { due, late: by, ended, outcome } in sent.iter().filter(|sent| (from..to).contains(&sent.due)) {
        late.add(*by);
        if matches!(outcome, Outcome::Accepted | Outcome::TimedOut) {
            waited.add(*due, *ended, to);
        }
        match outcome {
            Outcome::Accepted => accepted.add(*due, *ended, to),
            Outcome::Refused => refused.add(*due, *ended, to),
            Outcome::TimedOut => timed_out += 1,
            Outcome::Wrong(what) => *wrong.entry(what).or_default() += 1,
        }
    }
    json!({
        "sent": late.report(time),
        "accepted": accepted.report(time), "refused": refused.report(time), "waited": waited.report(time),
        "timedOut": timed_out, "wrong": wrong,
    })
}

/// Answers of one kind.
#[derive(Default)]
struct Answers {
    latencies: Latencies,
    within: usize,
}

impl Answers {
    fn add(&mut self, due: Instant, ended: Instant, to: Instant) {
        self.latencies.add(ended - due);
        self.within += usize::from(ended <= to);
    }

    fn report(self, time: Duration) -> Value {
        let mut report = self.latencies.report(time);
        report["perSecond"] = json!(self.within as f64 / time.as_secs_f64());
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(start: Instant, due: u64, took: u64, outcome: Outcome) -> Sent {
        let due = start + Duration::from_millis(due);
        Sent { due, late: Duration::ZERO, ended: due + Duration::from_millis(took), outcome }
    }

    #[test]
    fn a_report_has_the_due_requests_and_the_rates_of_answers_within_the_period() {
        let start = now();
        let all = [
            sent(start, 0, 10, Outcome::Accepted),
            sent(start, 900, 200, Outcome::Accepted),
            sent(start, 100, 1, Outcome::Refused),
            sent(start, 100, 50, Outcome::TimedOut),
            sent(start, 100, 1, Outcome::Wrong("status 500".to_owned())),
            sent(start, 1000, 1, Outcome::Accepted),
        ];
        let report = report(&all, start, start + Duration::from_secs(1));
        assert_eq!(report["sent"]["count"], 5);
        assert_eq!((&report["accepted"]["count"], &report["accepted"]["perSecond"]), (&json!(2), &json!(1.0)));
        assert_eq!((&report["accepted"]["most"], &report["refused"]["count"]), (&json!(200.0), &json!(1)));
        assert_eq!((&report["waited"]["count"], &report["waited"]["p50"]), (&json!(3), &json!(50.0)));
        assert_eq!((&report["timedOut"], &report["wrong"]), (&json!(1), &json!({ "status 500": 1 })));
        assert_eq!(accepted(&all), 3);
    }

    #[test]
    fn slow_answers_delay_no_request_and_time_out() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let from = now();
            let span = Span { from, to: from + Duration::from_millis(100), give_up: Duration::from_millis(150) };
            let all = run(Schedule::new(1000.0, 1), span, |number| async move {
                if number % 2 == 1 {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                }
                Outcome::Accepted
            });
            let all = all.await.unwrap();
            assert_eq!(all.len(), Schedule::new(1000.0, 1).take_while(|due| due.as_millis() < 100).count());
            assert_eq!(accepted(&all), all.len().div_ceil(2));
            assert_eq!(all.iter().filter(|sent| sent.outcome == Outcome::TimedOut).count(), all.len() / 2);
        });
    }
}
