//! The steps of the suites: each is one command, and says what it must not run beside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::length::Length;
use crate::setup;
use crate::task::BENCH_CRATE;
use crate::workspace::Workspace;

/// The test of who may depend on whom: it needs no build.
const STRUCTURE: &str = "tests/e2e/structure.test.js";

/// Files of `tests/e2e` that measure time, memory or system calls, or that take all cores: they run alone, at the end.
const MEASURING: [&str; 6] = ["crash", "hashing", "memory", "no-oracle", "no-oracle-without-hash", "trace"];

/// How many test files of one folder run at once: most wait for time-outs and for the issuer.
const WAITING_AT_ONCE: &str = "--test-concurrency=4";
const ONE_AT_A_TIME: &str = "--test-concurrency=1";

/// Parts of the names of Rust tests that need a server or take more than a few seconds.
const SLOW_TESTS: [&str; 7] = [
    "store::postgres",
    "model::",
    "history::",
    "histories::",
    "power_loss::",
    "a_flood_of_addresses",
    "no_inserted_byte",
];

/// Parts of the names of Rust tests of a long run: the checkers before broken rules, a corpus with every byte inserted, and
/// long histories of failed sign-ins.
const LONG_TESTS: [&str; 4] = ["broken_on_purpose", "no_inserted_byte", "histories::", "a_flood_of_addresses"];

/// What a step must not run beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// It runs beside all others.
    Any,
    /// It holds cargo's lock on the target folder, which only one command can.
    NoCargo,
    /// It measures: it runs when everything else has ended.
    Nothing,
}

/// One command of a suite.
#[derive(Debug)]
pub(crate) struct Step {
    /// The name on the terminal.
    pub(crate) title: String,
    /// The command; none where its tool is not installed.
    pub(crate) command: Option<Command>,
    /// What it must not run beside.
    pub(crate) company: Company,
}

impl Step {
    fn new(title: &str, command: Option<Command>) -> Self {
        Self { title: title.to_owned(), command, company: Company::Any }
    }

    fn cargo(title: &str, mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments);
        Self { company: Company::NoCargo, ..Self::new(title, Some(command)) }
    }

    /// The same step, when everything else has ended.
    pub(crate) fn alone(self) -> Self {
        Self { company: Company::Nothing, ..self }
    }
}

/// The checks that need no npm packages and no build, in the order of their cost.
pub(crate) fn quick_checks(workspace: &Workspace) -> Vec<Step> {
    let mut structure = workspace.program("node");
    structure.args(["--test", "--test-reporter=spec", STRUCTURE]);
    let formatting = ["fmt", "--all", "--check"];
    let bench = ["fmt", "--check", "--manifest-path", BENCH_CRATE];
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-Dwarnings"];
    vec![
        Step { company: Company::Any, ..Step::cargo("formatting", workspace.cargo(), &formatting) },
        Step { company: Company::Any, ..Step::cargo("formatting of the bench", workspace.cargo(), &bench) },
        Step::new("structure", Some(structure)),
        Step::cargo("lints", workspace.cargo(), &lints),
    ]
}

/// All checks.
pub(crate) fn checks(workspace: &Workspace) -> Vec<Step> {
    let mut rustdoc = workspace.cargo();
    rustdoc.env("RUSTDOCFLAGS", "-Dwarnings");
    let deny = setup::which("cargo-deny").map(|_| {
        let mut command = workspace.cargo();
        command.args(["deny", "check", "bans", "licenses", "sources"]);
        command
    });
    let mut types = workspace.npm_tool("tsc");
    types.args(["--noEmit", "--project", "js-demo"]);
    let mut steps = quick_checks(workspace);
    steps.push(Step::cargo("documentation", rustdoc, &["doc", "--no-deps", "--workspace", "--locked", "--quiet"]));
    steps.push(Step::new("dependencies (cargo-deny)", deny));
    steps.push(Step::new("types of the demo", Some(types)));
    steps
}

/// Whether the faster runner is installed.
pub(crate) fn has_nextest() -> bool {
    setup::which("cargo-nextest").is_some()
}

/// The tests of the crates.
pub(crate) fn rust(workspace: &Workspace, length: Length) -> Vec<Step> {
    let omitted: &[&str] = if length == Length::Long { &[] } else { &LONG_TESTS };
    let tests = rust_tests(workspace, omitted);
    let documentation = ["test", "--doc", "--workspace", "--locked"];
    vec![
        Step::new("unit and integration tests", Some(tests)),
        Step::cargo("examples in the documentation", workspace.cargo(), &documentation),
    ]
}

/// The tests of the crates that need no server and no long run.
pub(crate) fn unit_tests(workspace: &Workspace) -> Step {
    Step::new("unit tests", Some(rust_tests(workspace, &SLOW_TESTS)))
}

/// The tests of the crates without those whose names contain one of these parts.
fn rust_tests(workspace: &Workspace, omitted: &[&str]) -> Command {
    let mut command = workspace.cargo();
    if has_nextest() {
        command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
        if !omitted.is_empty() {
            let names: Vec<_> = omitted.iter().map(|name| format!("test({name})")).collect();
            command.arg("--filter-expr").arg(format!("not ({})", names.join(" + ")));
        }
    } else {
        command.args(["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests", "--"]);
        command.args(omitted.iter().flat_map(|name| ["--skip", *name]));
    }
    command
}

/// One run of Node's test runner over a folder.
pub(crate) fn node(workspace: &Workspace, length: Length, folder: &str) -> Vec<Step> {
    let files = tests_in(workspace, folder);
    // Without a file to run, Node would look for tests everywhere.
    let step = || node_tests(workspace, length, folder, WAITING_AT_ONCE, &files);
    (!files.is_empty()).then(step).into_iter().collect()
}

/// The issuer over HTTP: the files that mostly wait, and those that measure.
pub(crate) fn end_to_end(workspace: &Workspace, length: Length) -> Vec<Step> {
    let files = tests_in(workspace, "tests/e2e").into_iter().filter(|file| !file.ends_with(STRUCTURE));
    let (measuring, waiting): (Vec<_>, Vec<_>) = files.partition(|file| measures(file));
    vec![
        node_tests(workspace, length, "tests/e2e", WAITING_AT_ONCE, &waiting),
        node_tests(workspace, length, "tests/e2e, files that measure", ONE_AT_A_TIME, &measuring).alone(),
    ]
}

/// Node's test runner over files, with everything that a test may ask the environment for.
fn node_tests(workspace: &Workspace, length: Length, title: &str, at_once: &str, files: &[PathBuf]) -> Step {
    let mut command = workspace.program("node");
    // Files by name: Node 20 knows no patterns, and later ones no folders.
    command.args(["--test", "--test-reporter=spec", at_once]).args(files);
    command.env("HALLPASS_WYCHEPROOF", workspace.wycheproof_cases());
    command.env("HALLPASS_BIN", length.issuer(workspace));
    command.env("HALLPASS_EXAMPLE_SERVICE", workspace.example("axum"));
    command.env("HALLPASS_CHROMIUM", setup::chromium().unwrap_or_default());
    command.env("HALLPASS_XTASK", std::env::current_exe().unwrap_or_default());
    length.equip(&mut command);
    Step::new(title, Some(command))
}

/// Whether a file must run alone.
fn measures(file: &Path) -> bool {
    file.file_name()
        .and_then(|name| name.to_str()?.strip_suffix(".test.js"))
        .is_some_and(|name| MEASURING.contains(&name))
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
            // Installed packages bring tests of their own.
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
    fn every_measuring_file_exists_and_runs_alone() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in MEASURING {
            let file = root.join(format!("tests/e2e/{name}.test.js"));
            assert!(file.is_file(), "{}", file.display());
            assert!(measures(&file));
        }
        assert!(!measures(&root.join("tests/e2e/users.test.js")));
        assert!(root.join(STRUCTURE).is_file());
    }

    #[test]
    fn files_named_as_tests_are_collected_at_any_depth() {
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
