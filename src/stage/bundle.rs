//! A ConfigMap or Secret made of files of the project, a key for each file.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::blank::Cloze;
use crate::manifest::Identity;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::RenderedText;

/// What one entry under `config:` in the project file asks for, its files found and read.
#[derive(Debug)]
pub struct Bundle {
    /// Where the project file asks for it.
    pub place: Place,
    /// `ConfigMap` or `Secret`.
    pub kind: BundleKind,
    /// The object's name.
    pub name: String,
    /// A Secret's type, when it is not Opaque.
    pub secret_type: Option<String>,
    /// Annotations, such as `cloze.dev/names`.
    pub annotations: BTreeMap<String, String>,
    /// The files, by key.
    pub files: BTreeMap<String, BundleFile>,
}

/// Which kind of object files become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// A file of a bundle.
#[derive(Debug)]
pub enum BundleFile {
    /// A text file, a template: its path, by which its rendered text is found.
    Text(Arc<str>),
    /// Any other file goes in as it is.
    Binary(Vec<u8>),
}

impl Bundle {
    /// The files that are rendered.
    pub fn text_files(&self) -> impl Iterator<Item = Arc<str>> + '_ {
        self.files.values().filter_map(|file| match file {
            BundleFile::Text(path) => Some(Arc::clone(path)),
            BundleFile::Binary(_) => None,
        })
    }

    /// The object, its texts made by `scalar` from what was rendered.
    pub(crate) fn object(
        self,
        rendered: &BTreeMap<Arc<str>, RenderedText>,
        namespace: &str,
        scalar: &mut impl FnMut(&Arc<str>, String) -> Value<Cloze>,
    ) -> Result<Object<Cloze>, Problem> {
        let (kind, text_field, binary_field) = match self.kind {
            BundleKind::ConfigMap => ("ConfigMap", "data", "binaryData"),
            BundleKind::Secret => ("Secret", "stringData", "data"),
        };
        let (mut texts, mut binaries) = (map(), map());
        for (key, file) in self.files {
            match file {
                BundleFile::Binary(bytes) => binaries.set(&key, Node::text(STANDARD.encode(bytes))),
                BundleFile::Text(path) => {
                    let text = rendered.get(&path).ok_or_else(|| {
                        Problem::new(Fault::Internal, format!("`{path}` was not rendered"), "report this as a bug of cloze")
                            .at(self.place.clone())
                    })?;
                    texts.set(&key, Node::made(scalar(&path, text.text.clone())));
                }
            }
        }
        let mut metadata = map();
        metadata.set("name", Node::text(self.name.as_str()));
        metadata.set("namespace", Node::text(namespace));
        if !self.annotations.is_empty() {
            let mut annotations = map();
            self.annotations.into_iter().for_each(|(key, value)| annotations.set(&key, Node::text(value)));
            metadata.set("annotations", annotations);
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
        let identity = Identity { api_version: "v1".to_owned(), kind: kind.to_owned(), namespace: namespace.to_owned(), name: self.name };
        Ok(Object { file: self.place.file, identity, root })
    }
}

fn map() -> Node<Cloze> {
    Node::made(Value::Map(Vec::new()))
}
