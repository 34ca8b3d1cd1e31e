//! Thirty days of attacks.

use super::*;

/// For thirty days thieves of `tokens` device tokens use every chance, and the owner signs in on another device every
/// `signs_in_every` hours. Returns the guesses, and how often the owner's device was not known.
fn thirty_days_of_thieves(tokens: u8, signs_in_every: u64) -> (usize, usize) {
    let login_throttle = new();
    let known = |device: u8, now| {
        let is_exhausted =
            login_throttle.counts.has_exhausted_devices(owner().account(&login_throttle), Failures::default(), at(now));
        let device = (!is_exhausted).then_some(DeviceId([device; 16]));
        Client { device, ..owner() }.attempt(&login_throttle, now)
    };
    let mut guesses = 0;
    let mut owner_unknown = 0;
    for hour in 0..30 * 24 {
        let now = hour * HOUR;
        for token in 0..tokens {
            if let Ok(attempt) = known(100 + token, now) {
                if attempt.is_known() {
                    guesses += 1;
                    attempt.settle(Outcome::Failed);
                } else {
                    attempt.settle(Outcome::Untried);
                }
            }
        }
        if hour % signs_in_every == signs_in_every / 2 {
            let attempt = known(7, now).unwrap();
            owner_unknown += usize::from(!attempt.is_known());
            attempt.settle(Outcome::Succeeded);
        }
    }
    (guesses, owner_unknown)
}

#[test]
fn all_stolen_device_tokens_of_an_account_have_one_budget() {
    const NEVER: u64 = 1 << 40;
    assert_eq!(thirty_days_of_thieves(1, NEVER), (15, 0));
    assert_eq!(thirty_days_of_thieves(2, NEVER), (30, 0));
    assert_eq!(thirty_days_of_thieves(60, NEVER), (40, 0));
}

#[test]
fn sixty_stolen_device_tokens_get_ten_guesses_for_each_sign_in_and_the_owner_stays_known() {
    assert_eq!(thirty_days_of_thieves(1, 24), (15, 0));
    assert_eq!(thirty_days_of_thieves(2, 24), (30, 0));
    assert_eq!(thirty_days_of_thieves(60, 24).0, 40 + 10 * 30);
}

/// An attacker with an address for each guess uses every chance for thirty days. The owner signs in on a known device once a day,
/// after a typing mistake.
#[test]
fn thirty_days_of_guessing_give_ten_guesses_a_day_and_never_block_the_owner() {
    let login_throttle = new();
    let mut guesses = 0;
    let mut sign_ins = 0;
    let mut now = 0;
    let mut next_sign_in = DAY / 2;
    while now < 30 * DAY {
        let by = unknown("owner", u32::try_from(now / SECOND % 100_000).unwrap() + 10);
        match by.attempt(&login_throttle, now) {
            Ok(attempt) => {
                guesses += usize::from(!attempt.is_void());
                attempt.settle(Outcome::Failed);
            }
            Err(refused) => now = (now + refused.seconds * SECOND).min(next_sign_in),
        }
        if now >= next_sign_in {
            owner().attempt(&login_throttle, now).expect("a known device is admitted").settle(Outcome::Failed);
            let attempt = owner().attempt(&login_throttle, now).expect("a known device is admitted");
            assert!(attempt.is_known() && !attempt.is_void());
            attempt.settle(Outcome::Succeeded);
            sign_ins += 1;
            next_sign_in += DAY;
        }
    }
    assert_eq!(sign_ins, 30);
    // Sixty in a row, and ten for each sign-in of the owner.
    assert_eq!(guesses, 60 + 10 * sign_ins);
}

#[test]
fn thirty_days_without_the_owner_give_an_attacker_sixty_guesses() {
    let login_throttle = new();
    let mut guesses = 0;
    for minute in 0..30 * 24 * 60_u32 {
        while let Ok(attempt) = unknown("owner", minute + 10).attempt(&login_throttle, u64::from(minute) * 60 * SECOND)
        {
            guesses += usize::from(!attempt.is_void());
            attempt.settle(Outcome::Failed);
        }
    }
    assert_eq!(guesses, 60);
}
