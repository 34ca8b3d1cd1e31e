//! The world of a history: one ring, three issuers, all served sets, and all signed tokens.

use hallpass_token::UnixSeconds;

use super::{Broken, Step};
use crate::{
    clock::Moment,
    key_ring::{
        Fresh, Key, KeyName, Kind, Lives, MasterKey, Purpose, Ring, Sealed, SigningAlgorithm, Timing, Wanted, Wishes,
        encode, material::NewKey, seal::SEALED_BYTES, watch::Watch,
    },
};

mod acts;
mod check;
mod coverage;

pub(super) use coverage::Coverage;

pub(super) const TIMING: Timing = Timing { max_age: 60, lag: 6 };
const START: u64 = 1_790_000_000;

/// The life of refresh tokens, in seconds.
const REFRESH_LIFE: u64 = 100;

/// The seconds between two normal reads of an issuer.
const PAUSE: u64 = 3;

pub(super) struct World {
    broken: Option<Broken>,
    /// Seconds since the start, by a correct clock.
    at: u64,
    ring: Ring,
    issuers: Vec<Issuer>,
    /// The sets that verifiers keep.
    sets: Vec<KeptSet>,
    tokens: Vec<Token>,
    refresh_tokens: Vec<Token>,
    revoked: Vec<RevokedAt>,
    /// Keys that went into use before every verifier could have them, and the end of that period.
    hasty: Vec<(KeyName, u64)>,
    drawn: u64,
    longest_record: usize,
    story_lines: Vec<String>,
    pub(super) coverage: Coverage,
}

struct Issuer {
    ahead: i64,
    watch: Watch,
    life: u64,
    view: Option<View>,
}

#[derive(Clone)]
struct View {
    ring: Ring,
    read_at: u64,
}

/// A verifier's key set.
struct KeptSet {
    names: Vec<KeyName>,
    until: u64,
}

/// The tokens of a key, and the last second in which any of them must be valid.
struct Token {
    key: KeyName,
    until: u64,
}

struct RevokedAt {
    key: KeyName,
    at: u64,
    gone_at: u64,
}

impl World {
    pub(super) fn new(broken: Option<Broken>) -> Self {
        let wanted =
            Wanted { algorithm: SigningAlgorithm::EdDsa, signing_period: Some(150), refresh_period: Some(400) };
        let issuer = |life| Issuer { ahead: 0, watch: Watch::default(), life, view: None };
        let mut world = Self {
            broken,
            at: 0,
            ring: Ring::empty(wanted, TIMING, Sealed([0; SEALED_BYTES])),
            issuers: [30, 60, 90].map(issuer).into(),
            sets: Vec::new(),
            tokens: Vec::new(),
            refresh_tokens: Vec::new(),
            revoked: Vec::new(),
            hasty: Vec::new(),
            drawn: 0,
            longest_record: 0,
            story_lines: Vec::new(),
            coverage: Coverage::default(),
        };
        for issuer in 0..world.issuers.len() {
            world.read(issuer);
        }
        world
    }

    /// The events as text.
    pub(super) fn story(&self) -> String {
        self.story_lines.join("\n")
    }

    pub(super) fn take(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Elapse { seconds } => self.elapse(seconds),
            Step::Serve { seconds, first } => self.serve(seconds, first)?,
            Step::Read { issuer } => self.read(issuer),
            Step::ReadSlowly { issuer, seconds } => self.read_slowly(issuer, seconds)?,
            Step::Sign { issuer } => self.sign(issuer),
            Step::Fetch { issuer } => self.fetch(issuer),
            Step::Restart { issuer, is_es256, life } => self.restart(issuer, is_es256, life),
            Step::Rotate { is_signing, ahead } => self.rotate(kind(is_signing), ahead),
            Step::Revoke { is_signing, key, ahead } => self.revoke(kind(is_signing), key, ahead),
            Step::Drift { issuer, ahead } => self.issuers[issuer].ahead = ahead.cast_signed(),
            Step::Jump { issuer, days, reads } => self.jump(issuer, days, reads)?,
        }
        self.check()
    }

    /// Runs until everything under way has completed.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        self.serve(300, 0)?;
        self.check_settled()
    }

    fn elapse(&mut self, seconds: u64) {
        self.at += seconds;
    }

    fn serve(&mut self, seconds: u64, first: usize) -> Result<(), String> {
        for second in 0..seconds {
            self.elapse(1);
            for issuer in 0..self.issuers.len() {
                if (second + issuer as u64).is_multiple_of(PAUSE) {
                    self.read(issuer);
                }
            }
            let issuer = usize::try_from(second).unwrap_or_default() % self.issuers.len();
            self.sign(issuer);
            if second.is_multiple_of(7) {
                self.fetch((issuer + first) % self.issuers.len());
            }
            self.check()?;
        }
        Ok(())
    }

    fn moment(&self) -> Moment {
        Moment::from_millis(self.at * 1000)
    }

    fn time(&self, ahead: i64) -> UnixSeconds {
        UnixSeconds::new((START + self.at).saturating_add_signed(ahead)).unwrap()
    }

    fn wishes(&self, issuer: usize) -> Wishes {
        let lives = Lives { access_tokens: self.issuers[issuer].life, refresh_tokens: REFRESH_LIFE };
        Wishes { timing: TIMING, lives, signs: true }
    }

    fn read(&mut self, issuer: usize) {
        let ring = self.decide(issuer);
        let read_at = self.at;
        self.write(ring);
        self.take_view(issuer, read_at);
    }

    /// The ring after the steps that an issuer takes now.
    fn decide(&mut self, issuer: usize) -> Ring {
        let now = self.time(self.issuers[issuer].ahead);
        let moment = self.moment();
        let wishes = self.wishes(issuer);
        let mut ring = self.ring.clone();
        self.issuers[issuer].watch.look(&ring, now, moment);
        for _ in 0..16 {
            let fresh = self.fresh(&ring);
            let watch = &self.issuers[issuer].watch;
            match self.next(&ring, &wishes, watch, now, &fresh) {
                Some(next) => ring = next,
                None => break,
            }
        }
        ring
    }

    fn next(&self, ring: &Ring, wishes: &Wishes, watch: &Watch, now: UnixSeconds, fresh: &Fresh) -> Option<Ring> {
        let Some(broken) = self.broken else { return ring.next(wishes, watch, now, fresh) };
        broken.next(ring, wishes, watch, now, fresh)
    }

    fn write(&mut self, ring: Ring) {
        if ring != self.ring {
            self.tell(&ring);
            self.ring = ring;
            self.coverage.changes += 1;
            self.longest_record = self.longest_record.max(self.record_bytes());
        }
    }

    fn take_view(&mut self, issuer: usize, read_at: u64) {
        let now = self.time(self.issuers[issuer].ahead);
        let moment = self.moment();
        let issuer = &mut self.issuers[issuer];
        issuer.watch.look(&self.ring, now, moment);
        issuer.view = Some(View { ring: self.ring.clone(), read_at });
    }

    /// The swap comes later, and succeeds only if the ring has not changed.
    fn read_slowly(&mut self, issuer: usize, seconds: u64) -> Result<(), String> {
        let read = self.ring.clone();
        let read_at = self.at;
        let decided = self.decide(issuer);
        let others: Vec<_> = (0..self.issuers.len()).filter(|other| *other != issuer).collect();
        for second in 0..seconds {
            self.elapse(1);
            let other = others[usize::try_from(second).unwrap_or_default() % others.len()];
            self.read(other);
            self.sign(other);
            self.check()?;
        }
        if self.ring == read || self.broken == Some(Broken::SwapsBlindly) {
            self.write(decided);
            self.take_view(issuer, read_at);
        } else {
            self.coverage.conflicts += 1;
            self.read(issuer);
        }
        Ok(())
    }

    /// New keys. Their secrets are irrelevant here.
    fn fresh(&mut self, ring: &Ring) -> Fresh {
        let mut draw = |purpose: Purpose, width: usize| {
            self.drawn += 1;
            let name = KeyName(format!("{:0width$}", self.drawn));
            let secret = Sealed([0; SEALED_BYTES]);
            NewKey { purpose, name, secret }
        };
        let signing = draw(ring.wanted.purpose(Kind::Signing), 43);
        Fresh { signing, refresh_tokens: draw(Purpose::RefreshTokens, 8) }
    }

    fn tell(&mut self, ring: &Ring) {
        let short = |key: &Key| format!("{}:{:?}", key.name.0.trim_start_matches('0'), key.stage);
        let keys: Vec<_> = ring.keys.iter().map(short).collect();
        self.story_lines.push(format!("at {}: {}", self.at, keys.join(" ")));
    }

    fn record_bytes(&self) -> usize {
        encode(&self.ring, &MasterKey::new(&[1; 32]), [0; 12]).0.len()
    }
}

fn kind(is_signing: bool) -> Kind {
    if is_signing { Kind::Signing } else { Kind::RefreshTokens }
}
