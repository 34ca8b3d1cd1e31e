//! Test rings, and the tests of each step of a key.

use super::*;
use crate::{
    clock::Moment,
    key_ring::{material::draw_fresh, watch::Watch},
};

mod keepers;
mod kept;
mod steps;
mod take_over;

/// The master key of the tests.
pub(super) const MASTER: [u8; 32] = [1; 32];

const START: u64 = 1_790_000_000;
const TIMING: Timing = Timing { max_age: 300, lag: 30 };
const DAY: u64 = 24 * 60 * 60;

const WISHES: Wishes =
    Wishes { timing: TIMING, lives: Lives { access_tokens: 600, refresh_tokens: 90 * DAY }, signs: true };

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(START + seconds).unwrap()
}

fn master() -> MasterKey {
    MasterKey::new(&MASTER)
}

/// A ring without keys.
fn empty() -> Ring {
    let wanted =
        Wanted { algorithm: SigningAlgorithm::EdDsa, signing_period: Some(30 * DAY), refresh_period: Some(90 * DAY) };
    Ring::empty(wanted, TIMING, material::seal_decoy(&master(), &[4; 32], [4; 12]))
}

/// An issuer that observes a ring.
struct Issuer {
    ring: Ring,
    watch: Watch,
    wishes: Wishes,
}

impl Issuer {
    fn over(ring: Ring) -> Self {
        Self { ring, watch: Watch::default(), wishes: WISHES }
    }

    /// Takes all steps that are due this many seconds after the start.
    fn read(&mut self, seconds: u64) -> &Ring {
        self.read_by(seconds, seconds)
    }

    /// The same, with a time of day that differs from the elapsed time.
    fn read_by(&mut self, seconds: u64, passed: u64) -> &Ring {
        let moment = Moment::from_millis(passed * 1000);
        self.watch.look(&self.ring, at(seconds), moment);
        for _ in 0..16 {
            let fresh = draw_fresh(&self.ring, &master()).unwrap();
            match self.ring.next(&self.wishes, &self.watch, at(seconds), &fresh) {
                Some(next) => self.ring = next,
                None => break,
            }
        }
        self.watch.look(&self.ring, at(seconds), moment);
        &self.ring
    }

    /// Runs from one time to another, with a read every ten seconds.
    fn run(&mut self, from: u64, to: u64) -> &Ring {
        for seconds in (from..to).step_by(10) {
            self.read(seconds);
        }
        self.read(to)
    }
}

/// A ring that an issuer made at that time.
pub(super) fn rung(seconds: u64) -> Ring {
    Issuer::over(empty()).read(seconds).clone()
}

/// A ring with published, used and retired keys of both kinds, and a revocation.
pub(super) fn ring_in_every_stage() -> Ring {
    let mut issuer = Issuer::over(rung(0));
    for (seconds, kind) in [(400, Kind::Signing), (400, Kind::RefreshTokens), (900, Kind::Signing)] {
        let fresh = draw_fresh(&issuer.ring, &master()).unwrap();
        issuer.ring = issuer.ring.rotate(kind, at(seconds), &fresh).unwrap().0;
    }
    let revoked = issuer.ring.keys.iter().find(|key| matches!(key.stage, Stage::Retired { .. })).unwrap().name.clone();
    let fresh = draw_fresh(&issuer.ring, &master()).unwrap();
    issuer.ring.revoke(&revoked.0, at(950), &fresh).unwrap().0
}

/// The names of the keys in use, published and retired, of one kind.
fn stages(ring: &Ring, kind: Kind) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let of = |is: fn(Stage) -> bool| ring.of(kind).filter(|key| is(key.stage)).map(|key| key.name.0.as_str()).collect();
    (
        of(|stage| matches!(stage, Stage::InUse { .. })),
        of(|stage| matches!(stage, Stage::Published { .. })),
        of(|stage| matches!(stage, Stage::Retired { .. })),
    )
}
