//! `cloze prune`

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::ObjectReport;
use cloze::report::PruneReport;
use cloze::report::PrunedObjects;
use cloze::wiring::PruneRequest;

use crate::args::Prune;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Removes all releases but the newest ones, and what they left in the cluster.
pub(crate) fn prune(run: &Run, args: &Prune) -> Result<(), Problems> {
    let Prune { keep, history_only, dry_run, yes } = *args;
    let request = PruneRequest { keep: keep.map(|keep| keep as u64), history_only, dry_run, yes };
    run.ui.report(&run.wait(session::open(run)?.prune(request))?, in_words)
}

fn in_words(report: &PruneReport) -> String {
    let PruneReport { history, dry_run, first, newest, removed, objects, .. } = report;
    let verb = if *dry_run { "would remove" } else { "removed" };
    let (releases, objects) = (count(removed.len(), "release"), count(usize::try_from(*objects).unwrap_or(usize::MAX), "object"));
    let mut lines = vec![format!("{verb} {releases} ({objects}) from {history}; {first} to {newest} stay")];
    if let (Some(cluster), Some(PrunedObjects { removed, protected })) = (&report.cluster, &report.pruned) {
        lines.push(format!("{verb} {} from {cluster}{}", count(removed.len(), "object"), listed(removed)));
        if !protected.is_empty() {
            lines.push(format!("{} stay in {cluster}{}", count(protected.len(), "protected object"), listed(protected)));
        }
    }
    lines.iter().map(|line| format!("{}\n", clean(line))).collect()
}

/// Their names after a colon, if there are any.
pub(super) fn listed(objects: &[ObjectReport]) -> String {
    let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}
