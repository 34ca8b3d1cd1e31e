//! Whether built files are newer than their inputs.

use std::path::Path;
use std::time::SystemTime;

/// True if every output exists and none is older than an input; a missing input makes everything stale.
pub(crate) fn is_fresh<O: AsRef<Path>, I: AsRef<Path>>(outputs: &[O], inputs: &[I]) -> bool {
    let oldest_output = outputs.iter().map(|path| modified(path.as_ref())).min().flatten();
    let newest_input = inputs.iter().map(|path| modified(path.as_ref())).collect::<Option<Vec<_>>>();
    match (oldest_output, newest_input) {
        (Some(output), Some(inputs)) => inputs.into_iter().all(|input| input <= output),
        _ => false,
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    fn file(folder: &tempfile::TempDir, name: &str, age: u64) -> PathBuf {
        let path = folder.path().join(name);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age);
        File::create(&path).unwrap().set_modified(time).unwrap();
        path
    }

    #[test]
    fn outputs_are_fresh_only_while_no_input_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let old = file(&folder, "old", 30);
        let middle = file(&folder, "middle", 20);
        let new = file(&folder, "new", 10);
        assert!(is_fresh(&[&new], &[&old, &middle]));
        assert!(is_fresh(&[&old], &[&old]));
        assert!(!is_fresh(&[&new, &old], &[&middle]));
    }

    #[test]
    fn a_missing_file_makes_everything_stale() {
        let folder = tempfile::tempdir().unwrap();
        let old = file(&folder, "old", 30);
        let new = file(&folder, "new", 10);
        let missing = folder.path().join("missing");
        assert!(!is_fresh(&[&new, &missing], &[&old]));
        assert!(!is_fresh(&[&new], &[&old, &missing]));
    }
}
