//! The compiler for wasm: rustup's, with its compiled standard library, or Debian's, with the library's source.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::setup::{self, LIMIT};
use crate::workspace::Workspace;

/// The target of the npm package's module.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-19";

/// What builds the wasm module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The toolchain that builds everything else, with one more target.
    Rustup,
    /// Debian's `rustc-web`, which builds the standard library too: for machines that cannot reach rustup's server.
    Debian,
}

impl Toolchain {
    /// The one that is installed.
    pub(crate) fn find(workspace: &Workspace) -> Option<Self> {
        let sysroot = process::run(workspace.program("rustc").args(["--print", "sysroot"]), Output::Kept, LIMIT);
        if sysroot.is_ok_and(|path| Path::new(path.trim()).join("lib/rustlib").join(WASM_TARGET).is_dir()) {
            return Some(Self::Rustup);
        }
        let parts = [DEBIAN_RUSTC, DEBIAN_SOURCE, DEBIAN_LINKER];
        parts.iter().all(|path| Path::new(path).exists()).then_some(Self::Debian)
    }

    /// Installs rustup's, else Debian's.
    pub(crate) fn install(workspace: &Workspace) -> Result<(), Failure> {
        let added = process::run(workspace.program("rustup").args(["target", "add", WASM_TARGET]), Output::Kept, LIMIT);
        match added {
            Err(failure) if !matches!(failure, Failure::Interrupted) && setup::may_use_apt() => {
                println!("rustup cannot:\n{}", failure.output().trim_end());
                println!("apt-get install {} (Debian's compiler builds it) …", DEBIAN_PACKAGES.join(" "));
                setup::apt_install(workspace, &DEBIAN_PACKAGES)
            }
            result => result.map(drop),
        }
    }

    /// Makes a `cargo build` for wasm use it.
    pub(crate) fn equip(self, cargo: &mut Command) {
        if self == Self::Debian {
            // The standard library is built from its source, which a stable compiler does only with RUSTC_BOOTSTRAP.
            cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
        }
    }
}
