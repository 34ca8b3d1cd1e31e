//! Hashes of other implementations: argon2-cffi, the `bcrypt` package, libxcrypt, passlib, and Python's hashlib.

use super::*;

const PASSWORD: &str = "correct horse ünd Batterie";

/// The implementation, and its hash.
const HASHES: [(&str, &str); 20] = [
    ("argon2-cffi", "$argon2i$v=19$m=96,t=3,p=2$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0JdIVE3DmE1ZBwXhEz7bY5"),
    ("argon2-cffi", "$argon2d$v=19$m=96,t=3,p=2$c2FsdHNhbHRzYWx0$1ohCBg7maGG7dDFyiIkQ4c/FChOnFEvp"),
    ("argon2-cffi", "$argon2id$v=19$m=96,t=3,p=2$c2FsdHNhbHRzYWx0$/EzeWIOeLHWI+LMsHwSJlbnkJdcz0eLi"),
    (
        "argon2-cffi, the first version, 70 bytes",
        "$argon2i$v=16$m=64,t=2,p=1$c2FsdHNhbHQ$GGG1CEcFCBZsWakCUR6HEKIPGilm7hXQqN1MrZnKXREZBFJmYAm8RL1i0fUzlz4ym27NPh9H10tlnQyEwsF+pyde4UwivA",
    ),
    (
        "argon2-cffi, without the version that is the first",
        "$argon2i$m=64,t=2,p=1$c2FsdHNhbHQ$GGG1CEcFCBZsWakCUR6HEKIPGilm7hXQqN1MrZnKXREZBFJmYAm8RL1i0fUzlz4ym27NPh9H10tlnQyEwsF+pyde4UwivA",
    ),
    (
        "argon2-cffi, a salt of 100 bytes",
        "$argon2id$v=19$m=64,t=1,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzcw$3qTbrkW3GK7OFA5K8BLPgQ",
    ),
    ("bcrypt", "$2b$04$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO"),
    ("bcrypt", "$2a$04$1eRyvnnqweEhoKAOf/1OmeOFk4mokN4v85UJBfQJVjjdKagvPVRNS"),
    ("bcrypt", "$2y$05$abcdefghijklmnopqrstuuLbuvdZuWDkBBZreahMpYPgfZzKA2Owe"),
    ("libxcrypt", "$2y$04$abcdefghijklmnopqrstuumXmCz2UUHzLNdIKoyZit/jkxyCPPLjW"),
    ("libxcrypt, unused bits of the salt set", "$2y$04$abcdefghijklmnopqrstuvmXmCz2UUHzLNdIKoyZit/jkxyCPPLjW"),
    ("passlib", "$scrypt$ln=8,r=4,p=3$MDEyMzQ1Njc4OQ$BSPR7WISmxflDa4GClFEJeMYepXYa4Vg16TzwQDBgiI"),
    ("passlib, no salt", "$scrypt$ln=10,r=8,p=1$$FkvGBC7lhTkOxauBdrw+svieyX9V8/EfeKZJaS6RI0Q"),
    ("hashlib", "$scrypt$ln=9,r=2,p=1$cGhjc2FsdHBoY3NhbHQ$6BmnLWcqjpgE55oFMOSg1jMg2DrCYjpIpDeXDvNHJ9E"),
    ("libxcrypt", "$7$66..../....0Salt$Jr7/tXPJ2rYCWT70D3Zmhg57AgW76r3ftE2HzPndm9D"),
    ("passlib", "$pbkdf2$1000$//79.//vMTIzNA$wxmM3cArL5abiHJAzAQ/UMaO/SY"),
    ("passlib", "$pbkdf2-sha256$1000$//79.//vMTIzNA$qpfCS3XvVSvjfLhldLLGAKz48qK.Rer7oo4DxqwKeoQ"),
    (
        "passlib",
        "$pbkdf2-sha512$1000$//79.//vMTIzNA$mN/IZokgY37OOMrrK.T.f6zFt2h28cB6NZTC5U7BXHqb.BqK28d7LQa9idmp49RhPaOW4W0t47AQ6UGzqrYxrQ",
    ),
    (
        "hashlib, 40 bytes",
        "$pbkdf2-sha256$i=1200,l=40$cGhjc2FsdHBoY3NhbHQ$1ObUWfV4OXNs7dYtyjaX4WwnNoKaqSbdDhUf824zFOvnKLlJTzXL8A",
    ),
    ("hashlib", "$pbkdf2-sha512$i=900$cGhjc2FsdHBoY3NhbHQ$iaMfXV3ZmTAO5P8TaJsLgXhdqlSKXDCvswWBrZ8IH2M"),
];

fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<PasswordHash>().unwrap_err().to_string()
}

#[test]
fn a_hash_of_another_implementation_accepts_its_password_only() {
    let mut memory = Memory::new();
    for (by, text) in HASHES {
        let hash: PasswordHash = text.parse().unwrap();
        assert!(hash.verify(&password(PASSWORD), &mut memory).unwrap(), "{by}: {text}");
        assert!(!hash.verify(&password("correct horse ünd Batteriе"), &mut memory).unwrap(), "{by}: {text}");
        assert_eq!(hash.to_text(), text);
        assert_eq!(hash.check_cost(&CostLimit::default()), Ok(()), "{by}: {text}");
    }
}

#[test]
fn bcrypt_reads_72_bytes_of_a_password() {
    // The `bcrypt` package hashed 80 times x.
    let hash: PasswordHash = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i".parse().unwrap();
    let fits = |times| hash.verify(&password(&"x".repeat(times)), &mut Memory::new()).unwrap();
    assert_eq!([71, 72, 73, 80, 1000].map(fits), [false, true, true, true, true]);
}

#[test]
fn our_own_hash_accepts_its_password_and_parses_to_the_same() {
    let mut memory = Memory::new();
    let made = PasswordHash::create(&password(PASSWORD), Parameters::default(), &[7; 16], &mut memory).unwrap();
    let hash: PasswordHash = made.to_text().parse().unwrap();
    assert!(made.to_text().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", made.to_text());
    assert!(made.verify(&password(PASSWORD), &mut memory).unwrap());
    assert!(hash.verify(&password(PASSWORD), &mut memory).unwrap());
    assert!(hash.is_made_with(Parameters::default()));
    assert!(!hash.is_made_with(Parameters::new(20_000, 2, 1).unwrap()));
    assert!(HASHES.iter().all(|(_, text)| !text.parse::<PasswordHash>().unwrap().is_made_with(Parameters::default())));
}

#[test]
fn a_fault_is_reported_with_the_expected_value() {
    for (text, expected) in [
        ("$argon2id$v=18$m=96,t=3,p=2$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "version v must be 16 or 19"),
        ("$argon2id$v=19$m=15,t=3,p=2$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "memory m must be"),
        ("$argon2id$v=19$m=96,t=0,p=2$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "passes t must be"),
        ("$argon2id$v=19$m=96,t=1,p=0$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "lanes p must be"),
        ("$argon2id$v=19$m=96,t=1,p=1$c2FsdA$U39ZRSd6Nz0", "salt must be at least 8"),
        ("$argon2id$v=19$m=96,t=1,p=1$c2FsdHNhbHRzYWx0$aGE", "output must be at least 4"),
        ("$argon2id$v=19$t=1,m=96,p=1$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "the form $argon2id$v=19$m=KIB"),
        ("$argon2id$v=19$m=96,t=1,p=1,data=x$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "the form $argon2id$"),
        ("$argon2id$v=19$m=96,t=1,p=1$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0$", "the form $argon2id$"),
        ("$2b$32$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO", "cost must be a number from 04 to 31"),
        ("$2b$4$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO", "two digits of cost"),
        ("$2b$04$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKf", "31 of hash"),
        ("$2b$04$ééééééééééé", "31 of hash"),
        ("$scrypt$ln=64,r=8,p=1$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "ln must be a number from 1 to 63"),
        ("$scrypt$ln=14,r=4294967295,p=4294967295$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "product below 2^30"),
        ("$scrypt$ln=63,r=8,p=1$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "fits into memory"),
        ("$7$66..../....0Salt", "as crypt writes it"),
        ("$7$é", "as crypt writes it"),
        ("$pbkdf2-sha256$0$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "iterations must be a number from 1"),
        ("$pbkdf2-sha256$i=1,l=17$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "length l must be"),
        ("$pbkdf2-sha256$1000$c2FsdA==$U39ZRSd6Nz0JdIVE3DmE1Q", "base64 without padding"),
    ] {
        assert!(refusal(text).contains(expected), "{text}: {}", refusal(text));
    }
}

#[test]
fn a_hash_that_is_too_expensive_is_refused_with_the_excess() {
    for (text, expected) in [
        ("$argon2id$v=19$m=163841,t=1,p=1$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "needs 161 MiB"),
        ("$argon2id$v=19$m=65536,t=33,p=1$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "memory in KiB times passes"),
        ("$argon2id$v=19$m=4294967295,t=4294967295,p=1$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0", "needs 4194304 MiB"),
        ("$2b$15$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO", "cost is 15"),
        ("$scrypt$ln=18,r=8,p=1$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "needs 257 MiB"),
        ("$scrypt$ln=14,r=8,p=1000$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "memory in MiB times lanes"),
        ("$pbkdf2-sha256$4000001$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q", "iterations is 4000001"),
        (
            "$pbkdf2-sha256$3000000$c2FsdA$1ObUWfV4OXNs7dYtyjaX4WwnNoKaqSbdDhUf824zFOvnKLlJTzXL8A",
            "iterations is 6000000",
        ),
    ] {
        let cost = text.parse::<PasswordHash>().unwrap().check_cost(&CostLimit::default()).unwrap_err().to_string();
        assert!(cost.contains(expected), "{text}: {cost}");
    }
    // OWASP's strongest recommendations are accepted.
    for text in [
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHRzYWx0$U39ZRSd6Nz0",
        "$2b$14$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO",
        "$scrypt$ln=17,r=8,p=1$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q",
        "$pbkdf2$1300000$c2FsdA$U39ZRSd6Nz0JdIVE3DmE1Q",
    ] {
        assert_eq!(text.parse::<PasswordHash>().unwrap().check_cost(&CostLimit::default()), Ok(()), "{text}");
    }
}
