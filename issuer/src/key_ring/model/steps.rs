//! What can happen, and how likely.

use proptest::prelude::*;

/// One thing that happens. Numbers that are too large wrap around, so that each means something in every state.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes, and nobody does anything.
    Elapse { seconds: u64 },
    /// Time passes in which every issuer reads within its bound and signs, and verifiers fetch.
    Serve { seconds: u64, first: usize },
    /// An issuer reads the ring and takes the steps that are due.
    Read { issuer: usize },
    /// An issuer reads and decides, and its swap comes only so many seconds later.
    ReadSlowly { issuer: usize, seconds: u64 },
    /// An issuer signs.
    Sign { issuer: usize },
    /// A verifier takes the set of an issuer, and keeps it for as long as it may.
    Fetch { issuer: usize },
    /// An issuer starts again, with another algorithm perhaps, and another life of its tokens.
    Restart { issuer: usize, is_es256: bool, life: u64 },
    /// Somebody orders a rotation, on a machine whose clock is so far ahead.
    Rotate { is_signing: bool, ahead: u64 },
    /// Somebody revokes a key: the one in use, or another.
    Revoke { is_signing: bool, key: usize, ahead: u64 },
    /// An issuer's clock is moved within what clocks may differ.
    Drift { issuer: usize, ahead: u64 },
    /// An issuer's clock is wrong by days, for as long as its next reads take, and right again.
    Jump { issuer: usize, days: i64, reads: u64 },
}

/// How far ahead a clock may be.
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
