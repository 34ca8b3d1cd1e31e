//! The parts of the bench: the steps that each needs, and the command that measures it.

use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

use crate::bench::backend::Build;
use crate::failure::Failure;
use crate::setup;
use crate::task::Task;
use crate::wasm;
use crate::workspace::Workspace;

/// The time limit of a part: the longest one, of the logins, takes about ten minutes.
pub(crate) const LIMIT_OF_A_PART: Duration = Duration::from_mins(30);

/// A part, which can run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The verifier in JavaScript and its peers: verify, decode, start, bytes
    VerifierJs,
    /// The verifier in Rust and its peers
    VerifierRust,
    /// Durable refreshes per second, compared with the disk and a common server
    Issuer,
    /// Logins per second, and a flood of them, compared with the cores' rate of hashing and common servers
    Logins,
}

impl Part {
    /// The name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::VerifierJs => "verifier-js",
            Self::VerifierRust => "verifier-rust",
            Self::Issuer => "issuer",
            Self::Logins => "logins",
        }
    }

    /// The line on the terminal while it runs.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::VerifierJs => "verifier-js: the verifier in JavaScript",
            Self::VerifierRust => "verifier-rust: the verifier in Rust",
            Self::Issuer => "issuer: durable refreshes",
            Self::Logins => "logins: sign-ins, and a flood of them",
        }
    }

    /// The steps that must be done before it runs.
    pub(crate) fn needs(self) -> Vec<Task> {
        match self {
            Self::VerifierJs => [Task::PACKAGE.as_slice(), &[Task::BenchPeers, Task::Chromium]].concat(),
            Self::VerifierRust => vec![Task::BenchVerify],
            Self::Issuer | Self::Logins => vec![Task::Issuer, Task::BenchPeers, Task::BenchLoad],
        }
    }

    /// The command that measures it, with the build that it measures.
    pub(crate) fn command(self, workspace: &Workspace) -> Result<Command, Failure> {
        let mut command = workspace.program("node");
        // Garbage is collected between contenders: none pays for another's.
        command.arg("--expose-gc");
        // fast-jwt warns about a use of its cache that its documentation recommends for speed.
        command.arg("--disable-warning=FAST_JWT_CACHE_KEY_BUILDER_SECURITY_RISK");
        command.arg(format!("bench/{}.js", self.name()));
        match self {
            Self::VerifierJs => {
                command.arg("--build").arg(Build::inspect(&mut wasm::cargo(workspace))?.backend);
                command.env("HALLPASS_CHROMIUM", setup::chromium().unwrap_or_default());
            }
            Self::VerifierRust => {
                let build = Build::inspect(&mut Task::BenchVerify.cargo(workspace))?;
                command.arg("--build").arg(&build.backend).arg("--executable").arg(build.executable("verify")?);
            }
            Self::Issuer | Self::Logins => {
                command.arg("--build").arg(Build::inspect(&mut Task::Issuer.cargo(workspace))?.backend);
                let load = Build::inspect(&mut Task::BenchLoad.cargo(workspace))?;
                command.arg("--issuer").arg(workspace.issuer()).arg("--load").arg(load.executable("hallpass-bench")?);
            }
        }
        Ok(command)
    }
}
