//! One level of load in a closed loop: concurrent clients, each with one request at a time.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::{now, worked};
use crate::latencies::Latencies;

/// The result of a level.
pub(crate) struct Level {
    clients: usize,
    /// The number of successful requests, with those of the warm-up.
    pub(crate) answered: u64,
    counted: Latencies,
    /// The share of one core that this program took.
    load: Option<f64>,
}

impl Level {
    pub(crate) fn report(self, measured: Duration) -> Value {
        let mut report = self.counted.report(measured);
        report["clients"] = json!(self.clients);
        report["answered"] = json!(self.answered);
        report["loadCpu"] = json!(self.load);
        report
    }
}

/// The time window in which requests count.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    from: Instant,
    to: Instant,
}

impl Window {
    /// A window after the warm-up.
    pub(crate) fn after(warm_up: Duration, measure: Duration) -> Self {
        let from = now() + warm_up;
        Self { from, to: from + measure }
    }

    pub(crate) fn is_over(self) -> bool {
        now() >= self.to
    }
}

/// A client's share of a level.
#[derive(Default)]
pub(crate) struct Share {
    answered: u64,
    counted: Latencies,
}

impl Share {
    /// Adds a successful answer that arrives now.
    pub(crate) fn add(&mut self, sent: Instant, window: Window) {
        let arrived = now();
        self.answered += 1;
        if arrived >= window.from && arrived <= window.to {
            self.counted.add(arrived - sent);
        }
    }
}

/// Runs clients concurrently. Each returns its share and its final value. A client's error fails the level.
pub(crate) async fn run<T, F>(clients: Vec<F>) -> Result<(Level, Vec<T>), String>
where
    T: Send + 'static,
    F: Future<Output = Result<(Share, T), String>> + Send + 'static,
{
    let start = now();
    let worked_before = worked();
    let tasks: Vec<_> = clients.into_iter().map(tokio::spawn).collect();
    let mut level = Level { clients: tasks.len(), answered: 0, counted: Latencies::default(), load: None };
    let mut last = Vec::with_capacity(tasks.len());
    for task in tasks {
        let (share, holds) = task.await.map_err(|error| error.to_string())??;
        last.push(holds);
        level.answered += share.answered;
        level.counted.append(share.counted);
    }
    let work = worked().zip(worked_before).map(|(after, before)| (after - before).as_secs_f64());
    level.load = work.map(|work| work / (now() - start).as_secs_f64());
    Ok((level, last))
}
