//! The parts of the bench: what each needs to be built, and the command that measures it.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

use crate::bench::backend::Build;
use crate::failure::Failure;
use crate::task::Task;
use crate::wasm;
use crate::workspace::Workspace;

/// How long a part may take: the longest, of the logins, takes about ten minutes.
pub(crate) const LIMIT_OF_A_PART: Duration = Duration::from_mins(30);

/// A part, which can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The verifier in JavaScript beside its peers: verify, decode, start, bytes
    VerifierJs,
    /// The verifier in Rust beside its peers
    VerifierRust,
    /// Durable refreshes per second, beside the disk and a common server
    Issuer,
    /// Logins per second, and a flood of them, beside the cores' own rate of hashing and common servers
    Logins,
}

impl Part {
    /// Its name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::VerifierJs => "verifier-js",
            Self::VerifierRust => "verifier-rust",
            Self::Issuer => "issuer",
            Self::Logins => "logins",
        }
    }

    /// What the terminal says while it runs.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::VerifierJs => "verifier-js: the verifier in JavaScript",
            Self::VerifierRust => "verifier-rust: the verifier in Rust",
            Self::Issuer => "issuer: durable refreshes",
            Self::Logins => "logins: sign-ins, and a flood of them",
        }
    }

    /// What must be there before it runs.
    pub(crate) fn needs(self) -> Vec<Task> {
        match self {
            Self::VerifierJs => [Task::PACKAGE.as_slice(), &[Task::BenchPeers]].concat(),
            Self::VerifierRust => vec![Task::BenchVerify],
            Self::Issuer | Self::Logins => vec![Task::Issuer, Task::BenchPeers, Task::BenchLoad],
        }
    }

    /// The command, told what it will measure.
    pub(crate) fn command(self, workspace: &Workspace) -> Result<Command, Failure> {
        let mut command = workspace.program("node");
        // Without it, one contender would pay for what another left behind.
        command.arg("--expose-gc");
        // fast-jwt warns of a way to use its cache that its own documentation offers for speed.
        command.arg("--disable-warning=FAST_JWT_CACHE_KEY_BUILDER_SECURITY_RISK");
        command.arg(format!("bench/{}.js", self.name()));
        match self {
            Self::VerifierJs => {
                command.arg("--build").arg(Build::inspect(&mut wasm::cargo(workspace))?.backend);
            }
            Self::VerifierRust => {
                let build = Build::inspect(&mut Task::BenchVerify.cargo(workspace))?;
                command.arg("--build").arg(&build.backend).arg("--executable").arg(build.executable("verify")?);
            }
            Self::Issuer | Self::Logins => {
                command.arg("--build").arg(Build::inspect(&mut Task::Issuer.cargo(workspace))?.backend);
                let load = Build::inspect(&mut Task::BenchLoad.cargo(workspace))?;
                let issuer = env::var_os("HALLPASS_BIN").map_or_else(|| workspace.issuer(), PathBuf::from);
                command.arg("--issuer").arg(issuer).arg("--load").arg(load.executable("hallpass-bench")?);
            }
        }
        Ok(command)
    }
}
