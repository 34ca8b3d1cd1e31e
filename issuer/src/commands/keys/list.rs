//! `hallpass keys list`: prints each key with its purpose, its state, and the next state, as a table or as lines of JSON.

use std::io::{self, Write};

use hallpass_token::UnixSeconds;
use serde::Serialize;

use super::KeysError;
use crate::{
    clock::date,
    key_ring::{Key, Kind, Ring, Stage},
};

/// A key as a line of JSON. Times are seconds since 1970.
#[derive(Serialize)]
struct Line {
    key: String,
    purpose: String,
    state: &'static str,
    since: u64,
    /// The seconds since it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    /// The next state, and its earliest time.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<u64>,
}

pub(super) fn print(ring: &Ring, now: UnixSeconds, as_json: bool) -> Result<(), KeysError> {
    let mut stdout = io::stdout().lock();
    let keys = ring.of(Kind::Signing).chain(ring.of(Kind::RefreshTokens));
    let lines = keys.map(|key| line_of(ring, key, now)).chain(revoked(ring));
    if as_json {
        for line in lines {
            writeln!(stdout, "{}", serde_json::to_string(&line).map_err(io::Error::from)?)?;
        }
        return Ok(());
    }
    writeln!(stdout, "{:<43}  {:<14}  {:<9}  {:<20}  {:<8}  NEXT", "KEY", "PURPOSE", "STATE", "SINCE", "AGE")?;
    for line in lines {
        print_row(&mut stdout, &line)?;
    }
    Ok(())
}

fn print_row(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    let time = |seconds| UnixSeconds::new(seconds).map_or_else(|_| String::new(), date);
    let age = line.age.map(age).unwrap_or_default();
    let next = match (line.next, line.next_at) {
        (Some(next), Some(at)) => format!("{next} {}", time(at)),
        (next, _) => next.unwrap_or_default().to_owned(),
    };
    let Line { key, purpose, state, since, .. } = line;
    let row = format!("{key:<43}  {purpose:<14}  {state:<9}  {:<20}  {age:<8}  {next}", time(*since));
    writeln!(out, "{}", row.trim_end())
}

fn line_of(ring: &Ring, key: &Key, now: UnixSeconds) -> Line {
    let (state, since) = match key.stage {
        Stage::Published { .. } => ("published", key.published_at),
        Stage::InUse { since } => ("in use", since),
        Stage::Retired { since } => ("retired", since),
    };
    let (next, next_at) = next(ring, key);
    Line {
        key: key.name.to_string(),
        purpose: key.purpose.to_string(),
        state,
        since: since.seconds(),
        age: Some(now.seconds_since(key.published_at)),
        next,
        next_at: next_at.map(UnixSeconds::seconds),
    }
}

/// The next state of a key, and its earliest time.
fn next(ring: &Ring, key: &Key) -> (Option<&'static str>, Option<UnixSeconds>) {
    let kind = key.purpose.kind();
    let end_of_period = |key: &Key| match (key.stage, ring.wanted.period(kind)) {
        (Stage::InUse { since }, Some(period)) => Some(since.saturating_add(period)),
        _ => None,
    };
    match key.stage {
        Stage::Published { hurried: true } => (Some("in use"), Some(ring.ripe_at(key))),
        Stage::Published { hurried: false } => match ring.in_use(kind) {
            Some(used) if used.purpose != key.purpose => (Some("in use"), Some(ring.ripe_at(key))),
            Some(used) => (Some("in use"), end_of_period(used).map(|at| at.max(ring.ripe_at(key)))),
            None => (Some("in use"), None),
        },
        Stage::InUse { .. } => (Some("retired"), end_of_period(key)),
        Stage::Retired { .. } => (Some("gone"), ring.gone_at(key)),
    }
}

fn revoked(ring: &Ring) -> impl Iterator<Item = Line> {
    ring.revocations.iter().map(|revoked| Line {
        key: revoked.name.to_string(),
        purpose: revoked.purpose.to_string(),
        state: "revoked",
        since: revoked.at.seconds(),
        age: None,
        next: Some("out of every verifier"),
        next_at: Some(ring.forgotten_at(revoked).seconds()),
    })
}

/// A duration in its two largest units, such as `3d4h`.
fn age(seconds: u64) -> String {
    let in_two = |first: u64, one: &str, second: u64, two: &str| match seconds % first / second {
        0 => format!("{}{one}", seconds / first),
        rest => format!("{}{one}{rest}{two}", seconds / first),
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => in_two(60, "m", 1, "s"),
        3600..86_400 => in_two(3600, "h", 60, "m"),
        86_400.. => in_two(86_400, "d", 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_its_two_largest_units() {
        let ages = [0, 59, 60, 61, 3600, 3661, 86_400, 90_061, 30 * 86_400 + 5].map(age);
        assert_eq!(ages, ["0s", "59s", "1m", "1m1s", "1h", "1h1m", "1d", "1d1h", "30d"]);
    }
}
