//! The failures of a task: one line each, and the output of the command that failed.

use std::path::PathBuf;
use std::process::ExitCode;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A command failed.
    #[error("`{command}` failed ({ending})")]
    Command {
        /// The command.
        command: String,
        /// Its exit status or signal.
        ending: String,
        /// Its output, unless the terminal shows it already.
        output: String,
    },
    /// A command exceeded its time limit and was stopped.
    #[error("`{command}` exceeded its limit of {minutes} minutes and was stopped")]
    TimeLimit {
        /// The command.
        command: String,
        /// Its limit.
        minutes: u64,
        /// Its output, unless the terminal shows it already.
        output: String,
    },
    /// A command could not be started.
    #[error("cannot run `{command}`: {source}")]
    Start {
        /// The command.
        command: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A service of the demo stopped, or did not start.
    #[error("{service} {trouble}")]
    Service {
        /// The service.
        service: &'static str,
        /// What happened to it.
        trouble: String,
        /// The end of its log.
        output: String,
    },
    /// A requirement that this machine lacks and the task cannot install.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// The requirement.
        what: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
    /// A port of the demo is in use.
    #[error("port {port} is in use: stop the process that listens on it, or choose another port with {option}")]
    PortInUse {
        /// The port.
        port: u16,
        /// The option that chooses another.
        option: &'static str,
    },
    /// The demo cannot listen on a port.
    #[error("cannot listen on port {port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's error.
        source: std::io::Error,
    },
    /// The demo's two ports are the same.
    #[error("--port and --issuer-port are both {0}: they must differ")]
    SamePort(u16),
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A command's output was not in the expected form.
    #[error("`{command}` printed unexpected output: {answer}")]
    Answer {
        /// The command.
        command: &'static str,
        /// Its output.
        answer: String,
    },
    /// wasm-bindgen failed.
    #[error("wasm-bindgen: {0}")]
    Bindgen(String),
    /// The signal handlers could not be installed.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
    /// Tests failed; the summary names their suites.
    #[error("not every suite passed")]
    Tests,
}

impl Failure {
    /// The output of the failed command that the terminal has not shown.
    pub(crate) fn output(&self) -> &str {
        match self {
            Self::Command { output, .. } | Self::TimeLimit { output, .. } | Self::Service { output, .. } => output,
            _ => "",
        }
    }

    /// Prints the failure: the output first, the line that names it last.
    pub(crate) fn report(&self) {
        let output = self.output().trim_end();
        if !output.is_empty() {
            eprintln!("{output}\n");
        }
        eprintln!("error: {self}");
    }

    /// The exit status of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            // 128 + SIGINT, as a shell reports it.
            Self::Interrupted => ExitCode::from(130),
            _ => ExitCode::FAILURE,
        }
    }
}
