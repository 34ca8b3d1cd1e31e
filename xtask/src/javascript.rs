//! The builds of JavaScript. Each is skipped while nothing has changed, so that a second command, such as `demo` beside `test`,
//! does not remove files that are in use.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::freshness::is_fresh;
use crate::process::{self, Output};
use crate::setup::LIMIT;
use crate::workspace::Workspace;

/// A build by the script `build` of an npm workspace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build {
    /// The npm workspace, a folder.
    folder: &'static str,
    /// The files and folders in it that the build reads.
    sources: &'static [&'static str],
    /// Files of the build, in the same folder.
    outputs: &'static [&'static str],
    /// The build that it reads, too.
    after: Option<&'static Self>,
}

/// The npm package around the wasm module.
pub(crate) const PACKAGE: Build = Build {
    folder: "verifier-wasm",
    sources: &["ts", "wasm", "build.js", "package.json", "tsconfig.json", "tsconfig.commonjs.json"],
    outputs: &["dist/index.js", "cjs/package.json"],
    after: None,
};

/// The demo's page and worker.
pub(crate) const DEMO: Build = Build {
    folder: "js-demo",
    sources: &[
        "page",
        "api.ts",
        "assets.ts",
        "bindings.d.ts",
        "headers.ts",
        "verifier.ts",
        "worker.ts",
        "vite.config.ts",
        "package.json",
        "tsconfig.json",
    ],
    outputs: &["dist/page/index.html", "dist/worker/worker.js"],
    after: Some(&PACKAGE),
};

impl Build {
    /// Builds it, unless it is as new as its sources.
    pub(crate) fn run(&self, workspace: &Workspace, output: Output) -> Result<(), Failure> {
        let stamp = self.stamp(workspace);
        let in_folder = |path: &&str| workspace.file(self.folder).join(path);
        let mut outputs: Vec<_> = self.outputs.iter().map(in_folder).filter(|path| !path.exists()).collect();
        outputs.push(stamp.clone());
        if is_fresh(&outputs, &self.inputs(workspace)) {
            return Ok(());
        }
        // A source that changes during the build is newer than this file.
        let started = workspace.built(&format!("{}.started", self.folder));
        fs::write(&started, "").map_err(|source| Failure::File { path: started.clone(), source })?;
        let mut npm = workspace.program("npm");
        process::run(npm.args(["run", "build", "--workspace", self.folder]), output, LIMIT)?;
        // Last, so that an interrupted build counts as none.
        fs::rename(&started, &stamp).map_err(|source| Failure::File { path: stamp, source })
    }

    fn inputs(&self, workspace: &Workspace) -> Vec<PathBuf> {
        let mut inputs = vec![workspace.file("node_modules/.package-lock.json")];
        inputs.extend(self.after.map(|build| build.stamp(workspace)));
        for source in self.sources {
            add(&mut inputs, workspace.file(self.folder).join(source));
        }
        inputs
    }

    /// A file that is as old as the start of the last complete build.
    fn stamp(&self, workspace: &Workspace) -> PathBuf {
        workspace.built(&format!("{}.built", self.folder))
    }
}

/// Adds a file, or a folder with all that is in it; the folder's own time changes when a file is removed from it.
fn add(inputs: &mut Vec<PathBuf>, path: PathBuf) {
    for entry in entries(&path) {
        add(inputs, entry);
    }
    inputs.push(path);
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten();
    entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/file"), "").unwrap();
        let mut inputs = Vec::new();
        add(&mut inputs, folder.path().to_path_buf());
        assert_eq!(inputs, ["inner/file", "inner", ""].map(|path| folder.path().join(path)));
    }
}
