//! What is said before objects of others are taken over.

use crate::cluster::target::check::DryRunAnswer;
use crate::cluster::target::check::Tried;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::problem::Fault;
use crate::problem::Problem;

/// Says of what is taken over that its pods are replaced, where they are: each as a warning at its template.
pub(super) async fn announced(server: &Server, tried: &Tried<'_>) -> Result<Vec<Problem>, Refused> {
    let mut warnings = Vec::new();
    for (item, answer) in &tried.differing {
        let (path, Some(DryRunAnswer::Changed(after))) = (item.path(), answer) else { continue };
        if tried.members.get(&path).is_some() || !item.replaces_pods() {
            continue;
        }
        let live = server.get(&path, Part::Whole).await?;
        if live["spec"]["template"] != after["spec"]["template"] {
            let reason = format!("{} is taken over with another pod template, so that its pods are replaced", item.identity());
            warnings.push(item.problem(
                Fault::Check,
                reason,
                "see what differs with `--dry-run`; names that are stable and equal content replace no pod",
            ));
        }
    }
    Ok(warnings)
}
