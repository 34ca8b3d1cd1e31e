//! What can happen, and how likely.

use std::fmt;

use proptest::prelude::*;

use crate::session::{Lifetimes, Rules};

/// What a history begins with.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) rules: Rules,
    /// Milliseconds of the second in which the history begins.
    pub(super) phase: u64,
    /// How many tabs share the cookie jar.
    pub(super) tabs: usize,
}

/// One thing that happens. Numbers that are too large wrap around, so that each means something in every state.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A tab renews, and nothing goes wrong.
    Renew { tab: usize },
    /// A tab sends the jar's token.
    Send { tab: usize },
    /// An exchange goes on by so many stages.
    Proceed { exchange: usize, stages: usize },
    /// An exchange's request or answer is lost.
    Lose { exchange: usize },
    /// So many 64ths of the grace pass.
    Elapse { units: u64 },
    /// Time passes up to the last moment of an exchange, as far as its client waits.
    ElapseToDeadline { exchange: usize },
    /// Time passes up to where the issuer's clock shows another second, or to just before.
    ElapseToTick { before: u64 },
    /// The store makes durable what was written.
    Sync,
    /// The issuer is killed, or loses power: what was not durable is lost, but for some of it.
    Crash { kept: usize },
    /// The clock jumps.
    Jump { seconds: i64 },
    /// The user signs out.
    SignOut { tab: usize },
    /// A thief copies the jar.
    Steal,
    /// The thief sends a token, the last or an earlier one.
    ThiefSends { back: usize },
}

/// Seconds that stand for the grace where there is none.
const STRICT: u64 = 2;

pub(super) fn setups() -> impl Strategy<Value = Setup> {
    // In the strict mode each use rotates, so that two tabs are two holders: it is for clients with one.
    let grace_and_tabs = prop_oneof![8 => (1..5_u64, 1..5_usize), 1 => Just((0, 1))];
    (grace_and_tabs, 0..1000_u64).prop_map(|((grace, tabs), phase)| {
        let scale = if grace == 0 { STRICT } else { grace };
        // Long enough for several late retries in a row, short enough to run out now and then.
        let lifetimes = Lifetimes { idle: 25 * scale, absolute: 120 * scale };
        Setup { rules: Rules { lifetimes, grace, late_window: 10 * scale }, phase, tabs }
    })
}

pub(super) fn steps() -> impl Strategy<Value = Step> {
    let any = 0..8_usize;
    prop_oneof![
        8 => any.clone().prop_map(|tab| Step::Renew { tab }),
        12 => any.clone().prop_map(|tab| Step::Send { tab }),
        20 => (any.clone(), 1..6_usize).prop_map(|(exchange, stages)| Step::Proceed { exchange, stages }),
        3 => any.clone().prop_map(|exchange| Step::Lose { exchange }),
        8 => (0..=32_u64).prop_map(|units| Step::Elapse { units }),
        8 => (0..=160_u64).prop_map(|units| Step::Elapse { units }),
        5 => any.clone().prop_map(|exchange| Step::ElapseToDeadline { exchange }),
        5 => (0..2_u64).prop_map(|before| Step::ElapseToTick { before }),
        2 => (0..=900_u64).prop_map(|units| Step::Elapse { units }),
        1 => Just(Step::Sync),
        2 => any.clone().prop_map(|kept| Step::Crash { kept }),
        1 => (-20..20_i64).prop_map(|seconds| Step::Jump { seconds }),
        1 => any.clone().prop_map(|tab| Step::SignOut { tab }),
        2 => Just(Step::Steal),
        3 => (0..4_usize).prop_map(|back| Step::ThiefSends { back }),
    ]
}

impl Setup {
    /// How long an honest exchange takes at most, in milliseconds. Without a grace the rules ask for nothing, and a
    /// client gives up at some time.
    pub(super) fn longest_exchange(&self) -> u64 {
        500 * if self.rules.grace == 0 { STRICT } else { self.rules.grace }
    }

    /// A 64th of the grace, in milliseconds.
    pub(super) fn unit(&self) -> u64 {
        self.longest_exchange() / 32
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rules { grace, late_window, .. } = self.rules;
        write!(
            f,
            "   grace {grace} s, late window {late_window} s, {} tabs, begins {} ms into a second",
            self.tabs, self.phase
        )
    }
}
