//! Secrets that people have elsewhere, read to be kept in a local vault: a `.env` file, a JSON object, a directory with a file for each
//! value, or Secrets in YAML.

mod dotenv;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::file;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::read;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::vault::local::VALUE_LIMIT;
use crate::vault::local::object;
use crate::workflow::import::dotenv::variables;

/// What a file with secrets is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// `NAME=value` lines.
    Env,
    /// A JSON object: a secret for each member; what is not a text is kept as its JSON.
    Json,
    /// Secrets of Kubernetes, in YAML or JSON.
    Secret,
}

/// How what is imported is named.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportNaming<'n> {
    /// What is before each name.
    pub prefix: &'n str,
    /// The one secret whose fields all values become.
    pub into: Option<&'n str>,
}

/// A value with the object that it belongs to, if there is one, and its own name.
struct FoundValue {
    group: Option<String>,
    key: String,
    value: Secret,
}

impl ImportFormat {
    /// What the name of a file says that it is.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        if ends(".json") {
            Some(Self::Json)
        } else if ends(".yaml") || ends(".yml") {
            Some(Self::Secret)
        } else if name.starts_with(".env") || ends(".env") {
            Some(Self::Env)
        } else {
            None
        }
    }
}

/// The secrets in a file or a directory, by name. Where nobody says what a file is, its name does.
///
/// # Errors
/// As [`from_text`] and [`from_directory`], and a file whose name does not say what it is.
pub fn from_path(path: &Path, format: Option<ImportFormat>, naming: ImportNaming<'_>) -> Result<Vec<(String, Secret)>, Problems> {
    let shown = path.to_string_lossy();
    if path.is_dir() {
        return from_directory(path, naming);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(format) = format.or_else(|| ImportFormat::of_name(&name)) else {
        let reason = "its name does not say what it is";
        return Err(problem(reason, "pass `--from env`, `--from json` or `--from secret`").at(Place::file(shown)).into());
    };
    match file::read(path, FILE_LIMIT) {
        Ok(Some(bytes)) => from_text(&Secret::new(bytes), format, &shown, naming),
        Ok(None) => Err(problem("there is no such file", "name a file or a directory").at(Place::file(shown)).into()),
        Err(error) => {
            let reason = format!("cannot be read: {}", file::cause(&error));
            Err(problem(reason, file::next_step(&error)).at(Place::file(shown)).into())
        }
    }
}

/// Bytes of a file that is imported.
pub const FILE_LIMIT: u64 = 16 << 20;

/// The secrets in the text of a file, by name. `file` is what problems call it.
///
/// # Errors
/// All that is wrong with it, each with its place and never with a value.
pub fn from_text(text: &Secret, format: ImportFormat, file: &str, naming: ImportNaming<'_>) -> Result<Vec<(String, Secret)>, Problems> {
    let Some(content) = text.expose_text() else {
        return Err(problem("not UTF-8 text", "import binary values as a directory of files").at(Place::file(file)).into());
    };
    let found = match format {
        ImportFormat::Env => {
            let list = variables(content, |line| Place::new(file, line, 1))?;
            list.into_iter().map(|(key, value)| FoundValue { group: None, key, value }).collect()
        }
        ImportFormat::Json => members(content).map_err(|problem| problem.at(Place::file(file)))?,
        ImportFormat::Secret => secrets(content, file)?,
    };
    named(found, file, naming)
}

/// The secrets in a directory: one for each file in it and in its subdirectories, but for those whose name begins with a dot.
///
/// # Errors
/// What cannot be read, and what is not a regular file of at most 64 KiB.
pub fn from_directory(directory: &Path, naming: ImportNaming<'_>) -> Result<Vec<(String, Secret)>, Problems> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    collect(directory, "", &mut found, &mut problems);
    found.sort_by(|one: &FoundValue, other: &FoundValue| one.key.cmp(&other.key));
    let found = Problems::or(found, problems)?;
    named(found, &directory.to_string_lossy(), naming)
}

fn collect(directory: &Path, above: &str, found: &mut Vec<FoundValue>, problems: &mut Vec<Problem>) {
    let failed = |path: &Path, error: &std::io::Error| {
        let reason = format!("cannot be read: {}", file::cause(error));
        problem(reason, "import a directory of regular files, each at most 64 KiB").at(Place::file(path.to_string_lossy()))
    };
    let entries = match fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => return problems.push(failed(directory, &error)),
    };
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let (path, key) = (entry.path(), format!("{above}{name}"));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if above.matches('/').count() < MOST_DEEP {
                collect(&path, &format!("{key}/"), found, problems);
            }
            continue;
        }
        match file::read(&path, VALUE_LIMIT as u64) {
            Ok(Some(bytes)) => found.push(FoundValue { group: None, key, value: Secret::new(bytes) }),
            Ok(None) => {}
            Err(error) => problems.push(failed(&path, &error)),
        }
    }
}

/// How deep directories of a directory are read.
const MOST_DEEP: usize = 8;

fn members(content: &str) -> Result<Vec<FoundValue>, Problem> {
    let json = Json::parse(content.as_bytes())
        .map_err(|fault| problem(format!("not JSON (byte {})", fault.offset), "correct it, or say with `--from` what it is"))?;
    if json.kind() != JsonKind::Object {
        return Err(problem(format!("{}, not an object", json.kind()), "import an object: a secret for each of its members"));
    }
    let found = json.members().filter_map(|(key, value)| {
        Some(FoundValue { group: None, key: key?.text()?, value: value.secret().unwrap_or_else(|| value.source()) })
    });
    Ok(found.collect())
}

/// The values of Kubernetes Secrets.
fn secrets(content: &str, file: &str) -> Result<Vec<FoundValue>, Problems> {
    let place = |node: &Node<Infallible>| Place::new(file, node.mark.line, node.mark.column);
    let documents = read(content, Limits::default()).map_err(|faults| {
        let problems =
            faults.into_iter().map(|fault| problem(fault.reason, fault.next).at(Place::new(file, fault.mark.line, fault.mark.column)));
        Problems::from(problems.collect::<Vec<_>>())
    })?;
    let mut found: Vec<FoundValue> = Vec::new();
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for mut object in documents.into_iter().flat_map(items) {
        let text = |path: &[&str]| object.at(path).and_then(Node::as_text).map(str::to_owned);
        let (Some("Secret"), Some(name)) = (text(&["kind"]).as_deref(), text(&["metadata", "name"])) else {
            problems.push(problem("not a Secret with a name", "import Secrets only").at(place(&object)));
            object.wipe();
            continue;
        };
        if !names.insert(name.clone()) {
            let next = "import them one after the other, each with a `--prefix` of its own";
            problems.push(problem(format!("a Secret `{name}` is there twice"), next).at(place(&object)));
        }
        for field in ["data", "stringData"] {
            for entry in object.at(&[field]).and_then(Node::as_map).into_iter().flatten() {
                let value = match &entry.node.value {
                    Value::Text(text) if field == "data" => STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok(),
                    Value::Text(text) => Some(text.as_bytes().to_vec()),
                    _ => None,
                };
                let key = entry.key.to_string();
                if let Some(bytes) = value {
                    // `stringData` wins over `data`, as in Kubernetes.
                    found.retain(|known| (known.group.as_deref(), &known.key) != (Some(&name), &key));
                    found.push(FoundValue { group: Some(name.clone()), key, value: Secret::new(bytes) });
                } else {
                    let what = if field == "data" { "base64" } else { "text" };
                    let reason = format!("the value of `{field}.{key}` is not {what}");
                    problems.push(problem(reason, "correct it").at(place(&entry.node)));
                }
            }
        }
        object.wipe();
    }
    Problems::or(found, problems)
}

/// The objects of a list, or the one object.
fn items(mut document: Node<Infallible>) -> Vec<Node<Infallible>> {
    match document.take("items") {
        Some(Node { value: Value::List(items), .. }) => items,
        _ => vec![document],
    }
}

/// The secrets by their names in the vault.
fn named(found: Vec<FoundValue>, file: &str, naming: ImportNaming<'_>) -> Result<Vec<(String, Secret)>, Problems> {
    let refuse = |reason: String, next: &str| Err(problem(reason, next).at(Place::file(file)).into());
    if found.is_empty() {
        return refuse("there is nothing to import".to_owned(), "name a file or directory that has values");
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = found.iter().find(|one| !seen.insert((one.group.as_ref().filter(|_| naming.into.is_none()), &one.key))) {
        let next = match (naming.into, &twice.group) {
            (Some(_), Some(_)) => "leave `--into` out: each value becomes a secret of its own",
            _ => "remove one of them",
        };
        return refuse(format!("`{}` is there twice", twice.key), next);
    }
    if let Some(into) = naming.into {
        let fields = found.iter().map(|one| (one.key.as_str(), &one.value));
        let value = object(fields).map_err(|error| problem(error.reason, "leave `--into` out").at(Place::file(file)))?;
        return Ok(vec![(format!("{}{into}", naming.prefix), value)]);
    }
    let name = |one: &FoundValue| match &one.group {
        Some(group) => format!("{}{group}/{}", naming.prefix, one.key),
        None => format!("{}{}", naming.prefix, one.key),
    };
    Ok(found.into_iter().map(|one| (name(&one), one.value)).collect())
}

fn problem(reason: impl Into<String>, next: impl Into<String>) -> Problem {
    Problem::new(Fault::Usage, reason, next)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::ImportFormat;
    use super::ImportNaming;
    use super::from_directory;
    use super::from_text;
    use crate::problem::Problems;
    use crate::secret::Secret;

    fn shown(list: Result<Vec<(String, Secret)>, Problems>) -> Result<Vec<String>, String> {
        list.map(|list| list.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value.expose()))).collect())
            .map_err(|problems| problems.to_string())
    }

    fn of(text: &str, format: ImportFormat, naming: ImportNaming<'_>) -> Result<Vec<String>, String> {
        shown(from_text(&Secret::copy_of(text.as_bytes()), format, "f", naming))
    }

    fn all(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    const PLAIN: ImportNaming<'_> = ImportNaming { prefix: "", into: None };

    #[test]
    fn each_member_variable_or_key_becomes_a_secret() {
        use ImportFormat::{Env, Json, Secret};
        let shop = ImportNaming { prefix: "shop/", into: None };
        assert_eq!(of("A=1\nB=\"x y\"\n", Env, shop), Ok(all(&["shop/A=1", "shop/B=x y"])));
        assert_eq!(of(r#"{"a": "t\n", "n": 1.50, "o": {"x": 1}}"#, Json, PLAIN), Ok(all(&["a=t\n", "n=1.50", "o={\"x\": 1}"])));
        let manifest = "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\ndata:\n  user: YXBw\n  password: |\n    eA\n    ==\nstringData: { user: other }\n";
        assert_eq!(of(manifest, Secret, PLAIN), Ok(all(&["db/password=x", "db/user=other"])));
        let list = "{kind: List, items: [{kind: Secret, metadata: {name: a}, data: {k: YQ==}}, {kind: Secret, metadata: {name: b}, data: {k: Yg==}}]}";
        assert_eq!(of(list, Secret, PLAIN), Ok(all(&["a/k=a", "b/k=b"])));
    }

    #[test]
    fn all_become_fields_of_one_secret() {
        let into = ImportNaming { prefix: "", into: Some("db") };
        assert_eq!(of("A=1\nB='\"'\n", ImportFormat::Env, into), Ok(all(&[r#"db={"A":"1","B":"\""}"#])));
        let list = "{kind: List, items: [{kind: Secret, metadata: {name: a}, data: {k: YQ==}}, {kind: Secret, metadata: {name: b}, data: {k: Yg==}}]}";
        assert_eq!(of(list, ImportFormat::Secret, into), Err("f: `k` is there twice".to_owned()));
    }

    #[test]
    fn what_cannot_be_imported_is_told_without_a_value() {
        for (text, format, expected) in [
            ("hunter2", ImportFormat::Env, "f:1:1: the line has no `=`"),
            ("# nothing", ImportFormat::Env, "f: there is nothing to import"),
            ("hunter2", ImportFormat::Json, "f: not JSON (byte 0)"),
            ("[\"hunter2\"]", ImportFormat::Json, "f: an array, not an object"),
            ("{\"a\": \"hunter2\", \"b\": \"\", \"a\": \"hunter3\"}", ImportFormat::Json, "f: `a` is there twice"),
            (
                "kind: Secret\nmetadata: {name: db, namespace: a}\ndata: {k: YQ==}\n---\nkind: Secret\nmetadata: {name: db, namespace: b}\ndata: {k: Yg==}\n",
                ImportFormat::Secret,
                "f:5:1: a Secret `db` is there twice",
            ),
            (
                "{kind: List, items: [{kind: Secret, metadata: {name: a}, data: {k: YQ==}}, {kind: Secret, metadata: {name: a}, stringData: {l: hunter2}}]}",
                ImportFormat::Secret,
                "f:1:76: a Secret `a` is there twice",
            ),
            ("kind: ConfigMap\nmetadata: {name: hunter2}", ImportFormat::Secret, "f:1:1: not a Secret with a name"),
            (
                "kind: Secret\nmetadata: {name: a}\ndata: {k: hunter2-!}",
                ImportFormat::Secret,
                "f:3:11: the value of `data.k` is not base64",
            ),
        ] {
            assert_eq!(of(text, format, PLAIN), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_directory_has_a_secret_in_each_file() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, value: &[u8]| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, value).unwrap();
        };
        write("password", b"x\n");
        write("tls/key", b"k");
        write(".git/config", b"no");
        assert_eq!(shown(from_directory(directory.path(), PLAIN)), Ok(all(&["password=x\n", "tls/key=k"])));
        std::os::unix::fs::symlink("password", directory.path().join("link")).unwrap();
        write("large", &vec![b'x'; (64 << 10) + 1]);
        let expected = shown(from_directory(directory.path(), PLAIN)).unwrap_err();
        assert_eq!(expected.lines().count(), 2, "{expected}");
        assert!(expected.contains("/large: cannot be read") && expected.contains("/link: cannot be read"), "{expected}");
    }

    #[test]
    fn a_name_says_the_format() {
        use ImportFormat::{Env, Json, Secret};
        for (name, format) in [
            (".env", Some(Env)),
            (".env.prod", Some(Env)),
            ("app.env", Some(Env)),
            ("a.JSON", Some(Json)),
            ("s.yml", Some(Secret)),
            ("x", None),
        ] {
            assert_eq!(ImportFormat::of_name(name), format, "{name}");
        }
    }
}
