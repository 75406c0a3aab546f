//! Puts the files of a new project into a directory that exists, without overwriting any.

use std::fs;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::clock::Entropy;
use crate::file;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::PROJECT_FILE;
use crate::secret::Secret;

/// The one file that is added to where it exists.
const GITIGNORE: &str = ".gitignore";

/// Bytes of a `.gitignore`, at most.
const GITIGNORE_LIMIT: u64 = 1 << 20;

/// Copies `files` of `side` to `target`: the project file last, since it makes a project of the directory. Where one cannot be written, those
/// before it are removed.
pub(super) fn place(side: &Path, target: &Path, files: &[PathBuf], entropy: &dyn Entropy) -> Result<(), Problem> {
    is_free(target, files)?;
    add_rules(side, target, entropy).map_err(|error| file::unwritten(&target.join(GITIGNORE), &error))?;
    let (last, first): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|path| path.as_os_str() == PROJECT_FILE);
    let mut placed: Vec<PathBuf> = Vec::new();
    for path in first.into_iter().chain(last).filter(|path| path.as_os_str() != GITIGNORE) {
        let problem = match copy(&side.join(path), &target.join(path), side, entropy) {
            Ok(true) => {
                placed.push(target.join(path));
                continue;
            }
            Ok(false) => in_the_way(&[target.join(path)]),
            Err(error) => file::unwritten(&target.join(path), &error),
        };
        // The first error is the one to tell.
        for path in &placed {
            drop(fs::remove_file(path));
        }
        return Err(problem);
    }
    Ok(())
}

/// That nothing is in the way of `files` in `target`, which is not a project yet.
pub(super) fn is_free(target: &Path, files: &[PathBuf]) -> Result<(), Problem> {
    if fs::symlink_metadata(target.join(PROJECT_FILE)).is_ok() {
        let reason = format!("this directory is already a cloze project: it has a `{PROJECT_FILE}`");
        return Err(Problem::new(Fault::Usage, reason, "edit that file, or create the project in another directory"));
    }
    let mut taken: Vec<PathBuf> = Vec::new();
    for path in files {
        // Of a folder only a real one will do: a link could lead out of the project.
        let folder = path.ancestors().skip(1).filter(|part| !part.as_os_str().is_empty()).map(|part| target.join(part));
        let obstacle = folder.filter(|part| fs::symlink_metadata(part).is_ok_and(|found| !found.is_dir())).last();
        let own = target.join(path);
        let blocks = |found: fs::Metadata| path.as_os_str() != GITIGNORE || !found.is_file();
        taken.extend(obstacle.or_else(|| fs::symlink_metadata(&own).is_ok_and(blocks).then_some(own)));
    }
    taken.dedup();
    if taken.is_empty() { Ok(()) } else { Err(in_the_way(&taken)) }
}

fn in_the_way(paths: &[PathBuf]) -> Problem {
    let listed: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let reason = format!("init does not overwrite what already exists: {}", listed.join(", "));
    Problem::new(Fault::Usage, reason, "move it away, create the project in another directory, or leave out the example with `--bare`")
}

/// The files below `folder`, relative to it and sorted.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries: io::Result<Vec<fs::DirEntry>> = fs::read_dir(&next).and_then(Iterator::collect);
        for entry in entries.map_err(|error| file::unwritten(&next, &error))? {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.extend(path.strip_prefix(folder).map(Path::to_owned));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the `.gitignore`, or adds the rules that are missing to the end of the one that is there.
fn add_rules(side: &Path, target: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let ours = fs::read(side.join(GITIGNORE))?;
    let path = target.join(GITIGNORE);
    let Some(mut bytes) = file::read(&path, GITIGNORE_LIMIT)? else {
        return file::create(&path, &ours, 0o644, entropy).map(drop);
    };
    let before = bytes.len();
    for rule in ours.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
        if !bytes.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_end() == rule) {
            if bytes.last().is_some_and(|byte| *byte != b'\n') {
                bytes.push(b'\n');
            }
            bytes.extend_from_slice(rule);
            bytes.push(b'\n');
        }
    }
    if bytes.len() == before {
        return Ok(());
    }
    let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
    file::replace(&path, &bytes, mode, entropy)
}

/// Copies a file with its mode, and its folder's, unless something is there; says whether it did.
fn copy(from: &Path, to: &Path, side: &Path, entropy: &dyn Entropy) -> io::Result<bool> {
    let mode = |path: &Path| fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777);
    if let (Some(folder), Some(original)) = (to.parent(), from.parent().filter(|folder| *folder != side)) {
        DirBuilder::new().recursive(true).mode(mode(original)?).create(folder)?;
    }
    let bytes = Secret::new(fs::read(from)?);
    file::create(to, bytes.expose(), mode(from)?, entropy)
}
