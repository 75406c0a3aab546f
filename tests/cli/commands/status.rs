//! `status`; with a cluster it is tested on a real one.

use crate::support::Sandbox;

#[test]
fn an_environment_without_a_cluster_has_no_status() {
    Sandbox::shop().cloze(["status"]).fails(
        3,
        &["error: the environment `dev` has no `cluster:`, so that its deploys only write manifests\n  add `cluster: { context: NAME }` to the environment, or list its releases with `cloze history`"],
    );
}
