//! What can go wrong in a task: one line for a person, and the output of the command that failed.

use std::path::PathBuf;
use std::process::ExitCode;

/// Why a task did not get done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A command ended badly.
    #[error("`{command}` failed ({ending})")]
    Command {
        /// What was run.
        command: String,
        /// How it ended: an exit status or a signal.
        ending: String,
        /// What it wrote, where that was not on the terminal already.
        output: String,
    },
    /// A command took too long and was stopped.
    #[error("`{command}` was stopped after {minutes} minutes")]
    TimeLimit {
        /// What was run.
        command: String,
        /// Its limit.
        minutes: u64,
        /// What it wrote, where that was not on the terminal already.
        output: String,
    },
    /// A command could not be started.
    #[error("cannot run `{command}`: {source}")]
    Start {
        /// What should have run.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A service of the demo ended, or never came up.
    #[error("{service} {trouble}")]
    Service {
        /// Which one.
        service: &'static str,
        /// What became of it.
        trouble: String,
        /// What it wrote.
        output: String,
    },
    /// Something this machine lacks and the task may not, or cannot, install.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is needed.
        what: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A port that the demo wants is taken.
    #[error("port {port} is in use: stop what listens there, or choose another with {option}")]
    PortInUse {
        /// The port.
        port: u16,
        /// The option that chooses another.
        option: &'static str,
    },
    /// A port that the demo may not listen on.
    #[error("cannot listen on port {port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// Both of the demo's ports are the same one.
    #[error("--port and --issuer-port are both {0}: they must differ")]
    SamePort(u16),
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A command's answer could not be understood.
    #[error("`{command}` answered something unexpected: {answer}")]
    Answer {
        /// What was run.
        command: &'static str,
        /// What it wrote.
        answer: String,
    },
    /// wasm-bindgen could not make its glue.
    #[error("wasm-bindgen: {0}")]
    Bindgen(String),
    /// Signals could not be caught.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
    /// Tests failed; the summary has said which.
    #[error("not every suite passed")]
    Tests,
}

impl Failure {
    /// What the failed command wrote and nobody has seen yet.
    pub(crate) fn output(&self) -> &str {
        match self {
            Self::Command { output, .. } | Self::TimeLimit { output, .. } | Self::Service { output, .. } => output,
            _ => "",
        }
    }

    /// Prints the failure: first the output that led to it, last the one line that names it.
    pub(crate) fn report(&self) {
        let output = self.output().trim_end();
        if !output.is_empty() {
            eprintln!("{output}\n");
        }
        eprintln!("error: {self}");
    }

    /// The status that the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            // 128 + SIGINT, as a shell reports it.
            Self::Interrupted => ExitCode::from(130),
            _ => ExitCode::FAILURE,
        }
    }
}
