//! A small file that is written once, whole or not at all.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Creates the file at `path` with `bytes` and `mode`, unless something is there already; says whether it did. Missing folders are made
/// with mode 0700. After a crash the file is there whole, or not at all; what a killed run left beside it is removed by the next.
/// `attempt` is a random text that no other run uses.
pub fn create_once(path: &Path, bytes: &[u8], mode: u32, attempt: &str) -> io::Result<bool> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let side = parent.join(format!(".{name}.cloze-{attempt}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&side)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&side, path));
    fs::remove_file(&side)?;
    match written {
        Ok(()) => {
            File::open(parent)?.sync_all()?;
            sweep(parent, &name)?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what killed runs left; once the file is there, no run needs one any more.
fn sweep(parent: &Path, name: &str) -> io::Result<()> {
    let prefix = format!(".{name}.cloze-");
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::create_once;

    #[test]
    fn the_first_writer_wins_and_nothing_is_left_beside() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/key");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(root.path().join("a/b/.key.cloze-killed"), "half").unwrap();
        assert!(create_once(&path, b"one", 0o600, "1").unwrap());
        assert!(!create_once(&path, b"two", 0o600, "2").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.path().join("a/b")).unwrap().count(), 1);
    }
}
