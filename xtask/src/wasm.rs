//! The npm package's wasm module: built by cargo, bound by wasm-bindgen, shrunk by wasm-opt, and written as text too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

use crate::failure::Failure;
use crate::freshness::is_fresh;
use crate::module_text;
use crate::process::{self, Output};
use crate::setup::LIMIT;
use crate::toolchain::{Toolchain, WASM_TARGET};
use crate::workspace::Workspace;

/// Features that rustc emits for wasm32-unknown-unknown, and that every engine has had since 2023: wasm-opt may keep them.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The files that the TypeScript around the module imports, in `verifier-wasm/wasm/`.
const OUTPUTS: [&str; 5] = ["hallpass.js", "hallpass.d.ts", "hallpass.wasm", "hallpass.text.js", "hallpass.text.d.ts"];

/// Makes the package's files from the compiled crate.
pub(crate) fn package(workspace: &Workspace) -> Result<(), Failure> {
    let module = workspace.built(WASM_TARGET).join("wasm/hallpass_verifier_wasm.wasm");
    let folder = workspace.file("verifier-wasm/wasm");
    if is_fresh(&OUTPUTS.map(|name| folder.join(name)), &inputs(workspace, &module)) {
        return Ok(());
    }
    let bound = workspace.built("xtask-wasm");
    bind(&module, &bound)?;
    // Files of an earlier build would be packed too.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|source| Failure::File { path: folder.clone(), source })?;
    }
    fs::create_dir_all(&folder).map_err(|source| Failure::File { path: folder.clone(), source })?;
    for name in ["hallpass.js", "hallpass.d.ts"] {
        fs::copy(bound.join(name), folder.join(name))
            .map_err(|source| Failure::File { path: folder.join(name), source })?;
    }
    optimize(workspace, &bound.join("hallpass_bg.wasm"), &folder.join("hallpass.wasm"))?;
    write_text_form(&folder)
}

/// The command that compiles it.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--package", "hallpass-verifier-wasm"]);
    cargo.args(["--target", WASM_TARGET, "--profile", "wasm"]);
    if let Some(toolchain) = Toolchain::find(workspace) {
        toolchain.equip(&mut cargo);
    }
    cargo
}

/// The inputs of the module's files: the module, this program, and the npm packages (wasm-opt).
fn inputs(workspace: &Workspace, module: &Path) -> [PathBuf; 3] {
    let program = std::env::current_exe().unwrap_or_default();
    [module.to_path_buf(), program, workspace.file("node_modules/.package-lock.json")]
}

fn bind(module: &Path, folder: &Path) -> Result<(), Failure> {
    let mut bindgen = Bindgen::new();
    let result = bindgen.input_path(module).out_name("hallpass").typescript(true).web(true).and_then(|bindgen| {
        // Without this, bundlers would follow the glue's default URL and ship a second wasm file.
        bindgen.omit_default_module_path(true);
        // An instance that a call has left in an unknown state is replaced (`ts/instance.ts`).
        bindgen.reset_state_function(true);
        bindgen.remove_name_section(true).remove_producers_section(true).generate(folder)
    });
    result.map_err(|error| Failure::Bindgen(format!("{error:#}")))
}

fn optimize(workspace: &Workspace, from: &Path, to: &Path) -> Result<(), Failure> {
    let mut command = workspace.npm_tool("wasm-opt");
    command.arg("-O3").args(FEATURES).arg(from).arg("-o").arg(to);
    process::run(&mut command, Output::Kept, LIMIT)?;
    Ok(())
}

/// Writes the module as a string, for runtimes and bundlers that cannot import a wasm file.
fn write_text_form(folder: &Path) -> Result<(), Failure> {
    let module = folder.join("hallpass.wasm");
    let bytes = fs::read(&module).map_err(|source| Failure::File { path: module, source })?;
    let script = format!("export default \"{}\";\n", module_text::encode(&bytes));
    let types = "declare const text: string;\nexport default text;\n";
    for (name, text) in [("hallpass.text.js", script.as_str()), ("hallpass.text.d.ts", types)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|source| Failure::File { path, source })?;
    }
    Ok(())
}
