//! Deploy: fill, name, record, put.

use std::collections::BTreeSet;

use crate::event::Event;
use crate::history::Action;
use crate::history::Draft;
use crate::history::RecordedFile;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::fill::Used;
use crate::stage::taint::Waiver;
use crate::target::Syntax;
use crate::target::Target;
use crate::workflow::access::HistoryAccess;
use crate::workflow::assigned;
use crate::workflow::build::Built;
use crate::workflow::build::Filling;
use crate::workflow::build::build;
use crate::workflow::context::Context;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::release::Candidate;
use crate::workflow::released::Released;
use crate::workflow::rollout::rollout;

/// Where manifests go, and how they are written.
#[derive(Clone, Copy)]
pub struct Emission<'a> {
    /// Where to.
    pub target: &'a dyn Target,
    /// How.
    pub syntax: Syntax,
    /// Whether to go on, asked once all that there is to say before has been said. A problem leaves everything as it is.
    pub confirm: &'a dyn Fn() -> Result<(), Problem>,
}

/// Deploys what was prepared. Gives the rules that its templates waive, too.
pub async fn deploy(
    context: &Context<'_>,
    mut prepared: Prepared,
    access: &HistoryAccess<'_>,
    filling: Filling<'_>,
    note: Option<&str>,
    emission: Emission<'_>,
) -> Result<(Released, Vec<Waiver>), Problems> {
    let history = access.open(context).await?;
    let values = values(&prepared, filling);
    let built = built(context, &mut prepared, filling, emission.syntax).await?;
    let draft = draft(context, prepared, values, &built, note);
    let head = history.head().await?;
    let set = built.set(emission.syntax);
    let candidate = Candidate { draft: &draft, built: Some(&built), set: &set, target: emission.target, confirm: emission.confirm };
    let released = rollout(context, access, &history, head, candidate).await?;
    drop(set);
    drop(draft);
    Ok((released, built.waivers))
}

/// What is recorded of the values that templates saw.
pub(crate) fn values(prepared: &Prepared, filling: Filling<'_>) -> Vec<RecordedFile> {
    let mut values = vec![RecordedFile { path: "values".to_owned(), digest: prepared.values }];
    values.extend(assigned::recorded(&prepared.assigned, prepared.parsed.objects(), filling.keys));
    values
}

/// What is recorded of what was built.
pub(crate) fn draft<'b>(
    context: &Context<'_>,
    prepared: Prepared,
    values: Vec<RecordedFile>,
    built: &'b Built,
    note: Option<&str>,
) -> Draft<'b> {
    Draft {
        actor: context.actor.to_owned(),
        revision: context.revision.map(str::to_owned),
        note: note.map(str::to_owned),
        action: Action::Deploy,
        blanks: built.blanks(),
        templates: prepared.templates.into_iter().map(|(path, digest)| RecordedFile { path, digest }).collect(),
        values,
        manifests: built.drafts(),
    }
}

/// The manifests of what was prepared. Reports what was asked of vaults, and every warning so far.
pub(crate) async fn built(context: &Context<'_>, prepared: &mut Prepared, filling: Filling<'_>, syntax: Syntax) -> Result<Built, Problems> {
    let (objects, blanks) = prepared.take();
    let mut built = build(context, objects, &blanks, filling, syntax).await.map_err(|failed| locate(context, failed))?;
    context.observe(Event::Filled { secrets: secrets(&built.used), vaults: vaults(&built.used) });
    let mut warnings = std::mem::take(&mut prepared.warnings);
    warnings.extend(locate_all(context, std::mem::take(&mut built.warnings)));
    context.warn_of(warnings)?;
    built.waivers.append(&mut prepared.waivers);
    Ok(built)
}

/// As the vaults' plans count them: whatever the key.
fn secrets(used: &[Used]) -> usize {
    used.iter().map(|Used { ask, .. }| (&ask.vault, &ask.name, &ask.version)).collect::<BTreeSet<_>>().len()
}

fn vaults(used: &[Used]) -> usize {
    used.iter().map(|used| &used.ask.vault).collect::<BTreeSet<_>>().len()
}
