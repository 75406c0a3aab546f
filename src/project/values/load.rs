//! The values of a run: files and assignments in a row, and which of them each value came from.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::manifest::Limits;
use crate::manifest::Mark;
use crate::manifest::Outline;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::origin::Origin;
use crate::project::origin::ResolvedSetting;
use crate::project::path::normalise;
use crate::project::quote::quote;
use crate::project::root::Root;
use crate::project::settings::Settings;
use crate::project::values::assign::Assignment;
use crate::project::values::budget::ValuesLimits;
use crate::project::values::merge::merge;
use crate::project::values::read::read;
use crate::schema::dotted;
use crate::schema::steps;

/// The key under which templates find `project`, `environment` and `namespace`.
const RESERVED: &str = "cloze";

/// Merged values, and the layers that they were merged of.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    layers: Vec<(Origin, Layer)>,
    merged: Value,
}

#[derive(Debug, Clone, PartialEq)]
enum Layer {
    File(ValuesFile),
    Assignment(Assignment),
}

/// A values file.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesFile {
    /// Its path beneath the project's root, without `.` and doubled slashes.
    pub path: String,
    /// The mapping that it holds, aliases and merge keys expanded.
    pub value: Value,
    text: String,
}

/// What set a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Setter<'v> {
    /// A values file, at this place.
    File(Place),
    /// An assignment of the command line, which came from there.
    Assignment(&'v Origin),
}

impl ValuesFile {
    /// Where its keys are; `None` where a reader of manifests cannot read it.
    pub fn outline(&self) -> Option<Outline> {
        Outline::of(&self.text, Limits::default())
    }

    /// A place in it.
    pub fn place(&self, mark: Mark) -> Place {
        Place::new(self.path.as_str(), mark.line, mark.column)
    }
}

impl Layer {
    fn apply(&self, values: &mut Value) -> Result<(), Problem> {
        match self {
            Self::File(file) => merge(values, file.value.clone()),
            Self::Assignment(assignment) => assignment.apply(values)?,
        }
        Ok(())
    }
}

impl Values {
    /// Reads the values files of `settings` beneath `root` and carries out the assignments. Problems of all files are reported.
    pub fn load(root: &Root, settings: &Settings) -> Result<Self, Problems> {
        let limits = ValuesLimits::default();
        let mut values = Self { layers: Vec::new(), merged: Value::Object(Map::new()) };
        let mut problems = Vec::new();
        for (said, origin) in &settings.values {
            let text = match settings.reserved.refuse(root, &said.value).and_then(|()| root.read_text(&said.value, limits.bytes)) {
                Ok(text) => text,
                Err(problem) => {
                    problems.push(said.at(problem));
                    continue;
                }
            };
            let place = Place::file(said.value.as_str());
            match read(&said.value, &text, limits) {
                Ok(value) if value.get(RESERVED).is_some() => problems.push(reserved().at(place)),
                Ok(value) => {
                    let origin = if matches!(origin, Origin::File(_)) { Origin::File(place) } else { origin.clone() };
                    values.add(
                        origin,
                        Layer::File(ValuesFile { path: normalise(&said.value).unwrap_or_else(|_| said.value.clone()), value, text }),
                        &mut problems,
                    );
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (assignment, origin) in &settings.assignments {
            values.add(origin.clone(), Layer::Assignment(assignment.clone()), &mut problems);
        }
        if problems.is_empty() && values.merged.get(RESERVED).is_some() {
            problems.push(reserved());
        }
        Problems::or(values, problems)
    }

    fn add(&mut self, origin: Origin, layer: Layer, problems: &mut Vec<Problem>) {
        match layer.apply(&mut self.merged) {
            Ok(()) => self.layers.push((origin, layer)),
            Err(problem) => problems.push(problem),
        }
    }

    /// The values as merged: a mapping without nulls outside lists.
    pub fn merged(&self) -> &Value {
        &self.merged
    }

    /// The values files, in order.
    pub fn files(&self) -> impl Iterator<Item = &ValuesFile> {
        self.layers.iter().filter_map(|(_, layer)| if let Layer::File(file) = layer { Some(file) } else { None })
    }

    /// What set the value at a JSON pointer (RFC 6901) last; `None` where nothing did.
    pub fn setter(&self, pointer: &str) -> Option<Setter<'_>> {
        let mut last = None;
        let mut before = Value::Object(Map::new());
        for (origin, layer) in &self.layers {
            let mut now = before.clone();
            if layer.apply(&mut now).is_ok() {
                if now.pointer(pointer) != before.pointer(pointer) {
                    last = Some((origin, layer));
                }
                before = now;
            }
        }
        match last? {
            (_, Layer::File(file)) => {
                let mark = file.outline().map_or(Mark::default(), |outline| outline.place(steps(pointer).iter().map(String::as_str)));
                Some(Setter::File(file.place(mark)))
            }
            (origin, Layer::Assignment(_)) => Some(Setter::Assignment(origin)),
        }
    }

    /// What templates see: the values at the top, and `cloze` with `project`, `environment` and `namespace`. Where the name of a value
    /// at the top is none that a template can write, such as `image-tag`, all values are in `cloze.values`, too.
    pub fn context(&self, settings: &Settings) -> Value {
        let mut context = self.merged.clone();
        context[RESERVED] = json!({
            "project": settings.project,
            "environment": settings.environment,
            "namespace": settings.namespace,
        });
        let writable = |key: &String| {
            !key.starts_with(|first: char| first.is_ascii_digit()) && key.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        if self.merged.as_object().is_some_and(|values| !values.keys().all(writable)) {
            context[RESERVED]["values"] = self.merged.clone();
        }
        context
    }

    /// Every scalar and list by its path, such as `values.image.tag`, with the last origin that changed it and those before.
    pub fn effective(&self) -> Vec<ResolvedSetting> {
        let mut paths = Vec::new();
        collect(&self.merged, &mut Vec::new(), &mut paths);
        let mut traces: Vec<Vec<(String, Origin)>> = vec![Vec::new(); paths.len()];
        let mut before = Value::Object(Map::new());
        for (origin, layer) in &self.layers {
            let mut now = before.clone();
            if layer.apply(&mut now).is_err() {
                continue;
            }
            for (path, trace) in paths.iter().zip(&mut traces) {
                let at = |value| path.iter().try_fold(value, |node: &Value, key| node.get(key.as_str())).cloned();
                if let Some(value) = at(&now)
                    && at(&before).as_ref() != Some(&value)
                {
                    trace.insert(0, (value.to_string(), origin.clone()));
                }
            }
            before = now;
        }
        let effective = |(path, trace): (Vec<String>, Vec<(String, Origin)>)| {
            let mut trace = trace.into_iter();
            let (value, origin) = trace.next()?;
            Some(ResolvedSetting { key: format!("values.{}", dotted(&path)), value, origin, overridden: trace.collect() })
        };
        paths.into_iter().zip(traces).filter_map(effective).collect()
    }
}

fn collect(value: &Value, path: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(key.clone());
                collect(value, path, leaves);
                path.pop();
            }
        }
        _ if path.is_empty() => {}
        _ => leaves.push(path.clone()),
    }
}

fn reserved() -> Problem {
    Problem::new(Fault::Project, format!("the key {} at the top belongs to cloze itself", quote(RESERVED)), "rename the key")
}
