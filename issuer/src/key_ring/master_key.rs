//! Where the master key comes from: the environment, a file, or, beside an embedded store, the data folder.

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

/// Where a store is, as far as its master key is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home<'h> {
    /// In a folder of this machine: the master key may lie in it.
    Folder(&'h Path),
    /// With others: the master key must come from elsewhere, so that a copy of the store gives no key away.
    Shared,
}

/// The master key as the environment has it. Its memory is wiped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MasterKeyText(Vec<u8>);

/// What the person who runs the issuer gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct MasterKeySource {
    pub(crate) text: Option<MasterKeyText>,
    pub(crate) file: Option<PathBuf>,
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    #[error("give the master key once: in HALLPASS_MASTER_KEY or by --master-key-file, and not in both")]
    Twice,
    #[error("HALLPASS_MASTER_KEY must be 32 random bytes as base64url without padding, 43 characters")]
    Text,
    #[error("the file {} must hold 32 random bytes as base64url without padding, 43 characters, and nothing else", file.display())]
    FileText { file: PathBuf },
    #[error("the master key in {} cannot be used: {reason}", file.display())]
    File { file: PathBuf, reason: PrivateFileError },
    #[error("the master key in {} cannot be written: {reason}", file.display())]
    Write { file: PathBuf, reason: io::Error },
    #[error(
        "a store that issuers share needs a master key: 32 random bytes as base64url in HALLPASS_MASTER_KEY, or in a \
         file by --master-key-file"
    )]
    Needed,
    #[error(
        "the master key of this store is missing: put {} back, or give it in HALLPASS_MASTER_KEY or by \
         --master-key-file (`hallpass keys reset` makes new keys, and ends every session)", file.display()
    )]
    Missing { file: PathBuf },
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl MasterKeyError {
    /// Whether the options themselves were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Twice | Self::Text | Self::Needed)
    }
}

impl MasterKeySource {
    /// The master key that was given; `None` where none was.
    pub(crate) fn configured(&self) -> Result<Option<MasterKey>, MasterKeyError> {
        match (&self.text, &self.file) {
            (Some(_), Some(_)) => Err(MasterKeyError::Twice),
            (Some(text), None) => parse(&text.0).map(Some).ok_or(MasterKeyError::Text),
            (None, Some(file)) => read(file, private_file::read_operator_file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The master key of a store that has a ring.
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

    /// The master key of a store that has no ring yet; the one in a data folder is made. The caller holds the store in that
    /// folder, so that no other process makes one at the same moment.
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

/// Reads a master key. The line's end that many programs write behind it is no part of it, also in the environment.
fn parse(text: &[u8]) -> Option<MasterKey> {
    let mut bytes = Zeroizing::new([0; 32]);
    let length = Base64UrlUnpadded::decode(text.trim_ascii_end(), bytes.as_mut()).ok()?.len();
    (length == 32).then(|| MasterKey::new(&bytes))
}

fn draw() -> Result<Zeroizing<String>, NoEntropy> {
    let bytes = Zeroizing::new(random_bytes::<32>()?);
    Ok(Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes)))
}

/// Writes the file beside its place and moves it there once it is on the disk: a crash leaves all of it or nothing.
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
    fn one_is_made_once_in_a_data_folder_and_only_its_owner_can_read_it() {
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
    fn a_shared_store_takes_one_from_the_environment_or_a_file_and_makes_none() {
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
    fn a_line_s_end_is_no_part_of_a_master_key_and_a_second_line_is_refused() {
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
    fn what_is_not_32_bytes_of_base64url_is_no_master_key() {
        for text in ["", "short", &"A".repeat(42), &"A".repeat(44), &format!("{}B", "A".repeat(42)), &"é".repeat(43)] {
            assert!(matches!(source(Some(text), None).configured(), Err(MasterKeyError::Text)), "{text}");
        }
    }
}
