//! Writes Project Wycheproof's cases as JSON into the given file. The tests of the npm package run them.

#[path = "../tests/support/wycheproof.rs"]
mod suites;

use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: wycheproof_cases FILE")?;
    fs::write(path, serde_json::to_vec(&suites::suites()?)?)?;
    Ok(())
}
