//! The engine in this process.

use std::io;
use std::sync::Arc;

use tera::Context;
use tera::Tera;

use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::clock::Entropy;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::render::Engine;
use crate::render::LineMap;
use crate::render::Rendered;
use crate::render::RenderedText;
use crate::render::Request;
use crate::render::analysis::Analysis;
use crate::render::failure;
use crate::render::failure::LoadedTemplate;
use crate::render::findings::MANY;
use crate::render::findings::OWN_SITES;
use crate::render::functions::SharedFunctions;
use crate::render::library::Library;
use crate::render::library::Marks;
use crate::render::library::read;
use crate::render::token::Arrivals;
use crate::render::token::Tokens;

/// Renders in this process.
///
/// Output is bounded, but a template that loops or doubles a string for ever takes this process with it: Tera has no limits of
/// its own. Use [`crate::render::ProcessEngine`] for templates that nobody vouches for.
#[derive(Debug, Clone)]
pub struct TeraEngine {
    entropy: Arc<dyn Entropy>,
}

impl TeraEngine {
    /// An engine whose tokens come from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy }
    }

    fn random(&self) -> [u8; 16] {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        random
    }
}

impl Engine for TeraEngine {
    fn render(&self, request: &Request) -> Result<Rendered, Problems> {
        let random = self.random();
        let mut texts = Vec::new();
        let mut blanks = Blanks::default();
        let mut tokens = Tokens::new(&random);
        let problems = run(request, &random, &mut |done| {
            if let Done::Template { number, text: Some(text), minted } = done {
                texts.push(RenderedText { file: Arc::clone(&request.templates[number].file), text });
                for blank in minted {
                    tokens.mint(blanks.add(blank));
                }
            }
            Ok(())
        });
        Problems::or(Rendered { texts, blanks, tokens }, problems)
    }

    fn lines(&self, request: &Request, file: &str) -> LineMap {
        trace(request, file, &self.random())
    }
}

/// How far [`run`] is.
pub(super) enum Done {
    /// The templates that others use are loaded.
    Library,
    /// The next template may take its time.
    Slow,
    /// The template with that number is rendered, or has a problem.
    Template { number: usize, text: Option<String>, minted: Vec<Blank> },
}

/// Renders every template in order and tells `done` of each. Ends early when that fails.
pub(super) fn run(request: &Request, random: &[u8; 16], done: &mut dyn FnMut(Done) -> io::Result<()>) -> Vec<Problem> {
    let mut renderer = match Renderer::new(request, random, Marks::None) {
        Ok(renderer) => renderer,
        Err(problem) => return vec![problem],
    };
    let mut ended = done(Done::Library).is_err();
    for (number, _) in request.templates.iter().enumerate().filter(|(_, template)| !template.is_partial()) {
        if ended {
            break;
        }
        let first = renderer.shared.lock().blanks.len();
        let text = renderer.render(number, &mut || ended = done(Done::Slow).is_err());
        ended |= renderer.spent;
        let minted = {
            let blanks = &renderer.shared.lock().blanks;
            (first..blanks.len()).map(|id| blanks.get(BlankId(u32::try_from(id).unwrap_or(u32::MAX))).clone()).collect()
        };
        ended |= done(Done::Template { number, text, minted }).is_err();
    }
    renderer.problems
}

/// Renders `file` with and without markers and reads them. Where a template looks at text that an included one wrote, the markers in that
/// would change what it sees; then only the file itself is marked.
pub(super) fn trace(request: &Request, file: &str, random: &[u8; 16]) -> LineMap {
    let once = |marks: Marks<'_>| {
        let mut renderer = Renderer::new(request, random, marks).ok()?;
        let number = renderer.library.number(file)?;
        renderer.render(number, &mut || ())
    };
    let files: Vec<Arc<str>> = request.templates.iter().map(|template| Arc::clone(&template.file)).collect();
    let number = files.iter().position(|known| **known == *file);
    let (Some(number), Some(plain)) = (number, once(Marks::None)) else { return LineMap::default() };
    let traced = |marks| once(marks).and_then(|marked| LineMap::read(random, &files, &marked)).filter(|(_, text)| *text == plain);
    traced(Marks::All(random)).or_else(|| traced(Marks::Only(random, number))).map(|(map, _)| map).unwrap_or_default()
}

/// Templates of more bytes may take their time.
const LONG: usize = 64 << 10;

struct Renderer<'r> {
    request: &'r Request,
    marks: Marks<'r>,
    library: Library,
    usable: bool,
    tera: Tera,
    context: Context,
    shared: SharedFunctions,
    problems: Vec<Problem>,
    /// Bytes that may still be rendered.
    left: usize,
    /// There was not enough of them.
    spent: bool,
}

impl<'r> Renderer<'r> {
    fn new(request: &'r Request, random: &[u8; 16], marks: Marks<'r>) -> Result<Self, Problem> {
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
        let mut library = Library::new(request, marks);
        let mut problems = std::mem::take(&mut library.problems);
        let usable = problems.is_empty();
        let mut renderer = Self {
            request,
            marks,
            library,
            usable,
            tera,
            context,
            shared,
            problems: Vec::new(),
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
    fn render(&mut self, number: usize, slow: &mut dyn FnMut()) -> Option<String> {
        let first = self.shared.lock().blanks.len();
        let text = self.text(number, slow);
        if text.is_none() {
            self.shared.lock().blanks.truncate(first);
        }
        text
    }

    fn text(&mut self, number: usize, slow: &mut dyn FnMut()) -> Option<String> {
        let template = &self.request.templates[number];
        let leaf = if self.library.members.contains_key(&number) {
            None
        } else {
            let early = self.library.leaves.remove(&number);
            let mut analysis = early.unwrap_or_else(|| read(self.request, number, OWN_SITES, self.marks));
            let problems = self.library.problems_of(self.request, number, &analysis);
            if !problems.is_empty() {
                self.problems.extend(problems);
                return None;
            }
            self.shared.lock().own_sites = std::mem::take(&mut analysis.sites);
            Some(analysis)
        };
        if !self.usable {
            return None;
        }
        if leaf.as_ref().is_none_or(|analysis| analysis.links.growing >= MANY || template.text.len() > LONG) {
            slow();
        }
        let first = {
            let mut functions = self.shared.lock();
            functions.file = Arc::clone(&template.file);
            functions.failed = None;
            functions.blanks.len()
        };
        let mut output = Bounded { bytes: Vec::with_capacity(template.text.len() + template.text.len() / 4), left: self.left };
        let result = match &leaf {
            Some(analysis) => self.tera.render_str_to(&analysis.text, &self.context, false, &mut output),
            None => self.tera.render_to(&template.file, &self.context, &mut output),
        };
        if let Err(error) = result {
            self.spent = matches!(error.kind(), tera::ErrorKind::Io(_));
            let failed = self.shared.lock().failed.take();
            let problem = match failed {
                Some(failed) => failure::failed(failed, self.request),
                None => self.translate(&error, &template.file, leaf.as_ref().map(|analysis| (number, analysis))),
            };
            self.problems.push(problem);
            return None;
        }
        let text = String::from_utf8(output.bytes).ok()?;
        self.left -= text.len();
        self.arrived(&text, first, &template.file).then_some(text)
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
