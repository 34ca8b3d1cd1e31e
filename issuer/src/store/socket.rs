//! The store of a process that holds it, for others on the same machine: the running issuer serves it over a Unix socket in
//! its data folder, and a command works on it as on a store of its own.
//!
//! What is promised of a [`Store`](super::Store) holds over the socket: an operation takes effect between its request and
//! its answer, and the answer comes once the store itself has given it. Both ends are of the same version.

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

/// The longest path that the address of a socket has room for, with the zero at its end (`sun_path`: 108 bytes on Linux,
/// unix(7); 104 on macOS and the BSDs).
const MAX_PATH_BYTES: usize = if cfg!(target_os = "linux") { 108 } else { 104 };

/// The socket of a data folder, by a path that fits into an address.
struct SocketPath {
    path: PathBuf,
    /// Where the path goes by way of the open folder, it leads there only as long as the folder is open.
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

/// Whether something is a socket, and no file that somebody else put in its place.
fn is_socket(path: &Path) -> io::Result<bool> {
    Ok(path.symlink_metadata()?.file_type().is_socket())
}
