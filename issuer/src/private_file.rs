//! Files and folders with secrets: the checks of other users' access, and their repair.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path};

use rustix::fs::{StatVfsMountFlags, statvfs};
use zeroize::Zeroizing;

/// The rights of the owner.
const OWNER: u32 = 0o700;

/// The rights of users outside the group, except the owner.
const OTHERS: u32 = 0o007;

/// The folder in which Docker, Swarm and Podman mount secrets, with mode 0444 by default.
const CONTAINER_SECRETS: &str = "/run/secrets";

/// Why a file or folder with secrets is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivateFileError {
    #[error(
        "other users can read it: run `chmod 600` on it, or in a container set `mode: 0400` (Docker) or \
         `defaultMode: 0440` (Kubernetes) for the secret"
    )]
    Exposed,
    #[error("other users can access it, and its mode cannot be changed ({0}): run `chmod go=` on it as its owner")]
    Unrepaired(io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PrivateFileError {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Makes a file of the issuer private again, and reads it.
pub(crate) fn read_own(file: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    make_private(file)?;
    Ok(Zeroizing::new(fs::read(file)?))
}

/// Reads a file of the operator. Its group may read it.
pub(crate) fn read_operator_file(file: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    if is_open_to_others(file)? {
        // These modes are hard to set in a container, which usually has no other users.
        if !is_mounted_secret(file)? {
            return Err(PrivateFileError::Exposed);
        }
        tracing::warn!(
            file = %file.display(),
            "every user of this container can read a secret: set `mode: 0400` (Docker) or `defaultMode: 0440` (Kubernetes)"
        );
    }
    Ok(Zeroizing::new(fs::read(file)?))
}

/// Removes the rights of all other users from a file or folder of the issuer. Kubernetes restores the group's rights on
/// a volume at each mount (`fsGroup`). A file of another owner, as after a change of the pod's user, keeps its mode,
/// and is used if only its group can access it.
pub(crate) fn make_private(path: &Path) -> Result<(), PrivateFileError> {
    let metadata = fs::metadata(path)?;
    let mode = metadata.permissions().mode() & 0o777;
    let private = if metadata.is_dir() { OWNER } else { mode & OWNER };
    if mode == private {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(private)) {
        Ok(()) => {
            tracing::info!(path = %path.display(), from = %octal(mode), to = %octal(private), "the mode of a file was restored");
        }
        Err(reason) if is_open_to_others(path)? => return Err(PrivateFileError::Unrepaired(reason)),
        Err(reason) => tracing::warn!(
            path = %path.display(), mode = %octal(mode), %reason,
            "the mode of a file cannot be changed; only the owner and the group can access the file"
        ),
    }
    Ok(())
}

fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// Whether a user outside the group can access the path: the path and each parent folder must allow it.
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    if fs::metadata(path)?.permissions().mode() & OTHERS == 0 {
        return Ok(false);
    }
    for folder in path.canonicalize()?.ancestors().skip(1) {
        if fs::metadata(folder)?.permissions().mode() & 0o001 == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a container's runtime mounted the file: on a read-only mount, or at the usual path.
fn is_mounted_secret(file: &Path) -> io::Result<bool> {
    let is_read_only = statvfs(file)?.f_flag.contains(StatVfsMountFlags::RDONLY);
    Ok(is_read_only || file.canonicalize()?.starts_with(CONTAINER_SECRETS))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// A file of that mode in a folder of that mode.
    fn file_in(folder: &Path, mode: u32, folder_mode: u32) -> PathBuf {
        let file = folder.join("file");
        fs::write(&file, b"secret").unwrap();
        set_mode(&file, mode);
        set_mode(folder, folder_mode);
        file
    }

    #[test]
    fn a_file_and_a_folder_of_the_issuer_are_made_private_again() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o660, 0o640, 0o604, 0o777, 0o400] {
            let file = file_in(folder.path(), mode, 0o2770);
            assert_eq!(**read_own(&file).unwrap(), *b"secret");
            assert_eq!(mode_of(&file), mode & 0o700, "{mode:o}");
        }
        make_private(folder.path()).unwrap();
        assert_eq!(mode_of(folder.path()), 0o700);
        assert!(read_own(&folder.path().join("none")).unwrap_err().is_not_found());
    }

    #[test]
    fn a_file_of_the_operator_is_used_if_others_cannot_access_it() {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        for (mode, folder_mode, is_used) in [
            (0o600, 0o755, true),
            (0o640, 0o755, true),
            (0o444, 0o755, false),
            (0o602, 0o755, false),
            (0o444, 0o711, false),
            (0o444, 0o750, true),
            (0o444, 0o700, true),
        ] {
            let file = file_in(folder.path(), mode, folder_mode);
            assert_eq!(read_operator_file(&file).is_ok(), is_used, "{mode:o} in {folder_mode:o}");
            assert_eq!(mode_of(&file), mode, "the operator's own mode stays");
        }
    }
}
