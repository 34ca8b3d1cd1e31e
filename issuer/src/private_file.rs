//! Files and folders that hold secrets: who else on the machine can reach them, and what is done about it.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path};

use rustix::fs::{StatVfsMountFlags, statvfs};
use zeroize::Zeroizing;

/// The rights of the owner.
const OWNER: u32 = 0o700;

/// The rights of the users who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;

/// Where Docker, Swarm and Podman mount the secrets of a container, with mode 0444 unless they are told otherwise.
const CONTAINER_SECRETS: &str = "/run/secrets";

/// Why a file or a folder with secrets is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivateFileError {
    #[error(
        "other users can read it: run `chmod 600` on it, or in a container give the secret `mode: 0400` (Docker) or \
         `defaultMode: 0440` (Kubernetes)"
    )]
    Exposed,
    #[error("other users can reach it, and its mode cannot be changed ({0}): run `chmod go=` on it as its owner")]
    Unrepaired(io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PrivateFileError {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file that the issuer made, and makes it private again before.
pub(crate) fn read_own(file: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    make_private(file)?;
    Ok(Zeroizing::new(fs::read(file)?))
}

/// Reads a file that the operator made. Its group may read it.
pub(crate) fn read_operator_file(file: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    if is_open_to_others(file)? {
        // The operator of a container can hardly set these modes, and it has no other users as a rule.
        if !is_mounted_secret(file)? {
            return Err(PrivateFileError::Exposed);
        }
        tracing::warn!(
            file = %file.display(),
            "every user here can read a secret: give it `mode: 0400` (Docker) or `defaultMode: 0440` (Kubernetes)"
        );
    }
    Ok(Zeroizing::new(fs::read(file)?))
}

/// Takes the rights of all other users away from a file or a folder of the issuer's own. They come back by themselves:
/// Kubernetes gives the group its rights on a whole volume at each mount (`fsGroup`). Another owner's, as after a change of
/// the pod's user, keep their mode, and are used where only that group can reach them.
pub(crate) fn make_private(path: &Path) -> Result<(), PrivateFileError> {
    let metadata = fs::metadata(path)?;
    let mode = metadata.permissions().mode() & 0o777;
    let private = if metadata.is_dir() { OWNER } else { mode & OWNER };
    if mode == private {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(private)) {
        Ok(()) => {
            tracing::info!(path = %path.display(), from = %octal(mode), to = %octal(private), "a mode was set back");
        }
        Err(reason) if is_open_to_others(path)? => return Err(PrivateFileError::Unrepaired(reason)),
        Err(reason) => tracing::warn!(
            path = %path.display(), mode = %octal(mode), %reason,
            "a mode cannot be changed: only the owner and the group can reach it"
        ),
    }
    Ok(())
}

fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// Whether a user who is neither its owner nor in its group has a right to it and can reach it: each folder on the way must
/// let that user through.
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

/// Whether a container's runtime put the file there: on a mount that is read-only, or at the usual path.
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
    fn a_file_and_a_folder_of_our_own_are_made_private_again() {
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
    fn a_file_of_the_operator_s_is_used_where_others_cannot_reach_it() {
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
