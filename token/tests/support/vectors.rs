//! Valid tokens from the shared vectors of `tests/vectors/`.

use std::{fs, path::Path};

use base64ct::{Base64UrlUnpadded, Encoding};
use hallpass_token::{Hash, KeySet, KeySetError};
use serde_json::Value;

/// The token and the keys of the vector with this name, which every implementation accepts at 1 790 000 000.
pub(crate) fn good_token(name: &str) -> (KeySet, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let vectors = files
        .flat_map(|path| serde_json::from_str::<Vec<Value>>(&fs::read_to_string(path).unwrap()).unwrap())
        .find(|vector| vector["name"] == name);
    let vector = vectors.unwrap_or_else(|| panic!("no vector has the name {name}"));
    assert_eq!((&vector["expected"], &vector["now"]), (&"accepted".into(), &1_790_000_000.into()), "{name}");
    (key_set(&vector["keys"]).unwrap(), vector["token"].as_str().unwrap().to_owned())
}

/// The hash of a secret, which is for HS256 unless it has an `alg`.
fn hash_of(secret: &Value) -> Hash {
    Hash::of_hmac(secret["alg"].as_str().unwrap_or("HS256")).unwrap()
}

/// Reads the keys of a vector: a key set, or an object with a `secret`.
pub(crate) fn key_set(keys: &Value) -> Result<KeySet, KeySetError> {
    match keys["secret"].as_str() {
        Some(secret) => KeySet::from_secret(&Base64UrlUnpadded::decode_vec(secret).unwrap(), hash_of(keys)),
        None => KeySet::from_json_with_secrets(&keys.to_string()),
    }
}
