//! The reader of a credentials file.

use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::identity::google::credentials::Credentials;
use crate::secret::Secret;

#[test]
fn credentials() {
    fuzz("google", Vec::new(), |bytes| {
        if let Err(error) = Credentials::read(&Secret::copy_of(bytes)) {
            assert_silent(&format!("{error:?}"));
        }
    });
}
