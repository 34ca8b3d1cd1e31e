//! A month of an issuer's keys as a file, for verifiers in other languages: three issuers over one ring, whose clocks
//! and views differ within their bounds, with rotations, revocations, restarts and changes of the algorithm.
//!
//! `HALLPASS_HISTORY=FILE HALLPASS_SEED=7 cargo test -p hallpass-issuer -- --ignored writes_a_month_of_keys` writes
//! lines of JSON in the order of time. Times are seconds since 1970, by a correct clock. `event` is the type of a line:
//!
//! - `begin`: the first line, with `seed`, `at`, `issuer` and `audience` (the values to verify tokens against),
//!   `max_age`, `lag`.
//! - `key_set`: a key set, `key_set`, by its `etag`, before the first line that names it.
//! - `answer`: at `at` the issuer with the number `node` served the key set `etag` with `Cache-Control: max-age=` its
//!   `max_age`, and signed `token` with the key `kid`, valid until `expires_at` by the issuer's own clock.
//! - `revoke`: at `at` the key `kid` was revoked, and `stolen` is a token that a thief made with it, valid for longer
//!   than the history. From `gone_at` on, no verifier that respects `max_age` trusts it. From `unseen_at` on, no issuer
//!   uses or serves it. If it was in use, `successor` signs. If some verifiers cannot have the successor, it has
//!   `unknown_until`: until then, a verifier that does not fetch at an unknown `kid` may refuse its tokens.
//! - `rotate`, `restart`: other events, for human readers.
//! - `end`: the last line.
//!
//! The properties: a verifier that took the set of any answer and keeps it for at most its `max_age` accepts every
//! `token` of an answer between its `at` and its `expires_at`, unless its key was revoked or is such a successor. From
//! its `gone_at` on, the verifier accepts no token of a revoked key.
//!
//! `HALLPASS_DAYS=7` makes it a week. `HALLPASS_BROKEN=NoLead`, or another of the rules in `model/broken.rs` that show in a history, breaks it on purpose.

use std::{collections::HashSet, env, fs::File, io::Write as _};

use hallpass_token::{AccessClaims, Signer};
use serde_json::{Value, json};

mod dice;

use dice::Dice;

use super::{model::Broken, open::open, tests::MASTER, watch::Watch, *};
use crate::clock::Moment;

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "api";
const START: u64 = 1_790_000_000;
const DAY: u64 = 24 * 60 * 60;
/// The seconds of an emergency, in which a second revocation may follow.
const EMERGENCY: u64 = 600;
const TIMING: Timing = Timing { max_age: 300, lag: 30 };

/// The life of a thief's tokens, in seconds.
const STOLEN_LIFE: u64 = 365 * DAY;

/// The life of access tokens of each issuer, in seconds.
const LIVES: [u64; 3] = [300, 300, 900];

/// An issuer of the history.
struct Node {
    /// The seconds by which its clock is ahead.
    ahead: u64,
    watch: Watch,
    ring: Ring,
    keys: OpenKeys,
    /// The time of its last read of the ring.
    read_at: u64,
    life: u64,
}

struct Month {
    broken: Option<Broken>,
    dice: Dice,
    out: Vec<Value>,
    /// The ring in the store.
    ring: Ring,
    master: MasterKey,
    algorithm: SigningAlgorithm,
    written_sets: HashSet<String>,
    at: u64,
    revoked_at: u64,
}

impl Month {
    fn draw(&mut self, below: u64) -> u64 {
        self.dice.roll() % below
    }

    fn time(&self, ahead: u64) -> UnixSeconds {
        UnixSeconds::new(self.at + ahead).unwrap()
    }

    fn tell(&mut self, line: Value) {
        self.out.push(line);
    }

    fn fresh(&mut self) -> Fresh {
        let mut key = |purpose: Purpose| loop {
            if let Some(key) = material::NewKey::of(purpose, &self.dice.bytes(), &self.master, self.dice.bytes()) {
                return key;
            }
        };
        Fresh { signing: key(self.ring.wanted.purpose(Kind::Signing)), refresh_tokens: key(Purpose::RefreshTokens) }
    }

    /// An issuer reads the ring and takes the steps that are due.
    fn read(&mut self, watch: &mut Watch, life: u64, ahead: u64) {
        let wishes =
            Wishes { timing: TIMING, lives: Lives { access_tokens: life, refresh_tokens: 90 * DAY }, signs: true };
        let now = self.time(ahead);
        let moment = Moment::from_millis((self.at - START) * 1000);
        watch.look(&self.ring, now, moment);
        loop {
            let fresh = self.fresh();
            let next = match self.broken {
                Some(broken) => broken.next(&self.ring, &wishes, watch, now, &fresh),
                None => self.ring.next(&wishes, watch, now, &fresh),
            };
            match next {
                Some(next) => self.ring = next,
                None => break,
            }
        }
        watch.look(&self.ring, now, moment);
    }

    fn start(&mut self, life: u64) -> Node {
        self.ring.wanted.algorithm = self.algorithm;
        let ahead = self.draw(TIMING.lag);
        let mut watch = Watch::default();
        self.read(&mut watch, life, ahead);
        let keys = self.open(&self.ring);
        Node { ahead, watch, ring: self.ring.clone(), keys, read_at: self.at, life }
    }

    fn open(&self, ring: &Ring) -> OpenKeys {
        let settings = KeySettings {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            signing: Signing::Ring(self.algorithm),
            signing_period: None,
            refresh_period: None,
            wishes: Wishes {
                timing: TIMING,
                lives: Lives { access_tokens: 300, refresh_tokens: 90 * DAY },
                signs: true,
            },
        };
        open(ring, &self.master, &settings).unwrap()
    }

    fn poll(&mut self, node: &mut Node) {
        self.read(&mut node.watch, node.life, node.ahead);
        node.read_at = self.at;
        if node.ring != self.ring {
            node.ring = self.ring.clone();
            node.keys = self.open(&self.ring);
        }
    }

    /// An issuer signs a token and serves its set, from a view that may be as old as the lag.
    fn answer(&mut self, number: usize, node: &Node) {
        let now = self.at + node.ahead;
        let kid = node.keys.signer.key_id().unwrap();
        let token = self.token(&node.keys.signer, now, node.life);
        if self.written_sets.insert(node.keys.etag.clone()) {
            let key_set: Value = serde_json::from_str(&node.keys.key_set).unwrap();
            self.tell(json!({"event": "key_set", "etag": node.keys.etag, "key_set": key_set}));
        }
        let age = if self.broken == Some(Broken::MaxAgeIsNotReduced) { 0 } else { self.at - node.read_at };
        self.tell(json!({
            "event": "answer", "at": self.at, "node": number, "etag": node.keys.etag,
            "max_age": TIMING.max_age - age, "kid": kid, "token": token, "expires_at": now + node.life,
        }));
    }

    fn token(&mut self, signer: &Signer, now: u64, life: u64) -> String {
        let id = self.dice.roll().to_string();
        let claims = AccessClaims {
            iss: ISSUER,
            sub: "user",
            aud: AUDIENCE,
            client_id: "hallpass",
            iat: now,
            exp: now + life,
            jti: &id,
            sid: "session",
            username: "exampleUser",
            roles: &[],
            custom: None,
        };
        signer.sign(&claims).unwrap()
    }

    /// A thief's token by a key in any stage.
    fn stolen(&mut self, name: &KeyName) -> String {
        let mut ring = self.ring.clone();
        for key in ring.keys.iter_mut().filter(|key| key.purpose.kind() == Kind::Signing) {
            let since = key.published_at;
            key.stage = if key.name == *name { Stage::InUse { since } } else { Stage::Retired { since } };
        }
        let keys = self.open(&ring);
        self.token(&keys.signer, self.at, STOLEN_LIFE)
    }

    fn rotate(&mut self) {
        let ahead = self.draw(TIMING.lag);
        let fresh = self.fresh();
        let Ok((ring, rotated)) = self.ring.rotate(Kind::Signing, self.time(ahead), &fresh) else { return };
        self.ring = ring;
        self.tell(json!({"event": "rotate", "at": self.at, "rotated": format!("{rotated:?}")}));
    }

    fn revoke(&mut self) {
        let keys: Vec<_> = self.ring.of(Kind::Signing).map(|key| key.name.0.clone()).collect();
        let used = self.ring.in_use(Kind::Signing).unwrap().name.0.clone();
        let any = self.draw(keys.len() as u64);
        let name = if self.draw(2) == 0 { used } else { keys[usize::try_from(any).unwrap()].clone() };
        let fresh = self.fresh();
        let stolen = self.stolen(&KeyName(name.clone()));
        let (mut ring, revoked) = self.ring.revoke(&name, self.time(0), &fresh).unwrap();
        if self.broken == Some(Broken::RevokedIsRetired) {
            ring = Broken::retire_revoked(&self.ring, ring);
        }
        self.ring = ring;
        self.revoked_at = self.at;
        let successor = revoked.successor.as_ref();
        self.tell(json!({
            "event": "revoke", "at": self.at, "kid": name, "stolen": stolen, "gone_at": revoked.gone_at.seconds(),
            "unseen_at": self.at + TIMING.lag, "successor": successor.map(|successor| &successor.key.0),
            "unknown_until": successor.and_then(|successor| successor.unknown_until).map(UnixSeconds::seconds),
        }));
    }

    /// The maximum number of seconds to the next answers: usually minutes, sometimes and after a revocation seconds, so
    /// that events happen while a change spreads.
    fn rest(&mut self) -> u64 {
        if self.draw(3) == 0 || self.at < self.revoked_at + EMERGENCY { 20 } else { 600 }
    }

    /// A random event.
    fn happen(&mut self, nodes: &mut [Node]) {
        match self.draw(2000) {
            0..20 => self.rotate(),
            20..30 => self.revoke(),
            30..50 => {
                let number = usize::try_from(self.draw(nodes.len() as u64)).unwrap();
                if self.draw(4) == 0 {
                    self.algorithm = match self.algorithm {
                        SigningAlgorithm::EdDsa => SigningAlgorithm::Es256,
                        SigningAlgorithm::Es256 => SigningAlgorithm::Ed25519,
                        SigningAlgorithm::Ed25519 => SigningAlgorithm::EdDsa,
                    };
                }
                nodes[number] = self.start(LIVES[number]);
                self.tell(json!({"event": "restart", "at": self.at, "node": number}));
            }
            _ => {}
        }
    }
}

/// The lines of a month.
fn month(seed: u64, days: u64, broken: Option<Broken>) -> Vec<Value> {
    let wanted =
        Wanted { algorithm: SigningAlgorithm::EdDsa, signing_period: Some(DAY), refresh_period: Some(90 * DAY) };
    let master = MasterKey::new(&MASTER);
    let mut month = Month {
        broken,
        dice: Dice(seed),
        out: vec![json!({
            "event": "begin", "seed": seed, "at": START, "issuer": ISSUER, "audience": AUDIENCE,
            "max_age": TIMING.max_age, "lag": TIMING.lag,
        })],
        ring: Ring::empty(wanted, TIMING, material::seal_decoy(&master, &[4; 32], [4; 12])),
        master,
        algorithm: SigningAlgorithm::EdDsa,
        written_sets: HashSet::new(),
        at: START,
        revoked_at: 0,
    };
    let mut nodes = LIVES.map(|life| month.start(life));
    while month.at < START + days * DAY {
        let rest = month.rest();
        let until = month.at + 1 + month.draw(rest);
        // Each issuer reads at a random time within the lag before the next answers.
        let mut reads: Vec<_> = (0..nodes.len()).map(|number| (until - month.draw(TIMING.lag), number)).collect();
        reads.sort_unstable();
        for (at, number) in reads {
            month.at = month.at.max(at);
            month.poll(&mut nodes[number]);
        }
        month.happen(&mut nodes);
        month.at = until;
        for (number, node) in nodes.iter().enumerate() {
            month.answer(number, node);
        }
    }
    let at = month.at;
    month.tell(json!({"event": "end", "at": at}));
    month.out
}

#[test]
#[ignore = "writes a file for the tests in JavaScript"]
fn writes_a_month_of_keys() {
    let file = env::var("HALLPASS_HISTORY").expect("HALLPASS_HISTORY names the file to write");
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().unwrap());
    let seed = number("HALLPASS_SEED", 1);
    let days = number("HALLPASS_DAYS", 30);
    let mut file = File::create(file).unwrap();
    let broken = env::var("HALLPASS_BROKEN").ok().map(|name| {
        Broken::ALL.into_iter().find(|broken| format!("{broken:?}") == name).expect("HALLPASS_BROKEN names a rule")
    });
    let lines: Vec<_> = month(seed, days, broken).into_iter().map(|line| line.to_string() + "\n").collect();
    file.write_all(lines.concat().as_bytes()).unwrap();
}
