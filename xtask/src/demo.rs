//! `cargo xtask demo`: sets up, builds, and runs the issuer and the demo's worker until Ctrl-C.

use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::interrupt;
use crate::port;
use crate::process::{Job, Output, TICK};
use crate::stopwatch::Stopwatch;
use crate::task::{self, Task};
use crate::workspace::Workspace;

const USERNAME: &str = "exampleUser";
const PASSWORD: &str = "examplePassword";

/// The audience of the demo's tokens: the worker rejects all others.
const AUDIENCE: &str = "demo";

/// How long the issuer repeats a lost answer: short, so that the demo shows within seconds how a theft is detected. The
/// default is 30 s.
const REFRESH_GRACE: &str = "1s";

/// The time within which a service must answer.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Where the demo listens, and where it keeps its data.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Port of the page and its edge worker
    #[arg(long, default_value_t = 8787, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Port of the issuer behind them
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    issuer_port: u16,
    /// Folder for the user and the sessions, kept between runs [default: demo-data in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Lifetime of access tokens; short, so that the page shows renewals
    #[arg(long, default_value = "30s", value_name = "DURATION")]
    access_ttl: String,
}

/// Runs the demo until a signal stops it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    // Before the long builds, so that a refusal comes at once.
    check_ports(options)?;
    let data = options.data.clone().unwrap_or_else(|| workspace.built("demo-data"));
    let data = absolute(&data).map_err(|source| Failure::File { path: data, source })?;
    task::run_all(&Task::DEMO, workspace)?;

    let keys = edge_keys(&data);
    fs::create_dir_all(&keys).map_err(|source| Failure::File { path: keys, source })?;
    let store = format!("sled:{}", data.join("store").display());
    add_user(workspace, &store)?;
    check_ports(options)?;
    let mut issuer = Service::start("the issuer", &mut issuer(workspace, options, &store))?;
    issuer.wait_until_it_answers(options.issuer_port, "/healthz")?;
    let mut worker = Service::start("the worker", &mut worker(workspace, options, &data))?;
    worker.wait_until_it_answers(options.port, "/")?;
    print_welcome(options, &data);

    while !interrupt::is_received() {
        issuer.check()?;
        worker.check()?;
        sleep(TICK);
    }
    println!("\nstopping …");
    issuer.job.terminate();
    worker.job.terminate();
    drop((worker, issuer));
    println!("stopped");
    Ok(())
}

fn check_ports(options: &Options) -> Result<(), Failure> {
    if options.port == options.issuer_port {
        return Err(Failure::SamePort(options.port));
    }
    port::check_free(options.port, "--port")?;
    port::check_free(options.issuer_port, "--issuer-port")
}

/// Adds the demo's user, unless an earlier run has added it.
fn add_user(workspace: &Workspace, store: &str) -> Result<(), Failure> {
    let stdin = || {
        let mut file = tempfile::tempfile()?;
        file.write_all(PASSWORD.as_bytes())?;
        file.rewind()?;
        Ok(Stdio::from(file))
    };
    let mut command = workspace.program(workspace.issuer());
    command.args(["user", "add", USERNAME, "--password-stdin", "--store", store]);
    command.stdin(stdin().map_err(|source| Failure::Start { command: "hallpass user add".to_owned(), source })?);
    match Job::start(&mut command, Output::Kept)?.wait(START_LIMIT) {
        Err(Failure::Command { output, .. }) if output.contains("username_taken") => Ok(()),
        result => result.map(drop),
    }
}

fn issuer(workspace: &Workspace, options: &Options, store: &str) -> Command {
    let mut command = workspace.program(workspace.issuer());
    command.arg("serve").args(["--store", store]).args(["--audience", AUDIENCE]);
    command.arg("--listen").arg(address(options.issuer_port));
    command.arg("--issuer").arg(origin(options));
    command.arg("--access-ttl").arg(&options.access_ttl).args(["--refresh-grace", REFRESH_GRACE]);
    command
}

fn worker(workspace: &Workspace, options: &Options, data: &Path) -> Command {
    let mut command = workspace.npm_tool("workerd");
    command.args(["serve", "js-demo/worker.capnp"]);
    command.arg("--socket-addr").arg(format!("http={}", address(options.port)));
    command.arg("--external-addr").arg(format!("issuer={}", address(options.issuer_port)));
    command.arg("--directory-path").arg(format!("keys={}", edge_keys(data).display()));
    command.env("ISSUER_URL", origin(options)).env("AUDIENCE", AUDIENCE);
    command
}

/// The folder of the issuer's keys, which stands for the key-value store of an edge.
fn edge_keys(data: &Path) -> PathBuf {
    data.join("edge-keys")
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// The page's origin, which is the issuer's name too: the worker forwards the issuer's paths.
fn origin(options: &Options) -> String {
    format!("http://localhost:{}", options.port)
}

fn print_welcome(options: &Options, data: &Path) {
    let lines = [
        format!("Open      {}", origin(options)),
        "Look at   your token, the edge that verifies it, forgeries, your sessions, a theft".to_owned(),
        format!("Sign in   {USERNAME} / {PASSWORD}"),
        format!("Data      {}", data.display()),
        "Stop      Ctrl-C".to_owned(),
    ];
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    println!("\n┌{}┐", "─".repeat(width + 4));
    for line in lines {
        println!("│  {line:<width$}  │");
    }
    println!("└{}┘", "─".repeat(width + 4));
}

/// A server of the demo, stopped when it is dropped.
#[derive(Debug)]
struct Service {
    name: &'static str,
    job: Job,
}

impl Service {
    fn start(name: &'static str, command: &mut Command) -> Result<Self, Failure> {
        Ok(Self { name, job: Job::start(command, Output::Kept)? })
    }

    fn wait_until_it_answers(&mut self, port: u16, path: &str) -> Result<(), Failure> {
        let stopwatch = Stopwatch::start();
        while !port::answers(port, path) {
            self.check()?;
            if interrupt::is_received() {
                return Err(Failure::Interrupted);
            }
            if stopwatch.elapsed() > START_LIMIT {
                return Err(self.failure(format!("does not answer at http://localhost:{port}{path}")));
            }
            sleep(TICK);
        }
        // Another process may have answered: this one must still run.
        self.check()
    }

    /// Fails if the service has ended.
    fn check(&mut self) -> Result<(), Failure> {
        match self.job.poll() {
            None => Ok(()),
            Some(status) => Err(self.failure(format!("has stopped ({status})"))),
        }
    }

    fn failure(&mut self, trouble: String) -> Failure {
        Failure::Service { service: self.name, trouble, output: last_lines(&self.job.output(), 30) }
    }
}

/// The end of a long log.
fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_to_its_last_lines() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\n", 2), "a");
        assert_eq!(last_lines("", 2), "");
    }
}
