//! A store for other processes on the same machine: the running issuer serves its store over a Unix socket in its data
//! folder, and a command uses it like its own store.
//!
//! The promises of a [`Store`](super::Store) hold over the socket: an operation takes effect between its request and
//! its answer, and the answer follows the store's own. Both ends have the same version.

use std::{
    fs::File,
    io,
    os::{
        fd::AsRawFd as _,
        unix::{ffi::OsStrExt as _, fs::FileTypeExt as _},
    },
    path::{Path, PathBuf},
};

mod act;
mod client;
mod conversation;
mod frame;
mod greeting;
mod protocol;
mod record;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use client::{ConnectError, SocketStore};
pub(crate) use greeting::GreetingError;
pub(crate) use server::{Limits, Server};

/// The socket's name in the data folder.
const NAME: &str = "hallpass.sock";

/// The size of a socket address's path, with its final zero byte (`sun_path`: 108 bytes on Linux, unix(7); 104 on macOS
/// and the BSDs).
const MAX_PATH_BYTES: usize = if cfg!(target_os = "linux") { 108 } else { 104 };

/// The path of a data folder's socket, short enough for a socket address.
struct SocketPath {
    path: PathBuf,
    /// A path through `/proc/self/fd` is valid only while the folder is open.
    _folder: File,
}

impl SocketPath {
    fn in_folder(folder: &Path) -> io::Result<Self> {
        let opened = File::open(folder)?;
        let direct = folder.join(NAME);
        let path = if direct.as_os_str().as_bytes().len() < MAX_PATH_BYTES {
            direct
        } else {
            Path::new("/proc/self/fd").join(opened.as_raw_fd().to_string()).join(NAME)
        };
        Ok(Self { path, _folder: opened })
    }
}

/// Whether the path is a socket, and not another kind of file.
fn is_socket(path: &Path) -> io::Result<bool> {
    Ok(path.symlink_metadata()?.file_type().is_socket())
}
