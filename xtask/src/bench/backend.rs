//! The configuration of a build, read from cargo's messages: flags in the environment replace those in the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::setup::LIMIT;

/// The crate whose build script chooses the implementation of Ed25519.
const CURVE: &str = "curve25519-dalek";

/// Cargo's messages about a build that is up to date.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Build {
    /// How `curve25519-dalek` was built: `32-bit limbs, serial`.
    pub(crate) backend: String,
    executables: BTreeMap<String, PathBuf>,
}

impl Build {
    /// Repeats a `cargo build`, which has nothing left to do, and reads its message about each crate.
    pub(crate) fn inspect(cargo: &mut Command) -> Result<Self, Failure> {
        let output = process::run(cargo.arg("--message-format=json-render-diagnostics"), Output::Kept, LIMIT)?;
        Ok(Self::read(&output))
    }

    /// The program that was built for a target; others may be built along with it.
    pub(crate) fn executable(&self, target: &str) -> Result<&Path, Failure> {
        let missing = || Failure::Answer { command: "cargo build", answer: format!("no program {target}") };
        self.executables.get(target).map(PathBuf::as_path).ok_or_else(missing)
    }

    fn read(output: &str) -> Self {
        let messages: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let backends: Vec<_> = messages.iter().filter_map(backend).collect();
        let executables = messages.iter().filter_map(executable).collect();
        let backend = if backends.is_empty() { format!("without {CURVE}") } else { backends.join("; ") };
        Self { backend, executables }
    }
}

/// The program of a message and its target.
fn executable(message: &Value) -> Option<(String, PathBuf)> {
    let target = message["target"]["name"].as_str()?;
    let path = message["executable"].as_str()?;
    Some((target.to_owned(), PathBuf::from(path)))
}

/// The choice of the curve's build script, if the message is about it.
fn backend(message: &Value) -> Option<String> {
    let package = message["package_id"].as_str()?;
    if message["reason"] != "build-script-executed" || !package.contains(&format!("{CURVE}@")) {
        return None;
    }
    let cfgs = message["cfgs"].as_array()?;
    let version = package.rsplit('@').next().unwrap_or_default();
    let bits = values(cfgs, "curve25519_dalek_bits");
    let backends = values(cfgs, "curve25519_dalek_backend");
    Some(format!("{CURVE} {version}: {}-bit limbs, {}", bits.join("/"), backends.join(" and ")))
}

/// The values of a cfg such as `name="value"`, which can occur several times.
fn values<'c>(cfgs: &'c [Value], name: &str) -> Vec<&'c str> {
    let value = |cfg: &'c Value| cfg.as_str()?.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"');
    cfgs.iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOSEN: &str = r#"{"reason":"build-script-executed","package_id":"registry+x#curve25519-dalek@5.0.0",
        "cfgs":["curve25519_dalek_bits=\"64\"","curve25519_dalek_backend=\"simd\"",
        "curve25519_dalek_backend=\"avx512\""]}"#;

    #[test]
    fn the_backend_is_read_from_the_build_script() {
        let output = format!("   Compiling x\n{}\n", CHOSEN.replace('\n', ""));
        assert_eq!(Build::read(&output).backend, "curve25519-dalek 5.0.0: 64-bit limbs, simd and avx512");
    }

    #[test]
    fn a_build_without_the_curve_is_reported() {
        let derive = CHOSEN.replace("dalek@", "dalek-derive@").replace('\n', "");
        assert_eq!(Build::read(&derive).backend, "without curve25519-dalek");
        assert!(Build::read(&derive).executable("verify").is_err());
    }

    #[test]
    fn a_program_is_found_by_its_target() {
        let output = r#"{"executable":"/a","target":{"name":"verify"}}
            {"executable":"/b","target":{"name":"load"}}
            {"executable":null,"target":{"name":"other"}}"#;
        assert_eq!(Build::read(output).executable("verify").unwrap(), Path::new("/a"));
        assert!(Build::read(output).executable("other").is_err());
    }
}
