//! The second property directly: two holders that alternate outside the grace are detected soon.

use hallpass_token::UnixSeconds;
use proptest::prelude::*;
use uuid::Uuid;

use super::{broken::with_the_same_salt, *};
use crate::{
    id::{SessionId, UserId},
    refresh_token::{DecoyKey, KeyId, RefreshToken, RefreshTokenKey, RefreshTokenKeys, Salt},
    session::{Beginning, End, Label, Lifetimes, Outcome, RotationContext, Rules, Session, State, Transport},
    user::CredentialEpoch,
};

const RULES: Rules = Rules { lifetimes: Lifetimes { idle: 10_000, absolute: 100_000 }, grace: 30, late_window: 600 };

/// The rule that is broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bent {
    Not,
    NoTheft,
    SameSalt,
}

/// Two holders use one token in turn, with these gaps in seconds. Returns the number of uses until the session ends.
fn uses_until_the_end(grace: u64, rotations_before: usize, gaps: &[u64], bent: Bent) -> Option<usize> {
    let rules = Rules { grace, ..RULES };
    let keys = RefreshTokenKeys::new(RefreshTokenKey::from_root(&[1; 32]), vec![], DecoyKey::of_root(&[1; 32]));
    let first = RefreshToken::new(SessionId(Uuid::from_u128(1)), [1; 32], KeyId::UNNAMED);
    let user = UserId(Uuid::from_u128(2));
    let beginning = Beginning { user, epoch: CredentialEpoch(0), transport: Transport::Body, label: Label::default() };
    let mut now = UnixSeconds::new(1_790_000_000).unwrap();
    let mut session = Session::begin(beginning, &first, now);
    let mut salt = 0;
    let mut present = |session: &mut Session, token: &RefreshToken, now| {
        salt += 1;
        let context =
            RotationContext { rules: &rules, keys: &keys, epoch: CredentialEpoch(0), salt: Salt([salt; 16]), now };
        let context = if bent == Bent::SameSalt { with_the_same_salt(session, &context) } else { context };
        match session.rotate(token, &context) {
            Outcome::Rotated { session: rotated, token } => {
                *session = rotated;
                Some(token)
            }
            Outcome::Stolen { session: ended } if bent != Bent::NoTheft => {
                *session = ended;
                None
            }
            Outcome::Again { token, .. } => Some(token),
            _ => None,
        }
    };
    let mut token = first;
    for _ in 0..rotations_before {
        token = present(&mut session, &token, now).unwrap();
        now = now.saturating_add(2 * grace + 1);
    }
    let mut holders = [token.clone(), token];
    for (number, gap) in gaps.iter().enumerate() {
        if let Some(token) = present(&mut session, &holders[number % 2].clone(), now) {
            holders[number % 2] = token;
        }
        if session.state == State::Ended(End::Stolen) {
            return Some(number + 1);
        }
        now = now.saturating_add(2 * grace + 1 + gap);
    }
    None
}

/// Gaps between two uses: outside the grace, within the late window.
fn gaps() -> impl Strategy<Value = Vec<u64>> {
    vec(0..530_u64, 6)
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn two_holders_that_alternate_outside_the_grace_are_detected_within_three_uses(
        grace in prop_oneof![Just(0), Just(1), Just(30)],
        rotations_before in 0..5_usize,
        gaps in gaps(),
    ) {
        let uses = uses_until_the_end(grace, rotations_before, &gaps, Bent::Not);
        prop_assert!(uses.is_some_and(|uses| uses <= 3), "{uses:?}");
    }

    #[test]
    fn alternating_holders_are_not_detected_without_theft_or_with_a_constant_salt(gaps in gaps()) {
        prop_assert_eq!(uses_until_the_end(30, 1, &gaps, Bent::NoTheft), None);
        prop_assert_eq!(uses_until_the_end(30, 1, &gaps, Bent::SameSalt), None);
    }
}
