//! The readers of keyrings and key files.

use crate::clock::Machine;
use crate::fuzz::CANARY;
use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::key::KeyFile;
use crate::key::Keyring;
use crate::secret::Secret;

#[test]
fn keyrings() {
    fuzz("keyring", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        match Keyring::parse(text) {
            Ok(keyring) => assert_eq!(Keyring::parse(&keyring.to_text()).unwrap().to_text(), keyring.to_text()),
            Err(error) => assert_silent(&format!("{error} {error:?} {}", error.next())),
        }
    });
}

#[test]
fn key_files() {
    let whole = KeyFile::generate(&Machine).to_secret_text().expose().to_vec();
    let other = format!("cloze-key-v1 0123456789abcdef {CANARY}AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    fuzz("key-file", vec![whole, other.into_bytes()], |bytes| match KeyFile::parse(&Secret::copy_of(bytes)) {
        Ok(key) => assert!(KeyFile::parse(&key.to_secret_text()).is_ok()),
        Err(error) => assert_silent(&format!("{error:?}")),
    });
}
