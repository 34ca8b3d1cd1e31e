//! The steps of a history, and their probabilities.

use std::fmt;

use proptest::prelude::*;

use crate::session::{Lifetimes, Rules};

/// The initial state of a history.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) rules: Rules,
    /// The offset of the history's start within a second, in milliseconds.
    pub(super) phase: u64,
    /// The number of tabs that share the cookie jar.
    pub(super) tabs: usize,
}

/// One step. Numbers that are too large wrap around, so that each step is valid in every state.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A tab refreshes without a fault.
    Renew { tab: usize },
    /// A tab sends the jar's token.
    Send { tab: usize },
    /// An exchange advances by this many stages.
    Proceed { exchange: usize, stages: usize },
    /// An exchange's request or answer is lost.
    Lose { exchange: usize },
    /// Time passes: this many 64ths of the grace.
    Elapse { units: u64 },
    /// Time passes up to the deadline of an exchange's client.
    ElapseToDeadline { exchange: usize },
    /// Time passes up to the next second of the issuer's clock, or to just before it.
    ElapseToTick { before: u64 },
    /// The store makes its writes durable.
    Sync,
    /// The issuer is killed or loses power: the non-durable writes are lost, except `kept` of them.
    Crash { kept: usize },
    /// The clock jumps.
    Jump { seconds: i64 },
    /// The user signs out.
    SignOut { tab: usize },
    /// A thief copies the jar.
    Steal,
    /// The thief sends a stolen token, the last or an earlier one.
    ThiefSends { back: usize },
}

/// The seconds that replace the grace in the strict mode.
const STRICT: u64 = 2;

pub(super) fn setups() -> impl Strategy<Value = Setup> {
    // In the strict mode each use rotates, so that two tabs are two holders. It is for clients with one tab.
    let grace_and_tabs = prop_oneof![8 => (1..5_u64, 1..5_usize), 1 => Just((0, 1))];
    (grace_and_tabs, 0..1000_u64).prop_map(|((grace, tabs), phase)| {
        let scale = if grace == 0 { STRICT } else { grace };
        // Long enough for several late retries in a row, short enough to expire sometimes.
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
    /// The maximum duration of an honest exchange, in milliseconds. Without a grace the rules have no limit, and a
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
