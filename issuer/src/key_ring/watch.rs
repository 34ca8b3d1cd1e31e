//! A process's observation of a ring: the stage of each key, and since when, by a monotonic clock.
//!
//! Irreversible steps depend on this observation, and not only on the time of day. So a wrong clock of this machine or
//! of another issuer cannot put a key into use that verifiers cannot have.

use hallpass_token::UnixSeconds;

use super::{Key, KeyName, Ring, Stage};
use crate::clock::Moment;

/// The seconds by which the time of day may differ from the elapsed time before the clock counts as set.
const TOLERANCE: u64 = 60;

/// The observed stages, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    sightings: Vec<Sighting>,
    last: Option<(UnixSeconds, Moment)>,
}

#[derive(Clone, Debug)]
struct Sighting {
    name: KeyName,
    stage: Standing,
    since: Moment,
}

/// A stage without its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Published,
    InUse,
    Retired,
}

impl Watch {
    /// Records the stages of a ring that was read before `moment`. If the clock was set or the machine slept since the
    /// last call, all observations begin again.
    pub(crate) fn look(&mut self, ring: &Ring, now: UnixSeconds, moment: Moment) {
        if self.last.is_some_and(|last| was_set(last, (now, moment))) {
            self.sightings.clear();
        }
        self.last = Some((now, moment));
        let since = |key: &Key| self.sighting(key).map_or(moment, |sighting| sighting.since);
        self.sightings = ring
            .keys
            .iter()
            .map(|key| Sighting { name: key.name.clone(), stage: Standing::of(key.stage), since: since(key) })
            .collect();
    }

    /// The whole seconds for which a key has been observed in its stage, up to the last call of [`look`](Self::look).
    pub(crate) fn observed_for(&self, key: &Key) -> u64 {
        let sightings = self.sighting(key).zip(self.last);
        sightings.map_or(0, |(sighting, (_, last))| last.millis_since(sighting.since) / 1000)
    }

    fn sighting(&self, key: &Key) -> Option<&Sighting> {
        let stage = Standing::of(key.stage);
        self.sightings.iter().find(|sighting| sighting.name == key.name && sighting.stage == stage)
    }
}

impl Standing {
    fn of(stage: Stage) -> Self {
        match stage {
            Stage::Published { .. } => Self::Published,
            Stage::InUse { .. } => Self::InUse,
            Stage::Retired { .. } => Self::Retired,
        }
    }
}

fn was_set((then, before): (UnixSeconds, Moment), (now, moment): (UnixSeconds, Moment)) -> bool {
    let elapsed = moment.millis_since(before) / 1000;
    let expected = then.saturating_add(elapsed);
    now.seconds_since(expected).max(expected.seconds_since(now)) > TOLERANCE
}
