//! Where right passwords are limited, too: a flood of good sign-ins takes the hashes of all others.

use std::net::IpAddr;

use super::{Auth, AuthError};
use crate::{
    id::UserId,
    login_throttle::{Attempt, Outcome},
};

impl Auth {
    /// Refuses, before anything else is done, a client from whose address too many sign-ins succeeded.
    pub(super) fn admit_address(&self, address: IpAddr) -> Result<(), AuthError> {
        Ok(self.successes.check_address(address, self.clock.moment())?)
    }

    /// Lets an attempt of an account's known device or session go on to the hash, unless the account succeeded too often. It
    /// learns nothing by that: it has shown before that the account is its own.
    pub(super) fn admit_owner(&self, attempt: Attempt, user: UserId) -> Result<Attempt, AuthError> {
        match self.successes.check_account(user, self.clock.moment()) {
            Ok(()) => Ok(attempt),
            Err(too_often) => {
                attempt.settle(Outcome::Untried);
                Err(too_often.into())
            }
        }
    }

    /// Settles an attempt whose password was right. One that is too many for its account has cost a hash all the same, and
    /// counts as a failure, so that the limits on failures hold for it: only a client with the password can cause that.
    pub(super) fn succeed(&self, attempt: Attempt, user: UserId, address: IpAddr) -> Result<(), AuthError> {
        let counted = self.successes.count(user, address, self.clock.moment());
        attempt.settle(if counted.is_ok() { Outcome::Succeeded } else { Outcome::Failed });
        Ok(counted?)
    }
}
