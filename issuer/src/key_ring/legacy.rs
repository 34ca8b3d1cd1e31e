//! Imports the keys of earlier versions from the file `keys.json` in the data folder.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::UnixSeconds;
use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    Key, MasterKey, Purpose, Ring, SigningAlgorithm, Stage, Timing, Wanted,
    material::{NewKey, name_of, seal_decoy},
    plan::Lives,
};
use crate::{
    entropy::{NoEntropy, random_bytes},
    private_file::{self, PrivateFileError},
    refresh_token::{DecoyKey, RefreshTokenKey},
};

const FILE: &str = "keys.json";
const VERSION: u8 = 2;

/// The keys that an earlier version wrote to a data folder.
pub(crate) struct LegacyKeys {
    file: PathBuf,
    ed25519: Zeroizing<[u8; 32]>,
    es256: Zeroizing<[u8; 32]>,
    refresh_root: Zeroizing<[u8; 32]>,
}

/// Why the keys cannot be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LegacyError {
    #[error("the keys in {} cannot be used: {reason}", file.display())]
    File { file: PathBuf, reason: PrivateFileError },
    #[error("the keys in {} cannot be removed: {reason}", file.display())]
    Remove { file: PathBuf, reason: io::Error },
    #[error("{} is not a valid key file of version 2", file.display())]
    Shape { file: PathBuf },
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// The file: each key as base64url of 32 random bytes.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct KeyFile {
    version: u8,
    signing_key: String,
    es256_key: String,
    refresh_token_key: String,
}

impl LegacyKeys {
    /// The keys in `folder`; `None` without a key file.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, LegacyError> {
        let file = folder.join(FILE);
        match private_file::read_own(&file) {
            Ok(text) => Self::from_json(&file, &text).map(Some).ok_or(LegacyError::Shape { file }),
            Err(reason) if reason.is_not_found() => Ok(None),
            Err(reason) => Err(LegacyError::File { file, reason }),
        }
    }

    fn from_json(file: &Path, text: &[u8]) -> Option<Self> {
        let keys: KeyFile = serde_json::from_slice(text).ok()?;
        let key = |encoded: &str| -> Option<Zeroizing<[u8; 32]>> {
            let mut bytes = Zeroizing::new([0; 32]);
            let length = Base64UrlUnpadded::decode(encoded, bytes.as_mut()).ok()?.len();
            (length == 32).then_some(bytes)
        };
        (keys.version == VERSION).then_some(())?;
        Some(Self {
            file: file.to_owned(),
            ed25519: key(&keys.signing_key)?,
            es256: key(&keys.es256_key)?,
            refresh_root: key(&keys.refresh_token_key)?,
        })
    }

    /// A ring with these keys in use. The signing key of the unwanted algorithm is retired, since it may have signed
    /// until now.
    pub(super) fn to_ring(
        &self,
        wanted: Wanted,
        timing: Timing,
        lives: Lives,
        master: &MasterKey,
        now: UnixSeconds,
    ) -> Result<Ring, LegacyError> {
        let decoy = seal_decoy(master, DecoyKey::of_root(&self.refresh_root).bytes(), random_bytes()?);
        let mut ring = Ring::empty(wanted, timing, decoy);
        let shape = || LegacyError::Shape { file: self.file.clone() };
        for (purpose, secret, life) in [
            (Purpose::Signing(SigningAlgorithm::EdDsa), &self.ed25519, lives.access_tokens),
            (Purpose::Signing(SigningAlgorithm::Es256), &self.es256, lives.access_tokens),
            (Purpose::RefreshTokens, &self.refresh_root, lives.refresh_tokens),
        ] {
            let NewKey { purpose, name, secret } =
                NewKey::of(purpose, secret, master, random_bytes()?).ok_or_else(shape)?;
            let is_wanted = purpose == wanted.purpose(purpose.kind());
            let stage = if is_wanted { Stage::InUse { since: now } } else { Stage::Retired { since: now } };
            ring.keys.push(Key { purpose, name, published_at: now, stage, longest_life: life, secret });
        }
        Ok(ring)
    }

    /// Removes the file if the ring has its keys. The ring must be durable.
    pub(super) fn retire(&self, ring: &Ring) -> Result<(), LegacyError> {
        let name = name_of(&RefreshTokenKey::from_root(&self.refresh_root));
        if !ring.keys.iter().any(|key| key.name == name) {
            tracing::warn!("the file keys.json was ignored: the key ring has other keys");
            return Ok(());
        }
        let failed = |reason| LegacyError::Remove { file: self.file.clone(), reason };
        fs::remove_file(&self.file).map_err(failed)?;
        self.file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()).map_err(failed)?;
        tracing::info!("the keys of the file keys.json were imported into the key ring");
        Ok(())
    }
}
