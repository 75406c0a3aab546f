//! The templates that others use, and whether all that they name is there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::RenderRequest;
use crate::render::analysis::Analysis;
use crate::render::analysis::analyse;
use crate::render::failure::syntax;
use crate::render::findings::Lines;
use crate::render::findings::OWN_SITES;
use crate::render::marker::Marker;
use crate::suggest::suggest;

/// The templates of a request, sorted into those that others use and the rest.
#[derive(Debug, Default)]
pub(super) struct Library {
    /// By number in the request: partials, what is included or extended, what defines components, what extends or has blocks.
    pub(super) members: BTreeMap<usize, Analysis>,
    /// Leaves that had to be read early.
    pub(super) leaves: BTreeMap<usize, Analysis>,
    /// Names of all files.
    files: BTreeMap<Arc<str>, usize>,
    /// Names of all components, with the file that defines them.
    components: BTreeMap<String, usize>,
    pub(super) problems: Vec<Problem>,
    /// The templates are read for all that is wrong with them: only what cannot be passed over is a problem.
    examined: bool,
}

impl Library {
    /// Sorts the templates of a request and reads the library.
    pub(super) fn new(request: &RenderRequest, purpose: Purpose<'_>) -> Self {
        let mut library = Self { examined: matches!(purpose, Purpose::Examination), ..Self::default() };
        let mut named = BTreeSet::new();
        for (number, template) in request.templates.iter().enumerate() {
            if library.files.insert(Arc::clone(&template.file), number).is_some() {
                let reason = format!("the template {} is given twice", template.file);
                library.problems.push(Problem::new(Fault::Project, reason, "list it once"));
            }
            if ["include", "extends", "component", "block"].iter().any(|word| template.text.contains(word)) {
                let analysis = read(request, number, OWN_SITES, purpose);
                let links = &analysis.links;
                named.extend(links.includes.iter().map(|(name, _)| name.clone()));
                named.extend(links.extends.iter().map(|(name, _)| name.clone()));
                if links.extends.is_some() || !links.blocks.is_empty() || !links.components.is_empty() {
                    named.insert(template.file.to_string());
                }
                library.leaves.insert(number, analysis);
            }
            if template.is_partial() {
                named.insert(template.file.to_string());
            }
        }
        let mut base = 0;
        for (number, template) in request.templates.iter().enumerate().filter(|(_, template)| named.contains(&*template.file)) {
            library.leaves.remove(&number);
            let analysis = read(request, number, base, purpose);
            base += analysis.sites.len();
            for (name, at) in &analysis.links.components {
                if let Some(first) = library.components.insert(name.clone(), number) {
                    let reason = format!("the component `{name}` is defined in {} already", request.templates[first].file);
                    let place = Lines::new(Arc::clone(&template.file), &template.text).place(*at);
                    library.problems.push(Problem::new(Fault::Check, reason, "rename one of them").at(place));
                }
            }
            library.members.insert(number, analysis);
        }
        for (number, analysis) in &library.members {
            let problems = library.problems_of(request, *number, analysis);
            library.problems.extend(problems);
        }
        library
    }

    /// What is wrong with a template as far as its text tells.
    pub(super) fn problems_of(&self, request: &RenderRequest, number: usize, analysis: &Analysis) -> Vec<Problem> {
        let template = &request.templates[number];
        let mut problems = if self.examined { Vec::new() } else { analysis.problems.clone() };
        if let Some(at) = analysis.broken {
            problems.push(syntax(&template.file, &template.text, at));
        }
        let lines = Lines::new(Arc::clone(&template.file), &template.text);
        let mut missing = |kind: &str, name: &str, at: usize, known: &mut dyn Iterator<Item = &str>| {
            let next = match suggest(name, known) {
                Some(near) => format!("write `{near}`"),
                None => format!("add the {kind}, or correct its name"),
            };
            let reason = format!("there is no {kind} `{}`", name.chars().filter(|char| !char.is_control()).collect::<String>());
            problems.push(Problem::new(Fault::Check, reason, next).at(lines.place(at)));
        };
        for (name, at) in analysis.links.includes.iter().chain(&analysis.links.extends) {
            if !self.files.contains_key(name.as_str()) {
                missing("template", name, *at, &mut self.files.keys().map(|file| &**file));
            }
        }
        for (name, at) in &analysis.links.calls {
            if !self.components.contains_key(name) {
                missing("component", name, *at, &mut self.components.keys().map(String::as_str));
            }
        }
        problems
    }

    /// The number of a file.
    pub(super) fn number(&self, file: &str) -> Option<usize> {
        self.files.get(file).copied()
    }

    /// The blocks that a template sets and none of those that it extends has.
    pub(super) fn stray_blocks(&self, request: &RenderRequest) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, analysis) in self.members.iter().filter(|(_, analysis)| analysis.links.extends.is_some()) {
            let mut known = BTreeSet::new();
            let mut above = analysis;
            for _ in 0..self.members.len() {
                let Some(parent) = above.links.extends.as_ref().and_then(|(name, _)| self.members.get(&self.number(name)?)) else { break };
                known.extend(parent.links.blocks.iter().map(|(name, _)| name.as_str()));
                above = parent;
            }
            let template = &request.templates[*number];
            let lines = Lines::new(Arc::clone(&template.file), &template.text);
            for (name, at) in analysis.links.blocks.iter().filter(|(name, _)| !known.contains(name.as_str())) {
                let reason = format!("there is no block `{name}` in what this template extends");
                let next = suggest(name, known.iter().copied()).map_or("correct its name".to_owned(), |near| format!("write `{near}`"));
                problems.push(Problem::new(Fault::Check, reason, next).at(lines.place(*at)));
            }
        }
        problems
    }
}

/// What a template is read for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// For its output.
    Output,
    /// For the lines of its output; the random bits of the markers.
    Lines(&'a [u8; 16]),
    /// The same, where only the template with that number is marked.
    LinesOf(&'a [u8; 16], usize),
    /// For all that is wrong with it.
    Examination,
}

/// Reads one template of a request.
pub(super) fn read(request: &RenderRequest, number: usize, base: usize, purpose: Purpose<'_>) -> Analysis {
    let template = &request.templates[number];
    let marker = match purpose {
        Purpose::Lines(random) => Some(Marker::new(random, number)),
        Purpose::LinesOf(random, only) if only == number => Some(Marker::new(random, number)),
        Purpose::Output | Purpose::LinesOf(..) | Purpose::Examination => None,
    };
    analyse(&template.file, &template.text, base, marker.as_ref(), matches!(purpose, Purpose::Examination))
}
