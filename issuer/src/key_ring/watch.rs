//! What a process has seen of a ring with its own view, and for how long, by a clock that never jumps.
//!
//! A step that cannot be taken back rests on this and not on the time of day alone: a clock that is set wrong, whether this
//! machine's or the one's that wrote the ring, makes no key sign that verifiers cannot have.

use hallpass_token::UnixSeconds;

use super::{Key, KeyName, Ring, Stage};
use crate::clock::Moment;

/// By how many seconds the time of day may differ from the time that has passed before it counts as having been set.
const TOLERANCE: u64 = 60;

/// What was seen, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    seen: Vec<Sighting>,
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
    /// Looks at a ring that was read before `moment`. Where the time of day went another way than time did since the last
    /// look, because the clock was set or the machine slept, all that was seen counts from now.
    pub(crate) fn look(&mut self, ring: &Ring, now: UnixSeconds, moment: Moment) {
        if self.last.is_some_and(|last| was_set(last, (now, moment))) {
            self.seen.clear();
        }
        self.last = Some((now, moment));
        let since = |key: &Key| self.sighting(key).map_or(moment, |sighting| sighting.since);
        self.seen = ring
            .keys
            .iter()
            .map(|key| Sighting { name: key.name.clone(), stage: Standing::of(key.stage), since: since(key) })
            .collect();
    }

    /// For how many whole seconds a key was seen in the stage that it is in, up to the last look.
    pub(crate) fn observed_for(&self, key: &Key) -> u64 {
        let seen = self.sighting(key).zip(self.last);
        seen.map_or(0, |(sighting, (_, last))| last.millis_since(sighting.since) / 1000)
    }

    fn sighting(&self, key: &Key) -> Option<&Sighting> {
        let stage = Standing::of(key.stage);
        self.seen.iter().find(|sighting| sighting.name == key.name && sighting.stage == stage)
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
