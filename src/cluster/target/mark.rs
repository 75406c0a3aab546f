//! The mark on an object that is about to be removed, which a newer release that needs it takes off.

use serde_json::Value;
use serde_json::json;

use crate::cluster::target::refused::Refused;
use crate::cluster::target::server::Server;

/// The annotation: which release's prune removes it.
const MARK: &str = "cloze.dev/pruned-by";

/// Puts the mark `value` on the object at `path` of that version, or takes it off; the object's version afterwards.
pub(super) async fn mark(server: &Server, path: &str, version: &str, value: Option<&str>) -> Result<String, Refused> {
    let change = json!({ "metadata": { "resourceVersion": version, "annotations": { MARK: value } } });
    let object = server.merge(path, &change).await?;
    Ok(object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned())
}

/// The mark on an object of that metadata.
pub(super) fn marked(metadata: &Value) -> Option<&str> {
    metadata["annotations"][MARK].as_str()
}
