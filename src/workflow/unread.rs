//! Keys of values files that nothing reads: no template of an environment that has the file mentions them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Settings;
use crate::project::Sibling;
use crate::project::Values;
use crate::project::ValuesFile;
use crate::project::ValuesSchema;
use crate::project::normalise;
use crate::render::Template;
use crate::render::mentions;
use crate::schema::dotted;
use crate::workflow::context::Context;

/// The files of an environment that are rendered, and the paths of all that become manifests or parts of them.
pub(super) type Taken = (Vec<Template>, BTreeSet<String>);

/// A key of the values, and whether something reads it.
#[derive(Debug, Clone, Default)]
struct Key {
    /// It, or something in it, is mentioned.
    is_touched: bool,
    /// It is mentioned with all that is in it.
    is_read: bool,
    keys: BTreeMap<String, Self>,
}

/// Warnings for the keys that nothing reads, each at its line. `texts` are the files of the environment that are rendered, `used` the paths of all that become manifests or parts of them, and
/// `others` gives the same of another environment.
pub(super) fn unread(
    context: &Context<'_>,
    values: &Values,
    texts: &[Template],
    used: &BTreeSet<String>,
    others: &dyn Fn(&Context<'_>) -> Option<Taken>,
) -> Vec<Problem> {
    let mut keys = Key::default();
    for file in values.files() {
        keys.add(&file.value);
    }
    if keys.is_read_by(texts) {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    let mut schema = None;
    for file in values.files().filter(|file| !context.told.contains(&file.path) && !used.contains(&file.path)) {
        if keys.unread(&file.value).is_empty() {
            continue;
        }
        let mut keys = keys.clone();
        let is_read = siblings(context.settings, &file.path).any(|Sibling { templates, config, .. }| {
            let settings = Settings { templates: templates.clone(), config: config.clone(), ..context.settings.clone() };
            // What cannot be read could mention all.
            others(&Context { settings: &settings, ..*context })
                .is_none_or(|(texts, used)| used.contains(&file.path) || keys.is_read_by(&texts))
        });
        if is_read {
            continue;
        }
        let schema = schema.get_or_insert_with(|| ValuesSchema::load(context.root).ok().flatten());
        let asked = schema.as_ref().map(ValuesSchema::reads).unwrap_or_default();
        warnings.extend(told(file, &keys.unread(&file.value), &asked));
    }
    warnings
}

/// The other environments that have a values file and other templates or files than this one, which make a difference.
fn siblings<'s>(settings: &'s Settings, file: &'s str) -> impl Iterator<Item = &'s Sibling> {
    // A file that a flag or a variable names may belong to any of them.
    let is_listed = settings.values.iter().any(|(said, _)| said.place.is_some() && normalise(&said.value).is_ok_and(|path| path == file));
    settings
        .siblings
        .iter()
        .filter(move |sibling| !is_listed || sibling.values.iter().any(|known| known == file))
        .filter(|sibling| (&sibling.templates, &sibling.config) != (&settings.templates, &settings.config))
}

fn told(file: &ValuesFile, unread: &[Vec<String>], asked: &BTreeSet<&str>) -> Vec<Problem> {
    let Some(outline) = file.outline() else { return Vec::new() };
    let is_asked = |path: &[String]| {
        let value = path.iter().try_fold(&file.value, |value, step| value.get(step));
        path.iter().any(|step| asked.contains(step.as_str())) || value.is_some_and(|value| names(value, asked))
    };
    let topmost = unread.iter().flat_map(|path| outline.unshared(path)).filter(|(path, _)| !is_asked(path));
    topmost
        .map(|(path, mark)| {
            let next = "remove it, or correct its name; top-level keys that begin with `x-` are not checked";
            Problem::new(Fault::Project, format!("no template reads the value `{}`", dotted(&path)), next).at(file.place(mark))
        })
        .collect()
}

/// Whether a value has a key of one of these names in it.
fn names(value: &Value, asked: &BTreeSet<&str>) -> bool {
    let within = |map: &Map<String, Value>| map.iter().any(|(key, value)| asked.contains(key.as_str()) || names(value, asked));
    value.as_object().is_some_and(within)
}

impl Key {
    /// Adds what a mapping has; a null only takes away.
    fn add(&mut self, value: &Value) {
        for (key, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            self.keys.entry(key.clone()).or_default().add(value);
        }
    }

    /// Notes what these texts mention. Whether all is read then: further texts make no difference.
    fn is_read_by(&mut self, texts: &[Template]) -> bool {
        texts.iter().any(|Template { text, .. }| {
            if self.may_be_in(text) {
                for path in mentions(text) {
                    self.read(&path);
                }
            }
            self.is_all_read()
        })
    }

    /// Whether a text could mention a key that is not read yet: it has its name, or may reach it as a part of all. A search costs less than taking the text apart, while
    /// there is little to look for.
    fn may_be_in(&self, text: &str) -> bool {
        let names = || self.keys.iter().filter(|(_, key)| !key.is_read).map(|(name, _)| name);
        let is_value = |(at, word): (usize, &str)| !text[at + word.len()..].starts_with(".dev");
        names().nth(FEW).is_some() || names().any(|name| text.contains(name.as_str())) || text.match_indices("cloze").any(is_value)
    }

    fn read(&mut self, path: &[String]) {
        self.is_touched = true;
        match path.split_first() {
            None => self.is_read = true,
            Some(_) if self.is_read => {}
            Some((step, rest)) => {
                if let Some(key) = self.keys.get_mut(step) {
                    key.read(rest);
                }
            }
        }
    }

    fn is_all_read(&mut self) -> bool {
        if !self.is_read {
            self.is_read = self.is_touched && self.keys.values_mut().all(Self::is_all_read);
        }
        self.is_read
    }

    /// The topmost keys of a mapping that nothing reads.
    fn unread(&self, value: &Value) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        self.collect(value, &[], &mut found);
        found
    }

    fn collect(&self, value: &Value, above: &[String], found: &mut Vec<Vec<String>>) {
        if self.is_read {
            return;
        }
        for (name, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            let Some(key) = self.keys.get(name).filter(|_| !(above.is_empty() && name.starts_with("x-"))) else { continue };
            let path = [above, std::slice::from_ref(name)].concat();
            if key.is_touched { key.collect(value, &path, found) } else { found.push(path) }
        }
    }
}

/// Keys that are looked for one by one.
const FEW: usize = 8;
