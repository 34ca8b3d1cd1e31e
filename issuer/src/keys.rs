//! The issuer's own keys: made at the first start, kept in the data folder, readable by its owner alone.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::{KeySetError, Signer};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    entropy::{NoEntropy, random_bytes},
    refresh_token::RefreshTokenKey,
};

mod master;

pub(crate) use master::{MasterKey, MasterKeyError};

const FILE: &str = "keys.json";
const VERSION: u8 = 2;

/// What signs access tokens, and what tags and derives refresh tokens.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) ed25519_signer: Signer,
    pub(crate) es256_signer: Signer,
    pub(crate) refresh_token: RefreshTokenKey,
}

/// The secret of HS256, shared with every verifier. It comes from the environment, never from an argument, which every
/// user of the machine could read.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Hs256Secret(Vec<u8>);

/// Why the keys could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("the keys in {} cannot be read or written: {reason}", file.display())]
    Io { file: PathBuf, reason: io::Error },
    #[error("the keys in {} can be read by others: run `chmod 600` on it", file.display())]
    Exposed { file: PathBuf },
    #[error("{} is not a key file of this version of hallpass", file.display())]
    Shape { file: PathBuf },
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// The file: each key as base64url of 32 random bytes.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct KeyFile {
    version: u8,
    signing_key: String,
    es256_key: String,
    refresh_token_key: String,
}

impl From<OsString> for Hs256Secret {
    fn from(text: OsString) -> Self {
        Self(text.into_encoded_bytes())
    }
}

impl Hs256Secret {
    /// A signer that signs with this secret.
    pub(crate) fn signer(&self) -> Result<Signer, KeySetError> {
        Signer::hs256(&self.0)
    }
}

impl Keys {
    /// Whether there are keys in `folder`.
    pub(crate) fn exist(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Reads the keys in `folder`, and makes them where there are none. The caller holds the store in that folder, so
    /// that no other process makes them at the same moment.
    pub(crate) fn open(folder: &Path) -> Result<Self, KeysError> {
        let file = folder.join(FILE);
        let failed = |reason| KeysError::Io { file: file.clone(), reason };
        match fs::metadata(&file) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => return Err(KeysError::Exposed { file }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write_new(folder, &KeyFile::draw()?).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        let text = Zeroizing::new(fs::read(&file).map_err(failed)?);
        Self::from_json(&text).ok_or(KeysError::Shape { file })
    }

    fn from_json(text: &[u8]) -> Option<Self> {
        let keys: KeyFile = serde_json::from_slice(text).ok()?;
        let key = |encoded: &str| -> Option<Zeroizing<[u8; 32]>> {
            let mut bytes = Zeroizing::new([0; 32]);
            let length = Base64UrlUnpadded::decode(encoded, bytes.as_mut()).ok()?.len();
            (length == 32).then_some(bytes)
        };
        (keys.version == VERSION).then_some(())?;
        Some(Self {
            ed25519_signer: Signer::ed25519(&*key(&keys.signing_key)?),
            es256_signer: Signer::es256(&*key(&keys.es256_key)?).ok()?,
            refresh_token: RefreshTokenKey::from_root(&*key(&keys.refresh_token_key)?),
        })
    }
}

impl KeyFile {
    fn draw() -> Result<Self, NoEntropy> {
        let draw = || random_bytes::<32>().map(Zeroizing::new);
        let text = |bytes: Zeroizing<[u8; 32]>| Base64UrlUnpadded::encode_string(&*bytes);
        let mut es256_key = draw()?;
        while Signer::es256(&es256_key).is_err() {
            es256_key = draw()?;
        }
        Ok(Self {
            version: VERSION,
            signing_key: text(draw()?),
            es256_key: text(es256_key),
            refresh_token_key: text(draw()?),
        })
    }
}

/// Writes the file beside its place and moves it there once it is on the disk: a crash leaves all of it or nothing.
fn write_new(folder: &Path, keys: &KeyFile) -> io::Result<()> {
    let draft = folder.join("keys.json.new");
    let text = Zeroizing::new(serde_json::to_vec(keys)?);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(FILE))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_their_owner_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path()).unwrap();
        let again = Keys::open(folder.path()).unwrap();
        assert_eq!(first.ed25519_signer.key_id(), again.ed25519_signer.key_id());
        assert_eq!(first.es256_signer.key_id(), again.es256_signer.key_id());
        assert_eq!(first.refresh_token.id(), again.refresh_token.id());
        assert_eq!(fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, [FILE]);
    }

    #[test]
    fn a_key_file_that_others_can_read_or_that_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        Keys::open(folder.path()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keys::open(folder.path()), Err(KeysError::Exposed { .. })));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "{}", r#"{"version":3,"signing_key":"","es256_key":"","refresh_token_key":""}"#] {
            fs::write(&file, text).unwrap();
            assert!(matches!(Keys::open(folder.path()), Err(KeysError::Shape { .. })), "{text}");
        }
    }
}
