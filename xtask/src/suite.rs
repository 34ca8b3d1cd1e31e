//! The test suites: what each needs to be built, and the commands that it is made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

use crate::setup;
use crate::task::{BENCH_CRATE, Task};
use crate::workspace::Workspace;

/// A suite, in the order in which they run: the nearer to the source, the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Formatting, lints, documentation, licences, types
    Checks,
    /// Every crate's own tests
    Rust,
    /// The npm package in Node
    Node,
    /// The npm package in workerd
    Workerd,
    /// The npm package in every runtime, the examples of its documentation, and what judges packages
    Runtimes,
    /// The npm package through every bundler
    Bundlers,
    /// The issuer, over HTTP
    E2e,
    /// Keys that rotate and are revoked: months before every kind of verifier, and real issuers under load
    Keys,
    /// The session client: random histories against the real issuer, and its recipes
    Client,
    /// The demo in headless Chromium
    Browser,
    /// `cargo xtask demo` itself
    Demo,
    /// A short `cargo xtask bench`
    Bench,
}

/// Files of `tests/e2e` that measure time, memory or system calls, or that take all cores: they run one at a time. The others
/// mostly wait, and run beside each other.
const MEASURING: [&str; 7] =
    ["crash", "durability", "hashing", "memory", "no-oracle", "no-oracle-without-hash", "trace"];

/// The tests in Chromium: of the package, of the package before the issuer, and of the demo.
const BROWSER_TESTS: [&str; 3] = ["verifier-wasm/tests/browser", "tests/browser", "js-demo/tests"];

/// How many files that mostly wait run at once.
const WAITING_AT_ONCE: &str = "--test-concurrency=4";
const ONE_AT_A_TIME: &str = "--test-concurrency=1";

/// One command of a suite.
#[derive(Debug)]
pub(crate) struct Step {
    /// What the terminal says while it runs.
    pub(crate) title: String,
    /// The command; none where its tool is not installed.
    pub(crate) command: Option<Command>,
}

impl Suite {
    /// The name in the summary.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Rust => "rust",
            Self::Node => "package in Node",
            Self::Workerd => "package in workerd",
            Self::Runtimes => "package everywhere",
            Self::Bundlers => "package in bundles",
            Self::E2e => "issuer end to end",
            Self::Keys => "keys",
            Self::Client => "session client",
            Self::Browser => "demo in Chromium",
            Self::Demo => "demo command",
            Self::Bench => "bench command",
        }
    }

    /// What must be there before it runs.
    pub(crate) fn needs(self) -> Vec<Task> {
        match self {
            Self::Rust => vec![Task::RustTests],
            // The types of the demo's scripts come from the package.
            Self::Checks => Task::PACKAGE.to_vec(),
            Self::Node | Self::Workerd => [Task::PACKAGE.as_slice(), &[Task::WycheproofCases]].concat(),
            Self::Runtimes => {
                [Task::PACKAGE.as_slice(), &[Task::Chromium, Task::Runtimes, Task::WycheproofCases]].concat()
            }
            Self::Bundlers => [Task::PACKAGE.as_slice(), &[Task::DemoSite, Task::Chromium, Task::Bundlers]].concat(),
            Self::E2e => [Task::PACKAGE.as_slice(), &[Task::Issuer, Task::ExampleService]].concat(),
            Self::Keys => [Task::PACKAGE.as_slice(), &[Task::Issuer, Task::RustTests]].concat(),
            Self::Client => [Task::PACKAGE.as_slice(), &[Task::Issuer, Task::Chromium, Task::Faketime]].concat(),
            Self::Browser => [Task::DEMO.as_slice(), &[Task::Chromium, Task::WycheproofCases]].concat(),
            Self::Demo => Task::DEMO.to_vec(),
            Self::Bench => [Task::PACKAGE.as_slice(), &Task::BENCH].concat(),
        }
    }

    /// How long one command of it may take: long enough for a cold build on two cores, where it builds.
    pub(crate) fn limit(self) -> Duration {
        match self {
            Self::Checks | Self::Rust | Self::E2e => Duration::from_mins(20),
            _ => Duration::from_mins(10),
        }
    }

    /// Whether a command is a test by itself, rather than a runner of tests that it counts.
    pub(crate) fn counts_commands(self) -> bool {
        self == Self::Checks
    }

    /// The commands, in order.
    pub(crate) fn steps(self, workspace: &Workspace) -> Vec<Step> {
        match self {
            Self::Checks => checks(workspace),
            Self::Rust => rust(workspace),
            Self::Node => node(workspace, "verifier-wasm/tests/node", |_| {}),
            Self::Workerd => node(workspace, "verifier-wasm/tests/workerd", |_| {}),
            Self::Runtimes => node(workspace, "verifier-wasm/tests/runtimes", in_chromium),
            Self::Bundlers => node(workspace, "verifier-wasm/tests/bundlers", in_chromium),
            Self::E2e => end_to_end(workspace),
            Self::Keys => node(workspace, "tests/simulation/keys", |command| {
                command.env("HALLPASS_BIN", workspace.issuer());
            }),
            Self::Client => {
                node(workspace, "tests/simulation/client", |command| before_issuer_in_chromium(command, workspace))
            }
            Self::Browser => BROWSER_TESTS
                .into_iter()
                .flat_map(|folder| node(workspace, folder, |command| before_issuer_in_chromium(command, workspace)))
                .collect(),
            Self::Demo => xtask(workspace, "xtask/tests"),
            Self::Bench => xtask(workspace, "bench/tests"),
        }
    }
}

impl Step {
    fn new(title: &str, mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments);
        Self { title: title.to_owned(), command: Some(command) }
    }
}

fn checks(workspace: &Workspace) -> Vec<Step> {
    let cargo = || workspace.cargo();
    let mut rustdoc = cargo();
    rustdoc.env("RUSTDOCFLAGS", "-Dwarnings");
    let deny = setup::which("cargo-deny").map(|_| {
        let mut command = cargo();
        command.args(["deny", "check", "bans", "licenses", "sources"]);
        command
    });
    vec![
        Step::new("formatting", cargo(), &["fmt", "--all", "--check"]),
        Step::new("formatting of the bench", cargo(), &["fmt", "--check", "--manifest-path", BENCH_CRATE]),
        Step::new(
            "lints",
            cargo(),
            &["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-Dwarnings"],
        ),
        Step::new("documentation", rustdoc, &["doc", "--no-deps", "--workspace", "--locked", "--quiet"]),
        Step { title: "dependencies (cargo-deny)".to_owned(), command: deny },
        Step::new("types of the demo", workspace.npm_tool("tsc"), &["--noEmit", "--project", "js-demo"]),
    ]
}

/// Whether the quicker runner is there.
pub(crate) fn has_nextest() -> bool {
    setup::which("cargo-nextest").is_some()
}

fn rust(workspace: &Workspace) -> Vec<Step> {
    let tests: &[&str] = if has_nextest() {
        &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]
    } else {
        &["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"]
    };
    vec![
        Step::new("unit and integration tests", workspace.cargo(), tests),
        Step::new("examples in the documentation", workspace.cargo(), &["test", "--doc", "--workspace", "--locked"]),
    ]
}

/// One run of Node's test runner over a folder; no step at all where the folder holds no test.
fn node(workspace: &Workspace, folder: &str, prepare: impl FnOnce(&mut Command)) -> Vec<Step> {
    let files = tests_in(workspace, folder);
    if files.is_empty() {
        return Vec::new();
    }
    let mut command = node_tests(workspace, &[], &files);
    prepare(&mut command);
    vec![Step { title: folder.to_owned(), command: Some(command) }]
}

/// Node's test runner over files.
fn node_tests(workspace: &Workspace, options: &[&str], files: &[PathBuf]) -> Command {
    let mut command = workspace.program("node");
    // Files by name: Node 20 knows no patterns, and later ones no folders.
    command.args(["--test", "--test-reporter=spec"]).args(options).args(files);
    command.env("HALLPASS_WYCHEPROOF", workspace.wycheproof_cases());
    command
}

/// The issuer over HTTP: first the files that mostly wait, then those that measure.
fn end_to_end(workspace: &Workspace) -> Vec<Step> {
    let files = tests_in(workspace, "tests/e2e").into_iter();
    let (measuring, waiting): (Vec<_>, Vec<_>) = files.partition(|file| measures(file));
    let step = |title: &str, concurrency, files: &[PathBuf]| {
        let mut command = node_tests(workspace, &[concurrency], files);
        command.env("HALLPASS_BIN", workspace.issuer());
        command.env("HALLPASS_EXAMPLE_SERVICE", workspace.example_service());
        Step { title: title.to_owned(), command: Some(command) }
    };
    vec![
        step("tests/e2e, files that wait", WAITING_AT_ONCE, &waiting),
        step("tests/e2e, files that measure", ONE_AT_A_TIME, &measuring),
    ]
}

/// Whether a file must run alone.
fn measures(file: &Path) -> bool {
    file.file_name()
        .and_then(|name| name.to_str()?.strip_suffix(".test.js"))
        .is_some_and(|name| MEASURING.contains(&name))
}

/// The same over tests that run tasks of ours.
fn xtask(workspace: &Workspace, folder: &str) -> Vec<Step> {
    node(workspace, folder, |command| {
        command.env("HALLPASS_XTASK", std::env::current_exe().unwrap_or_default());
    })
}

/// The same before an issuer of ours.
fn before_issuer_in_chromium(command: &mut Command, workspace: &Workspace) {
    command.env("HALLPASS_BIN", workspace.issuer());
    in_chromium(command);
}

/// Tells the tests where the browser is.
fn in_chromium(command: &mut Command) {
    command.env("HALLPASS_CHROMIUM", setup::chromium().unwrap_or_default());
}

/// The test files of a folder, in order.
fn tests_in(workspace: &Workspace, folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect_tests(&workspace.file(folder), &mut files);
    files.sort();
    files
}

fn collect_tests(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            // What is installed brings tests of its own.
            if path.file_name().is_some_and(|name| name != "node_modules") {
                collect_tests(&path, files);
            }
        } else if path.to_string_lossy().ends_with(".test.js") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_measures_is_there_and_runs_alone() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/e2e");
        for name in MEASURING {
            let file = folder.join(format!("{name}.test.js"));
            assert!(file.is_file(), "{}", file.display());
            assert!(measures(&file));
        }
        assert!(!measures(&folder.join("users.test.js")));
    }

    #[test]
    fn only_files_that_are_named_tests_are_collected_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["deep", "node_modules"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["a.test.js", "helper.js", "deep/b.test.js", "deep/c.test.json", "node_modules/d.test.js"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut files = Vec::new();
        collect_tests(folder.path(), &mut files);
        files.sort();
        assert_eq!(files, ["a.test.js", "deep/b.test.js"].map(|name| folder.path().join(name)));
    }
}
