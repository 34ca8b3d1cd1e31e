//! Paths: the repository, cargo's target folder, and the tools that build.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::Failure;
use crate::process::{self, Output};

/// The variable that names an issuer to run instead of the release build.
const ISSUER: &str = "HALLPASS_BIN";

/// The repository that this task works in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// The issuer to run instead of the release build.
    issuer: Option<PathBuf>,
}

impl Workspace {
    /// Asks cargo for its target folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        let root = root(env::var_os("CARGO_MANIFEST_DIR"));
        let mut command = command(cargo(), &root);
        command.args(["metadata", "--no-deps", "--format-version=1", "--quiet"]);
        let answer = process::run(&mut command, Output::Kept, Duration::from_mins(1))?;
        let target = serde_json::from_str::<serde_json::Value>(&answer)
            .ok()
            .and_then(|metadata| Some(PathBuf::from(metadata["target_directory"].as_str()?)))
            .ok_or(Failure::Answer { command: "cargo metadata", answer })?;
        Ok(Self { root, target, issuer: env::var_os(ISSUER).map(PathBuf::from) })
    }

    /// A file of the repository.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A file that cargo or a task has built.
    pub(crate) fn built(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// The issuer: the binary that `HALLPASS_BIN` names, else the release build.
    pub(crate) fn issuer(&self) -> PathBuf {
        self.issuer.clone().unwrap_or_else(|| self.built("release/hallpass"))
    }

    /// Whether the issuer is built, rather than named by the environment.
    pub(crate) fn builds_issuer(&self) -> bool {
        self.issuer.is_none()
    }

    /// An example of a crate, in the dev profile.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        self.built("debug/examples").join(name)
    }

    /// Project Wycheproof's cases as JSON.
    pub(crate) fn wycheproof_cases(&self) -> PathBuf {
        self.built("wycheproof.json")
    }

    /// A program by its name or path.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        command(program, &self.root)
    }

    /// The cargo that runs this program.
    pub(crate) fn cargo(&self) -> Command {
        command(cargo(), &self.root)
    }

    /// A command-line tool of the npm packages.
    pub(crate) fn npm_tool(&self, name: &str) -> Command {
        command(self.root.join("node_modules/.bin").join(name), &self.root)
    }
}

/// The repository: the folder above the manifest that cargo names at run time. A program that cargo does not run takes the
/// folder in which it was compiled.
fn root(manifest_at_run_time: Option<OsString>) -> PathBuf {
    let manifest = manifest_at_run_time.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().unwrap_or(Path::new("/")).to_path_buf()
}

/// A command at the root of the repository. It has no standard input, which a job in the background could not read.
fn command(program: impl AsRef<OsStr>, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).stdin(Stdio::null());
    command
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_checkout_builds_in_its_new_folder() {
        assert_eq!(root(Some("/moved/xtask".into())), Path::new("/moved"));
        assert_eq!(root(None), Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    }
}
