//! Templates rendered one after the other, and examined where they fail.

use std::io;
use std::sync::Arc;

use tera::Context;
use tera::Tera;

use crate::blank::BlankId;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::RenderRequest;
use crate::render::analysis::Analysis;
use crate::render::examination::Examination;
use crate::render::failure;
use crate::render::failure::LoadedTemplate;
use crate::render::findings::MANY;
use crate::render::findings::OWN_SITES;
use crate::render::functions::CallFailure;
use crate::render::functions::SharedFunctions;
use crate::render::library::Library;
use crate::render::library::Purpose;
use crate::render::library::read;
use crate::render::token::Arrivals;
use crate::render::token::Tokens;

/// Renders the templates of a request, one after the other.
pub(super) struct Renderer<'r> {
    request: &'r RenderRequest,
    purpose: Purpose<'r>,
    pub(super) library: Library,
    usable: bool,
    tera: Tera,
    context: Context,
    pub(super) shared: SharedFunctions,
    pub(super) problems: Vec<Problem>,
    /// Numbers of the templates that fail.
    pub(super) failed: Vec<usize>,
    /// Bytes that may still be rendered.
    left: usize,
    /// There was not enough of them.
    pub(super) spent: bool,
}

impl<'r> Renderer<'r> {
    pub(super) fn new(request: &'r RenderRequest, random: &[u8; 16], purpose: Purpose<'r>) -> Result<Self, Problem> {
        let mut context = Context::new();
        let Some(values) = request.values.as_object() else {
            return Err(Problem::new(Fault::Project, "the values are not a mapping", "write `name: value` lines"));
        };
        for (name, value) in values {
            let value = tera::Value::try_from_serializable(value);
            let value = value
                .map_err(|_| Problem::new(Fault::Project, format!("the value `{name}` cannot be given to a template"), "simplify it"))?;
            context.insert_value(name.clone(), value);
        }
        let shared = SharedFunctions::new(Tokens::new(random));
        let mut tera = Tera::default();
        tera.autoescape_on(Vec::<&str>::new());
        shared.register(&mut tera);
        let mut library = Library::new(request, purpose);
        let mut problems = std::mem::take(&mut library.problems);
        let usable = problems.is_empty();
        let mut renderer = Self {
            request,
            purpose,
            library,
            usable,
            tera,
            context,
            shared,
            problems: Vec::new(),
            failed: Vec::new(),
            left: request.budget.bytes(),
            spent: false,
        };
        if usable {
            renderer.load(&mut problems);
            renderer.usable = problems.is_empty();
        }
        renderer.problems = problems;
        Ok(renderer)
    }

    fn load(&mut self, problems: &mut Vec<Problem>) {
        let templates = &self.request.templates;
        let texts: Vec<(&str, &str)> =
            self.library.members.iter().map(|(number, analysis)| (&*templates[*number].file, analysis.text.as_str())).collect();
        if let Err(error) = self.tera.add_raw_templates(texts.clone()) {
            problems.extend(self.library.stray_blocks(self.request));
            // The first error ends Tera's loading; each template alone tells its own.
            for (file, text) in texts {
                if let Err(alone) = Tera::default().add_raw_template(file, text)
                    && matches!(alone.kind(), tera::ErrorKind::SyntaxError(_))
                {
                    problems.push(self.translate(&alone, &Arc::from(file), None));
                }
            }
            if problems.is_empty() {
                let file = self.library.members.keys().next().map_or_else(|| Arc::from(""), |number| Arc::clone(&templates[*number].file));
                problems.push(self.translate(&error, &file, None));
            }
        }
        let sites = self.library.members.values_mut().flat_map(|analysis| std::mem::take(&mut analysis.sites)).collect();
        self.shared.lock().library_sites = sites;
    }

    fn translate(&self, error: &tera::Error, file: &Arc<str>, leaf: Option<(usize, &Analysis)>) -> Problem {
        failure::translate(error, file, self.request, |name| {
            let library = || {
                let number = self.library.number(name)?;
                Some((number, self.library.members.get(&number)?))
            };
            // What is rendered without a name is the leaf.
            let (number, analysis) = library().or(leaf)?;
            let template = &self.request.templates[number];
            Some(LoadedTemplate { file: &template.file, source: &template.text, analysis })
        })
    }

    /// The text of a template, or `None` when it has a problem; then its blanks are forgotten, so that those of later templates have the
    /// numbers that the receiver gives them. Tells `slow` when it may take its time.
    pub(super) fn render(&mut self, number: usize, slow: &mut dyn FnMut()) -> Option<String> {
        let first = self.shared.lock().blanks.len();
        let text = self.text(number, slow);
        if text.is_none() {
            self.shared.lock().blanks.truncate(first);
        }
        text
    }

    /// The analysis of a template, unless it is in the library; or its problems.
    fn leaf(&mut self, number: usize) -> Result<Option<Analysis>, Vec<Problem>> {
        if self.library.members.contains_key(&number) {
            return Ok(None);
        }
        let early = self.library.leaves.remove(&number);
        let mut analysis = early.unwrap_or_else(|| read(self.request, number, OWN_SITES, self.purpose));
        let problems = self.library.problems_of(self.request, number, &analysis);
        if !problems.is_empty() {
            return Err(problems);
        }
        self.shared.lock().own_sites = std::mem::take(&mut analysis.sites);
        Ok(Some(analysis))
    }

    fn text(&mut self, number: usize, slow: &mut dyn FnMut()) -> Option<String> {
        let template = &self.request.templates[number];
        let leaf = match self.leaf(number) {
            Ok(leaf) if self.usable => leaf,
            other => {
                self.failed.push(number);
                self.problems.extend(other.err().unwrap_or_default());
                return None;
            }
        };
        if leaf.as_ref().is_none_or(|analysis| analysis.links.growing >= MANY || template.text.len() > LONG) {
            slow();
        }
        let first = self.shared.lock().blanks.len();
        match self.filled(number, leaf.as_ref()) {
            Ok(text) => {
                self.left -= text.len();
                self.arrived(&text, first, &template.file).then_some(text)
            }
            Err(problem) => {
                self.failed.push(number);
                self.problems.push(problem);
                None
            }
        }
    }

    /// What a template renders to.
    fn filled(&mut self, number: usize, leaf: Option<&Analysis>) -> Result<String, Problem> {
        let template = &self.request.templates[number];
        {
            let mut functions = self.shared.lock();
            functions.file = Arc::clone(&template.file);
            functions.failed = None;
        }
        let mut output = Bounded { bytes: Vec::with_capacity(template.text.len() + template.text.len() / 4), left: self.left };
        let result = match leaf {
            Some(analysis) => self.tera.render_str_to(&analysis.text, &self.context, false, &mut output),
            None => self.tera.render_to(&template.file, &self.context, &mut output),
        };
        let Err(error) = result else { return Ok(String::from_utf8(output.bytes).unwrap_or_default()) };
        self.spent = matches!(error.kind(), tera::ErrorKind::Io(_));
        let failed = self.shared.lock().failed.take();
        Err(match failed {
            Some(failed) => failure::failed(failed, self.request),
            None => self.translate(&error, &template.file, leaf.map(|analysis| (number, analysis))),
        })
    }

    /// What is wrong with the templates that others use, as far as their text tells.
    pub(super) fn examine_library(&self) -> Vec<Problem> {
        self.library.members.iter().flat_map(|(number, analysis)| self.noticed(*number, analysis)).collect()
    }

    /// What is wrong with a template as far as its text tells, whether that can be passed over or not.
    fn noticed(&self, number: usize, analysis: &Analysis) -> Vec<Problem> {
        let template = &self.request.templates[number];
        let unread = analysis.unread.iter().map(|(tag, at)| failure::syntax_of(&template.file, &template.text, tag, *at));
        analysis.problems.iter().cloned().chain(unread).collect()
    }

    /// Every problem of a template that fails and is not in `known`: what is wrong whatever an unknown condition comes to.
    pub(super) fn examine(&mut self, number: usize, known: &[Problem]) -> Vec<Problem> {
        let Ok(leaf) = self.leaf(number) else { return Vec::new() };
        let mut problems = leaf.as_ref().map(|analysis| self.noticed(number, analysis)).unwrap_or_default();
        problems.retain(|problem| !known.contains(problem));
        if self.usable {
            let failures = self.failures(number, leaf.as_ref());
            problems.extend(failures.into_iter().filter(|problem| !known.iter().any(|known| is_same(known, problem))));
        }
        problems
    }

    fn failures(&mut self, number: usize, leaf: Option<&Analysis>) -> Vec<Problem> {
        let mut found = self.examine_once(number, leaf, true);
        if self.shared.lock().examination.chosen {
            let other = self.examine_once(number, leaf, false);
            found.retain(|problem| other.contains(problem));
        }
        found
    }

    fn examine_once(&mut self, number: usize, leaf: Option<&Analysis>, choice: bool) -> Vec<Problem> {
        let mut found = Vec::new();
        self.shared.lock().examination = Examination::new(choice);
        for _ in 0..MOST_ROUNDS {
            self.shared.lock().examination.begin();
            let Err(problem) = self.filled(number, leaf) else { break };
            let given_up = self.shared.lock().examination.give_up();
            if given_up == Some(true) && !found.contains(&problem) {
                found.push(problem);
            }
            if given_up.is_none() || self.spent {
                break;
            }
        }
        let functions = self.shared.lock();
        for site in functions.examination.undefined.iter().filter_map(|site| functions.site_at(*site)) {
            let problem = failure::failed(CallFailure::Undefined { place: site.place.clone(), source: site.source.clone() }, self.request);
            if !found.iter().any(|known| is_same(known, &problem)) {
                found.push(problem);
            }
        }
        found
    }

    /// Whether every blank minted from number `first` on is in the text.
    fn arrived(&mut self, text: &str, first: usize, file: &Arc<str>) -> bool {
        let functions = self.shared.lock();
        if functions.blanks.len() == first {
            return true;
        }
        let Ok(found) = functions.tokens.find(text) else {
            let problem = Problem::new(
                Fault::Check,
                "a blank was changed on its way to the output",
                "print it as it is, or use a filter that knows blanks",
            );
            self.problems.push(problem.at(Place::file(Arc::clone(file))));
            return false;
        };
        let mut arrivals = Arrivals::since(BlankId(u32::try_from(first).unwrap_or(u32::MAX)));
        for id in found {
            arrivals.mark(&functions.blanks, id);
        }
        let before = self.problems.len();
        self.problems.extend(arrivals.missing(&functions.blanks).into_iter().map(|id| {
            let ask = functions.blanks.asks(id).first().map(ToString::to_string).unwrap_or_default();
            let reason = format!("the blank does not reach the output (secret {ask})");
            let next = "print it with {{ … }}, or ask for it only where it is printed";
            Problem::new(Fault::Check, reason, next).at(functions.blanks.get(id).place.clone())
        }));
        self.problems.len() == before
    }
}

/// Templates of more bytes may take their time.
const LONG: usize = 64 << 10;

/// How often a template is rendered to find what else is wrong with it.
const MOST_ROUNDS: usize = 20;

/// Output of a bounded number of bytes.
struct Bounded {
    bytes: Vec<u8>,
    left: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.left {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether two problems are one for the reader: what is not defined is reported once for each file, and `a-b` once for both of its parts.
fn is_same(one: &Problem, other: &Problem) -> bool {
    let file = |problem: &Problem| problem.place.as_ref().map(|place| Arc::clone(&place.file));
    let same = one.reason == other.reason || (one.next == other.next && failure::is_minus(&one.next));
    same && file(one) == file(other)
}
