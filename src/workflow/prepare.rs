//! The beginning of every story about templates: read the project, render, parse, check what can be checked without values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::digest::Digest;
use crate::event::Event;
use crate::manifest::Object;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::ConfigEntry;
use crate::project::Spanned;
use crate::project::Values;
use crate::render::Budget;
use crate::render::LineMap;
use crate::render::Request;
use crate::render::Template;
use crate::stage::ask::asks;
use crate::stage::bundle::Bundle;
use crate::stage::bundle::BundleFile;
use crate::stage::check;
use crate::stage::connection;
use crate::stage::literal;
use crate::stage::name::strays;
use crate::stage::parse::Defaults;
use crate::stage::parse::Parsed;
use crate::stage::parse::parse;
use crate::stage::taint;
use crate::workflow::context::Context;
use crate::workflow::names;
use crate::workflow::naming::faults;
use crate::workflow::naming::taught;

/// What a project says, read and checked as far as it goes without any value.
#[derive(Debug)]
pub struct Prepared {
    /// The objects and blanks.
    pub parsed: Parsed,
    /// What is worth a look.
    pub warnings: Vec<Problem>,
    /// The digest of each template and file that was rendered, by path.
    pub templates: BTreeMap<String, Digest>,
    /// The digest of all values that templates saw.
    pub values: Digest,
}

impl Prepared {
    /// The vaults that some blank asks, by name.
    pub fn vaults(&self) -> BTreeSet<String> {
        asks(self.parsed.blanks()).into_keys().collect()
    }

    /// The objects and blanks, for the next stage.
    pub fn take(&mut self) -> (Vec<Object<BlankText>>, Blanks) {
        std::mem::take(&mut self.parsed).into_parts()
    }
}

/// Reads the project's templates, files and values, and takes them as far as they go without any value.
pub fn prepare(context: &Context<'_>) -> Result<Prepared, Problems> {
    let (request, bundles) = request(context)?;
    let count = request.templates.len();
    let digest = Digest::plain(&[request.values.to_string().as_bytes()]);
    let digests =
        request.templates.iter().map(|template| (template.file.to_string(), Digest::plain(&[template.text.as_bytes()]))).collect();
    let rendered = context.engine.render(&request)?;
    drop(request);
    let defaults =
        Defaults { namespace: &context.settings.namespace, cluster_scoped: &context.settings.cluster_scoped, budget: budget(context) };
    let (mut parsed, mut failed) = parse(rendered, bundles, defaults);
    let complete = failed.is_empty();
    if complete {
        let blanks = parsed.blanks().filled_by_vaults();
        context.observe(Event::Prepared { templates: count, objects: parsed.objects().len(), blanks });
    }
    failed.extend(check::shape(parsed.objects()));
    failed.extend(names::check(parsed.blanks(), context.settings));
    if !failed.is_empty() || taint::check(parsed.objects(), parsed.blanks()).is_err() {
        let (objects, blanks) = parsed.into_parts();
        let more = faults(objects, &blanks, context.settings, &failed, complete);
        failed.extend(more);
        return Err(locate(context, failed.into()));
    }
    let mut warnings = parsed.warnings().to_vec();
    warnings.extend(check::hidden_variables(parsed.objects()));
    warnings.extend(check::placeholders(parsed.objects()));
    warnings.extend(literal::warnings(parsed.objects()));
    warnings.extend(connection::warnings(parsed.objects(), parsed.blanks()));
    warnings.extend(strays(parsed.objects_mut(), context.settings.names, &taught(context.settings)));
    Ok(Prepared { parsed, warnings: locate_all(context, warnings), templates: digests, values: digest })
}

fn templates(context: &Context<'_>) -> Result<Vec<Template>, Problems> {
    let files = context.root.expand(&context.settings.templates)?;
    let mut templates = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    // The project file and what cloze writes are no templates, whatever a pattern matches.
    let own = |file: &String| context.settings.reserved.what(context.root, file).is_some();
    for file in files.into_iter().filter(|file| !own(file)) {
        match context.root.read_text(&file, FILE_LIMIT) {
            Ok(text) => templates.push(Template { file: file.into(), text }),
            Err(problem) => problems.push(problem),
        }
    }
    Problems::or(templates, problems)
}

/// The bundles, and the templates among their files.
fn bundles(context: &Context<'_>, templates: &[Template]) -> Result<(Vec<Bundle>, Vec<Template>), Problems> {
    let mut taken: BTreeSet<Arc<str>> = templates.iter().map(|template| Arc::clone(&template.file)).collect();
    let mut found = Vec::new();
    let mut rendered: Vec<Template> = Vec::new();
    let mut problems = Vec::new();
    let mut left = budget(context).bytes();
    for entry in &context.settings.config {
        let mut files = BTreeMap::new();
        for (key, path, said) in paths(context, entry, &mut problems) {
            if let Err(problem) = context.settings.reserved.refuse(context.root, &path) {
                problems.push(said.at(problem));
                continue;
            }
            let bytes = match context.root.read(&path, FILE_LIMIT) {
                Ok(bytes) if bytes.len() <= left => {
                    left -= bytes.len();
                    bytes
                }
                Ok(_) => {
                    let reason = format!("the files of `config:` are more than {} MiB together", budget(context).bytes() >> 20);
                    problems.push(said.at(Problem::new(Fault::Project, reason, budget(context).next("name fewer files"))));
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
                    if templates.iter().any(|template| *template.file == *path) {
                        problems.push(said.at(Problem::new(
                            Fault::Project,
                            format!("`{path}` is a template of manifests too"),
                            "keep files for `config:` outside what `templates:` matches",
                        )));
                    } else if taken.insert(Arc::clone(&file)) {
                        rendered.push(Template { file: Arc::clone(&file), text });
                    }
                    BundleFile::Template(file)
                }
            };
            if files.insert(key.clone(), file).is_some() {
                let reason = format!("two files of {} `{}` have the key `{key}`", entry.kind.value.word(), entry.name.value);
                problems.push(said.at(Problem::new(Fault::Project, reason, "name the keys under `keys:`")));
            }
        }
        found.push(bundle(entry, files, &context.settings.namespace));
    }
    Problems::or((found, rendered), problems)
}

fn paths(context: &Context<'_>, entry: &ConfigEntry, problems: &mut Vec<Problem>) -> Vec<(String, String, Spanned<String>)> {
    let mut list = Vec::new();
    for pattern in &entry.files {
        match context.root.expand(std::slice::from_ref(pattern)) {
            Ok(files) => list.extend(files.into_iter().map(|path| {
                let key = path.rsplit('/').next().unwrap_or_default().to_owned();
                (key, path, pattern.clone())
            })),
            Err(failed) => problems.extend(failed.into_list()),
        }
    }
    list.extend(entry.keys.iter().map(|(key, path)| (key.value.clone(), path.value.clone(), path.clone())));
    list
}

/// The text of a file that is a template, or the bytes of one that is none.
fn text_of(bytes: Vec<u8>, template: bool) -> Result<String, Vec<u8>> {
    if !template || bytes.contains(&0) {
        return Err(bytes);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

fn bundle(entry: &ConfigEntry, files: BTreeMap<String, BundleFile>, namespace: &str) -> Bundle {
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
    }
}

/// The same problems at places in the templates, where they had places in what templates rendered to. Reads and renders again, so only
/// when there is something to trace.
pub fn locate(context: &Context<'_>, problems: Problems) -> Problems {
    let traced = |problem: &Problem| problem.place.as_ref().is_some_and(|place| place.rendered && place.line > 0);
    if !problems.list().iter().any(traced) {
        return problems;
    }
    let Ok((request, _)) = request(context) else { return problems };
    let mut maps: BTreeMap<Arc<str>, LineMap> = BTreeMap::new();
    let mut list = problems.into_list();
    for problem in &mut list {
        let Some(place) = problem.place.as_mut().filter(|place| place.rendered && place.line > 0) else { continue };
        if !maps.contains_key(&place.file) && maps.len() >= MOST_TRACED {
            continue;
        }
        let map = maps.entry(Arc::clone(&place.file)).or_insert_with(|| context.engine.lines(&request, &place.file));
        if let Some(traced) = map.place(place.line, place.column) {
            *place = traced;
        }
    }
    Problems::from(list)
}

/// The same warnings at places in the templates.
pub fn locate_all(context: &Context<'_>, warnings: Vec<Problem>) -> Vec<Problem> {
    if warnings.is_empty() { warnings } else { locate(context, Problems::from(warnings)).into_list() }
}

/// What is to be rendered, and the bundles that some of it belongs to.
fn request(context: &Context<'_>) -> Result<(Request, Vec<Bundle>), Problems> {
    let settings = context.settings;
    let mut problems = Vec::new();
    let mut collect = |failed: Problems| problems.extend(failed.into_list());
    let values = Values::load(context.root, settings).map_err(&mut collect).ok();
    let templates = templates(context).map_err(&mut collect).unwrap_or_default();
    let (bundles, files) = bundles(context, &templates).map_err(&mut collect).unwrap_or_default();
    match values.filter(|_| problems.is_empty()) {
        Some(values) => Ok((
            Request { values: values.context(settings), templates: templates.into_iter().chain(files).collect(), budget: budget(context) },
            bundles,
        )),
        None => Err(problems.into()),
    }
}

fn budget(context: &Context<'_>) -> Budget {
    Budget::times(context.settings.budget).unwrap_or_default()
}

/// Bytes of one template or file.
const FILE_LIMIT: usize = 16 << 20;

/// Files whose lines are traced in one run; each is one more rendering.
const MOST_TRACED: usize = 20;

/// The annotation that says how an object is named.
const NAMES: &str = "cloze.dev/names";
