//! The sources of the master key: the environment, a file, or, for an embedded store, the data folder.

use std::{
    ffi::OsString,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::MasterKey;
use crate::{
    entropy::{NoEntropy, random_bytes},
    private_file::{self, PrivateFileError},
};

/// The file in a data folder.
const FILE: &str = "master.key";

/// The location of a store, which decides where the master key may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home<'h> {
    /// A folder of this machine, which may hold the master key.
    Folder(&'h Path),
    /// A shared database. The master key must be elsewhere, so that a copy of the store reveals no key.
    Shared,
}

/// The master key as text from the environment. Its memory is wiped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MasterKeyText(Vec<u8>);

/// The operator's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct MasterKeySource {
    pub(crate) text: Option<MasterKeyText>,
    pub(crate) file: Option<PathBuf>,
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    #[error("the master key is set twice: use either HALLPASS_MASTER_KEY or --master-key-file")]
    Twice,
    #[error("HALLPASS_MASTER_KEY must be 32 random bytes as base64url without padding, 43 characters")]
    Text,
    #[error("the file {} must hold only 32 random bytes as base64url without padding, 43 characters", file.display())]
    FileText { file: PathBuf },
    #[error("the master key in {} cannot be used: {reason}", file.display())]
    File { file: PathBuf, reason: PrivateFileError },
    #[error("the master key in {} cannot be written: {reason}", file.display())]
    Write { file: PathBuf, reason: io::Error },
    #[error(
        "a shared store needs a master key: set HALLPASS_MASTER_KEY to 32 random bytes as base64url, or name a file \
         with them in --master-key-file"
    )]
    Needed,
    #[error(
        "the master key of this store is missing: restore {}, or set it with HALLPASS_MASTER_KEY or --master-key-file \
         (`hallpass keys reset` creates new keys and ends every session)", file.display()
    )]
    Missing { file: PathBuf },
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl MasterKeyError {
    /// Whether an option is wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Twice | Self::Text | Self::Needed)
    }
}

impl MasterKeySource {
    /// The configured master key; `None` if none is configured.
    pub(crate) fn configured(&self) -> Result<Option<MasterKey>, MasterKeyError> {
        match (&self.text, &self.file) {
            (Some(_), Some(_)) => Err(MasterKeyError::Twice),
            (Some(text), None) => parse(&text.0).map(Some).ok_or(MasterKeyError::Text),
            (None, Some(file)) => read(file, private_file::read_operator_file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The master key of a store with a ring.
    pub(crate) fn find(&self, home: Home<'_>) -> Result<MasterKey, MasterKeyError> {
        match (self.configured()?, home) {
            (Some(key), _) => Ok(key),
            (None, Home::Shared) => Err(MasterKeyError::Needed),
            (None, Home::Folder(folder)) => match read(&folder.join(FILE), private_file::read_own) {
                Err(MasterKeyError::File { file, reason }) if reason.is_not_found() => {
                    Err(MasterKeyError::Missing { file })
                }
                found => found,
            },
        }
    }

    /// The master key of a store without a ring. In a data folder it is created. The caller holds the folder's store,
    /// so that no other process creates one at the same time.
    pub(crate) fn find_or_make(&self, home: Home<'_>) -> Result<MasterKey, MasterKeyError> {
        match (self.find(home), home) {
            (Err(MasterKeyError::Missing { file }), Home::Folder(folder)) => {
                write_new(folder, &draw()?).map_err(|reason| MasterKeyError::Write { file, reason })?;
                self.find(home)
            }
            (found, _) => found,
        }
    }
}

fn read(
    file: &Path,
    read: fn(&Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError>,
) -> Result<MasterKey, MasterKeyError> {
    let text = read(file).map_err(|reason| MasterKeyError::File { file: file.to_owned(), reason })?;
    parse(&text).ok_or_else(|| MasterKeyError::FileText { file: file.to_owned() })
}

/// Parses a master key. White space at its end is ignored, since many programs add a line end.
fn parse(text: &[u8]) -> Option<MasterKey> {
    let mut bytes = Zeroizing::new([0; 32]);
    let length = Base64UrlUnpadded::decode(text.trim_ascii_end(), bytes.as_mut()).ok()?.len();
    (length == 32).then(|| MasterKey::new(&bytes))
}

fn draw() -> Result<Zeroizing<String>, NoEntropy> {
    let bytes = Zeroizing::new(random_bytes::<32>()?);
    Ok(Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes)))
}

/// Writes a draft, syncs it and renames it, so that a crash leaves the whole file or none.
fn write_new(folder: &Path, text: &str) -> io::Result<()> {
    let draft = folder.join("master.key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(FILE))?;
    File::open(folder)?.sync_all()
}

impl From<OsString> for MasterKeyText {
    fn from(text: OsString) -> Self {
        Self(text.into_encoded_bytes())
    }
}

impl fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeyText(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: Option<&str>, file: Option<PathBuf>) -> MasterKeySource {
        MasterKeySource { text: text.map(|text| MasterKeyText::from(OsString::from(text))), file }
    }

    #[test]
    fn a_data_folder_gets_one_private_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::Folder(folder.path());
        let none = MasterKeySource::default();
        assert!(matches!(none.find(home), Err(MasterKeyError::Missing { .. })));
        let first = none.find_or_make(home).unwrap();
        let sealed = first.seal(b"label", &[7; 32], [1; 12]);
        assert!(none.find_or_make(home).unwrap().open(b"label", &sealed).is_ok());
        assert!(none.find(home).unwrap().open(b"label", &sealed).is_ok());
        let file = folder.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, [FILE]);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(none.find_or_make(home).is_ok());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_shared_store_uses_the_environment_or_a_file_and_creates_no_master_key() {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let file = folder.path().join("key");
        assert!(matches!(source(None, None).find_or_make(Home::Shared), Err(MasterKeyError::Needed)));
        let text = "A".repeat(43);
        assert!(source(Some(&text), None).find(Home::Shared).is_ok());
        fs::write(&file, format!("{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(source(None, Some(file.clone())).find(Home::Shared).is_ok());
        assert!(matches!(source(Some(&text), Some(file.clone())).configured(), Err(MasterKeyError::Twice)));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let exposed = source(None, Some(file)).configured();
        assert!(matches!(exposed, Err(MasterKeyError::File { reason: PrivateFileError::Exposed, .. })));
    }

    #[test]
    fn a_line_end_is_ignored_and_a_second_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let file = folder.path().join("key");
        let key = "A".repeat(43);
        let is_read = |text: &str| {
            fs::write(&file, text).unwrap();
            let of_file = source(None, Some(file.clone())).configured().is_ok();
            assert_eq!(of_file, source(Some(text), None).configured().is_ok(), "{text:?}");
            of_file
        };
        for end in ["", "\n", "\r\n", "\n\n"] {
            assert!(is_read(&format!("{key}{end}")), "{end:?}");
        }
        for text in [format!("{key}\n{key}"), format!("\u{feff}{key}"), format!("\n{key}"), format!("{key}=")] {
            assert!(!is_read(&text), "{text:?}");
        }
    }

    #[test]
    fn a_text_other_than_32_bytes_of_base64url_is_refused() {
        for text in ["", "short", &"A".repeat(42), &"A".repeat(44), &format!("{}B", "A".repeat(42)), &"é".repeat(43)] {
            assert!(matches!(source(Some(text), None).configured(), Err(MasterKeyError::Text)), "{text}");
        }
    }
}
