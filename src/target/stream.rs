//! A stream of manifests: the documents one after the other, for a pipe or a terminal.

use std::fmt;
use std::io;
use std::io::Write;

use async_trait::async_trait;
use futures::lock::Mutex;
use futures::lock::MutexGuard;

use crate::file;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::SecretBuffer;
use crate::target::Claim;
use crate::target::Effect;
use crate::target::ManifestSet;
use crate::target::ObjectEffect;
use crate::target::ObservedObject;
use crate::target::Put;
use crate::target::Reservation;
use crate::target::Syntax;
use crate::target::Target;

/// A stream. What went through it cannot be observed.
pub struct Stream {
    name: String,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Stream {
    /// The stream `out`, which messages call `name`.
    pub fn new(name: &str, out: Box<dyn Write + Send>) -> Self {
        Self { name: name.to_owned(), out: Mutex::new(out) }
    }
}

#[async_trait]
impl Target for Stream {
    async fn reserve(&self, _: &Claim) -> Result<Box<dyn Reservation + '_>, Problem> {
        Ok(Box::new(Reserved { out: self.out.lock().await }))
    }

    async fn observe(&self) -> Result<Option<Vec<ObservedObject>>, Problem> {
        Ok(None)
    }
}

struct Reserved<'a> {
    out: MutexGuard<'a, Box<dyn Write + Send>>,
}

#[async_trait]
impl Reservation for Reserved<'_> {
    async fn put(&mut self, set: &ManifestSet<'_>) -> Result<Put, Problem> {
        let separator = match set.syntax {
            Syntax::Yaml => SEPARATOR,
            Syntax::Json => b"",
        };
        let size = set.manifests.iter().map(|manifest| separator.len() + manifest.bytes.len()).sum();
        let mut text = SecretBuffer::with_capacity(size);
        for manifest in &set.manifests {
            text.extend(separator);
            text.extend(manifest.bytes);
        }
        match self.out.write_all(text.expose()).and_then(|()| self.out.flush()) {
            Ok(()) => {}
            // The reader has gone; that is its right.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                return Err(Problem::new(
                    Fault::Internal,
                    format!("the result cannot be written: {}", file::cause(&error)),
                    "free some space where stdout goes, then run the command again",
                ));
            }
        }
        let created = |object| ObjectEffect { object, effect: Effect::Created };
        let objects = set.manifests.iter().map(|manifest| created(manifest.named_by_template())).collect();
        Ok(Put { objects, ..Put::default() })
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Begins each YAML document of a stream.
const SEPARATOR: &[u8] = b"---\n";

#[cfg(test)]
mod tests {
    use std::io;
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::Stream;
    use crate::target::Claim;
    use crate::target::ManifestSet;
    use crate::target::Syntax;
    use crate::target::Target;
    use crate::target::suite;

    #[derive(Debug, Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[derive(Debug)]
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn passes_the_suite() {
        suite::run(&Stream::new("stdout", Box::new(Written::default()))).await;
    }

    #[tokio::test]
    async fn yaml_documents_are_separated_and_json_documents_are_lines() {
        let written = Written::default();
        let stream = Stream::new("stdout", Box::new(written.clone()));
        let objects = [suite::object("a", "1"), suite::object("b", "2")];
        for syntax in [Syntax::Yaml, Syntax::Json] {
            let set = ManifestSet { syntax, manifests: objects.iter().map(suite::SampleObject::manifest).collect() };
            stream.reserve(&Claim::default()).await.unwrap().put(&set).await.unwrap();
        }
        assert_eq!(written.0.lock().unwrap().as_slice(), b"---\n1\n---\n2\n1\n2\n");
    }

    #[tokio::test]
    async fn a_reader_that_went_is_not_an_error_and_a_full_disk_is() {
        let object = suite::object("a", "1");
        let put = async |kind| {
            let stream = Stream::new("stdout", Box::new(Failing(kind)));
            let set = ManifestSet { syntax: Syntax::Yaml, manifests: vec![object.manifest()] };
            let put = stream.reserve(&Claim::default()).await.unwrap().put(&set).await;
            put.map(|put| put.summary())
        };
        assert_eq!(put(io::ErrorKind::BrokenPipe).await.unwrap(), "1 created");
        let full = put(io::ErrorKind::StorageFull).await.unwrap_err();
        assert_eq!(full.to_string(), "the result cannot be written: no space left");
    }
}
