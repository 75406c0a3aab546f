//! The beginning of every story about templates: read the project, render, parse, check what can be checked without values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::digest::Digest;
use crate::event::Event;
use crate::manifest::Object;
use crate::place::Place;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::render::LineMap;
use crate::render::RenderedText;
use crate::render::Template;
use crate::render::filled_placeholders;
use crate::stage::ask::asks;
use crate::stage::bundle::Bundle;
use crate::stage::check;
use crate::stage::connection;
use crate::stage::first_line;
use crate::stage::literal;
use crate::stage::name::strays;
use crate::stage::parse::Defaults;
use crate::stage::parse::Documents;
use crate::stage::parse::Parsed;
use crate::stage::parse::parse;
use crate::stage::taint;
use crate::stage::taint::Waiver;
use crate::workflow::assigned::Assigned;
use crate::workflow::context::Context;
use crate::workflow::names;
use crate::workflow::naming::faults;
use crate::workflow::naming::taught;
use crate::workflow::source::Sources;
use crate::workflow::source::budget;
use crate::workflow::source::sources;
use crate::workflow::source::trim_first_lines;
use crate::workflow::validation::validate;

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
    /// Those that the command line set.
    pub(crate) assigned: Vec<Assigned>,
    /// The objects that are exempted from rules of the policy.
    pub waivers: Vec<Waiver>,
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
    let Sources { request, bundles, plain, assigned, values, warnings: beside } = sources(context)?;
    validate(context, &values)?;
    drop(values);
    let count = request.templates.len() + plain.len();
    let digest = Digest::plain(&[request.values.to_string().as_bytes()]);
    let digests =
        request.templates.iter().chain(&plain).map(|file| (file.file.to_string(), Digest::plain(&[file.text.as_bytes()]))).collect();
    let mut documents = Documents::new(budget(context), bundles.iter().flat_map(Bundle::text_files).collect());
    let (blanks, tokens) = context.engine.render_each(&request, &mut |text| documents.add(text))?;
    trim_first_lines(&request, &mut documents);
    let placeholders = filled_placeholders(&request);
    drop(request);
    let _ = plain.into_iter().try_for_each(|Template { file, text }| documents.add(RenderedText { file, text }));
    let defaults = Defaults { namespace: &context.settings.namespace, cluster_scoped: &context.settings.cluster_scoped };
    let (mut parsed, mut failed) = parse(documents, blanks, &tokens, bundles, defaults);
    let complete = failed.is_empty();
    if complete {
        let blanks = parsed.blanks().filled_by_vaults();
        context.observe(Event::Prepared { templates: count, objects: parsed.objects().len(), blanks });
    }
    failed.extend(check::shape(parsed.objects()));
    failed.extend(names::check(parsed.blanks(), context));
    if !failed.is_empty() || taint::check(parsed.objects(), parsed.blanks()).is_err() {
        let (objects, blanks) = parsed.into_parts();
        let more = faults(objects, &blanks, context.settings, &failed, complete);
        failed.extend(more);
        return Err(locate(context, failed.into()));
    }
    let mut warnings = beside;
    warnings.extend(placeholders);
    warnings.extend(parsed.warnings().iter().cloned());
    warnings.extend(first_line::warnings(parsed.objects()));
    warnings.extend(check::hidden_variables(parsed.objects()));
    warnings.extend(check::placeholders(parsed.objects()));
    warnings.extend(literal::warnings(parsed.objects()));
    warnings.extend(connection::warnings(parsed.objects(), parsed.blanks()));
    warnings.extend(strays(parsed.objects_mut(), context.settings.names, &taught(context.settings)));
    Ok(Prepared { parsed, warnings: locate_all(context, warnings), templates: digests, values: digest, assigned, waivers: Vec::new() })
}

/// The same problems at places in the templates, where they had places in what templates rendered to. Reads and renders again, so only
/// when there is something to trace.
pub fn locate(context: &Context<'_>, problems: Problems) -> Problems {
    let mut list = problems.into_list();
    trace(context, list.iter_mut().filter_map(|problem| problem.place.as_mut()).collect());
    Problems::from(list)
}

/// Turns places in what templates rendered to into places in the templates.
pub(super) fn trace(context: &Context<'_>, mut places: Vec<&mut Place>) {
    places.retain(|place| place.rendered && place.line > 0);
    if places.is_empty() {
        return;
    }
    let Ok(Sources { request, .. }) = sources(context) else { return };
    let mut maps: BTreeMap<Arc<str>, LineMap> = BTreeMap::new();
    for place in places {
        // A manifest that is not a template, or the project file.
        if request.templates.iter().all(|template| template.file != place.file) {
            place.rendered = false;
            continue;
        }
        if !maps.contains_key(&place.file) && maps.len() >= MOST_TRACED {
            continue;
        }
        let map = maps.entry(Arc::clone(&place.file)).or_insert_with(|| context.engine.lines(&request, &place.file));
        if let Some(traced) = map.place(place.line, place.column) {
            *place = traced;
        }
    }
}

/// The same warnings at places in the templates.
pub fn locate_all(context: &Context<'_>, warnings: Vec<Problem>) -> Vec<Problem> {
    if warnings.is_empty() { warnings } else { locate(context, Problems::from(warnings)).into_list() }
}

/// Files whose lines are traced in one run; each is one more rendering.
const MOST_TRACED: usize = 20;
