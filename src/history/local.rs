//! A history in a local directory. Nothing is reached through a link that leaves it, and only regular files are read.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cap_std::fs::DirBuilder;
use cap_std::fs::DirBuilderExt;
use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;

use crate::clock::Entropy;
use crate::file;
use crate::file::Durability;
use crate::history::layout;
use crate::history::store::Creation;
use crate::history::store::HistoryStore;
use crate::history::store::Listing;
use crate::history::store::OBJECT_LIMIT;
use crate::history::store::StoreError;
use crate::history::store::StoreFault;
use crate::history::store::is_path;

/// A history in a local directory. The first creation makes it, for its owner only. What is written outlives a power cut.
#[derive(Debug)]
pub struct LocalDirectory {
    /// The folder that `path` is relative to; the process's own where there is none.
    base: Option<Dir>,
    path: PathBuf,
    name: String,
    durable: bool,
    entropy: Arc<dyn Entropy>,
}

impl LocalDirectory {
    /// The directory at `path`, wherever that leads.
    #[must_use]
    pub fn at(path: &Path, entropy: Arc<dyn Entropy>) -> Self {
        Self { base: None, path: path.to_owned(), name: path.display().to_string(), durable: true, entropy }
    }

    /// The directory at `path` beneath `base`; a link that leads out of `base` is refused. `name` is for messages.
    #[must_use]
    pub fn beneath(base: Dir, path: &Path, name: String, entropy: Arc<dyn Entropy>) -> Self {
        Self { base: Some(base), path: path.to_owned(), name, durable: true, entropy }
    }

    /// The same without waiting for the disk: for histories that may be lost, such as those of tests.
    #[must_use]
    pub fn without_fsync(self) -> Self {
        Self { durable: false, ..self }
    }

    /// The folder `folder` of the history, the root when it is empty; `None` when it is not there.
    fn folder(&self, folder: &str) -> Result<Option<Dir>, StoreError> {
        let root = match &self.base {
            Some(base) => base.open_dir(&self.path),
            None => Dir::open_ambient_dir(&self.path, ambient_authority()),
        };
        let opened = match root {
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(StoreError::new(StoreFault::Unsupported, format!("{} is not a directory", self.name)));
            }
            Ok(root) if !folder.is_empty() => root.open_dir(folder),
            root => root,
        };
        match opened {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// How durable what is in that folder has to be: a probe says something to the run that makes it alone.
    fn durability(&self, folder: &str) -> Durability {
        if self.durable && folder != layout::PROBES { Durability::Name } else { Durability::Nothing }
    }

    /// The same, made if need be.
    fn made(&self, folder: &str) -> Result<Dir, StoreError> {
        if let Some(there) = self.folder(folder)? {
            return Ok(there);
        }
        if folder == layout::PROBES {
            // What lasts is below the same root.
            self.made("")?;
        }
        let (path, durability) = (self.path.join(folder), self.durability(folder));
        let made = if let Some(base) = &self.base {
            make(base, &path, durability)
        } else {
            let existing = path.ancestors().skip(1).find(|above| above.is_dir()).unwrap_or_else(|| Path::new("."));
            let rest = path.strip_prefix(existing).unwrap_or(&path);
            Dir::open_ambient_dir(existing, ambient_authority()).and_then(|base| make(&base, rest, durability))
        };
        made.map_err(|error| self.error(&error))?;
        self.folder(folder)?.ok_or_else(|| StoreError::new(StoreFault::Unsure, format!("{}: it vanished", self.name)))
    }

    /// The object's file, and its length.
    fn file(&self, path: &str) -> Result<Option<(File, u64)>, StoreError> {
        let (folder, name) = self.split(path)?;
        let Some(folder) = self.folder(folder)? else { return Ok(None) };
        let Some(file) = file::open_in(&folder, name).map_err(|error| self.error(&error))? else { return Ok(None) };
        let length = file.metadata().map_err(|error| self.error(&error))?.len();
        Ok(Some((file, length)))
    }

    fn split<'p>(&self, path: &'p str) -> Result<(&'p str, &'p str), StoreError> {
        if is_path(path) { Ok(path.rsplit_once('/').unwrap_or(("", path))) } else { Err(self.no_path(path)) }
    }

    fn no_path(&self, path: &str) -> StoreError {
        StoreError::new(StoreFault::Unsupported, format!("{path:?} is not a path in {}", self.name))
    }

    fn error(&self, error: &io::Error) -> StoreError {
        let fault = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => StoreFault::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreFault::Denied,
            io::ErrorKind::InvalidData => {
                return StoreError::new(StoreFault::Unreadable, "it is not a regular file".to_owned());
            }
            _ if error.raw_os_error() == Some(EIO) => StoreFault::Broken,
            _ => StoreFault::Unsure,
        };
        // cap-std's own refusal carries no error number; the kernel's does.
        let cause = match (fault, error.raw_os_error()) {
            (StoreFault::Denied, None) | (_, Some(EXDEV)) => "a link in it leads out of it".to_owned(),
            (StoreFault::Broken, _) => "the disk is failing".to_owned(),
            _ => file::cause(error),
        };
        let fault = if error.raw_os_error() == Some(EXDEV) { StoreFault::Denied } else { fault };
        StoreError::new(fault, format!("{}: {cause}", self.name))
    }
}

#[async_trait]
impl HistoryStore for LocalDirectory {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        let (folder, name) = self.split(path)?;
        let (durability, folder) = (self.durability(folder), self.made(folder)?);
        let created = readable(&folder)
            .and_then(|folder| file::create_in(&folder, name, &bytes, Mode::RUSR | Mode::WUSR, durability, self.entropy.as_ref()));
        created.map(|created| if created { Creation::Created } else { Creation::Exists }).map_err(|error| self.error(&error))
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let Some((file, length)) = self.file(path)? else { return Ok(None) };
        let too_large = || StoreError::new(StoreFault::Unreadable, format!("it is larger than {} MiB", OBJECT_LIMIT >> 20));
        let length = usize::try_from(length).ok().filter(|length| *length <= OBJECT_LIMIT).ok_or_else(too_large)?;
        let bytes = beginning(file, OBJECT_LIMIT + 1, length).map_err(|error| self.error(&error))?;
        if bytes.len() > OBJECT_LIMIT { Err(too_large()) } else { Ok(Some(bytes)) }
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        let Some((file, there)) = self.file(path)? else { return Ok(None) };
        let expected = usize::try_from(there).unwrap_or(usize::MAX).min(length);
        beginning(file, length, expected).map(Some).map_err(|error| self.error(&error))
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        for (name, is_folder) in self.entries(folder)? {
            if is_folder {
                listing.folders.push(name);
            } else if !is_staging(&name) && !name.starts_with('.') {
                listing.objects.push(name);
            }
        }
        listing.folders.sort_unstable();
        listing.objects.sort_unstable();
        Ok(listing)
    }

    async fn sweep(&self, folder: &str, done: &(dyn for<'n> Fn(&'n str) -> bool + Sync)) -> Result<Vec<String>, StoreError> {
        let Some(opened) = self.folder(self.checked(folder)?)? else { return Ok(Vec::new()) };
        let failed = |error: io::Error| self.error(&error);
        let mut swept = readable(&opened).and_then(|folder| file::sweep_in(&folder, done)).map_err(failed)?;
        for (name, _) in self.entries(folder)? {
            if is_staging(&name) && name.split('#').next().is_some_and(done) {
                rustix::fs::unlinkat(&opened, &name, AtFlags::empty()).or_else(gone).map_err(|errno| failed(errno.into()))?;
                swept.push(name);
            }
        }
        swept.sort_unstable();
        Ok(swept)
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        let (folder, name) = self.split(path)?;
        let Some(folder) = self.folder(folder)? else { return Ok(()) };
        rustix::fs::unlinkat(&folder, name, AtFlags::empty()).or_else(gone).map_err(|errno| self.error(&errno.into()))
    }
}

impl LocalDirectory {
    fn checked<'p>(&self, folder: &'p str) -> Result<&'p str, StoreError> {
        if folder.is_empty() || is_path(folder) { Ok(folder) } else { Err(self.no_path(folder)) }
    }

    /// The names in a folder, and whether each is a folder.
    fn entries(&self, folder: &str) -> Result<Vec<(String, bool)>, StoreError> {
        let Some(folder) = self.folder(self.checked(folder)?)? else { return Ok(Vec::new()) };
        let one = |entry: io::Result<cap_std::fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
        };
        folder.entries().and_then(|entries| entries.map(one).collect::<io::Result<_>>()).map_err(|error| self.error(&error))
    }
}

impl fmt::Display for LocalDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Makes the folders of `path` in `base`, for their owner only.
fn make(base: &Dir, path: &Path, durability: Durability) -> io::Result<()> {
    let mut folder = PathBuf::new();
    for part in path.components().filter(|part| *part != Component::CurDir) {
        let above = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
        folder.push(part);
        match base.create_dir_with(&folder, DirBuilder::new().mode(0o700)) {
            Ok(()) if durability == Durability::Name => readable(&base.open_dir(above)?)?.sync_all()?,
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The first `length` bytes, of which `expected` are there.
fn beginning(file: File, length: usize, expected: usize) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(expected.saturating_add(1));
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(Bytes::from(bytes))
}

/// The same folder, opened for reading and syncing, which a [`Dir`] may not be.
fn readable(folder: &Dir) -> io::Result<File> {
    let opened: OwnedFd = rustix::fs::openat(folder, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(File::from(opened))
}

/// It is no error to remove what is not there.
fn gone(errno: rustix::io::Errno) -> rustix::io::Result<()> {
    if errno == rustix::io::Errno::NOENT { Ok(()) } else { Err(errno) }
}

/// Whether it is a staging file as versions before this one wrote them: the name of the object, `#`, a number.
fn is_staging(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(name, number)| is_path(name) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Input/output error (POSIX `EIO`): what is in the cache may never reach the disk.
const EIO: i32 = 5;
/// What `openat2` says where a path would leave its root.
const EXDEV: i32 = 18;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::Arc;

    use bytes::Bytes;
    use cap_std::ambient_authority;
    use cap_std::fs::Dir;
    use rustix::fs::CWD;
    use rustix::fs::FileType;
    use rustix::fs::Mode;
    use rustix::fs::mknodat;

    use super::LocalDirectory;
    use crate::clock::Machine;
    use crate::history::HistoryStore;
    use crate::history::OBJECT_LIMIT;
    use crate::history::StoreFault;
    use crate::history::suite;

    fn at(path: &Path) -> LocalDirectory {
        LocalDirectory::at(path, Arc::new(Machine))
    }

    #[tokio::test]
    async fn it_conforms_whether_it_is_there_yet_or_not() {
        let folder = tempfile::tempdir().unwrap();
        suite::all(&at(folder.path())).await;
        suite::all(&at(&folder.path().join("not/there/yet"))).await;
    }

    #[tokio::test]
    async fn reading_makes_no_directory_and_writing_makes_a_private_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = at(&folder.path().join("a/b"));
        assert_eq!(store.get("x").await.unwrap(), None);
        assert!(store.list("").await.unwrap().objects.is_empty());
        assert!(!folder.path().join("a").exists());
        store.create("x", Bytes::from_static(b"1")).await.unwrap();
        for made in ["a", "a/b"] {
            assert_eq!(fs::metadata(folder.path().join(made)).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[tokio::test]
    async fn staging_files_are_removed_and_never_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = at(folder.path());
        store.create("a/b", Bytes::from_static(b"1")).await.unwrap();
        for name in ["b#1", "c#12", ".d.cloze-0123"] {
            fs::write(folder.path().join("a").join(name), "half").unwrap();
        }
        assert_eq!(store.list("a").await.unwrap().objects, ["b"]);
        assert_eq!(store.sweep("a", &|name| name != "c").await.unwrap(), ["b#1", "d"]);
        assert_eq!(store.sweep("a", &|_| true).await.unwrap(), ["c#12"]);
        assert_eq!(store.get("a/b").await.unwrap().unwrap(), "1");
    }

    #[tokio::test]
    async fn an_object_above_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = at(folder.path());
        fs::File::create(folder.path().join("huge")).unwrap().set_len(OBJECT_LIMIT as u64 + 1).unwrap();
        let error = store.get("huge").await.unwrap_err();
        assert_eq!((error.fault, error.to_string().as_str()), (StoreFault::Unreadable, "it is larger than 64 MiB"));
        assert_eq!(store.get_start("huge", 3).await.unwrap().unwrap(), vec![0; 3]);
    }

    #[tokio::test]
    async fn what_is_not_a_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = at(folder.path());
        mknodat(CWD, folder.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        symlink("/dev/zero", folder.path().join("zeros")).unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for path in ["pipe", "zeros", "folder"] {
            for error in [store.get(path).await.unwrap_err(), store.get_start(path, 10).await.unwrap_err()] {
                assert_eq!((error.fault, error.reason.as_str()), (StoreFault::Unreadable, "it is not a regular file"), "{path}");
            }
        }
    }

    #[tokio::test]
    async fn no_folder_is_reached_through_a_link_that_leaves() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(folder.path().join("history")).unwrap();
        fs::write(outside.path().join("x"), "theirs").unwrap();
        for name in ["packs", "releases", "events", "keyring"] {
            symlink(outside.path(), folder.path().join("history").join(name)).unwrap();
        }
        symlink(outside.path(), folder.path().join("linked")).unwrap();
        let base = || Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let beneath = |path: &str| LocalDirectory::beneath(base(), Path::new(path), path.to_owned(), Arc::new(Machine));
        let stores = [
            (at(&folder.path().join("history")), &["packs", "releases", "events", "keyring"] as &[&str]),
            (beneath("history"), &["packs", "releases", "events", "keyring"]),
            (beneath("linked"), &[""]),
        ];
        for (store, folders) in stores {
            for folder in folders {
                let path = if folder.is_empty() { "x".to_owned() } else { format!("{folder}/x") };
                let error = store.get(&path).await.unwrap_err();
                assert_eq!(error.fault, StoreFault::Denied, "{path}");
                assert!(error.reason.ends_with(": a link in it leads out of it"), "{error}");
                assert!(store.list(folder).await.is_err(), "{path}");
                assert!(store.create(&format!("{path}y"), Bytes::from_static(b"1")).await.is_err(), "{path}");
                assert!(store.remove(&path).await.is_err(), "{path}");
            }
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_file_in_the_directorys_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        let store = at(&path);
        let error = store.get("x").await.unwrap_err();
        assert_eq!(error.to_string(), format!("{} is not a directory", path.display()));
        assert_eq!(store.create("x", Bytes::new()).await.unwrap_err().fault, StoreFault::Unsupported);
    }

    /// On a file system of 1 MiB; without the right to mount one there is nothing to test.
    #[tokio::test]
    async fn a_full_disk_is_a_clean_error() {
        let folder = tempfile::tempdir().unwrap();
        let mount = |arguments: &[&str]| std::process::Command::new("mount").args(arguments).arg(folder.path()).output();
        if !mount(&["-t", "tmpfs", "-o", "size=1m", "cloze"]).is_ok_and(|output| output.status.success()) {
            return;
        }
        let store = at(folder.path());
        let mut whole = 0;
        let error = loop {
            match store.create(&format!("packs/{whole}"), Bytes::from(vec![7; 100_000])).await {
                Ok(_) => whole += 1,
                Err(error) => break error,
            }
        };
        let listed = store.list("packs").await.unwrap().objects.len();
        let kept = store.get("packs/0").await.unwrap();
        let left = fs::read_dir(folder.path().join("packs")).unwrap().count();
        std::process::Command::new("umount").arg(folder.path()).status().unwrap();
        assert_eq!(error.fault, StoreFault::Full);
        assert_eq!(error.to_string(), format!("{}: no space left", folder.path().display()));
        assert_eq!((listed, left), (whole, whole));
        assert!(whole >= 8 && kept.unwrap() == vec![7; 100_000]);
    }
}
