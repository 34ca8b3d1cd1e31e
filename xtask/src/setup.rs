//! What a fresh machine lacks: the npm packages, a browser. Each is installed only if it is missing.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::freshness::is_fresh;
use crate::process::{self, Output};
use crate::workspace::Workspace;

/// The time limit of a download or a build.
pub(crate) const LIMIT: Duration = Duration::from_mins(20);

/// The oldest Node that the packages run on (`engines` in package.json).
const NODE: (u32, u32) = (20, 19);

/// The names of Chromium's and Chrome's programs.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Whether a folder's npm packages are those of its package-lock.json.
pub(crate) fn has_node_modules(workspace: &Workspace, folder: &str) -> bool {
    let folder = workspace.file(folder);
    is_fresh(&[folder.join("node_modules/.package-lock.json")], &[folder.join("package-lock.json")])
}

/// Installs the packages of a folder's package-lock.json.
pub(crate) fn install_node_modules(workspace: &Workspace, folder: &str) -> Result<(), Failure> {
    let missing = Failure::Missing { what: "Node 20.19 or newer", remedy: "install it, with npm" };
    if !has_node(workspace) || which("npm").is_none() {
        return Err(missing);
    }
    let mut npm = workspace.program("npm");
    npm.current_dir(workspace.file(folder)).args(["ci", "--no-audit", "--no-fund"]);
    process::run(&mut npm, Output::Kept, LIMIT)?;
    Ok(())
}

fn has_node(workspace: &Workspace) -> bool {
    let version = process::run(workspace.program("node").arg("--version"), Output::Kept, LIMIT);
    version.is_ok_and(|version| node_version(&version).is_some_and(|version| version >= NODE))
}

/// Major and minor version from the output of `node --version`, such as `v20.19.4`.
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// The browser of the tests: the one that `HALLPASS_CHROMIUM` names, else one on the path.
pub(crate) fn chromium() -> Option<PathBuf> {
    env::var_os("HALLPASS_CHROMIUM").map(PathBuf::from).or_else(|| CHROMIUMS.iter().find_map(|name| which(name)))
}

/// Installs Debian's Chromium, where apt is available.
pub(crate) fn install_chromium(workspace: &Workspace) -> Result<(), Failure> {
    if !may_use_apt() {
        return Err(Failure::Missing {
            what: "Chromium",
            remedy: "install Chromium or Chrome, or name one in HALLPASS_CHROMIUM",
        });
    }
    apt_install(workspace, &["chromium"])
}

/// Whether Debian's libfaketime is installed.
pub(crate) fn has_faketime() -> bool {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).any(|library| library.exists())
}

/// Whether this is a Debian, and this process may install packages.
pub(crate) fn may_use_apt() -> bool {
    which("apt-get").is_some() && rustix::process::geteuid().is_root()
}

/// Installs Debian's packages without questions.
pub(crate) fn apt_install(workspace: &Workspace, packages: &[&str]) -> Result<(), Failure> {
    let apt = || -> Command {
        let mut command = workspace.program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300"]);
        command
    };
    process::run(apt().arg("update"), Output::Kept, LIMIT)?;
    process::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages), Output::Kept, LIMIT)?;
    Ok(())
}

/// The path of a program in PATH.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_compared_by_major_and_minor() {
        assert_eq!(node_version("v20.19.4\n"), Some((20, 19)));
        assert!(node_version("v20.9.0").is_some_and(|version| version < NODE));
        assert!(node_version("v22.0.0").is_some_and(|version| version > NODE));
        assert_eq!(node_version("20.19.4"), None);
        assert_eq!(node_version("v20"), None);
    }
}
