//! The reader of a local vault's file.

use crate::fuzz::fuzz;
use crate::vault::local::sheet::Sheet;

/// What is read is written so that it is read as the same; a line that cannot be read is reported by its number.
#[test]
fn vault_files() {
    fuzz("vault", Vec::new(), |bytes| match Sheet::parse(bytes, "dev.vault", "ring") {
        Ok(sheet) => {
            let text = sheet.to_string();
            assert_eq!(Sheet::parse(text.as_bytes(), "dev.vault", "ring").unwrap().to_string(), text);
        }
        Err(error) => {
            assert!(error.reason.contains("dev.vault"), "{error:?}");
            assert!(!error.reason.chars().any(char::is_control), "{error:?}");
        }
    });
}
