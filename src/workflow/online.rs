//! A review that asks the vaults too: whether every blank exists and is allowed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Clock;
use crate::event::Event;
use crate::problem::Problems;
use crate::project::Lock;
use crate::stage::probe::Probe;
use crate::stage::probe::probe;
use crate::vault::Vault;
use crate::workflow::calls::announce;
use crate::workflow::lock::Held;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::Workbench;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::review::Review;
use crate::workflow::review::review_prepared;

/// Who is asked, and how.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The vaults by name.
    pub vaults: &'a BTreeMap<String, Arc<dyn Vault>>,
    /// The versions that are asked for, where they are locked.
    pub lock: Option<&'a Lock>,
    /// For expiries.
    pub clock: &'a dyn Clock,
}

/// Reviews what was prepared and probes every blank. What is wrong with either is told at once.
pub async fn check_online(workbench: &Workbench<'_>, prepared: Prepared, asking: Asking<'_>) -> Result<(Review, Probe), Problems> {
    let blanks = prepared.parsed.blanks().clone();
    let mut problems = Vec::new();
    let review = match review_prepared(workbench, prepared) {
        Ok(review) => Some(review),
        Err(failed) => {
            problems.extend(failed.into_list());
            None
        }
    };
    let held = match Held::of(asking.lock, &blanks, asking.vaults) {
        Ok(held) => held,
        Err(failed) => return Err(problems.into_iter().chain(locate(workbench, failed).into_list()).collect::<Vec<_>>().into()),
    };
    announce(workbench.observer, &blanks, &held.vaults);
    let mut probe = probe(&blanks, &held.vaults, asking.clock).await;
    workbench.observer.observe(Event::Answered);
    problems.extend(locate_all(workbench, std::mem::take(&mut probe.problems)));
    probe.warnings.extend(held.warnings);
    probe.warnings = locate_all(workbench, probe.warnings);
    match review.filter(|_| problems.is_empty()) {
        Some(review) => {
            let (secrets, read) = probe.counts();
            workbench.observer.observe(Event::Probed { secrets, read });
            Ok((review, probe))
        }
        None => Err(problems.into()),
    }
}
