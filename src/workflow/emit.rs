//! The end of every release: its manifests go where they were asked for.

use crate::event::Event;
use crate::event::Observer;
use crate::history::History;
use crate::history::NewEvent;
use crate::history::Outcome;
use crate::history::Release;
use crate::history::What;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::read;
use crate::manifest::write_json;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::order::file_names;
use crate::target::Hold;
use crate::target::OutputFile;
use crate::target::Sink;
use crate::workflow::past::Past;

/// The syntax of emitted manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// The bytes as recorded.
    Yaml,
    /// JSON, an object a file.
    Json,
}

/// Where manifests go, and how they are written.
#[derive(Debug, Clone, Copy)]
pub struct Emission<'a> {
    /// Where to.
    pub sink: &'a dyn Sink,
    /// How.
    pub syntax: Syntax,
    /// Who is told.
    pub observer: &'a dyn Observer,
}

/// Emits the manifests of a recorded release and records that it was done, unless that is known already.
///
/// What was written out once was released: writing it out anew and failing takes nothing of that back.
pub async fn emit(
    past: &Past<'_>,
    history: &History<'_>,
    release: &Release,
    manifests: &[(&Identity, &[u8])],
    emission: Emission<'_>,
) -> Result<(), Problem> {
    let before = history.outcome(release).await.map_err(Problem::from)?;
    let hold = emission.sink.hold();
    let newest = history.reader().newest().await.map_err(Problem::from)?;
    let result = match hold {
        // Whoever recorded the newer one may have written it already.
        Ok(_) if newest > release.summary.number => Err(superseded(release.summary.number, newest, emission.sink)),
        Ok(hold) => put(past, manifests, &hold, emission),
        Err(failed) => Err(failed),
    };
    match &result {
        Ok(()) if before.is_good() => {}
        Ok(()) => {
            let note = NewEvent { actor: past.actor, what: What::Emitted, detail: "" };
            history.add_event(release, note).await.map_err(Problem::from)?;
        }
        Err(_) if matches!(before, Outcome::Known(_)) && newest > release.summary.number => {}
        Err(failed) => {
            // Another run may have written it out meanwhile.
            let good = matches!(history.outcome(release).await, Ok(outcome) if outcome.is_good());
            if !good {
                let note = NewEvent { actor: past.actor, what: What::Failed, detail: &failed.reason };
                // The failure itself is what the user must hear.
                let _ = history.add_event(release, note).await;
            }
        }
    }
    result
}

fn superseded(number: u64, newest: u64, sink: &dyn Sink) -> Problem {
    Problem::new(
        Fault::History,
        format!("release {newest} was recorded meanwhile, so release {number} was not written to {sink}"),
        format!("look at it with `cloze show {newest}`, then deploy again"),
    )
}

/// Hands the manifests to the sink.
fn put(past: &Past<'_>, manifests: &[(&Identity, &[u8])], hold: &Hold, emission: Emission<'_>) -> Result<(), Problem> {
    let mut names = file_names(manifests.iter().map(|(identity, _)| *identity));
    let converted: Vec<Secret> = match emission.syntax {
        Syntax::Yaml => Vec::new(),
        Syntax::Json => {
            for name in &mut names {
                *name = format!("{}.json", name.trim_end_matches(".yaml"));
            }
            manifests.iter().map(|(_, bytes)| json(bytes)).collect::<Result<_, _>>()?
        }
    };
    let bytes_of = |index: usize| converted.get(index).map_or(manifests[index].1, Secret::expose);
    let files: Vec<OutputFile<'_>> = names.iter().enumerate().map(|(index, name)| OutputFile { name, bytes: bytes_of(index) }).collect();
    for warning in emission.sink.emit(hold, &files, &past.attempt())? {
        emission.observer.observe(Event::Warned(warning));
    }
    emission.observer.observe(Event::Emitted {
        manifests: files.len(),
        bytes: files.iter().map(|file| file.bytes.len()).sum(),
        target: emission.sink.to_string(),
    });
    Ok(())
}

/// A recorded manifest as JSON.
fn json(bytes: &[u8]) -> Result<Secret, Problem> {
    let broken = || Problem::new(Fault::Internal, "a recorded manifest cannot be read", "report this as a bug of cloze");
    let text = std::str::from_utf8(bytes).map_err(|_| broken())?;
    let mut documents = read(text, Limits::default()).map_err(|_| broken())?;
    let mut root = documents.pop().ok_or_else(broken)?;
    let mut out = SecretBuffer::with_capacity(bytes.len() * 2);
    write_json(&root, &mut out);
    root.wipe();
    Ok(Secret::from(out))
}
