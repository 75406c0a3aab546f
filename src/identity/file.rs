//! A file that a login needs: regular, and of a bounded size.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use crate::cause::cause;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The largest file that is read.
const LARGEST: u64 = 64 << 10;

/// The bytes of the file at `path`; otherwise what is wrong with it, as a fragment.
pub(crate) fn read(path: &Path) -> Result<Secret, String> {
    // A pipe would be waited for without end.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err("is not a regular file".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("cannot be opened: {}", cause(&error)))?;
    let mut buffer = SecretBuffer::with_capacity(4096);
    let read = io::copy(&mut file.take(LARGEST + 1), &mut buffer).map_err(|error| format!("cannot be read: {}", cause(&error)))?;
    if read > LARGEST {
        return Err(format!("is larger than {} KiB", LARGEST >> 10));
    }
    Ok(Secret::from(buffer))
}
