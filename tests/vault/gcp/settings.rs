//! Settings that cannot work.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::vault::gcp::GcpVault;
use cloze::vault::gcp::Settings;

use crate::gcp::bench::server;
use crate::gcp::bench::vault;

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let error = |settings: Settings| GcpVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap_err();
    let project = error(Settings::new("../x"));
    assert_eq!(project.reason, "`../x` is not the id of a project, which is 6 to 30 lower-case letters, digits and hyphens");
    assert_eq!(project.next, "correct the vault's settings; `gcloud projects list` names the projects");
    let mut settings = Settings::new("demo-project");
    settings.endpoint = Some("http://vault.example".to_owned());
    assert_eq!(error(settings).reason, "the endpoint cannot be used: plain http would show the token to the network");
    let server = server();
    let shown = format!("{:?}", vault(&server));
    assert!(!shown.contains("PRIVATE") && !shown.contains("ya29"), "{shown}");
}
