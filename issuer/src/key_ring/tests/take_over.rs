//! The keys of the previous version in `keys.json`: the ring imports them, even if a kill interrupts it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::Signer;

use super::{keepers::Fixture, *};
use crate::refresh_token::{DecoyKey, RefreshTokenKey};

/// A key file of the previous version.
pub(in crate::key_ring) fn write_legacy(folder: &Path) {
    let [ed25519, es256, root] = [[1; 32], [2; 32], [3; 32]].map(|bytes| Base64UrlUnpadded::encode_string(&bytes));
    let text = serde_json::json!({
        "version": 2, "signing_key": ed25519, "es256_key": es256, "refresh_token_key": root,
    });
    fs::write(folder.join("keys.json"), text.to_string()).unwrap();
    fs::set_permissions(folder.join("keys.json"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn assert_taken_over(keeper: &Keeper, signer: &Signer) {
    let keys = &keeper.latest().keys;
    assert_eq!(keys.signer.key_id(), signer.key_id());
    assert_eq!(keys.refresh_tokens.in_use().id(), RefreshTokenKey::from_root(&[3; 32]).id());
    assert_eq!(keys.refresh_tokens.decoy().position("x"), DecoyKey::of_root(&[3; 32]).position("x"));
    for signer in [Signer::ed25519(&[1; 32]), Signer::es256(&[2; 32]).unwrap()] {
        assert!(keys.key_set.contains(signer.key_id().unwrap()));
    }
}

#[tokio::test]
async fn the_keys_of_the_previous_version_stay_in_use_and_their_file_is_removed() {
    for (algorithm, signer) in [
        (SigningAlgorithm::EdDsa, Signer::ed25519(&[1; 32])),
        (SigningAlgorithm::Es256, Signer::es256(&[2; 32]).unwrap()),
    ] {
        let house = Fixture::new();
        write_legacy(house.path());
        assert_taken_over(&house.try_start(algorithm).await.unwrap(), &signer);
        assert!(!house.path().join("keys.json").exists());
        assert_taken_over(&house.try_start(algorithm).await.unwrap(), &signer);
    }
}

#[tokio::test]
async fn a_kill_between_the_ring_and_the_removal_of_the_file_loses_nothing() {
    let house = Fixture::new();
    // A kill after the master key was written, and before the ring was.
    MasterKeySource::default().find_or_make(Home::Folder(house.path())).unwrap();
    write_legacy(house.path());
    house.start().await;
    // A kill after the ring was written, and before the file was removed.
    write_legacy(house.path());
    let before = house.store.key_ring().await.unwrap();
    assert_taken_over(&house.start().await, &Signer::ed25519(&[1; 32]));
    assert!(!house.path().join("keys.json").exists());
    assert_eq!(house.store.key_ring().await.unwrap(), before);
}

#[tokio::test]
async fn a_key_file_with_other_keys_than_the_ring_s_is_kept() {
    let house = Fixture::new();
    let first = house.start().await;
    write_legacy(house.path());
    let again = house.start().await;
    assert_eq!(first.latest().keys.signer.key_id(), again.latest().keys.signer.key_id());
    assert!(house.path().join("keys.json").exists());
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_made_private() {
    let house = Fixture::new();
    write_legacy(house.path());
    let file = house.path().join("keys.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    for text in ["", "{}", r#"{"version":3,"signing_key":"","es256_key":"","refresh_token_key":""}"#] {
        fs::write(&file, text).unwrap();
        let refused = house.try_start(SigningAlgorithm::EdDsa).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("not a valid key file")), "{text}");
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(house.store.key_ring().await.unwrap(), None);
}
