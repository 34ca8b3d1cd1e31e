//! One test for each row of the table of rules.

use uuid::Uuid;

use super::*;
use crate::{
    id::{SessionId, UserId},
    refresh_token::{DecoyKey, RefreshTokenKey},
    session::{Beginning, Label, Lifetimes, Transport},
};

const GRACE: u64 = 30;
const LATE_WINDOW: u64 = 600;
const LIFETIMES: Lifetimes = Lifetimes { idle: 1000, absolute: 5000 };
const RULES: Rules = Rules { lifetimes: LIFETIMES, grace: GRACE, late_window: LATE_WINDOW };
const STRICT: Rules = Rules { lifetimes: LIFETIMES, grace: 0, late_window: LATE_WINDOW };
const START: u64 = 100_000;

/// A session and its last issued token, from the client's view.
struct Client {
    session: Session,
    token: RefreshToken,
    rules: Rules,
    keys: RefreshTokenKeys,
    /// The last salt. Each presentation uses a new one.
    salts: u8,
}

/// Keys of these roots; the first is in use.
fn keys(roots: &[u8]) -> RefreshTokenKeys {
    let mut keys = roots.iter().map(|root| RefreshTokenKey::from_root(&[*root; 32]));
    RefreshTokenKeys::new(keys.next().unwrap(), keys.collect(), DecoyKey::of_root(&[0; 32]))
}

impl Client {
    fn signed_in(rules: Rules) -> Self {
        let token = RefreshToken::new(SessionId(Uuid::from_u128(1)), [1; 32], keys(&[9]).in_use().id());
        let user = UserId(Uuid::from_u128(2));
        let beginning =
            Beginning { user, epoch: CredentialEpoch(0), transport: Transport::Cookie, label: Label::default() };
        let now = UnixSeconds::new(START).unwrap();
        Self { session: Session::begin(beginning, &token, now), token, rules, keys: keys(&[9]), salts: 0 }
    }

    /// A client whose second token is current since `START`, and its first token, which is the previous one.
    fn rotated(rules: Rules) -> (Self, RefreshToken) {
        let mut client = Self::signed_in(rules);
        let first = client.token.clone();
        client.take(&first, 0);
        (client, first)
    }

    /// The outcome of a token presented this many seconds after `START`. It is not stored.
    fn present(&mut self, token: &RefreshToken, after: i64) -> Outcome {
        self.present_with(token, after, CredentialEpoch(0))
    }

    fn present_with(&mut self, token: &RefreshToken, after: i64, epoch: CredentialEpoch) -> Outcome {
        self.salts += 1;
        let now = UnixSeconds::new(START.checked_add_signed(after).unwrap()).unwrap();
        self.session.rotate(
            token,
            &RotationContext { rules: &self.rules, keys: &self.keys, epoch, salt: Salt([self.salts; 16]), now },
        )
    }

    /// Presents a token that must rotate, and stores the outcome.
    fn take(&mut self, token: &RefreshToken, after: i64) {
        match self.present(token, after) {
            Outcome::Rotated { session, token } => (self.session, self.token) = (session, token),
            other => panic!("{other:?}"),
        }
    }

    /// Asserts that the answer is the current token.
    fn assert_again(&mut self, token: &RefreshToken, after: i64, by: Repeat) {
        match self.present(token, after) {
            Outcome::Again { token, by: found } => {
                assert_eq!((token.hash(), token.position, found), (self.session.current, self.session.position, by));
            }
            other => panic!("{other:?}"),
        }
    }

    fn assert_stolen(&mut self, token: &RefreshToken, after: i64) {
        match self.present(token, after) {
            Outcome::Stolen { session } => {
                assert_eq!(session, Session { state: State::Ended(End::Stolen), ..self.session.clone() });
            }
            other => panic!("{other:?}"),
        }
    }

    fn assert_refused(&mut self, token: &RefreshToken, after: i64, refusal: Refusal) {
        match self.present(token, after) {
            Outcome::Refused(found) => assert_eq!(found, refusal),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_current_token_rotates_and_becomes_the_previous_one() {
    let (mut client, _) = Client::rotated(RULES);
    let second = client.token.clone();
    client.take(&second, 61);
    assert_ne!(client.token.hash(), second.hash());
    assert_eq!(client.session.previous, Some(second.hash()));
    assert_eq!(client.token.position, TokenPosition { generation: 2, attempt: 0 });
    assert_eq!(client.session.rotated_at.seconds(), START + 61);
}

#[test]
fn the_first_token_of_a_login_rotates_at_once() {
    let mut client = Client::signed_in(RULES);
    let first = client.token.clone();
    client.take(&first, 0);
    assert_eq!(client.token.position, TokenPosition { generation: 1, attempt: 0 });
}

#[test]
fn the_current_token_within_2g_of_its_rotation_is_returned_without_a_write() {
    let (mut client, _) = Client::rotated(RULES);
    let second = client.token.clone();
    for after in [0, 29, 30, 59, 60] {
        client.assert_again(&second, after, Repeat::Current);
    }
}

#[test]
fn the_previous_token_within_g_gets_the_same_successor_without_a_write() {
    let (mut client, first) = Client::rotated(RULES);
    for after in [0, 1, 29] {
        client.assert_again(&first, after, Repeat::Previous);
    }
}

#[test]
fn the_previous_token_between_g_and_2g_waits_without_a_write() {
    let (mut client, first) = Client::rotated(RULES);
    for (after, left) in [(30, 31), (59, 2), (60, 1)] {
        assert!(matches!(client.present(&first, after), Outcome::Wait { seconds } if seconds == left), "{after}");
    }
}

#[test]
fn the_previous_token_from_2g_to_w_gets_a_different_successor_and_the_clocks_start_again() {
    for after in [61, 600] {
        let (mut client, first) = Client::rotated(RULES);
        let unused = client.token.clone();
        client.take(&first, after);
        assert_ne!(client.token.hash(), unused.hash());
        assert_eq!(client.token.position, TokenPosition { generation: 1, attempt: 1 });
        // The times count from the retry: within G of it the answer is the same, and so on up to W.
        client.assert_again(&first, after + 29, Repeat::Previous);
        let retried = client.token.clone();
        client.assert_again(&retried, after + 60, Repeat::Current);
        assert!(matches!(client.present(&first, after + 60), Outcome::Wait { .. }));
        client.take(&first, after + 600);
        assert_eq!(client.token.position, TokenPosition { generation: 1, attempt: 2 });
        // The unused token is superseded.
        client.assert_stolen(&unused, after + 601);
    }
}

#[test]
fn the_previous_token_after_w_is_refused_without_alarm() {
    let (mut client, first) = Client::rotated(RULES);
    client.assert_refused(&first, 601, Refusal::TooLate);
    let (mut client, first) = Client::rotated(Rules { late_window: 0, ..RULES });
    client.assert_refused(&first, 61, Refusal::TooLate);
}

#[test]
fn a_superseded_token_ends_the_session() {
    let (mut client, first) = Client::rotated(RULES);
    let superseded = client.token.clone();
    client.take(&first, 61);
    for after in [61, 100, 700] {
        client.assert_stolen(&superseded, after);
    }
}

#[test]
fn any_other_token_of_the_past_ends_the_session() {
    let (mut client, first) = Client::rotated(RULES);
    let second = client.token.clone();
    client.take(&second, 61);
    client.assert_stolen(&first, 61);
    let third = client.token.clone();
    client.take(&third, 200);
    client.assert_stolen(&first, 900);
    client.assert_stolen(&second, 200);
}

#[test]
fn a_token_newer_than_the_record_is_refused_without_alarm() {
    let (mut client, _) = Client::rotated(RULES);
    let backup = client.session.clone();
    let second = client.token.clone();
    client.take(&second, 61);
    client.session = backup;
    let newer = client.token.clone();
    client.assert_refused(&newer, 62, Refusal::Newer);
    let (mut client, first) = Client::rotated(RULES);
    let backup = client.session.clone();
    client.take(&first, 61);
    client.session = backup;
    let newer = client.token.clone();
    client.assert_refused(&newer, 62, Refusal::Newer);
}

#[test]
fn a_token_from_before_a_restored_backup_ends_the_session_once_another_token_has_its_position() {
    let (mut client, _) = Client::rotated(RULES);
    let backup = client.session.clone();
    let second = client.token.clone();
    client.take(&second, 61);
    let undone = client.token.clone();
    client.session = backup;
    client.take(&second, 70);
    assert_eq!(client.token.position, undone.position);
    client.assert_stolen(&undone, 70);
}

#[test]
fn past_idle_or_absolute_expiry_a_token_is_refused() {
    let (mut client, first) = Client::rotated(RULES);
    let second = client.token.clone();
    for token in [&first, &second] {
        client.assert_refused(token, 1000, Refusal::Expired);
    }
    client.take(&second, 999);
}

#[test]
fn a_rotated_token_never_outlives_the_absolute_expiry() {
    let (mut client, _) = Client::rotated(RULES);
    for after in [900, 1800, 2700, 3600, 4500] {
        let token = client.token.clone();
        client.take(&token, after);
    }
    assert_eq!(client.session.expires_at(LIFETIMES).seconds(), START + 5000);
    let token = client.token.clone();
    client.assert_refused(&token, 5000, Refusal::Expired);
    client.take(&token, 4999);
    assert_eq!(client.session.expires_at(LIFETIMES).seconds(), START + 5000);
}

#[test]
fn a_token_of_an_ended_session_is_refused() {
    let (mut client, first) = Client::rotated(RULES);
    client.session = client.session.end(End::SignedOut).unwrap();
    let second = client.token.clone();
    for token in [&first, &second] {
        client.assert_refused(token, 1, Refusal::Ended(End::SignedOut));
    }
}

#[test]
fn a_token_is_refused_once_the_credential_epoch_of_the_user_changed() {
    let (mut client, _) = Client::rotated(RULES);
    let token = client.token.clone();
    let outcome = client.present_with(&token, 61, CredentialEpoch(1));
    assert!(matches!(outcome, Outcome::Refused(Refusal::CredentialsChanged)));
    client.session = client.session.with_epoch(CredentialEpoch(1));
    let outcome = client.present_with(&token, 61, CredentialEpoch(1));
    assert!(matches!(outcome, Outcome::Rotated { .. }));
}

#[test]
fn in_strict_mode_every_use_rotates_and_every_retry_is_a_late_one() {
    let (mut client, first) = Client::rotated(STRICT);
    let second = client.token.clone();
    client.take(&first, 0);
    assert_eq!(client.token.position, TokenPosition { generation: 1, attempt: 1 });
    client.assert_stolen(&second, 0);
    for generation in 2..5 {
        let token = client.token.clone();
        client.take(&token, 0);
        assert_eq!(client.token.position, TokenPosition { generation, attempt: 0 });
    }
}

#[test]
fn elapsed_times_below_zero_count_as_zero() {
    let (mut client, first) = Client::rotated(RULES);
    let second = client.token.clone();
    client.assert_again(&first, -5000, Repeat::Previous);
    client.assert_again(&second, -5000, Repeat::Current);
    // A rotation during a backward jump does not make the session look idle after it.
    let mut client = Client::signed_in(RULES);
    let first = client.token.clone();
    client.take(&first, -5000);
    let second = client.token.clone();
    client.take(&second, 999);
}

#[test]
fn a_repeat_without_its_key_is_refused() {
    let (mut client, first) = Client::rotated(RULES);
    client.keys = keys(&[8]);
    client.assert_refused(&first, 1, Refusal::KeyRevoked);
}

#[test]
fn a_retry_across_a_rotation_of_the_keys_gets_the_same_token() {
    let (mut client, first) = Client::rotated(RULES);
    let second = client.token.reveal(&client.keys);
    client.keys = keys(&[8, 9]);
    match client.present(&first, 1) {
        Outcome::Again { token, by: Repeat::Previous } => assert_eq!(token.reveal(&client.keys), second),
        other => panic!("{other:?}"),
    }
    let token = client.token.clone();
    client.take(&token, 61);
    assert!(RefreshToken::parse(&client.token.reveal(&client.keys), &keys(&[8])).is_ok());
}

#[test]
fn position_counters_end_in_a_refusal_and_do_not_wrap() {
    let (mut client, first) = Client::rotated(RULES);
    let second = client.token.clone();
    client.session.position = TokenPosition { generation: u32::MAX, attempt: u32::MAX };
    client.assert_refused(&second, 61, Refusal::RotationLimit);
    client.assert_refused(&first, 61, Refusal::RotationLimit);
}
