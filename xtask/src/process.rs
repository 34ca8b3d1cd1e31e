//! Commands as jobs: each in a process group of its own, so that no process that it started outlives it.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use crate::failure::Failure;
use crate::interrupt;
use crate::stopwatch::Stopwatch;

/// The interval at which a wait checks its condition.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// The time that a job has to stop after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(10);

/// Where a job's output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// To the terminal, as it comes.
    Shown,
    /// Into a file, shown if the job fails.
    Kept,
}

/// A running command with all processes that it starts; dropping it stops them.
#[derive(Debug)]
pub(crate) struct Job {
    command: String,
    child: Child,
    kept: Option<File>,
    ended: Option<ExitStatus>,
}

impl Job {
    /// Starts the command.
    pub(crate) fn start(command: &mut Command, output: Output) -> Result<Self, Failure> {
        let name = words(command);
        let failed = |source| Failure::Start { command: name.clone(), source };
        let kept = match output {
            Output::Shown => None,
            Output::Kept => {
                let file = tempfile::tempfile().map_err(failed)?;
                command.stdout(file.try_clone().map_err(failed)?).stderr(file.try_clone().map_err(failed)?);
                command.env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1").env_remove("FORCE_COLOR");
                Some(file)
            }
        };
        let child = command.process_group(0).spawn().map_err(failed)?;
        Ok(Self { command: name, child, kept, ended: None })
    }

    /// How the job ended, if it has.
    pub(crate) fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() && self.leader_has_ended() {
            // Before the leader is reaped: until then, its process group id cannot be reused.
            self.terminate();
            self.ended = self.child.wait().ok();
            self.stop_the_rest();
        }
        self.ended
    }

    /// Waits for the end, an interrupt or the time limit; returns the output that was kept.
    pub(crate) fn wait(mut self, limit: Duration) -> Result<String, Failure> {
        let stopwatch = Stopwatch::start();
        loop {
            if let Some(status) = self.poll() {
                let output = self.output();
                return if status.success() {
                    Ok(output)
                } else {
                    Err(Failure::Command { command: self.command.clone(), ending: status.to_string(), output })
                };
            }
            if interrupt::is_received() {
                return Err(Failure::Interrupted);
            }
            if stopwatch.elapsed() > limit {
                let output = self.output();
                return Err(Failure::TimeLimit {
                    command: self.command.clone(),
                    minutes: limit.as_secs() / 60,
                    output,
                });
            }
            sleep(TICK);
        }
    }

    /// Sends SIGTERM to the whole group, without waiting.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// The output that was kept so far.
    pub(crate) fn output(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.kept {
            // Best effort: the failure that is reported matters more.
            let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until the processes that the leader left behind have stopped, then kills those that still run.
    fn stop_the_rest(&self) {
        let stopwatch = Stopwatch::start();
        while test_kill_process_group(self.group()).is_ok() {
            if stopwatch.elapsed() > GRACE {
                let _ = kill_process_group(self.group(), Signal::KILL);
                return;
            }
            sleep(TICK);
        }
    }

    fn leader_has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.group()), options), Ok(None))
    }

    fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            // It fails only if no process of the group is left.
            let _ = kill_process_group(self.group(), signal);
        }
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.terminate();
        let stopwatch = Stopwatch::start();
        while self.poll().is_none() && stopwatch.elapsed() < GRACE {
            sleep(TICK);
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, output: Output, limit: Duration) -> Result<String, Failure> {
    Job::start(command, output)?.wait(limit)
}

/// The command as typed in a shell.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, pipe};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    /// A shell script, and a pipe that ends when the last process that the script started has ended.
    fn watched_shell(script: &str) -> (Command, PipeReader) {
        let (reader, writer) = pipe().unwrap();
        let mut command = shell(script);
        command.stdout(writer);
        (command, reader)
    }

    /// Reads to the end of the pipe, which comes when all processes have ended; one that is not stopped stays for a minute.
    fn assert_all_have_ended(mut reader: PipeReader) {
        let stopwatch = Stopwatch::start();
        reader.read_to_end(&mut Vec::new()).unwrap();
        assert!(stopwatch.elapsed() < GRACE);
    }

    #[test]
    fn a_failed_command_is_named_and_keeps_its_output() {
        let failure = run(&mut shell("echo out; echo err >&2; exit 3"), Output::Kept, GRACE).unwrap_err();
        assert_eq!(failure.output(), "out\nerr\n");
        assert_eq!(failure.to_string(), "`sh -c echo out; echo err >&2; exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_command_that_exceeds_its_limit_is_stopped() {
        let failure = run(&mut shell("echo begun; exec sleep 60"), Output::Kept, TICK * 20).unwrap_err();
        assert!(matches!(&failure, Failure::TimeLimit { output, .. } if output == "begun\n"), "{failure:?}");
    }

    #[test]
    fn a_dropped_job_stops_its_grandchildren() {
        let (mut command, mut reader) = watched_shell("sleep 60 & echo up; wait");
        let job = Job::start(&mut command, Output::Shown).unwrap();
        drop(command);
        reader.read_exact(&mut [0; "up".len()]).unwrap();
        drop(job);
        assert_all_have_ended(reader);
    }

    #[test]
    fn nothing_outlives_a_command_that_has_ended() {
        let (mut command, reader) = watched_shell("sleep 60 &");
        run(&mut command, Output::Shown, GRACE).unwrap();
        drop(command);
        assert_all_have_ended(reader);
    }
}
