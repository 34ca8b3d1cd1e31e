//! The world of one session: its store, an honest client whose tabs share a cookie jar, a thief, and the exchanges
//! under way.

use std::fmt;

use hallpass_token::UnixSeconds;
use uuid::Uuid;

use super::{
    broken::Broken,
    coverage::Coverage,
    disk::{Disk, Version},
    exchange::{Answer, Exchange, HeldToken, Party, RequestKind, Stage},
    history::{Setup, Step},
};
use crate::{
    id::{SessionId, UserId},
    refresh_token::{DecoyKey, KeyId, RefreshToken, RefreshTokenKey, RefreshTokenKeys},
    session::{Beginning, Label, Session, Transport},
    user::CredentialEpoch,
};

mod check;
mod decide;

/// The second in which every history begins.
const BEGINNING: u64 = 1_790_000_000;

/// A property that was broken.
#[derive(Debug)]
pub(super) struct Violation {
    property: u8,
    what: &'static str,
}

pub(super) struct World {
    setup: Setup,
    broken: Option<Broken>,
    keys: RefreshTokenKeys,
    /// The true time since the beginning, in milliseconds.
    now: u64,
    /// The error of the issuer's clock, in seconds.
    skew: i64,
    disk: Disk,
    in_flight: Vec<Exchange>,
    /// The token that every tab sends.
    jar: HeldToken,
    /// The tokens that the thief has stolen.
    loot: Vec<HeldToken>,
    /// Every token that the issuer has answered with.
    issued: Vec<HeldToken>,
    /// Each token's parent in the family tree; the first token has none.
    parents: Vec<Option<usize>>,
    /// The latest version that an answer depends on.
    acknowledged: usize,
    salts: u64,
    thief_has_acted: bool,
    user_has_left: bool,
    /// The clock jumped while an honest request was under way, a case without a promise.
    has_jumped_amid: bool,
    pub(super) coverage: Coverage,
    /// The events as lines, if the story is requested.
    story: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(setup: &Setup, broken: Option<Broken>, tells: bool) -> Self {
        let token = RefreshToken::new(SessionId(Uuid::from_u128(1)), [1; 32], KeyId::UNNAMED);
        let beginning = Beginning {
            user: UserId(Uuid::from_u128(2)),
            epoch: CredentialEpoch(0),
            transport: Transport::Cookie,
            label: Label::default(),
        };
        let session = Session::begin(beginning, &token, UnixSeconds::new(BEGINNING).unwrap());
        let jar = HeldToken { token, index: 0 };
        Self {
            setup: setup.clone(),
            broken,
            keys: RefreshTokenKeys::new(RefreshTokenKey::from_root(&[1; 32]), vec![], DecoyKey::of_root(&[1; 32])),
            now: 0,
            skew: 0,
            disk: Disk::new(Version { session, current: 0, rotated_at: 0 }),
            in_flight: Vec::new(),
            issued: vec![jar.clone()],
            jar,
            loot: Vec::new(),
            parents: vec![None],
            acknowledged: 0,
            salts: 0,
            thief_has_acted: false,
            user_has_left: false,
            has_jumped_amid: false,
            coverage: Coverage::default(),
            story: tells.then(Vec::new),
        }
    }

    pub(super) fn story(&self) -> String {
        self.story.as_deref().unwrap_or_default().join("\n")
    }

    pub(super) fn take(&mut self, step: &Step) -> Result<(), Violation> {
        self.coverage.steps += 1;
        match *step {
            Step::Renew { tab } => self.renew(tab)?,
            Step::Send { tab } => drop(self.send_from(tab, RequestKind::Renewal)),
            Step::Proceed { exchange, stages } => self.proceed(exchange, stages)?,
            Step::Lose { exchange } => self.lose(exchange),
            Step::Elapse { units } => self.elapse(units * self.setup.unit()),
            Step::ElapseToDeadline { exchange } => self.elapse_to_deadline(exchange),
            Step::ElapseToTick { before } => self.elapse(1000 - (self.setup.phase + self.now) % 1000 - before),
            Step::Sync => self.disk.sync(),
            Step::Crash { kept } => self.crash(kept),
            Step::Jump { seconds } => self.jump(seconds),
            Step::SignOut { tab } => {
                if self.send_from(tab, RequestKind::SignOut) {
                    self.user_has_left = true;
                }
            }
            Step::Steal => self.loot.push(self.jar.clone()),
            Step::ThiefSends { back } => self.thief_sends(back),
        }
        self.check_durable()
    }

    /// Completes all exchanges. An honest client is then still signed in, and only one chain of tokens is valid.
    pub(super) fn settle(&mut self) -> Result<(), Violation> {
        self.elapse(self.setup.longest_exchange() + 1);
        while !self.in_flight.is_empty() {
            self.proceed(0, 1)?;
        }
        self.check_durable()?;
        self.check_chain()?;
        for _ in 0..2 {
            self.elapse(2000 * self.setup.rules.grace + 2000);
            self.renew(0)?;
        }
        self.check_chain()?;
        if self.must_be_signed_in() {
            self.coverage.honest += 1;
        }
        Ok(())
    }

    /// The issuer's clock.
    fn clock(&self) -> UnixSeconds {
        let true_time = BEGINNING + (self.setup.phase + self.now) / 1000;
        UnixSeconds::new(true_time.saturating_add_signed(self.skew)).unwrap()
    }

    fn renew(&mut self, tab: usize) -> Result<(), Violation> {
        if self.send_from(tab, RequestKind::Renewal) {
            self.proceed(self.in_flight.len() - 1, 5)?;
        }
        Ok(())
    }

    /// Sends a request, unless the tab waits for an answer or must sign in again.
    fn send_from(&mut self, tab: usize, kind: RequestKind) -> bool {
        let party = Party::Tab(tab % self.setup.tabs);
        let is_waiting = self.in_flight.iter().any(|exchange| exchange.party == party && !exchange.is_abandoned);
        if is_waiting {
            return false;
        }
        self.send(party, kind, self.jar.clone());
        true
    }

    fn thief_sends(&mut self, back: usize) {
        if let Some(newest) = self.loot.len().checked_sub(1) {
            self.thief_has_acted = true;
            self.send(Party::Thief, RequestKind::Renewal, self.loot[newest - back % self.loot.len()].clone());
        }
    }

    fn send(&mut self, party: Party, kind: RequestKind, held: HeldToken) {
        let verb = if kind == RequestKind::SignOut { "signs out" } else { "renews" };
        self.tell(|| format!("{party} {verb} with {held}"));
        let sent_at = self.now;
        let stage = Stage::Sent;
        let is_abandoned = false;
        self.in_flight.push(Exchange { party, kind, held, sent_at, stage, is_abandoned });
    }

    fn lose(&mut self, exchange: usize) {
        if self.in_flight.is_empty() {
            return;
        }
        let index = exchange % self.in_flight.len();
        self.coverage.lost += 1;
        let party = self.in_flight[index].party;
        self.tell(|| format!("the network loses what {party} sent, or its answer"));
        self.abandon(index);
    }

    /// The client gives up. A request that the issuer has not read yet is dropped; any other continues.
    fn abandon(&mut self, index: usize) {
        match self.in_flight[index].stage {
            Stage::Sent | Stage::Arrived { .. } | Stage::Answered { .. } => drop(self.in_flight.remove(index)),
            Stage::Read { .. } | Stage::Decided { .. } => self.in_flight[index].is_abandoned = true,
        }
    }

    /// Time passes. An honest exchange completes within half the grace, or is abandoned.
    fn elapse(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        self.tell(|| format!("{milliseconds} ms pass"));
        for index in (0..self.in_flight.len()).rev() {
            let Exchange { party, sent_at, is_abandoned, .. } = self.in_flight[index];
            if party != Party::Thief && !is_abandoned && self.now - sent_at > self.setup.longest_exchange() {
                self.tell(|| format!("{party} gives up"));
                self.abandon(index);
            }
        }
    }

    fn elapse_to_deadline(&mut self, exchange: usize) {
        if let Some(count) = self.in_flight.len().checked_sub(1) {
            let deadline = self.in_flight[exchange % (count + 1)].sent_at + self.setup.longest_exchange();
            self.elapse(deadline.saturating_sub(self.now));
        }
    }

    /// The issuer is killed and restarted: requests under way to it or in it are lost.
    fn crash(&mut self, kept: usize) {
        let undone = self.disk.crash(kept);
        self.coverage.crashes += 1;
        self.coverage.undone += undone as u64;
        self.in_flight.retain(|exchange| matches!(exchange.stage, Stage::Answered { .. }));
        self.tell(|| format!("the issuer crashes, and loses {undone} writes"));
    }

    fn jump(&mut self, seconds: i64) {
        self.skew += seconds;
        self.coverage.jumps += 1;
        self.has_jumped_amid |= self.in_flight.iter().any(|exchange| exchange.party != Party::Thief);
        self.tell(|| format!("the clock jumps by {seconds} s"));
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{:>6}.{:03} s  {}", self.now / 1000, self.now % 1000, line()));
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "property {}: {}", self.property, self.what)
    }
}
