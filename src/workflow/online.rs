//! A review that asks the vaults too: whether every blank exists and is allowed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Event;
use crate::problem::Problems;
use crate::project::Lock;
use crate::stage::literal::MASK;
use crate::stage::probe::Probe;
use crate::stage::probe::probe;
use crate::vault::Vault;
use crate::workflow::calls::announce;
use crate::workflow::context::Context;
use crate::workflow::lock::LockedVaults;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::review::Review;
use crate::workflow::review::review_prepared;

/// Reviews what was prepared and probes every blank. What is wrong with either is reported at once.
pub async fn check_online(
    context: &Context<'_>,
    prepared: Prepared,
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    lock: Option<&Lock>,
) -> Result<(Review, Probe), Problems> {
    let blanks = prepared.parsed.blanks().clone();
    let mut problems = Vec::new();
    let review = match review_prepared(context, prepared, &|_, _, _| MASK.to_owned()) {
        Ok(review) => Some(review),
        Err(failed) => {
            problems.extend(failed.into_list());
            None
        }
    };
    let locked = match LockedVaults::of(lock, &blanks, vaults) {
        Ok(locked) => locked,
        Err(failed) => return Err(problems.into_iter().chain(locate(context, failed).into_list()).collect::<Vec<_>>().into()),
    };
    announce(context.observer, &blanks, &locked.vaults);
    let mut probe = probe(&blanks, &locked.vaults, context.clock).await;
    context.observe(Event::Answered);
    problems.extend(locate_all(context, std::mem::take(&mut probe.problems)));
    probe.warnings.extend(locked.warnings);
    probe.warnings = locate_all(context, probe.warnings);
    problems.extend(context.refuse(&probe.warnings).err().into_iter().flat_map(Problems::into_list));
    match review.filter(|_| problems.is_empty()) {
        Some(review) => {
            let (secrets, read) = probe.counts();
            context.observe(Event::Probed { secrets, read });
            Ok((review, probe))
        }
        None => Err(problems.into()),
    }
}
