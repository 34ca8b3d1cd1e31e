//! How the lanes share the hashes: known devices come first, but unknown devices keep a share. Pure.

use super::super::Lane;

/// Hashes of known devices for each one of unknown devices while both lanes have work. Unknown devices keep a third, so that
/// owners of accounts cannot block all new devices. Known devices keep two thirds in any flood of unknown ones.
const KNOWN_PER_UNKNOWN: u32 = 2;

/// The lead of the known devices: each of their hashes adds one, each hash of an unknown device subtracts [`KNOWN_PER_UNKNOWN`].
///
/// While both lanes have work, the lead stays between 0 and 3 if no job takes more than two hashes and a job of an unknown device
/// takes one. So over any such time unknown devices get a third of the hashes, within one hash. A larger job, whose hash was
/// imported, counts as many hashes as its work, and the other lane gets its share of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    lead: i64,
}

impl Share {
    /// At this lead the next hash is for an unknown device.
    const TURN: i64 = KNOWN_PER_UNKNOWN as i64;

    /// The next lane while both have work.
    pub(super) fn next(self) -> Lane {
        if self.lead >= Self::TURN { Lane::Unknown } else { Lane::Known }
    }

    /// Records that a job of a lane was assigned. A lane without work saves up one turn at most: it comes next once it has work,
    /// and the other lane does not wait longer for it.
    pub(super) fn served(&mut self, lane: Lane, hashes: u32, other_has_work: bool) {
        self.lead += Self::step(lane, hashes);
        match lane {
            _ if other_has_work => {}
            Lane::Known => self.lead = self.lead.min(Self::TURN),
            Lane::Unknown => self.lead = self.lead.max(0),
        }
    }

    /// Records that an assigned job returned to its lane.
    pub(super) fn taken_back(&mut self, lane: Lane, hashes: u32) {
        self.lead -= Self::step(lane, hashes);
    }

    /// The hashes of a busy other lane that come before a job with `ahead` hashes before it in its own lane.
    pub(super) fn of_other_lane_before(self, lane: Lane, ahead: u32) -> u32 {
        let hashes = match lane {
            Lane::Known => (self.lead + i64::from(ahead)) / Self::TURN,
            Lane::Unknown => Self::TURN * (i64::from(ahead) + 1) - self.lead,
        };
        hashes.max(0).try_into().unwrap_or(u32::MAX)
    }

    /// The hashes of both lanes that are made for `hashes` of one.
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
