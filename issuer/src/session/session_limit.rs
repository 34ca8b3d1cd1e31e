//! How many sessions a user may have at once.

use std::cmp::Reverse;

use super::{Session, State};
use crate::id::SessionId;

/// Living sessions of a user. Nobody has so many devices; a script that signs in and never signs out does.
const MAX_SESSIONS: usize = 100;

/// Records of a user, those of ended sessions too, that are left to the sweeper. A script that signs in and out in turn
/// would make thousands between two of its rounds, and each sign-in reads them all.
const MAX_RECORDS: usize = 200;

/// Ended sessions that one sign-in forgets: more than one adds, few enough not to hold it up.
const FORGOTTEN_AT_ONCE: usize = 16;

/// Which of all of a user's sessions are to be forgotten before the sweeper comes. An ended session is worth nothing:
/// its tokens get the same answer when it is gone.
pub(crate) fn forgettable(sessions: &[Session]) -> impl Iterator<Item = &Session> {
    let limit = if sessions.len() > MAX_RECORDS { FORGOTTEN_AT_ONCE } else { 0 };
    sessions.iter().filter(|session| session.state != State::Living).take(limit)
}

/// Which of a user's living sessions must end now that `newest` has begun: those that were not used for longest, rather
/// than those that began first, which may well be the ones in daily use.
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
    fn a_hundred_and_first_session_ends_the_one_that_was_not_used_for_longest() {
        let newest = SessionId(Uuid::from_u128(101));
        let mut living: Vec<_> = (1..=101).map(|id| session(id, 1000)).collect();
        living[41].rotated_at = UnixSeconds::new(999).unwrap();
        assert_eq!(surplus(living.clone(), newest), [SessionId(Uuid::from_u128(42))]);
        assert_eq!(surplus(living[1..].to_vec(), newest), []);
    }

    #[test]
    fn of_too_many_records_some_that_have_ended_are_forgotten() {
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
    fn the_newest_session_stays_even_where_a_clock_that_jumped_back_makes_it_look_old() {
        let newest = SessionId(Uuid::from_u128(200));
        let living: Vec<_> = (1..=102).map(|id| session(id, 1000)).chain([session(200, 1)]).collect();
        let ended = surplus(living, newest);
        assert_eq!(ended.len(), 3);
        assert!(!ended.contains(&newest));
    }
}
