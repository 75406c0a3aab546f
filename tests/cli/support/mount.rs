//! File systems that are small or read-only, for as long as a value lives.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// A mount that ends with this value.
#[derive(Debug)]
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// A file system in memory of that many KiB at `path`, which keeps what lay there; `None`, said aloud, where it may not be mounted.
    pub(crate) fn small(path: &Path, kibibytes: u32) -> Option<Self> {
        let aside = tempfile::tempdir().unwrap();
        copy(path, aside.path());
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={kibibytes}k"), "cloze"], path)?;
        copy(aside.path(), path);
        Some(mounted)
    }

    /// `path` as it is, read-only; `None`, said aloud, where it may not be mounted.
    pub(crate) fn read_only(path: &Path) -> Option<Self> {
        let mounted = mount(&["--bind", path.to_str().unwrap()], path)?;
        mount(&["-o", "remount,ro,bind"], path).map(|again| {
            std::mem::forget(again);
            mounted
        })
    }

    /// Fills it but for `left` KiB.
    pub(crate) fn fill(&self, left: usize) {
        // Block by block until it is full, then as much back as is to be left.
        let mut filler = File::create(self.0.join(FILLER)).unwrap();
        while filler.write_all(&[7; 4096]).is_ok() {}
        let full = filler.metadata().unwrap().len();
        filler.set_len(full.saturating_sub(left as u64 * 1024)).unwrap();
    }

    /// Frees what was filled.
    pub(crate) fn free(&self) {
        fs::remove_file(self.0.join(FILLER)).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// What takes the space.
const FILLER: &str = "filler";

fn mount(arguments: &[&str], path: &Path) -> Option<Mount> {
    let done = Command::new("mount").args(arguments).arg(path).output();
    if done.is_ok_and(|output| output.status.success()) {
        return Some(Mount(path.to_owned()));
    }
    println!("SKIPPED 1: mount {arguments:?} is not permitted here");
    None
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(done.success());
}
