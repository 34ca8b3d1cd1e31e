//! How the lanes share the hashes: known devices first, and never alone while unknown devices wait. A pure rule.

use super::super::Lane;

/// Hashes of known devices for each one of unknown devices while both lanes have work. Unknown devices keep a third, so
/// that owners of accounts cannot keep all new devices out, and known devices keep two thirds in any flood of unknown ones.
const KNOWN_PER_UNKNOWN: u32 = 2;

/// How far the known devices are ahead: a hash of theirs adds one, a hash of an unknown device takes [`KNOWN_PER_UNKNOWN`].
/// While both lanes have work it stays between 0 and 3, where no job takes more than two hashes and one of an unknown device
/// takes one: over any such time unknown devices get a third of the hashes, give or take one. A larger job, whose hash was
/// imported, is worth as many hashes as it takes time for, and the other lane gets its part of that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    lead: i64,
}

impl Share {
    /// At this lead the next hash is an unknown device's.
    const TURN: i64 = KNOWN_PER_UNKNOWN as i64;

    /// The lane that is served next where both have work.
    pub(super) fn next(self) -> Lane {
        if self.lead >= Self::TURN { Lane::Unknown } else { Lane::Known }
    }

    /// Takes on that a job of a lane was given to a worker. Where the other lane has no work it saves up one turn at most: it
    /// is next when it has work again, and does not then keep this one waiting.
    pub(super) fn served(&mut self, lane: Lane, hashes: u32, other_has_work: bool) {
        self.lead += Self::step(lane, hashes);
        match lane {
            _ if other_has_work => {}
            Lane::Known => self.lead = self.lead.min(Self::TURN),
            Lane::Unknown => self.lead = self.lead.max(0),
        }
    }

    /// Takes on that a job was taken back from a worker.
    pub(super) fn taken_back(&mut self, lane: Lane, hashes: u32) {
        self.lead -= Self::step(lane, hashes);
    }

    /// How many hashes of the other lane, if it never lacks work, come before a job that has `ahead` hashes of its own lane
    /// before it.
    pub(super) fn of_other_lane_before(self, lane: Lane, ahead: u32) -> u32 {
        let hashes = match lane {
            Lane::Known => (self.lead + i64::from(ahead)) / Self::TURN,
            Lane::Unknown => Self::TURN * (i64::from(ahead) + 1) - self.lead,
        };
        hashes.max(0).try_into().unwrap_or(u32::MAX)
    }

    /// How many hashes are made, of both lanes, for `hashes` of one.
    pub(super) fn of_both_lanes(lane: Lane, hashes: u32) -> u32 {
        match lane {
            Lane::Known => hashes + hashes.div_ceil(KNOWN_PER_UNKNOWN),
            Lane::Unknown => hashes * (KNOWN_PER_UNKNOWN + 1),
        }
    }

    fn step(lane: Lane, hashes: u32) -> i64 {
        match lane {
            Lane::Known => i64::from(hashes),
            Lane::Unknown => -Self::TURN * i64::from(hashes),
        }
    }
}
