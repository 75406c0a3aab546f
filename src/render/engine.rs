//! The engine in this process.

use std::io;
use std::sync::Arc;

use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::clock::Entropy;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::render::Engine;
use crate::render::LineMap;
use crate::render::RenderRequest;
use crate::render::RenderedText;
use crate::render::TakeText;
use crate::render::evaluation::EvaluationRequest;
use crate::render::evaluation::Finding;
use crate::render::evaluator::Told;
use crate::render::evaluator::evaluate;
use crate::render::library::Purpose;
use crate::render::renderer::Renderer;
use crate::render::token::Tokens;
use crate::render::validation::MOST;
use crate::render::validation::ValidationRequest;
use crate::schema::Violation;
use crate::schema::violations;

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
    fn render_each(&self, request: &RenderRequest, take: TakeText<'_>) -> Result<(Blanks, Tokens), Problems> {
        let random = self.random();
        let mut blanks = Blanks::default();
        let mut tokens = Tokens::new(&random);
        let mut problems = Vec::new();
        let _ = run(request, &random, &mut |done| {
            match done {
                Done::Template { number, text: Some(text), minted } => {
                    for blank in minted {
                        tokens.mint(blanks.add(blank));
                    }
                    if take(RenderedText { file: Arc::clone(&request.templates[number].file), text }).is_break() {
                        return Err(io::ErrorKind::Interrupted.into());
                    }
                }
                Done::Problems(found) | Done::Further(found) => problems.extend(found),
                Done::Library | Done::Slow | Done::Template { text: None, .. } => {}
            }
            Ok(())
        });
        Problems::or((blanks, tokens), problems)
    }

    fn evaluate(&self, request: &EvaluationRequest) -> Result<Vec<Finding>, Problem> {
        let mut findings = Vec::new();
        let mut subjects = request.subjects.iter().cloned().map(Ok);
        let ended = evaluate(request, &mut subjects, &mut |told| {
            if let Told::Found(finding) = told {
                findings.push(finding.clone());
            }
            Ok(())
        });
        match ended {
            Ok(()) => Ok(findings),
            Err(_) => Err(Problem::new(Fault::Internal, "an object for the policy is not JSON", "report this as a bug of cloze")),
        }
    }

    fn validate(&self, request: ValidationRequest<'_>) -> Result<Vec<Violation>, Problem> {
        Ok(violations(request.schema, request.values, MOST))
    }

    fn lines(&self, request: &RenderRequest, file: &str) -> LineMap {
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
    /// All templates were rendered, with these problems.
    Problems(Vec<Problem>),
    /// An examination of what failed found these problems.
    Further(Vec<Problem>),
}

/// Renders every template in order and tells `done` of each, then of all problems. Ends early when that fails.
pub(super) fn run(request: &RenderRequest, random: &[u8; 16], done: &mut dyn FnMut(Done) -> io::Result<()>) -> io::Result<()> {
    let mut renderer = match Renderer::new(request, random, Purpose::Output) {
        Ok(renderer) => renderer,
        Err(problem) => return done(Done::Problems(vec![problem])),
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
    let Renderer { problems, failed, spent, .. } = renderer;
    let known = problems.clone();
    done(Done::Problems(problems))?;
    if spent || failed.is_empty() {
        return Ok(());
    }
    let Ok(mut examiner) = Renderer::new(request, random, Purpose::Examination) else { return Ok(()) };
    let mut further = examiner.examine_library();
    further.retain(|problem| !known.contains(problem));
    done(Done::Further(further))?;
    for number in failed {
        done(Done::Further(examiner.examine(number, &known)))?;
    }
    Ok(())
}

/// Renders `file` with and without markers and reads them. Where a template looks at text that an included one wrote, the markers in that
/// would change what it sees; then only the file itself is marked.
pub(super) fn trace(request: &RenderRequest, file: &str, random: &[u8; 16]) -> LineMap {
    let once = |purpose: Purpose<'_>| {
        let mut renderer = Renderer::new(request, random, purpose).ok()?;
        let number = renderer.library.number(file)?;
        renderer.render(number, &mut || ())
    };
    let files: Vec<Arc<str>> = request.templates.iter().map(|template| Arc::clone(&template.file)).collect();
    let number = files.iter().position(|known| **known == *file);
    let (Some(number), Some(plain)) = (number, once(Purpose::Output)) else { return LineMap::default() };
    let traced = |purpose| once(purpose).and_then(|marked| LineMap::read(random, &files, &marked)).filter(|(_, text)| *text == plain);
    traced(Purpose::Lines(random)).or_else(|| traced(Purpose::LinesOf(random, number))).map(|(map, _)| map).unwrap_or_default()
}
