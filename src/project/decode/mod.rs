//! From the tree of a project file to a [`Project`], with every problem of the file reported in one run.

mod config;
mod decoder;
mod environment;
mod key;
mod lock;
mod policy;
mod reference;
mod shape;
mod vault;
mod word;

#[cfg(test)]
pub(in crate::project) use lock::decode as decode_lock;
#[cfg(test)]
pub(in crate::project) use shape::ALL as SHAPES;
pub(in crate::project) use word::NAMES;
#[cfg(test)]
pub(in crate::project) use word::OBJECT_KINDS;
#[cfg(test)]
pub(in crate::project) use word::key_words;

use crate::manifest::Limits;
use crate::manifest::read;
use crate::place::Place;
use crate::policy::Rule;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::check::label;
use crate::project::check::some;
use crate::project::decode::config::config;
use crate::project::decode::config::externals;
use crate::project::decode::config::manifests;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::environment::environments;
use crate::project::decode::policy::policy;
use crate::project::decode::reference::cluster_scoped;
use crate::project::decode::reference::references;
use crate::project::decode::word::API_VERSION;
use crate::project::document::PROJECT_FILE;
use crate::project::document::PROJECT_FILE_LIMIT;
use crate::project::document::Project;
use crate::project::quote::quote;
use crate::project::root::Root;

impl Project {
    /// Reads the project file at the root.
    pub fn load(root: &Root) -> Result<Self, Problems> {
        let text = root.read_text(PROJECT_FILE, PROJECT_FILE_LIMIT).map_err(|mut problem: Problem| {
            if !root.exists(PROJECT_FILE) {
                problem.reason = format!("there is no file `{PROJECT_FILE}` in this directory, nor in one above it");
                problem.next = if root.exists("cloze.yml") {
                    "rename `cloze.yml` to `cloze.yaml`".to_owned()
                } else {
                    "go to a project's directory, name one with `-C`, or make one with `cloze init NAME`".to_owned()
                };
            }
            problem
        })?;
        Self::parse(PROJECT_FILE, &text)
    }

    /// Reads the text of a project file. All problems are reported, each at its place in `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        decode(file, text)
    }
}

/// The rules in the text of a file that has `policy:` alone, as a project file has it. All problems are reported, each at its place in `file`.
pub fn policy_file(file: &str, text: &str) -> Result<Vec<Rule>, Problems> {
    let documents = documents(file, text)?;
    let mut decoder = Decoder::new(file, "the policy");
    let rules = if let [document] = documents.as_slice() {
        decoder.fields(document, "", &shape::POLICY_FILE).map(|fields| policy(&mut decoder, &fields))
    } else {
        decoder.report(Place::file(file), "a policy is one document", "write `policy:` and a list of rules, as in a project file");
        None
    };
    Problems::or(rules.unwrap_or_default(), decoder.problems)
}

fn documents(file: &str, text: &str) -> Result<Vec<ProjectNode>, Problems> {
    let limits = Limits { bytes: PROJECT_FILE_LIMIT, depth: 32, nodes: 100_000 };
    read(text, limits).map_err(|faults| {
        let problem = |fault: crate::manifest::ReadFault| {
            let place = Place::new(file, fault.mark.line, fault.mark.column);
            Problem::new(Fault::Project, fault.reason, fault.next).at(place)
        };
        Problems::from(faults.into_iter().map(problem).collect::<Vec<_>>())
    })
}

/// Reads and decodes the text of a project file.
fn decode(file: &str, text: &str) -> Result<Project, Problems> {
    let documents = documents(file, text)?;
    let mut decoder = Decoder::new(file, "the project file");
    match documents.as_slice() {
        [] => {
            decoder.report(Place::file(file), "the project file is empty", "write a project file, or let `cloze init NAME` write one");
            Err(Problems::from(decoder.problems))
        }
        [document] => {
            let project = project(&mut decoder, document);
            match project {
                Some(project) => Problems::or(project, decoder.problems),
                None => Err(Problems::from(decoder.problems)),
            }
        }
        [_, second, ..] => {
            decoder.report(decoder.place(second.mark), "a second document begins here", "keep one document: remove the `---`");
            Err(Problems::from(decoder.problems))
        }
    }
}

/// `None` only where a problem says why.
fn project(decoder: &mut Decoder, document: &ProjectNode) -> Option<Project> {
    let fields = decoder.fields(document, "", &shape::PROJECT)?;
    if let Some(version) = fields.text(decoder, "apiVersion", some)
        && version.value != API_VERSION
    {
        let reason = format!("{} at `apiVersion` is not known to this version of cloze", quote(&version.value));
        let place = version.place.unwrap_or_else(|| decoder.place(fields.mark()));
        decoder.report(place, reason, format!("write `{API_VERSION}`, or use a newer cloze"));
    }
    let name = fields.text(decoder, "project", label);
    let templates = manifests(decoder, &fields);
    let names = fields.word(decoder, "names", NAMES);
    let config = config(decoder, &fields);
    let external = externals(decoder, &fields);
    let references = references(decoder, &fields);
    let cluster_scoped = cluster_scoped(decoder, &fields);
    let policy = policy(decoder, &fields);
    let environments = environments(decoder, &fields);
    Some(Project { name: name?, templates, names, config, external, references, cluster_scoped, policy, environments })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use crate::project::document::Project;
    use crate::project::root::Root;

    #[test]
    fn a_missing_project_file_says_where_to_go() {
        let dir = TempDir::new().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let line = |problems: crate::problem::Problems| format!("{problems}; {}", problems.list()[0].next);
        assert_eq!(
            line(Project::load(&root).unwrap_err()),
            "there is no file `cloze.yaml` in this directory, nor in one above it; go to a project's directory, name one with `-C`, or make one with `cloze init NAME`"
        );
        fs::write(dir.path().join("cloze.yml"), "").unwrap();
        assert!(line(Project::load(&root).unwrap_err()).ends_with("; rename `cloze.yml` to `cloze.yaml`"));
    }
}
