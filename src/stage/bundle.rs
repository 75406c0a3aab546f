//! A ConfigMap or Secret made of files of the project, a key for each file.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::blank::BlankText;
use crate::manifest::ConfigKind;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::env_file::lines;

/// What one entry under `config:` in the project file asks for, its files found and read.
#[derive(Debug)]
pub struct Bundle {
    /// Where the project file asks for it.
    pub place: Place,
    /// ConfigMap or Secret.
    pub kind: ConfigKind,
    /// The object's name.
    pub name: String,
    /// A Secret's type, when it is not Opaque.
    pub secret_type: Option<String>,
    /// The object's namespace.
    pub namespace: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations, such as `cloze.dev/names`.
    pub annotations: BTreeMap<String, String>,
    /// The files, by key.
    pub files: BTreeMap<String, BundleFile>,
    /// A file whose lines are keys and values, with its path.
    pub env_file: Option<(Arc<str>, BundleFile)>,
}

/// A file of a bundle.
#[derive(Debug)]
pub enum BundleFile {
    /// A text file that is a template: its path, by which its rendered text is found.
    Template(Arc<str>),
    /// Any other file goes in as it is, byte for byte.
    Plain(Vec<u8>),
}

impl Bundle {
    /// The files that are rendered.
    pub fn text_files(&self) -> impl Iterator<Item = Arc<str>> + '_ {
        self.files.values().chain(self.env_file.iter().map(|(_, file)| file)).filter_map(|file| match file {
            BundleFile::Template(path) => Some(Arc::clone(path)),
            BundleFile::Plain(_) => None,
        })
    }

    /// The object, its texts made by `scalar` from what was rendered.
    pub(crate) fn object(
        self,
        rendered: &BTreeMap<Arc<str>, String>,
        scalar: &mut impl FnMut(&Arc<str>, String) -> Value<BlankText>,
    ) -> Result<Object<BlankText>, Vec<Problem>> {
        let kind = self.kind.word();
        let (text_field, binary_field) = match self.kind {
            ConfigKind::ConfigMap => ("data", "binaryData"),
            ConfigKind::Secret => ("stringData", "data"),
        };
        let (mut texts, mut binaries) = (map(), map());
        for (key, file) in self.files {
            match file {
                BundleFile::Plain(bytes) => match String::from_utf8(bytes) {
                    Ok(text) => texts.set(&key, Node::text(text)),
                    Err(binary) => binaries.set(&key, Node::text(STANDARD.encode(binary.as_bytes()))),
                },
                BundleFile::Template(path) => {
                    let text = text_of(rendered, &path, &self.place)?;
                    texts.set(&key, Node::made(scalar(&path, text.to_owned())));
                }
            }
        }
        if let Some((path, file)) = self.env_file {
            let taken: Vec<_> =
                [&texts, &binaries].into_iter().filter_map(Node::as_map).flatten().map(|entry| entry.key.to_string()).collect();
            let read = match &file {
                BundleFile::Template(_) => {
                    lines(text_of(rendered, &path, &self.place)?, &taken, |line| Place::rendered(Arc::clone(&path), line, 1))
                }
                BundleFile::Plain(bytes) => {
                    let text = std::str::from_utf8(bytes).map_err(|_| {
                        let problem = Problem::new(Fault::Check, "the env file is not UTF-8 text", "write it as UTF-8");
                        vec![problem.at(Place::file(Arc::clone(&path)))]
                    })?;
                    lines(text, &taken, |line| Place::new(Arc::clone(&path), line, 1))
                }
            };
            for (key, value) in read? {
                let value = match &file {
                    BundleFile::Template(_) => scalar(&path, value.to_owned()),
                    BundleFile::Plain(_) => Value::Text(value.into()),
                };
                texts.set(key, Node::made(value));
            }
        }
        let mut metadata = map();
        metadata.set("name", Node::text(self.name.as_str()));
        metadata.set("namespace", Node::text(self.namespace.as_str()));
        for (field, texts) in [("labels", self.labels), ("annotations", self.annotations)] {
            if !texts.is_empty() {
                let mut entries = map();
                for (key, value) in texts {
                    entries.set(&key, Node::text(value));
                }
                metadata.set(field, entries);
            }
        }
        let mut root = map();
        root.set("apiVersion", Node::text("v1"));
        root.set("kind", Node::text(kind));
        root.set("metadata", metadata);
        if let Some(secret_type) = self.secret_type {
            root.set("type", Node::text(secret_type));
        }
        for (field, node) in [(text_field, texts), (binary_field, binaries)] {
            if node.as_map().is_some_and(|entries| !entries.is_empty()) {
                root.set(field, node);
            }
        }
        let identity = Identity { api_version: "v1".to_owned(), kind: kind.to_owned(), namespace: self.namespace, name: self.name };
        let mark = Mark { line: self.place.line, column: self.place.column };
        Ok(Object { file: self.place.file, identity, root: root.marked(mark) })
    }
}

fn text_of<'t>(rendered: &'t BTreeMap<Arc<str>, String>, path: &Arc<str>, place: &Place) -> Result<&'t str, Vec<Problem>> {
    rendered.get(path).map(String::as_str).ok_or_else(|| {
        vec![Problem::new(Fault::Internal, format!("`{path}` was not rendered"), "report this as a bug of cloze").at(place.clone())]
    })
}

fn map() -> Node<BlankText> {
    Node::made(Value::Map(Vec::new()))
}
