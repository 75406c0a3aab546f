//! A history store over `object_store`: a local directory, or whatever else that crate reaches.

use std::error::Error;
use std::fmt;
use std::fs;
use std::fs::DirBuilder;
use std::fs::DirEntry;
use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use async_trait::async_trait;
use bytes::Bytes;
use bytes::BytesMut;
use futures::TryStreamExt;
use object_store::GetOptions;
use object_store::GetRange;
use object_store::ObjectStore;
use object_store::ObjectStoreExt;
use object_store::PutMode;
use object_store::PutOptions;
use object_store::PutPayload;
use object_store::local::LocalFileSystem;

use crate::history::store::Creation;
use crate::history::store::HistoryStore;
use crate::history::store::Listing;
use crate::history::store::OBJECT_LIMIT;
use crate::history::store::StoreError;
use crate::history::store::StoreFault;
use crate::history::store::is_leftover;
use crate::history::store::is_path;

/// A history store over `object_store`.
#[derive(Debug)]
pub struct ObjectStoreHistory {
    store: OnceLock<Arc<dyn ObjectStore>>,
    /// The directory of a local store, made by the first creation.
    root: Option<PathBuf>,
    durable: bool,
    name: String,
}

impl ObjectStoreHistory {
    /// The local directory `root`. The first creation makes it, for its owner only. What is written outlives a power cut.
    #[must_use]
    pub fn local(root: &Path) -> Self {
        Self { store: OnceLock::new(), root: Some(root.to_owned()), durable: true, name: root.display().to_string() }
    }

    /// The same without waiting for the disk: for histories that may be lost, such as those of tests.
    #[must_use]
    pub fn without_fsync(self) -> Self {
        Self { durable: false, ..self }
    }

    /// Another store, under the name that messages give it; never a URL with a credential in it.
    #[must_use]
    pub fn remote(store: Arc<dyn ObjectStore>, name: impl Into<String>) -> Self {
        Self { store: OnceLock::from(store), root: None, durable: true, name: name.into() }
    }

    /// The store, or `None` while its directory is not there.
    fn reach(&self) -> Result<Option<&Arc<dyn ObjectStore>>, StoreError> {
        match (&self.root, self.store.get()) {
            (_, Some(store)) => Ok(Some(store)),
            (Some(root), None) if root.is_dir() => {
                let local = LocalFileSystem::new_with_prefix(root).map_err(|error| self.error(&error))?;
                Ok(Some(self.store.get_or_init(|| Arc::new(local.with_fsync(self.durable)))))
            }
            (Some(root), None) if root.exists() => {
                Err(StoreError { fault: StoreFault::Unsupported, reason: format!("{} is not a directory", self.name) })
            }
            _ => Ok(None),
        }
    }

    /// The store, its directory made if need be.
    fn make(&self) -> Result<&Arc<dyn ObjectStore>, StoreError> {
        if let (Some(root), None) = (&self.root, self.store.get())
            && !root.exists()
        {
            make_folder(root).map_err(|error| self.io_error(&error))?;
        }
        let gone = || StoreError { fault: StoreFault::Unsure, reason: format!("{} vanished", self.name) };
        self.reach()?.ok_or_else(gone)
    }

    /// A folder of a local store. `object_store` asks for the size and the times of everything in it, which nobody wants here.
    fn list_local(&self, folder: &Path) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        for (name, is_folder) in self.entries(folder)? {
            if is_folder {
                listing.folders.push(name);
            } else if !is_leftover(&name) {
                listing.objects.push(name);
            }
        }
        listing.folders.sort_unstable();
        listing.objects.sort_unstable();
        Ok(listing)
    }

    /// The names in a folder of a local store, and whether each is a folder.
    fn entries(&self, folder: &Path) -> Result<Vec<(String, bool)>, StoreError> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory && self.root.as_deref() != Some(folder) => return Ok(Vec::new()),
            Err(error) => return Err(self.io_error(&error)),
        };
        let one = |entry: io::Result<DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
        };
        entries.map(one).collect::<io::Result<_>>().map_err(|error| self.io_error(&error))
    }

    async fn read(&self, path: &str, length: Option<usize>) -> Result<Option<Bytes>, StoreError> {
        let Some(store) = self.reach()? else { return Ok(None) };
        let range = length.map(|length| GetRange::Bounded(0..length as u64));
        let found = match store.get_opts(&self.path(path)?, GetOptions { range, ..GetOptions::default() }).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.error(&error)),
        };
        let limit = length.unwrap_or(OBJECT_LIMIT);
        let too_large = || StoreError { fault: StoreFault::TooLarge, reason: format!("it is larger than {} MiB", OBJECT_LIMIT >> 20) };
        let size = usize::try_from(found.range.end - found.range.start).ok().filter(|size| *size <= limit).ok_or_else(too_large)?;
        let mut bytes = BytesMut::with_capacity(size);
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| self.error(&error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes.freeze()))
    }

    fn path(&self, path: &str) -> Result<object_store::path::Path, StoreError> {
        let refused = || StoreError { fault: StoreFault::Unsupported, reason: format!("{path:?} is no path in {}", self.name) };
        if is_path(path) { object_store::path::Path::parse(path).map_err(|_| refused()) } else { Err(refused()) }
    }

    /// The error in our own words: those of stores may hold what a URL holds.
    fn error(&self, error: &object_store::Error) -> StoreError {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return self.io_error(error);
            }
            cause = error.source();
        }
        let (fault, words) = match error {
            object_store::Error::PermissionDenied { .. } => (StoreFault::Denied, "forbids it"),
            object_store::Error::Unauthenticated { .. } => (StoreFault::Denied, "does not accept the credential"),
            object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => {
                (StoreFault::Unsupported, "cannot do what a history needs")
            }
            _ => (StoreFault::Unsure, "gave no sensible answer"),
        };
        StoreError { fault, reason: format!("{} {words}", self.name) }
    }

    fn io_error(&self, error: &io::Error) -> StoreError {
        let (fault, words) = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (StoreFault::Full, "has no space left"),
            io::ErrorKind::FileTooLarge => (StoreFault::Full, "takes no file of that size"),
            io::ErrorKind::PermissionDenied => (StoreFault::Denied, "forbids it"),
            io::ErrorKind::ReadOnlyFilesystem => (StoreFault::Denied, "is read-only"),
            _ if error.raw_os_error() == Some(EIO) => (StoreFault::Broken, "has a failing disk"),
            _ => (StoreFault::Unsure, "could not do it"),
        };
        StoreError { fault, reason: format!("{} {words}", self.name) }
    }
}

/// Input/output error (POSIX `EIO`): what is in the cache may never reach the disk.
const EIO: i32 = 5;

#[async_trait]
impl HistoryStore for ObjectStoreHistory {
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, StoreError> {
        let path = self.path(path)?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.make()?.put_opts(&path, PutPayload::from_bytes(bytes), options).await {
            Ok(_) => Ok(Creation::Created),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(Creation::Exists),
            Err(error) => Err(self.error(&error)),
        }
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(path, None).await
    }

    async fn get_start(&self, path: &str, length: usize) -> Result<Option<Bytes>, StoreError> {
        self.read(path, Some(length)).await
    }

    async fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let prefix = if folder.is_empty() { None } else { Some(self.path(folder)?) };
        if let Some(root) = &self.root {
            return self.list_local(&root.join(folder));
        }
        let Some(store) = self.reach()? else { return Ok(Listing::default()) };
        let found = match store.list_with_delimiter(prefix.as_ref()).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(Listing::default()),
            Err(error) => return Err(self.error(&error)),
        };
        let name = |path: &object_store::path::Path| path.filename().unwrap_or_default().to_owned();
        let mut listing = Listing {
            folders: found.common_prefixes.iter().map(name).collect(),
            objects: found.objects.iter().map(|object| name(&object.location)).collect(),
        };
        listing.folders.sort_unstable();
        listing.objects.sort_unstable();
        Ok(listing)
    }

    async fn leftovers(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let Some(root) = &self.root else { return Ok(Vec::new()) };
        if !folder.is_empty() {
            self.path(folder)?;
        }
        let names = self.entries(&root.join(folder))?.into_iter().map(|(name, _)| name);
        let mut names: Vec<String> = names.filter(|name| is_leftover(name)).collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn remove(&self, path: &str) -> Result<(), StoreError> {
        if let (Some(root), true) = (&self.root, is_leftover(path)) {
            return match fs::remove_file(root.join(path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io_error(&error)),
                _ => Ok(()),
            };
        }
        let path = self.path(path)?;
        let Some(store) = self.reach()? else { return Ok(()) };
        match store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error(&error)),
        }
    }
}

impl fmt::Display for ObjectStoreHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Makes `folder` and what is above it, for their owner only, so that they outlive a power cut.
fn make_folder(folder: &Path) -> io::Result<()> {
    let existing = folder.ancestors().skip(1).find(|above| above.is_dir()).map(Path::to_owned);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for made in folder.ancestors() {
        let made = if made.as_os_str().is_empty() { Path::new(".") } else { made };
        File::open(made)?.sync_all()?;
        if Some(made) == existing.as_deref() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use bytes::Bytes;

    use super::ObjectStoreHistory;
    use crate::history::HistoryStore;
    use crate::history::OBJECT_LIMIT;
    use crate::history::StoreFault;

    #[tokio::test]
    async fn reading_makes_no_directory_and_writing_makes_a_private_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/b");
        let store = ObjectStoreHistory::local(&root);
        assert_eq!(store.get("x").await.unwrap(), None);
        assert!(store.list("").await.unwrap().objects.is_empty());
        assert!(!folder.path().join("a").exists());
        store.create("x", Bytes::from_static(b"1")).await.unwrap();
        for made in ["a", "a/b"] {
            assert_eq!(fs::metadata(folder.path().join(made)).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[tokio::test]
    async fn leftovers_are_seen_and_removed_and_never_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectStoreHistory::local(folder.path());
        store.create("a/b", Bytes::from_static(b"1")).await.unwrap();
        fs::write(folder.path().join("a/b#1"), "half").unwrap();
        fs::write(folder.path().join("a/c#12"), "half").unwrap();
        assert_eq!(store.leftovers("a").await.unwrap(), ["b#1", "c#12"]);
        assert_eq!(store.list("a").await.unwrap().objects, ["b"]);
        store.remove("a/b#1").await.unwrap();
        store.remove("a/b#1").await.unwrap();
        assert_eq!(store.leftovers("a").await.unwrap(), ["c#12"]);
        assert_eq!(store.get("a/b").await.unwrap().unwrap(), "1");
    }

    #[tokio::test]
    async fn an_object_above_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectStoreHistory::local(folder.path());
        fs::File::create(folder.path().join("huge")).unwrap().set_len(OBJECT_LIMIT as u64 + 1).unwrap();
        let error = store.get("huge").await.unwrap_err();
        assert_eq!((error.fault, error.to_string().as_str()), (StoreFault::TooLarge, "it is larger than 64 MiB"));
        assert_eq!(store.get_start("huge", 3).await.unwrap().unwrap(), vec![0; 3]);
    }

    #[tokio::test]
    async fn a_file_in_the_directorys_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        let store = ObjectStoreHistory::local(&path);
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
        let store = ObjectStoreHistory::local(folder.path());
        let mut whole = 0;
        let error = loop {
            match store.create(&format!("packs/{whole}"), Bytes::from(vec![7; 100_000])).await {
                Ok(_) => whole += 1,
                Err(error) => break error,
            }
        };
        let listed = store.list("packs").await.unwrap().objects.len();
        let kept = store.get("packs/0").await.unwrap();
        let left = store.leftovers("packs").await.unwrap();
        std::process::Command::new("umount").arg(folder.path()).status().unwrap();
        assert_eq!(error.fault, StoreFault::Full);
        assert_eq!(error.to_string(), format!("{} has no space left", folder.path().display()));
        assert_eq!(listed, whole);
        assert!(whole >= 8 && kept.unwrap() == vec![7; 100_000] && left.is_empty());
    }
}
