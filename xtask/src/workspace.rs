//! Where things are: the repository, what cargo builds, and the tools that do the building.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::Failure;
use crate::process::{self, Output};

/// The repository that this task works in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo where it builds. The manifest's folder is read at run time, since a checkout can be moved after the build.
    pub(crate) fn find() -> Result<Self, Failure> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest)
            .parent()
            .ok_or(Failure::Missing { what: "the repository around xtask", remedy: "run `cargo xtask` in it" })?;
        let mut command = command(cargo(), root);
        command.args(["metadata", "--no-deps", "--format-version=1", "--quiet"]);
        let answer = process::run(&mut command, Output::Kept, Duration::from_mins(1))?;
        let target = serde_json::from_str::<serde_json::Value>(&answer)
            .ok()
            .and_then(|metadata| Some(PathBuf::from(metadata["target_directory"].as_str()?)))
            .ok_or(Failure::Answer { command: "cargo metadata", answer })?;
        Ok(Self { root: root.to_path_buf(), target })
    }

    /// A file of the repository.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A file that cargo or a task has built.
    pub(crate) fn built(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// The issuer's release binary.
    pub(crate) fn issuer(&self) -> PathBuf {
        self.built("release/hallpass")
    }

    /// The example of a service behind the issuer.
    pub(crate) fn example_service(&self) -> PathBuf {
        self.built("debug/examples/axum")
    }

    /// Project Wycheproof's cases as JSON.
    pub(crate) fn wycheproof_cases(&self) -> PathBuf {
        self.built("wycheproof.json")
    }

    /// A program by its name or path.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        command(program, &self.root)
    }

    /// Cargo, the one that runs us.
    pub(crate) fn cargo(&self) -> Command {
        command(cargo(), &self.root)
    }

    /// A command-line tool that `npm ci` has installed.
    pub(crate) fn npm_tool(&self, name: &str) -> Command {
        command(self.root.join("node_modules/.bin").join(name), &self.root)
    }
}

/// A command at the root of the repository. It has no standard input: a job in the background must not ask for any.
fn command(program: impl AsRef<OsStr>, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).stdin(Stdio::null());
    command
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
