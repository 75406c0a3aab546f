//! A directory of manifests, written to the side and put in place by one rename.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use rustix::fs::CWD;
use rustix::fs::RenameFlags;
use rustix::fs::renameat_with;
use rustix::io::Errno;

use crate::clock::Entropy;
use crate::file;
use crate::file::LockMode;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::target::Claim;
use crate::target::Effect;
use crate::target::ManifestSet;
use crate::target::ObjectEffect;
use crate::target::ObservedObject;
use crate::target::Put;
use crate::target::Reservation;
use crate::target::Target;
use crate::target::file_names;
use crate::target::inventory::FILE;
use crate::target::inventory::FileList;

/// A directory that cloze owns: every file in it is cloze's, and a list in it says so.
#[derive(Debug)]
pub struct Directory {
    target: PathBuf,
    parent: PathBuf,
    name: String,
    entropy: Arc<dyn Entropy>,
}

impl Directory {
    /// The directory at `target`. Touches nothing yet.
    ///
    /// # Errors
    /// When `target` is a link or a file, or holds files that cloze did not write.
    pub fn at(target: &Path, entropy: Arc<dyn Entropy>) -> Result<Self, Problem> {
        let refuse = |reason: String, next: &str| Err(Problem::new(Fault::Usage, reason, next));
        let shown = target.display();
        let Some(name) = target.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            return refuse(format!("`{shown}` cannot be an output directory"), "name a directory of its own with -o");
        };
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        // Another run may be putting its manifests in place just now.
        let _lock = if parent.is_dir() { Some(locked(&parent, LockMode::Shared)?) } else { None };
        match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(file::unwritten(target, &error)),
            Ok(meta) if meta.is_symlink() => {
                return refuse(
                    format!("`{shown}` is a link, and secrets are not written through one"),
                    "name the directory itself with -o",
                );
            }
            Ok(meta) if !meta.is_dir() => return refuse(format!("`{shown}` is not a directory"), "name a directory with -o"),
            Ok(_) => {
                if let Some(foreign) = foreign_file(target)? {
                    return refuse(
                        format!("`{shown}` holds `{}`, which cloze did not write", foreign.escape_debug()),
                        "move it away, or name an empty directory with -o",
                    );
                }
            }
        }
        Ok(Self { target: target.to_owned(), parent, name, entropy })
    }

    /// Gives the leftover, where what was replaced cannot be removed.
    fn put_in_place(&self, side: &Path) -> io::Result<Option<Problem>> {
        if !self.target.try_exists()? {
            return fs::rename(side, &self.target).map(|()| None);
        }
        match renameat_with(CWD, side, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(removed(side)),
            // The file system cannot exchange.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.put_after_stepping_aside(side),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The old one steps aside first: between the two renames there is none.
    fn put_after_stepping_aside(&self, side: &Path) -> io::Result<Option<Problem>> {
        let mut old = side.as_os_str().to_owned();
        old.push("-old");
        fs::rename(&self.target, &old)?;
        if let Err(error) = fs::rename(side, &self.target) {
            // The first error is the one to report; what steps aside is removed by the next run.
            let _ = fs::rename(&old, &self.target);
            return Err(error);
        }
        Ok(removed(Path::new(&old)))
    }

    /// Removes what earlier runs left; gives what cannot be removed.
    fn sweep(&self) -> io::Result<Vec<Problem>> {
        Ok(file::sweep(&self.parent, &self.name)?.iter().map(|(path, error)| unremoved(path, error)).collect())
    }

    /// What each manifest of `set` does to what the directory holds, then what goes.
    fn effects(&self, inventory: &FileList, set: &ManifestSet<'_>, names: &[String]) -> Vec<ObjectEffect> {
        let mut before: HashMap<Identity, (&String, &ObservedObject)> =
            inventory.objects().map(|(file, object)| (object.named_by_template(), (file, object))).collect();
        let mut effects = Vec::with_capacity(set.manifests.len());
        for (manifest, name) in set.manifests.iter().zip(names) {
            let object = manifest.named_by_template();
            let effect = match before.remove(&object) {
                None => Effect::Created,
                Some((file, old))
                    if file == name && old.identity == *manifest.identity && holds(&self.target.join(file), manifest.bytes) =>
                {
                    Effect::Unchanged
                }
                Some(_) => Effect::Changed,
            };
            effects.push(ObjectEffect { object, effect });
        }
        // In the order in which they were applied.
        let gone = inventory.objects().map(|(_, object)| object.named_by_template()).filter(|object| before.contains_key(object));
        effects.extend(gone.map(|object| ObjectEffect { object, effect: Effect::Removed }));
        effects
    }

    /// Writes the files to the side; once this returns, they outlive a power cut. Those that the directory has already are linked there.
    fn write_side(&self, side: &Path, set: &ManifestSet<'_>, names: &[String], objects: &[ObjectEffect], list: &str) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(side)?;
        let mut written = Vec::new();
        let mut count = 0_usize;
        let mut write = |name: &str, bytes: &[u8]| -> io::Result<()> {
            let file = create(&side.join(name), bytes)?;
            count += 1;
            if count <= SYNCED_ALONE {
                written.push(file);
            }
            Ok(())
        };
        for ((manifest, name), object) in set.manifests.iter().zip(names).zip(objects) {
            let is_there = object.effect == Effect::Unchanged;
            if !is_there || fs::hard_link(self.target.join(name), side.join(name)).is_err() {
                write(name, manifest.bytes)?;
            }
        }
        write(FILE, list.as_bytes())?;
        let folder = File::open(side)?;
        if count > SYNCED_ALONE {
            rustix::fs::syncfs(&folder)?;
        } else {
            // Only now: what is written meanwhile goes to the disk together.
            written.iter().try_for_each(File::sync_data)?;
        }
        folder.sync_all()
    }
}

#[async_trait]
impl Target for Directory {
    async fn reserve(&self, _: &Claim) -> Result<Box<dyn Reservation + '_>, Problem> {
        let make = || DirBuilder::new().recursive(true).create(&self.parent);
        make().map_err(|error| file::unwritten(&self.parent, &error))?;
        let parent = self.parent.clone();
        let waiting = tokio::task::spawn_blocking(move || locked(&parent, LockMode::Exclusive));
        let lock = waiting.await.map_err(|_| file::unwritten(&self.parent, &io::ErrorKind::Interrupted.into()))??;
        Ok(Box::new(Reserved { directory: self, _lock: lock }))
    }

    async fn observe(&self) -> Result<Option<Vec<ObservedObject>>, Problem> {
        let inventory = FileList::load(&self.target).map_err(|error| file::unwritten(&self.target, &error))?;
        Ok(Some(inventory.objects().map(|(_, object)| object.clone()).collect()))
    }
}

struct Reserved<'a> {
    directory: &'a Directory,
    _lock: File,
}

#[async_trait]
impl Reservation for Reserved<'_> {
    /// Replaces what the directory holds, unless it holds just that: a reader finds all of the old or all of the new. Files are 0600, the
    /// directory is 0700. What was replaced, and what killed runs left beside it, is removed; where that fails, the new one is there all the same.
    async fn put(&mut self, set: &ManifestSet<'_>) -> Result<Put, Problem> {
        let directory = self.directory;
        let warnings = directory.sweep().map_err(|error| file::unwritten(&directory.parent, &error))?;
        let names = file_names(set);
        let inventory = FileList::load(&directory.target).map_err(|error| file::unwritten(&directory.target, &error))?;
        let objects = directory.effects(&inventory, set, &names);
        let list = FileList::of(set, &names).to_text();
        let is_there =
            || fs::symlink_metadata(&directory.target).is_ok_and(|found| is_private(&found, 0o700)) && inventory.to_text() == list;
        let mut put = Put { objects, warnings, ..Put::default() };
        if put.is_unchanged() && is_there() {
            return Ok(put);
        }
        let side = directory.parent.join(file::side_name(&directory.name, directory.entropy.as_ref()));
        let written =
            directory.write_side(&side, set, &names, &put.objects, &list).and_then(|()| directory.put_in_place(&side)).and_then(|left| {
                File::open(&directory.parent)?.sync_all()?;
                Ok(left)
            });
        if written.is_err() {
            // The first error is the one to report; the next run removes what this cannot.
            let _ = fs::remove_dir_all(&side);
        }
        put.warnings.extend(written.map_err(|error| file::unwritten(&directory.target, &error))?);
        Ok(put)
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.display().fmt(f)
    }
}

fn locked(folder: &Path, access: LockMode) -> Result<File, Problem> {
    file::lock(folder, access).map_err(|error| file::unwritten(folder, &error))
}

/// Removes what was put aside; what to say where it stays.
fn removed(path: &Path) -> Option<Problem> {
    let error = fs::remove_dir_all(path).err().filter(|error| error.kind() != io::ErrorKind::NotFound)?;
    Some(unremoved(path, &error))
}

fn unremoved(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        Fault::Internal,
        format!("`{}`, which holds older manifests, cannot be removed: {}", path.display(), file::cause(error)),
        "remove it, it may hold secrets; where its permissions forbid that, `chmod -R u+rwX` it first",
    )
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Whether the file at `path` is as cloze would write it, with these very bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let is_alike = |file: fs::Metadata| file.is_file() && file.len() == bytes.len() as u64 && is_private(&file, 0o600);
    fs::symlink_metadata(path).is_ok_and(is_alike) && fs::read(path).map(Secret::new).is_ok_and(|there| there.expose() == bytes)
}

/// Whether the user who runs cloze owns it, with that mode.
fn is_private(found: &fs::Metadata, mode: u32) -> bool {
    found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o777 == mode
}

/// A file in `directory` that cloze did not write, if there is one.
fn foreign_file(directory: &Path) -> Result<Option<String>, Problem> {
    let failed = |error: io::Error| file::unwritten(directory, &error);
    let inventory = FileList::load(directory).map_err(failed)?;
    let known = inventory.files();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        match name.to_str() {
            Some(text) if text == FILE || known.contains(text) => {}
            _ => return Ok(Some(name.to_string_lossy().into_owned())),
        }
    }
    Ok(None)
}

/// Up to so many files are synced one by one; for more, the whole file system is synced once.
const SYNCED_ALONE: usize = 64;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::Arc;

    use super::Directory;
    use crate::clock::Machine;
    use crate::problem::Problem;
    use crate::target::Claim;
    use crate::target::ManifestSet;
    use crate::target::Syntax;
    use crate::target::Target;
    use crate::target::suite;

    fn at(target: &Path) -> Result<Directory, Problem> {
        Directory::at(target, Arc::new(Machine))
    }

    async fn put(target: &Path, objects: &[suite::SampleObject]) {
        let directory = at(target).unwrap();
        let set = ManifestSet { syntax: Syntax::Yaml, manifests: objects.iter().map(suite::SampleObject::manifest).collect() };
        let put = directory.reserve(&Claim::default()).await.unwrap().put(&set).await.unwrap();
        assert_eq!(put.warnings, []);
    }

    const A: &str = "30_configmap_shop_a.yaml";
    const B: &str = "30_configmap_shop_b.yaml";

    #[tokio::test]
    async fn passes_the_suite() {
        let root = tempfile::tempdir().unwrap();
        suite::run(&at(&root.path().join("dist/dev")).unwrap()).await;
    }

    #[tokio::test]
    async fn a_list_of_an_older_cloze_names_files_only() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".cloze-output"), "000-configmap-shop-a.yaml\n").unwrap();
        fs::write(root.path().join("000-configmap-shop-a.yaml"), "1\n").unwrap();
        assert_eq!(at(root.path()).unwrap().observe().await.unwrap(), Some(Vec::new()));
        put(root.path(), &[suite::object("a", "1")]).await;
        assert!(!root.path().join("000-configmap-shop-a.yaml").exists() && root.path().join(A).exists());
    }

    #[tokio::test]
    async fn a_file_that_was_edited_is_changed_back() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("dev");
        put(&target, &[suite::object("a", "1"), suite::object("b", "1")]).await;
        fs::write(target.join(A), "2\n").unwrap();
        let objects = [suite::object("a", "1"), suite::object("b", "1")];
        let set = ManifestSet { syntax: Syntax::Yaml, manifests: objects.iter().map(suite::SampleObject::manifest).collect() };
        let directory = at(&target).unwrap();
        assert_eq!(directory.reserve(&Claim::default()).await.unwrap().put(&set).await.unwrap().summary(), "1 changed, 1 unchanged");
        assert_eq!(fs::read(target.join(A)).unwrap(), b"1\n");
    }

    #[tokio::test]
    async fn what_is_there_is_not_written_again() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("dev");
        let file = |name: &str| fs::metadata(target.join(name)).unwrap().ino();
        let folder = || fs::metadata(&target).unwrap().ino();
        put(&target, &[suite::object("a", "1"), suite::object("b", "1")]).await;
        let before = (folder(), file(A), file(B));
        put(&target, &[suite::object("a", "1"), suite::object("b", "1")]).await;
        assert_eq!((folder(), file(A), file(B)), before);
        put(&target, &[suite::object("a", "1"), suite::object("b", "2")]).await;
        assert!(folder() != before.0 && file(A) == before.1 && file(B) != before.2);
        assert_eq!(fs::metadata(target.join(A)).unwrap().nlink(), 1);
        // Wider modes are narrowed again.
        fs::set_permissions(target.join(A), fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        put(&target, &[suite::object("a", "1"), suite::object("b", "2")]).await;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&target.join(A)), mode(&target)), (0o600, 0o700));
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        put(&target, &[suite::object("a", "1"), suite::object("b", "2")]).await;
        assert_eq!(mode(&target), 0o700);
    }

    #[tokio::test]
    async fn replaces_everything_and_leaves_nothing_beside() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("dist/dev");
        put(&target, &[suite::object("a", "1"), suite::object("b", "1")]).await;
        fs::create_dir(root.path().join("dist/.dev.cloze-killed")).unwrap();
        put(&target, &[suite::object("b", "2")]).await;
        assert!(!target.join(A).exists());
        assert_eq!(fs::read(target.join(B)).unwrap(), b"2\n");
        assert_eq!(fs::metadata(target.join(B)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(root.path().join("dist")).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn where_nothing_can_be_exchanged_the_old_one_steps_aside() {
        let root = tempfile::tempdir().unwrap();
        let (target, side) = (root.path().join("dev"), root.path().join(".dev.cloze-1"));
        put(&target, &[suite::object("a", "1")]).await;
        let directory = at(&target).unwrap();
        assert!(directory.put_after_stepping_aside(&side).is_err(), "there is nothing to put in place");
        assert_eq!(fs::read(target.join(A)).unwrap(), b"1\n");
        fs::create_dir(&side).unwrap();
        directory.put_after_stepping_aside(&side).unwrap();
        assert!(!target.join(A).exists());
        // Killed between the renames: the next run puts its own there and removes the rest.
        fs::rename(&target, root.path().join(".dev.cloze-2-old")).unwrap();
        put(&target, &[suite::object("b", "1")]).await;
        assert!(target.join(B).exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("mine.txt"), "x").unwrap();
        let refused = at(root.path()).unwrap_err();
        assert!(refused.reason.ends_with("holds `mine.txt`, which cloze did not write"), "{refused}");
        assert_eq!(refused.next, "move it away, or name an empty directory with -o");
        let file = at(&root.path().join("mine.txt")).unwrap_err();
        assert!(file.reason.ends_with("is not a directory"), "{file}");
        let link = root.path().join("link");
        symlink("/tmp", &link).unwrap();
        let through = at(&link).unwrap_err();
        assert!(through.reason.ends_with("is a link, and secrets are not written through one"), "{through}");
        assert!(at("/".as_ref()).unwrap_err().reason.ends_with("cannot be an output directory"));
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_reported_without_loss() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "x").unwrap();
        let target = root.path().join("file/dist");
        let refused = match at(&target) {
            Ok(directory) => directory.reserve(&Claim::default()).await.err().unwrap(),
            Err(problem) => problem,
        };
        assert!(refused.reason.contains("cannot be written: not a directory"), "{refused}");
    }
}
