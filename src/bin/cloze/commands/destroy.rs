//! `cloze destroy`

use std::sync::Arc;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::DestroyReport;
use cloze::report::PrunedObjects;
use cloze::target::RolloutObserver;
use cloze::wiring::DestroyRequest;

use crate::args::Destroy;
use crate::commands::prune::listed;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Takes the environment out of its cluster.
pub(crate) fn destroy(run: &Run, args: &Destroy) -> Result<(), Problems> {
    let Destroy { dry_run, yes, timeout } = *args;
    let observer: Arc<dyn RolloutObserver> = Arc::new(run.ui.clone());
    let request = DestroyRequest { dry_run, yes, timeout, observer: Some(&observer) };
    run.ui.report(&run.wait(session::open(run)?.destroy(request))?, in_words)
}

fn in_words(report: &DestroyReport) -> String {
    let verb = if report.dry_run { "would remove" } else { "removed" };
    let (cluster, PrunedObjects { removed, protected }) = (&report.cluster, &report.objects);
    let mut lines = vec![format!("{verb} {} from cluster {cluster}{}", count(removed.len(), "object"), listed(removed))];
    if !protected.is_empty() {
        let how = "remove with `kubectl delete`";
        lines.push(format!("{} in cluster {cluster}, {how}{}", count(protected.len(), "protected object"), listed(protected)));
    }
    lines.iter().map(|line| format!("{}\n", clean(line))).collect()
}
