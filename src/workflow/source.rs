//! The files of a project that a run reads: templates, manifests that are not templates, and the files of `config:`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::parallel::map;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::ConfigEntry;
use crate::project::SMALLER;
use crate::project::Spanned;
use crate::project::Values;
use crate::project::ValuesSchema;
use crate::render::Budget;
use crate::render::RenderRequest;
use crate::render::Template;
use crate::stage::bundle::Bundle;
use crate::stage::bundle::BundleFile;
use crate::stage::first_line;
use crate::stage::parse::Documents;
use crate::workflow::assigned;
use crate::workflow::assigned::Assigned;
use crate::workflow::context::Context;
use crate::workflow::unread::unread;

/// What a run reads.
#[derive(Debug)]
pub(super) struct Sources {
    /// What is to be rendered: templates of manifests and text files of bundles.
    pub(super) request: RenderRequest,
    /// The bundles.
    pub(super) bundles: Vec<Bundle>,
    /// Manifests that are not templates.
    pub(super) plain: Vec<Template>,
    /// The values that the command line set.
    pub(super) assigned: Vec<Assigned>,
    /// The values.
    pub(super) values: Values,
    /// Files that were probably meant to be read, and values that nothing reads.
    pub(super) warnings: Vec<Problem>,
}

/// Reads all files.
pub(super) fn sources(context: &Context<'_>) -> Result<Sources, Problems> {
    let settings = context.settings;
    let mut problems = Vec::new();
    let values = Values::load(context.root, settings).map_err(|failed| problems.extend(failed.into_list())).ok();
    let ProjectFiles { templates, plain, bundles, used } = ProjectFiles::read(context, &mut problems);
    let Some(values) = values.filter(|_| problems.is_empty()) else { return Err(problems.into()) };
    let mut warnings = passed_over(context, &used);
    let assigned = assigned::assigned(&values);
    warnings.extend(assigned::unknown(&assigned, &values, &templates));
    warnings.extend(ValuesSchema::misplaced(context.root));
    warnings.extend(unread(context, &values, &templates, &used, &|other| {
        let mut problems = Vec::new();
        let ProjectFiles { templates, used, .. } = ProjectFiles::read(other, &mut problems);
        problems.is_empty().then_some((templates, used))
    }));
    let request = RenderRequest { values: values.context(settings), templates, budget: budget(context) };
    Ok(Sources { request, bundles, plain, assigned, values, warnings })
}

/// The files of an environment.
struct ProjectFiles {
    /// What is rendered: templates of manifests and text files of bundles.
    templates: Vec<Template>,
    /// Manifests that are not templates.
    plain: Vec<Template>,
    bundles: Vec<Bundle>,
    /// The paths of all that becomes a manifest or a part of one.
    used: BTreeSet<String>,
}

impl ProjectFiles {
    /// Reads as many as can be read.
    fn read(context: &Context<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut collect = |failed: Problems| problems.extend(failed.into_list());
        let (mut templates, plain) = manifests(context).map_err(&mut collect).unwrap_or_default();
        let taken: BTreeSet<Arc<str>> = templates.iter().chain(&plain).map(|template| Arc::clone(&template.file)).collect();
        let (bundles, texts, mut used) = bundles(context, &taken).map_err(&mut collect).unwrap_or_default();
        templates.extend(texts);
        used.extend(taken.iter().map(ToString::to_string));
        Self { templates, plain, bundles, used }
    }
}

/// What the run may cost.
pub(super) fn budget(context: &Context<'_>) -> Budget {
    Budget::times(context.settings.budget).unwrap_or_default()
}

/// Takes the empty lines that tags leave before the first line of a script away from the files of bundles.
pub(super) fn trim_first_lines(request: &RenderRequest, documents: &mut Documents) {
    for (file, text) in documents.entries_mut() {
        if let Some(template) = request.templates.iter().find(|template| template.file == *file) {
            first_line::trim(&template.text, text);
        }
    }
}

/// The templates, and the manifests that are not templates.
fn manifests(context: &Context<'_>) -> Result<(Vec<Template>, Vec<Template>), Problems> {
    let mut problems = Vec::new();
    let mut expand = |template: bool| {
        let mut files = BTreeSet::new();
        for entry in context.settings.templates.iter().filter(|entry| entry.template == template) {
            let pattern = &entry.files;
            let found = context.root.find(std::slice::from_ref(pattern)).and_then(|found| {
                // The project file and what cloze writes are not manifests, whatever a pattern matches.
                let taken =
                    found.into_iter().map(|file| Ok((!context.settings.reserved.passes_over(&file, &pattern.value)?).then_some(file.path)));
                taken.collect::<Result<Vec<_>, _>>().map_err(|problem| pattern.at(problem).into())
            });
            match found {
                Ok(found) => files.extend(found.into_iter().flatten()),
                Err(failed) => problems.extend(failed.into_list()),
            }
        }
        files
    };
    let (templates, plain) = (expand(true), expand(false));
    let budget = budget(context);
    let left = AtomicUsize::new(budget.bytes());
    let is_exceeded = AtomicBool::new(false);
    // Once it is too much, nothing more is read.
    let one = |file: String| -> Option<Result<Template, Problem>> {
        if is_exceeded.load(Ordering::Relaxed) {
            return None;
        }
        let text = match context.root.read_text_within(&file, budget.bytes(), &budget.next(SMALLER)) {
            Ok(text) => text,
            Err(problem) => return Some(Err(problem)),
        };
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(text.len())).is_err() {
            is_exceeded.store(true, Ordering::Relaxed);
            return None;
        }
        Some(Ok(Template { file: file.into(), text }))
    };
    let mut read = |files: Vec<String>| {
        let mut read = Vec::with_capacity(files.len());
        for template in map(files, one).into_iter().flatten() {
            match template {
                Ok(template) => read.push(template),
                Err(problem) => problems.push(problem),
            }
        }
        read
    };
    let templates = read(templates.difference(&plain).cloned().collect());
    let plain = read(plain.into_iter().collect());
    if is_exceeded.into_inner() {
        return Err(budget.exceeded_by_project().into());
    }
    Problems::or((templates, plain), problems)
}

/// A warning for each file that a pattern would match if it had another of the endings that manifests have.
fn passed_over(context: &Context<'_>, used: &BTreeSet<String>) -> Vec<Problem> {
    let settings = context.settings;
    let mut warnings = BTreeMap::new();
    for entry in &settings.templates {
        let Some((stem, ending)) = entry.files.value.rsplit_once('.').filter(|(_, ending)| ENDINGS.contains(ending)) else { continue };
        for other in ENDINGS.iter().filter(|other| **other != ending) {
            let pattern = format!("{stem}.{other}");
            for found in context.root.find(&[Spanned::none(pattern.clone())]).unwrap_or_default() {
                let file = &found.path;
                let is_values = || settings.values.iter().any(|(said, _)| said.value == *file);
                let read = used.contains(file) || is_values();
                if read || settings.reserved.of_file(&found).is_some() {
                    continue;
                }
                let reason = format!("`{file}` is not read: no pattern of `templates:` matches it");
                let next = format!("add `{pattern}` to `templates:`, or move the file elsewhere");
                warnings.insert(file.clone(), Problem::new(Fault::Project, reason, next).at(Place::file(file.as_str())));
            }
        }
    }
    warnings.into_values().collect()
}

/// The bundles, the templates among their files, and the paths of all of these.
type Bundled = (Vec<Bundle>, Vec<Template>, BTreeSet<String>);

fn bundles(context: &Context<'_>, manifests: &BTreeSet<Arc<str>>) -> Result<Bundled, Problems> {
    let mut used = BTreeSet::new();
    let mut taken = manifests.clone();
    let mut found = Vec::new();
    let mut rendered: Vec<Template> = Vec::new();
    let mut problems = Vec::new();
    let budget = budget(context);
    let mut left = budget.bytes();
    for entry in &context.settings.config {
        let mut files = BTreeMap::new();
        let mut env_file = None;
        for (key, path, said) in paths(context, entry, &mut problems) {
            if let Err(problem) = context.settings.reserved.refuse(context.root, &path) {
                problems.push(said.at(problem));
                continue;
            }
            let bytes = match context.root.read_within(&path, budget.bytes(), &budget.next(SMALLER)) {
                Ok(bytes) if bytes.len() <= left => {
                    left -= bytes.len();
                    bytes
                }
                Ok(_) => {
                    let reason = format!("the files of `config:` are more than {} MiB together", budget.bytes() >> 20);
                    problems.push(said.at(Problem::new(Fault::Project, reason, budget.next("name fewer files"))));
                    return Err(problems.into());
                }
                Err(problem) => {
                    problems.push(said.at(problem));
                    continue;
                }
            };
            let file = match text_of(bytes, entry.template) {
                Err(bytes) => BundleFile::Plain(bytes),
                Ok(text) => {
                    let file: Arc<str> = path.as_str().into();
                    if manifests.contains(&file) {
                        problems.push(said.at(Problem::new(
                            Fault::Project,
                            format!("`{path}` is read as manifests too"),
                            "keep files for `config:` outside what `templates:` matches",
                        )));
                    } else if taken.insert(Arc::clone(&file)) {
                        rendered.push(Template { file: Arc::clone(&file), text });
                    }
                    BundleFile::Template(file)
                }
            };
            used.insert(path.clone());
            let Some(key) = key else {
                env_file = Some((Arc::from(path), file));
                continue;
            };
            if files.insert(key.clone(), file).is_some() {
                let reason = format!("two files of {} `{}` have the key `{key}`", entry.kind.value.word(), entry.name.value);
                problems.push(said.at(Problem::new(Fault::Project, reason, "name the keys under `keys:`")));
            }
        }
        found.push(bundle(entry, files, env_file, &context.settings.namespace));
    }
    Problems::or((found, rendered, used), problems)
}

/// Key, path and where it is said, of each file of an entry; the env file has no key.
fn paths(context: &Context<'_>, entry: &ConfigEntry, problems: &mut Vec<Problem>) -> Vec<(Option<String>, String, Spanned<String>)> {
    let mut list = Vec::new();
    for pattern in &entry.files {
        match context.root.expand(std::slice::from_ref(pattern)) {
            Ok(files) => list.extend(files.into_iter().map(|path| {
                let key = path.rsplit('/').next().unwrap_or_default().to_owned();
                (Some(key), path, pattern.clone())
            })),
            Err(failed) => problems.extend(failed.into_list()),
        }
    }
    list.extend(entry.keys.iter().map(|(key, path)| (Some(key.value.clone()), path.value.clone(), path.clone())));
    list.extend(entry.env_file.iter().map(|path| (None, path.value.clone(), path.clone())));
    list
}

/// The text of a file that is a template, or the bytes of one that is not.
fn text_of(bytes: Vec<u8>, template: bool) -> Result<String, Vec<u8>> {
    if !template || bytes.contains(&0) {
        return Err(bytes);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

fn bundle(entry: &ConfigEntry, files: BTreeMap<String, BundleFile>, env_file: Option<(Arc<str>, BundleFile)>, namespace: &str) -> Bundle {
    let texts = |list: &[(Spanned<String>, Spanned<String>)]| -> BTreeMap<String, String> {
        list.iter().map(|(key, value)| (key.value.clone(), value.value.clone())).collect()
    };
    let mut annotations = texts(&entry.annotations);
    if let Some(names) = &entry.names {
        annotations.entry(NAMES.to_owned()).or_insert_with(|| names.value.word().to_owned());
    }
    Bundle {
        place: entry.place.clone(),
        kind: entry.kind.value,
        name: entry.name.value.clone(),
        secret_type: entry.secret_type.as_ref().map(|said| said.value.clone()),
        namespace: entry.namespace.as_ref().map_or_else(|| namespace.to_owned(), |said| said.value.clone()),
        labels: texts(&entry.labels),
        annotations,
        files,
        env_file,
    }
}

/// Endings of files of manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The annotation that says how an object is named.
const NAMES: &str = "cloze.dev/names";
