//! The events in a run of histories. A run without an event proves nothing about it.

use std::{fmt, ops::Add};

macro_rules! coverage {
    ($($name:ident: $what:literal,)*) => {
        #[derive(Clone, Copy, Debug, Default)]
        pub(super) struct Coverage {
            $(pub(super) $name: u64,)*
        }

        impl Add for Coverage {
            type Output = Self;

            fn add(self, more: Self) -> Self {
                Self { $($name: self.$name + more.$name,)* }
            }
        }

        impl fmt::Display for Coverage {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(writeln!(f, "{:>12} {}", self.$name, $what)?;)*
                Ok(())
            }
        }

        impl Coverage {
            /// Asserts that every event happened.
            pub(super) fn assert_complete(&self) {
                $(assert!(self.$name > 0, "no history had any {}", $what);)*
            }
        }
    };
}

coverage! {
    steps: "steps",
    rotations: "rotations",
    late: "late retries that got another successor",
    grace: "answers again within the grace",
    same: "current tokens that came again",
    waits: "waits in the dead zone",
    thefts: "thefts that ended the session",
    sign_outs: "sign-outs",
    too_late: "retries after the late window",
    expired: "tokens of expired sessions",
    conflicts: "conflicts that were decided again",
    lost: "lost requests and answers",
    zombies: "decisions after their client had given up",
    crashes: "crashes",
    undone: "writes that a crash undid",
    jumps: "jumps of the clock",
    honest: "histories in which the honest client had to stay signed in to their end",
}
