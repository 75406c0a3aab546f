//! What was prepared, held to the rules of `policy:`, before any vault or key is asked.

use crate::policy::Rule;
use crate::problem::Problems;
use crate::stage::policy;
use crate::stage::policy::Judgement;
use crate::workflow::context::Context;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::prepare::trace;

/// Holds every object to `rules`. What is only worth a look, and which objects are exempted, joins what `prepared` has of these.
///
/// # Errors
/// Every object that does not keep to a rule of severity `error`, each at its place.
pub fn judge(context: &Context<'_>, prepared: &mut Prepared, rules: &[Rule]) -> Result<(), Problems> {
    let Judgement { problems, warnings, mut waivers } = policy::judge(prepared.parsed.objects(), prepared.parsed.blanks(), rules);
    prepared.warnings.extend(locate_all(context, warnings));
    trace(context, waivers.iter_mut().map(|waiver| &mut waiver.place).collect());
    prepared.waivers.append(&mut waivers);
    Problems::or((), problems).map_err(|failed| locate(context, failed))
}
