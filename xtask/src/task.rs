//! The set-up steps of `package`, `demo`, `test` and `bench`, in an order in which each comes after those that it needs.

use std::process::Command;

use crate::failure::Failure;
use crate::javascript;
use crate::process::{self, Output};
use crate::progress::Progress;
use crate::setup::{self, LIMIT};
use crate::step;
use crate::toolchain::Toolchain;
use crate::wasm;
use crate::workspace::Workspace;

/// The manifest of the bench's own workspace.
pub(crate) const BENCH_CRATE: &str = "bench/rust/Cargo.toml";

/// Folders whose npm packages are outside the npm workspace, since only one suite needs each.
const BENCH: &str = "bench";
const RUNTIMES: &str = "verifier-wasm/tests/runtimes";
const BUNDLERS: &str = "verifier-wasm/tests/bundlers";

/// What only one step can hold at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Cargo's, on the target folder; builds would take each other's cores, too.
    Cargo,
    /// The package manager's.
    Apt,
    /// The network: two installations at once take as long as one after the other.
    Npm,
}

/// A set-up step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// rustc's standard library for wasm.
    WasmTarget,
    /// The packages of package-lock.json.
    NodeModules,
    /// The browser for the demo's tests.
    Chromium,
    /// The library that moves a program's clock, for the simulation of the session client.
    Faketime,
    /// The crate behind the wasm module.
    WasmCrate,
    /// `verifier-wasm/wasm/`.
    WasmModule,
    /// `verifier-wasm/dist/` and `verifier-wasm/cjs/`.
    Package,
    /// `target/debug/hallpass`, and the examples that tests run: `axum` is a service behind the issuer.
    DevPrograms,
    /// `target/release/hallpass`.
    Issuer,
    /// `js-demo/dist/`.
    DemoSite,
    /// The programs of the crates' tests.
    RustTests,
    /// `target/wycheproof.json`: the cases of a crate, for the tests in JavaScript.
    WycheproofCases,
    /// The packages of bench/package-lock.json: the peers that the bench compares with.
    BenchPeers,
    /// The packages of verifier-wasm/tests/runtimes/package-lock.json: Deno, Bun, the edge runtime, and package linters.
    Runtimes,
    /// The packages of verifier-wasm/tests/bundlers/package-lock.json.
    Bundlers,
    /// The benchmark of the verifier in Rust, with its peers.
    BenchVerify,
    /// The load generator for the issuer.
    BenchLoad,
}

impl Task {
    /// The steps of the npm package, ready for `npm pack`.
    pub(crate) const PACKAGE: [Self; 5] =
        [Self::WasmTarget, Self::NodeModules, Self::WasmCrate, Self::WasmModule, Self::Package];

    /// The steps of the demo.
    pub(crate) const DEMO: [Self; 7] = [
        Self::WasmTarget,
        Self::NodeModules,
        Self::WasmCrate,
        Self::WasmModule,
        Self::Package,
        Self::Issuer,
        Self::DemoSite,
    ];

    /// The steps of the bench, besides the package.
    pub(crate) const BENCH: [Self; 4] = [Self::Issuer, Self::BenchPeers, Self::BenchVerify, Self::BenchLoad];

    /// The steps that must end before it starts, beside those that it is ordered after by its lock.
    pub(crate) fn after(self) -> &'static [Self] {
        match self {
            Self::WasmCrate => &[Self::WasmTarget],
            // wasm-opt is an npm package.
            Self::WasmModule => &[Self::WasmCrate, Self::NodeModules],
            Self::Package => &[Self::WasmModule],
            Self::DemoSite => &[Self::Package],
            Self::WycheproofCases => &[Self::DevPrograms],
            _ => &[],
        }
    }

    /// What only one step can hold at a time.
    pub(crate) fn lock(self) -> Option<Lock> {
        match self {
            Self::WasmCrate
            | Self::DevPrograms
            | Self::Issuer
            | Self::RustTests
            | Self::BenchVerify
            | Self::BenchLoad => Some(Lock::Cargo),
            Self::WasmTarget | Self::Chromium | Self::Faketime => Some(Lock::Apt),
            Self::NodeModules | Self::BenchPeers | Self::Runtimes | Self::Bundlers => Some(Lock::Npm),
            Self::WasmModule | Self::Package | Self::DemoSite | Self::WycheproofCases => None,
        }
    }

    /// Whether there is something to do; a build's own tool always decides that itself.
    pub(crate) fn is_needed(self, workspace: &Workspace) -> bool {
        match self {
            Self::WasmTarget => Toolchain::find(workspace).is_none(),
            Self::NodeModules => !setup::has_node_modules(workspace, "."),
            Self::Chromium => setup::chromium().is_none(),
            Self::Issuer => workspace.builds_issuer(),
            // Where it cannot be installed, its tests are skipped.
            Self::Faketime => !setup::has_faketime() && setup::may_use_apt(),
            Self::BenchPeers => !setup::has_node_modules(workspace, BENCH),
            Self::Runtimes => !setup::has_node_modules(workspace, RUNTIMES),
            Self::Bundlers => !setup::has_node_modules(workspace, BUNDLERS),
            _ => true,
        }
    }

    /// The line on the terminal while it runs; it gives the reason for an installation.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::WasmTarget => {
                "rustup target add wasm32-unknown-unknown (Rust's standard library for the npm package)"
            }
            Self::NodeModules => "npm ci (the JavaScript tools that package-lock.json names)",
            Self::Chromium => "apt-get install chromium (the tests drive the demo's page in it)",
            Self::Faketime => "apt-get install libfaketime (a simulation moves the issuer's clock with it)",
            Self::WasmCrate => "building the wasm module",
            Self::WasmModule => "binding and shrinking the wasm module",
            Self::Package => "building the npm package around it",
            Self::DevPrograms => "building the issuer (dev profile) and the examples",
            Self::Issuer => "building the issuer",
            Self::DemoSite => "building the demo's page and worker",
            Self::RustTests => "building the Rust tests",
            Self::WycheproofCases => "writing Project Wycheproof's cases for JavaScript",
            Self::BenchPeers => "npm ci in bench (the libraries that the bench compares with)",
            Self::Runtimes => {
                "npm ci in verifier-wasm/tests/runtimes (Deno, Bun, Vercel's edge runtime, publint, are-the-types-wrong)"
            }
            Self::Bundlers => {
                "npm ci in verifier-wasm/tests/bundlers (Vite, webpack, Rollup, esbuild, Next.js, wrangler)"
            }
            Self::BenchVerify => "building the Rust benchmark and its peers",
            Self::BenchLoad => "building the load generator",
        }
    }

    /// Where its output goes when it runs on its own: a long build shows its progress.
    pub(crate) fn output(self) -> Output {
        if self.lock() == Some(Lock::Cargo) { Output::Shown } else { Output::Kept }
    }

    /// Does it.
    pub(crate) fn run(self, workspace: &Workspace, output: Output) -> Result<(), Failure> {
        let mut command = match self {
            Self::WasmTarget => return Toolchain::install(workspace),
            Self::NodeModules => return setup::install_node_modules(workspace, "."),
            Self::BenchPeers => return setup::install_node_modules(workspace, BENCH),
            Self::Runtimes => return setup::install_node_modules(workspace, RUNTIMES),
            Self::Bundlers => return setup::install_node_modules(workspace, BUNDLERS),
            Self::Chromium => return setup::install_chromium(workspace),
            Self::Faketime => return setup::apt_install(workspace, &["libfaketime"]),
            Self::WasmModule => return wasm::package(workspace),
            Self::Package => return javascript::PACKAGE.run(workspace, output),
            Self::DemoSite => return javascript::DEMO.run(workspace, output),
            Self::WasmCrate
            | Self::DevPrograms
            | Self::Issuer
            | Self::RustTests
            | Self::BenchVerify
            | Self::BenchLoad => self.cargo(workspace),
            Self::WycheproofCases => {
                let mut command = workspace.program(workspace.example("wycheproof_cases"));
                command.arg(workspace.wycheproof_cases());
                command
            }
        };
        process::run(&mut command, output, LIMIT)?;
        Ok(())
    }

    /// The cargo command of a step that is one. Those of the dev profile select the whole workspace: another selection is
    /// another set of features, for which cargo compiles the dependencies again.
    pub(crate) fn cargo(self, workspace: &Workspace) -> Command {
        let cargo = workspace.cargo();
        match self {
            Self::WasmCrate => wasm::cargo(workspace),
            Self::DevPrograms => {
                let examples = ["--example", "axum", "--example", "wycheproof_cases"];
                arguments(arguments(cargo, &["build", "--workspace", "--locked", "--bin", "hallpass"]), &examples)
            }
            Self::RustTests if step::has_nextest() => {
                arguments(cargo, &["nextest", "run", "--workspace", "--locked", "--no-run"])
            }
            Self::RustTests => arguments(cargo, &["test", "--workspace", "--locked", "--no-run"]),
            Self::BenchVerify => bench_crate(workspace, &["bench", "--no-run", "--bench", "verify"]),
            Self::BenchLoad => bench_crate(workspace, &["build", "--release", "--bin", "hallpass-bench"]),
            _ => arguments(cargo, &["build", "--locked", "--release", "--package", "hallpass-issuer"]),
        }
    }
}

/// Builds a part of the bench's own workspace, into a folder of its own. Its lock file pins the peers, but it is
/// not `--locked`: a new dependency of `token` must not stop the bench.
fn bench_crate(workspace: &Workspace, words: &[&str]) -> Command {
    let mut command = arguments(workspace.cargo(), words);
    command.args(["--manifest-path", BENCH_CRATE]);
    command.arg("--target-dir").arg(workspace.built("bench-rust"));
    command
}

fn arguments(mut command: Command, words: &[&str]) -> Command {
    command.args(words);
    command
}

/// Runs the steps that are needed, up to the first that fails.
pub(crate) fn run_all(tasks: &[Task], workspace: &Workspace) -> Result<(), Failure> {
    let needed: Vec<_> = tasks.iter().filter(|task| task.is_needed(workspace)).collect();
    let mut progress = Progress::new(needed.len());
    needed
        .into_iter()
        .try_for_each(|task| progress.step(task.title(), task.output(), || task.run(workspace, task.output())))
}
