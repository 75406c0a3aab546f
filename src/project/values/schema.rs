//! The JSON Schema that a project has of its values: `values/schema.json`, where there is one.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::manifest::Limits;
use crate::manifest::Mark;
use crate::manifest::Outline;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::root::Root;
use crate::schema::steps;

/// The file of the schema, beneath the project's root.
pub const VALUES_SCHEMA: &str = "values/schema.json";

/// Bytes of a schema.
const LARGEST: usize = 1 << 20;

/// Where charts of Helm have theirs, which is not read.
const HELMS: [&str; 2] = ["values.schema.json", "values/values.schema.json"];

/// A schema of values.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesSchema {
    json: Value,
    text: String,
}

impl ValuesSchema {
    /// Reads the project's schema; `None` where it has none.
    ///
    /// # Errors
    /// A file that cannot be read, is a link out of the project, is too large or is not JSON.
    pub fn load(root: &Root) -> Result<Option<Self>, Problem> {
        if !root.exists(VALUES_SCHEMA) {
            return Ok(None);
        }
        let text = root.read_text(VALUES_SCHEMA, 16 * LARGEST).map_err(|problem| problem.at(Place::file(VALUES_SCHEMA)))?;
        if text.len() > LARGEST {
            let reason = format!("the schema has {} bytes, more than the {LARGEST} that are allowed here", text.len());
            return Err(Problem::new(Fault::Project, reason, "make it smaller").at(Place::file(VALUES_SCHEMA)));
        }
        match serde_json::from_str(&text) {
            Ok(json) => Ok(Some(Self { json, text })),
            Err(error) => {
                let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                let place = Place::new(VALUES_SCHEMA, number(error.line()), number(error.column().max(1)));
                Err(Problem::new(Fault::Project, "this is not JSON", "check quotes, commas and brackets at and above this line").at(place))
            }
        }
    }

    /// A warning where the project has a schema in the place where Helm looks for one, and none where cloze does.
    pub fn misplaced(root: &Root) -> Option<Problem> {
        let file = HELMS.into_iter().find(|file| root.exists(file) && !root.exists(VALUES_SCHEMA))?;
        let reason = format!("`{file}` is not read: the schema of values is `{VALUES_SCHEMA}`");
        Some(Problem::new(Fault::Project, reason, "move it there").at(Place::file(file)))
    }

    /// The schema.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The place of what a JSON pointer (RFC 6901) names.
    pub fn place(&self, pointer: &str) -> Place {
        let outline = Outline::of(&self.text, Limits::default());
        let mark = outline.map_or(Mark::default(), |outline| outline.place(steps(pointer).iter().map(String::as_str)));
        Place::new(VALUES_SCHEMA, mark.line, mark.column)
    }

    /// The names of keys for which it asks, or on which it makes other things depend: those that it reads, and does not only describe.
    pub fn reads(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        asked(&self.json, false, &mut names);
        names
    }
}

fn asked<'s>(schema: &'s Value, depends: bool, names: &mut BTreeSet<&'s str>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("required", Value::Array(keys)) => names.extend(keys.iter().filter_map(Value::as_str)),
                    ("dependentRequired" | "dependentSchemas" | "dependencies", Value::Object(entries)) => {
                        names.extend(entries.keys().map(String::as_str));
                        for entry in entries.values() {
                            names.extend(entry.as_array().into_iter().flatten().filter_map(Value::as_str));
                        }
                    }
                    ("properties", Value::Object(entries)) if depends => names.extend(entries.keys().map(String::as_str)),
                    _ => {}
                }
                asked(value, depends || CONDITIONS.contains(&key.as_str()), names);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| asked(value, depends, names)),
        _ => {}
    }
}

/// Keywords below which a value decides about others.
const CONDITIONS: [&str; 6] = ["if", "then", "else", "not", "anyOf", "oneOf"];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::ValuesSchema;
    use crate::project::root::Root;

    fn project(schema: &str) -> (TempDir, Root) {
        let dir = TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("in/values")).unwrap();
        fs::write(dir.path().join("in/values/schema.json"), schema).unwrap();
        let root = Root::open(&dir.path().join("in")).unwrap();
        (dir, root)
    }

    fn refusal(schema: &str) -> String {
        let problem = ValuesSchema::load(&project(schema).1).unwrap_err();
        format!("{problem}; {}", problem.next)
    }

    #[test]
    fn what_is_no_schema_is_refused_at_its_place() {
        let json = "this is not JSON; check quotes, commas and brackets at and above this line";
        assert_eq!(refusal("{\n  \"a\": 1,\n}"), format!("values/schema.json:3:1: {json}"));
        assert_eq!(refusal(""), format!("values/schema.json:1:1: {json}"));
        assert_eq!(refusal(&"[".repeat(1000)), format!("values/schema.json:1:128: {json}"));
        assert_eq!(
            refusal(&format!("{{\"title\": \"{}\"}}", "x".repeat(1 << 20))),
            "values/schema.json: the schema has 1048589 bytes, more than the 1048576 that are allowed here; make it smaller"
        );
        let (dir, root) = project("{}");
        assert!(ValuesSchema::load(&root).unwrap().is_some());
        let path = dir.path().join("in/values/schema.json");
        fs::remove_file(&path).unwrap();
        assert_eq!(ValuesSchema::load(&root), Ok(None));
        fs::write(dir.path().join("outside"), "{}").unwrap();
        symlink("../../outside", &path).unwrap();
        let problem = ValuesSchema::load(&root).unwrap_err();
        assert_eq!(
            format!("{problem}; {}", problem.next),
            "values/schema.json: `values/schema.json` is a link that leaves the project, or goes through one; put a copy into the project in place of the link"
        );
    }

    #[test]
    fn a_schema_in_helms_place_is_warned_of() {
        let (dir, root) = project("{}");
        fs::write(dir.path().join("in/values.schema.json"), "{}").unwrap();
        assert_eq!(ValuesSchema::misplaced(&root), None);
        fs::remove_file(dir.path().join("in/values/schema.json")).unwrap();
        let warning = ValuesSchema::misplaced(&root).unwrap();
        assert_eq!(
            format!("{warning}; {}", warning.next),
            "values.schema.json: `values.schema.json` is not read: the schema of values is `values/schema.json`; move it there"
        );
    }

    #[test]
    fn a_schema_reads_what_decides_about_other_values() {
        let text = r#"{"properties": {"a": {"properties": {"b": {}}, "required": ["c"]}, "d": {}},
            "if": {"properties": {"e": {"const": 1}}}, "dependentRequired": {"f": ["g"]}}"#;
        let schema = ValuesSchema::load(&project(text).1).unwrap().unwrap();
        assert_eq!(schema.reads().into_iter().collect::<Vec<_>>(), ["c", "e", "f", "g"]);
        assert_eq!(schema.place("/properties/a/required/0").to_string(), "values/schema.json:1:61");
    }
}
