//! When each unit runs: set-up in the order of its needs, suites as soon as theirs are met, measurements last and alone.

use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, Scope, available_parallelism};

use crate::failure::Failure;
use crate::length::Length;
use crate::process::{self, Output};
use crate::report::Report;
use crate::step::{Company, Step};
use crate::stopwatch::Stopwatch;
use crate::suite::{LIMIT, Suite};
use crate::task::{Lock, Task};
use crate::workspace::Workspace;

/// How many units run at once beyond the number of cores: on average, one of them waits.
const BEYOND_CORES: usize = 1;

/// A unit that is about to run.
#[derive(Debug)]
enum Unit {
    Setup(Task),
    Test(Suite, Box<Step>),
}

/// A unit that runs, and what it keeps others from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Setup(Task),
    Test(Suite, String, Company),
}

/// How a unit ended.
#[derive(Debug)]
struct End {
    name: Name,
    stopwatch: Stopwatch,
    result: Result<String, Failure>,
}

/// The units of one run that have not ended.
#[derive(Debug)]
pub(crate) struct Schedule<'w> {
    workspace: &'w Workspace,
    length: Length,
    /// The set-up that has not started.
    setup: Vec<Task>,
    /// Suites whose needs are not met.
    suites: Vec<Suite>,
    /// Steps of suites whose needs are met.
    steps: Vec<(Suite, Step)>,
    running: Vec<Name>,
    failed: BTreeSet<Task>,
    report: Report,
}

impl<'w> Schedule<'w> {
    /// The schedule of these suites with the set-up that they need.
    pub(crate) fn new(workspace: &'w Workspace, length: Length, suites: Vec<Suite>) -> Self {
        let needs: BTreeSet<_> = suites.iter().flat_map(|suite| suite.needs(length)).collect();
        Self {
            workspace,
            length,
            setup: needs.into_iter().filter(|task| task.is_needed(workspace)).collect(),
            suites,
            steps: Vec::new(),
            running: Vec::new(),
            failed: BTreeSet::new(),
            report: Report::start(),
        }
    }

    /// Runs everything, whatever fails; only an interrupt ends it early.
    pub(crate) fn run(mut self) -> Result<Report, Failure> {
        let at_once = available_parallelism().map_or(1, usize::from) + BEYOND_CORES;
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            loop {
                while self.running.len() < at_once
                    && let Some(unit) = self.next()
                {
                    self.start(scope, unit, &sender);
                }
                if self.running.is_empty() {
                    return Ok(self.report);
                }
                // On an interrupt, the other units stop their own commands before the scope ends.
                match receiver.recv() {
                    Ok(end) => self.end(end)?,
                    Err(_) => return Err(Failure::Interrupted),
                }
            }
        })
    }

    /// The next unit that may run beside those that do.
    fn next(&mut self) -> Option<Unit> {
        self.drop_what_cannot_run();
        self.admit_suites();
        if self.running.iter().any(|name| name.company() == Company::Nothing) {
            return None;
        }
        let ready = self.setup.iter().position(|task| self.may_start(*task));
        if let Some(at) = ready {
            return Some(Unit::Setup(self.setup.remove(at)));
        }
        let at = self.steps.iter().position(|(_, step)| self.may_join(step.company))?;
        let (suite, step) = self.steps.remove(at);
        Some(Unit::Test(suite, Box::new(step)))
    }

    /// Fails the set-up and the suites that need something that failed.
    fn drop_what_cannot_run(&mut self) {
        while let Some(at) =
            self.setup.iter().position(|task| task.after().iter().any(|need| self.failed.contains(need)))
        {
            let task = self.setup.remove(at);
            self.report.not_run(task.title());
            self.failed.insert(task);
        }
        let needs = |suite: &Suite| suite.needs(self.length).into_iter().find(|need| self.failed.contains(need));
        for suite in self.suites.extract_if(.., |suite| needs(suite).is_some()) {
            self.report.not_run(&suite.name());
            self.report.fail(suite);
        }
    }

    /// Turns each suite whose needs are met into its steps. They are read now, since the set-up may have installed what they
    /// need.
    fn admit_suites(&mut self) {
        let met = |suite: &Suite| suite.needs(self.length).into_iter().all(|need| self.is_settled(need));
        let (ready, others): (Vec<_>, Vec<_>) = self.suites.iter().partition(|suite| met(suite));
        self.suites = others;
        for suite in ready {
            for step in suite.steps(self.workspace, self.length) {
                if step.command.is_some() {
                    self.steps.push((suite, step));
                } else {
                    self.report.skip(suite, &step.title);
                }
            }
        }
        self.steps.sort_by_key(|(suite, _)| *suite);
    }

    fn is_settled(&self, task: Task) -> bool {
        !self.setup.contains(&task) && !self.running.contains(&Name::Setup(task))
    }

    fn may_start(&self, task: Task) -> bool {
        let is_free = |lock| self.running.iter().all(|name| name.lock() != Some(lock));
        task.lock().is_none_or(is_free) && task.after().iter().all(|need| self.is_settled(*need))
    }

    fn may_join(&self, company: Company) -> bool {
        match company {
            Company::Any => true,
            Company::NoCargo => self.running.iter().all(|name| name.lock() != Some(Lock::Cargo)),
            Company::Nothing => {
                let waits = |(_, step): &(Suite, Step)| step.company != Company::Nothing;
                let is_last = self.setup.is_empty() && self.suites.is_empty() && !self.steps.iter().any(waits);
                is_last && self.running.is_empty()
            }
        }
    }

    fn start<'s>(&mut self, scope: &'s Scope<'s, '_>, unit: Unit, sender: &Sender<End>)
    where
        'w: 's,
    {
        let name = unit.name();
        let workspace = self.workspace;
        let sender = sender.clone();
        self.report.started(&name.title());
        self.running.push(name.clone());
        scope.spawn(move || {
            let stopwatch = Stopwatch::start();
            let result = unit.run(workspace);
            // The receiver is gone only after an interrupt.
            let _ = sender.send(End { name, stopwatch, result });
        });
    }

    fn end(&mut self, End { name, stopwatch, result }: End) -> Result<(), Failure> {
        if let Err(Failure::Interrupted) = result {
            return Err(Failure::Interrupted);
        }
        self.running.retain(|running| *running != name);
        match name {
            Name::Setup(task) => {
                if !self.report.set_up(task.title(), stopwatch, result) {
                    self.failed.insert(task);
                }
            }
            Name::Test(suite, title, _) => self.report.tested(suite, &title, stopwatch, result),
        }
        Ok(())
    }
}

impl Unit {
    fn name(&self) -> Name {
        match self {
            Self::Setup(task) => Name::Setup(*task),
            Self::Test(suite, step) => Name::Test(*suite, step.title.clone(), step.company),
        }
    }

    fn run(self, workspace: &Workspace) -> Result<String, Failure> {
        match self {
            Self::Setup(task) => task.run(workspace, Output::Kept).map(|()| String::new()),
            Self::Test(_, step) => match step.command {
                Some(mut command) => process::run(&mut command, Output::Kept, LIMIT),
                None => Ok(String::new()),
            },
        }
    }
}

impl Name {
    fn title(&self) -> String {
        match self {
            Self::Setup(task) => task.title().to_owned(),
            Self::Test(suite, title, _) => format!("{}: {title}", suite.name()),
        }
    }

    fn company(&self) -> Company {
        match self {
            Self::Setup(_) => Company::Any,
            Self::Test(_, _, company) => *company,
        }
    }

    fn lock(&self) -> Option<Lock> {
        match self {
            Self::Setup(task) => task.lock(),
            Self::Test(_, _, company) => (*company == Company::NoCargo).then_some(Lock::Cargo),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        Workspace::find().unwrap()
    }

    fn schedule(workspace: &Workspace) -> Schedule<'_> {
        Schedule::new(workspace, Length::Short, Vec::new())
    }

    fn step(title: &str, company: Company) -> (Suite, Step) {
        (Suite::E2e, Step { title: title.to_owned(), command: None, company })
    }

    /// The title of the next unit, which runs from then on.
    fn next(schedule: &mut Schedule<'_>) -> Option<String> {
        let name = schedule.next()?.name();
        schedule.running.push(name.clone());
        Some(name.title())
    }

    #[test]
    fn only_one_unit_at_a_time_holds_cargos_lock() {
        let workspace = workspace();
        let mut schedule = schedule(&workspace);
        schedule.setup = vec![Task::WasmCrate, Task::DevPrograms, Task::NodeModules];
        schedule.steps = vec![step("lints", Company::NoCargo), step("structure", Company::Any)];
        assert_eq!(next(&mut schedule).unwrap(), Task::WasmCrate.title());
        assert_eq!(next(&mut schedule).unwrap(), Task::NodeModules.title());
        assert_eq!(next(&mut schedule).unwrap(), "e2e: structure");
        assert_eq!(next(&mut schedule), None);
        schedule.running.clear();
        assert_eq!(next(&mut schedule).unwrap(), Task::DevPrograms.title());
        assert_eq!(next(&mut schedule), None);
    }

    #[test]
    fn a_step_that_measures_runs_when_everything_else_has_ended() {
        let workspace = workspace();
        let mut schedule = schedule(&workspace);
        schedule.steps = vec![step("memory", Company::Nothing), step("crash", Company::Nothing)];
        schedule.steps.push(step("users", Company::Any));
        assert_eq!(next(&mut schedule).unwrap(), "e2e: users");
        assert_eq!(next(&mut schedule), None);
        schedule.running.clear();
        assert_eq!(next(&mut schedule).unwrap(), "e2e: memory");
        assert_eq!(next(&mut schedule), None);
        schedule.running.clear();
        assert_eq!(next(&mut schedule).unwrap(), "e2e: crash");
    }

    #[test]
    fn a_suite_whose_set_up_failed_is_not_run_and_fails() {
        let workspace = workspace();
        let mut schedule = schedule(&workspace);
        schedule.failed = BTreeSet::from([Task::WasmCrate]);
        schedule.setup = vec![Task::WasmModule, Task::Package];
        schedule.suites = vec![Suite::Node];
        assert_eq!(next(&mut schedule), None);
        assert!(schedule.setup.is_empty() && schedule.suites.is_empty());
        assert!(schedule.report.sum_up().is_err());
    }
}
