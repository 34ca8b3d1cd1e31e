//! The steps of a history, and their probabilities.

use proptest::prelude::*;

/// One step. Numbers that are too large wrap around, so that each step is valid in every state.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes without other events.
    Elapse { seconds: u64 },
    /// Time passes while every issuer reads within its lag and signs, and verifiers fetch.
    Serve { seconds: u64, first: usize },
    /// An issuer reads the ring and takes the steps that are due.
    Read { issuer: usize },
    /// An issuer reads and decides, and its swap comes this many seconds later.
    ReadSlowly { issuer: usize, seconds: u64 },
    /// An issuer signs.
    Sign { issuer: usize },
    /// A verifier fetches the set of an issuer, and keeps it for as long as it may.
    Fetch { issuer: usize },
    /// An issuer restarts, possibly with another algorithm and token life.
    Restart { issuer: usize, is_es256: bool, life: u64 },
    /// An operator orders a rotation, on a machine with a clock that is `ahead` seconds ahead.
    Rotate { is_signing: bool, ahead: u64 },
    /// An operator revokes a key: the one in use, or another.
    Revoke { is_signing: bool, key: usize, ahead: u64 },
    /// An issuer's clock moves within the tolerated difference.
    Drift { issuer: usize, ahead: u64 },
    /// An issuer's clock is wrong by days during its next reads, and correct afterward.
    Jump { issuer: usize, days: i64, reads: u64 },
}

/// The bound of how far a clock may be ahead, in seconds.
const AHEAD: u64 = super::world::TIMING.lag + 1;

pub(super) fn steps() -> impl Strategy<Value = Step> {
    let issuer = 0..3_usize;
    let ahead = 0..AHEAD;
    prop_oneof![
        4 => (1..40_u64).prop_map(|seconds| Step::Elapse { seconds }),
        6 => (1..120_u64, issuer.clone()).prop_map(|(seconds, first)| Step::Serve { seconds, first }),
        6 => issuer.clone().prop_map(|issuer| Step::Read { issuer }),
        2 => (issuer.clone(), 0..AHEAD).prop_map(|(issuer, seconds)| Step::ReadSlowly { issuer, seconds }),
        6 => issuer.clone().prop_map(|issuer| Step::Sign { issuer }),
        6 => issuer.clone().prop_map(|issuer| Step::Fetch { issuer }),
        1 => (issuer.clone(), any::<bool>(), 20..200_u64)
            .prop_map(|(issuer, is_es256, life)| Step::Restart { issuer, is_es256, life }),
        2 => (any::<bool>(), ahead.clone()).prop_map(|(is_signing, ahead)| Step::Rotate { is_signing, ahead }),
        2 => (any::<bool>(), 0..12_usize, ahead.clone())
            .prop_map(|(is_signing, key, ahead)| Step::Revoke { is_signing, key, ahead }),
        1 => (issuer.clone(), ahead).prop_map(|(issuer, ahead)| Step::Drift { issuer, ahead }),
        1 => (issuer, -400..400_i64, 1..5_u64).prop_map(|(issuer, days, reads)| Step::Jump { issuer, days, reads }),
    ]
}
