//! The list of what cloze wrote to a directory.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::file;
use crate::manifest::Identity;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::ObservedObject;

/// The name of the list in its directory.
pub(super) const FILE: &str = ".cloze-output";
/// Bytes of the list.
const LIMIT: u64 = 64 << 20;

/// What a directory holds: its files, and the object in each. A line for each file, in apply order: a JSON array of its name, API version,
/// kind, namespace, name and base name. Older lists have the file's name alone.
#[derive(Debug, Default)]
pub(super) struct FileList {
    files: Vec<(String, Option<ObservedObject>)>,
}

impl FileList {
    /// That of the directory at `path`; empty where there is no directory or no list.
    pub(super) fn load(path: &Path) -> io::Result<Self> {
        let text = match file::read(&path.join(FILE), LIMIT) {
            Ok(Some(bytes)) => String::from_utf8(bytes).unwrap_or_default(),
            Ok(None) => String::new(),
            // What is not a list names nothing.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge) => String::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { files: text.lines().map(parse).collect() })
    }

    /// That of a directory with the manifests of `set` in files of these names.
    pub(super) fn of(set: &ManifestSet<'_>, names: &[String]) -> Self {
        let object = |manifest: &Manifest<'_>| ObservedObject { identity: manifest.identity.clone(), base: manifest.base.to_owned() };
        Self { files: names.iter().cloned().zip(set.manifests.iter().map(|manifest| Some(object(manifest)))).collect() }
    }

    pub(super) fn to_text(&self) -> String {
        let line = |(file, object): &(String, Option<ObservedObject>)| match object {
            None => format!("{file}\n"),
            Some(ObservedObject { identity, base }) => {
                let Identity { api_version, kind, namespace, name } = identity;
                format!("{}\n", serde_json::json!([file, api_version, kind, namespace, name, base]))
            }
        };
        self.files.iter().map(line).collect()
    }

    /// The names of the files.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.files.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The files with the object in each, as far as the list says it.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&String, &ObservedObject)> {
        self.files.iter().filter_map(|(file, object)| Some((file, object.as_ref()?)))
    }
}

fn parse(line: &str) -> (String, Option<ObservedObject>) {
    match serde_json::from_str::<[String; 6]>(line) {
        Ok([file, api_version, kind, namespace, name, base]) => {
            (file, Some(ObservedObject { identity: Identity { api_version, kind, namespace, name }, base }))
        }
        Err(_) => (line.to_owned(), None),
    }
}
