//! The test suites: the folders that each covers, what each needs, and the steps that it consists of.

use std::time::Duration;

use clap::ValueEnum;

use crate::length::Length;
use crate::step::{self, Step};
use crate::task::Task;
use crate::workspace::Workspace;

/// A suite. Suites start in this order, the longest first, as soon as what they need is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Suite {
    /// Formatting, structure, lints, documentation, licenses, types
    Checks,
    /// tests/e2e: the issuer over HTTP and on its command line
    E2e,
    /// js-demo/tests: the demo's page and its edge worker, in headless Chromium
    JsDemo,
    /// tests/simulation/keys: rotation and revocation of keys, before every kind of verifier
    Keys,
    /// tests/simulation/client: random histories of the session client before the issuer
    Client,
    /// tests/browser and verifier-wasm/tests/browser: the npm package in headless Chromium
    Browser,
    /// verifier-wasm/tests/node: the npm package in Node
    Node,
    /// verifier-wasm/tests/workerd: the npm package in workerd
    Workerd,
    /// The tests of every crate
    Rust,
    /// xtask/tests: `cargo xtask demo` itself
    Demo,
    /// verifier-wasm/tests/runtimes: the npm package in every runtime, its documentation's examples, package linters; with --all
    Runtimes,
    /// verifier-wasm/tests/bundlers: the npm package through every bundler; with --all
    Bundlers,
    /// bench/tests: a short `cargo xtask bench`; with --all
    Bench,
}

/// How long one step may take: several times its duration on two cores, since others run beside it.
pub(crate) const LIMIT: Duration = Duration::from_mins(30);

impl Suite {
    /// The name on the command line and in the summary.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether a run of this length that names no suites includes it.
    pub(crate) fn belongs_to(self, length: Length) -> bool {
        length == Length::Long || !matches!(self, Self::Runtimes | Self::Bundlers | Self::Bench)
    }

    /// The steps that must be done before it runs.
    pub(crate) fn needs(self, length: Length) -> Vec<Task> {
        let issuer = length.issuer_task();
        let own: &[Task] = match self {
            Self::Rust => return vec![Task::RustTests],
            // The types of the demo's scripts come from the package.
            Self::Checks => &[],
            Self::Node | Self::Workerd => &[Task::WycheproofCases],
            Self::Runtimes => &[Task::Chromium, Task::Runtimes, Task::WycheproofCases],
            Self::Bundlers => &[Task::DemoSite, Task::Chromium, Task::Bundlers],
            Self::E2e => &[issuer, Task::DevPrograms],
            // The histories of keys are written by a test of the issuer.
            Self::Keys => &[issuer, Task::RustTests],
            Self::Client => &[issuer, Task::Faketime],
            Self::Browser => &[issuer, Task::Chromium, Task::WycheproofCases],
            Self::JsDemo => &[issuer, Task::DemoSite, Task::Chromium],
            Self::Demo => &[issuer, Task::DemoSite],
            Self::Bench => &Task::BENCH,
        };
        [Task::PACKAGE.as_slice(), own].concat()
    }

    /// Whether each command is one test, rather than a runner that counts its tests.
    pub(crate) fn counts_commands(self) -> bool {
        self == Self::Checks
    }

    /// The steps, in the order in which they start.
    pub(crate) fn steps(self, workspace: &Workspace, length: Length) -> Vec<Step> {
        let node = |folder: &str| step::node(workspace, length, folder);
        match self {
            Self::Checks => step::checks(workspace),
            Self::Rust => step::rust(workspace, length),
            Self::Node => node("verifier-wasm/tests/node"),
            Self::Workerd => node("verifier-wasm/tests/workerd"),
            Self::Runtimes => node("verifier-wasm/tests/runtimes"),
            Self::Bundlers => node("verifier-wasm/tests/bundlers"),
            Self::E2e => step::end_to_end(workspace, length),
            Self::Keys => node("tests/simulation/keys"),
            Self::Client => node("tests/simulation/client"),
            Self::Browser => ["tests/browser", "verifier-wasm/tests/browser"].into_iter().flat_map(node).collect(),
            Self::JsDemo => node("js-demo/tests"),
            Self::Demo => node("xtask/tests"),
            Self::Bench => node("bench/tests").into_iter().map(Step::alone).collect(),
        }
    }
}
