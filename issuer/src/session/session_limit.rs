//! The session limit of a user.

use std::cmp::Reverse;

use super::{Session, State};
use crate::id::SessionId;

/// The maximum number of living sessions of a user. Only a script that never signs out reaches it.
const MAX_SESSIONS: usize = 100;

/// The number of a user's records, including ended sessions, that are left to the sweeper. A script that signs in and
/// out in turn would make thousands between two rounds of the sweeper, and each sign-in reads them all.
const MAX_RECORDS: usize = 200;

/// Ended sessions that one sign-in removes: more than it adds, and few enough not to delay it.
const FORGOTTEN_AT_ONCE: usize = 16;

/// The ended sessions of a user to remove before the sweeper does. The tokens of an ended session get the same answer
/// after its removal.
pub(crate) fn forgettable(sessions: &[Session]) -> impl Iterator<Item = &Session> {
    let limit = if sessions.len() > MAX_RECORDS { FORGOTTEN_AT_ONCE } else { 0 };
    sessions.iter().filter(|session| session.state != State::Living).take(limit)
}

/// The living sessions of a user that must end for `newest`: the least recently used ones. The oldest ones may be in
/// daily use.
pub(crate) fn surplus(living: Vec<Session>, newest: SessionId) -> Vec<SessionId> {
    let mut others: Vec<_> = living.into_iter().filter(|session| session.id != newest).collect();
    others.sort_unstable_by_key(|session| Reverse((session.rotated_at, session.created_at, session.id.0)));
    others.iter().skip(MAX_SESSIONS - 1).map(|session| session.id).collect()
}

#[cfg(test)]
mod tests {
    use hallpass_token::UnixSeconds;
    use uuid::Uuid;

    use super::*;
    use crate::{
        id::UserId,
        refresh_token::{KeyId, RefreshToken},
        session::{Beginning, End, Label, Transport},
        user::CredentialEpoch,
    };

    fn session(id: u128, used_at: u64) -> Session {
        let beginning = Beginning {
            user: UserId(Uuid::from_u128(1)),
            epoch: CredentialEpoch::default(),
            transport: Transport::Cookie,
            label: Label::default(),
        };
        let first = RefreshToken::new(SessionId(Uuid::from_u128(id)), [1; 32], KeyId::UNNAMED);
        Session::begin(beginning, &first, UnixSeconds::new(used_at).unwrap())
    }

    #[test]
    fn a_hundred_and_first_session_ends_the_least_recently_used_one() {
        let newest = SessionId(Uuid::from_u128(101));
        let mut living: Vec<_> = (1..=101).map(|id| session(id, 1000)).collect();
        living[41].rotated_at = UnixSeconds::new(999).unwrap();
        assert_eq!(surplus(living.clone(), newest), [SessionId(Uuid::from_u128(42))]);
        assert_eq!(surplus(living[1..].to_vec(), newest), []);
    }

    #[test]
    fn some_ended_sessions_are_removed_from_too_many_records() {
        let mut sessions: Vec<_> = (0..200).map(|id| session(id, 1000)).collect();
        for session in &mut sessions[50..] {
            *session = session.end(End::SignedOut).unwrap();
        }
        assert_eq!(forgettable(&sessions).count(), 0);
        sessions.push(session(200, 1000));
        assert_eq!(forgettable(&sessions).count(), 16);
        assert!(forgettable(&sessions).all(|session| session.state != State::Living));
    }

    #[test]
    fn the_newest_session_stays_even_if_a_backward_jump_of_the_clock_makes_it_look_old() {
        let newest = SessionId(Uuid::from_u128(200));
        let living: Vec<_> = (1..=102).map(|id| session(id, 1000)).chain([session(200, 1)]).collect();
        let ended = surplus(living, newest);
        assert_eq!(ended.len(), 3);
        assert!(!ended.contains(&newest));
    }
}
