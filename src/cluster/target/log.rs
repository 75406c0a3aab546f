//! What containers that crashed said last.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use crate::cluster::health::CrashedContainer;
use crate::cluster::target::right::logs_denied;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;
use crate::secret::Secret;
use crate::target::ContainerLog;

/// How many containers are asked for at most.
const CONTAINERS: usize = 3;
/// How many lines of each.
const LINES: usize = 20;
/// And how many bytes of them: longer lines are cut by the kubelet (`limitBytes`).
const BYTES: usize = 16 << 10;
/// How long it may take: the verdict is known, and nobody waits for more.
const LIMIT: Duration = Duration::from_secs(3);

/// The ends of the logs of containers that keep objects from becoming ready. Nothing of those that nobody has.
pub(super) async fn logs(server: &Server, crashed: Vec<(&Identity, &CrashedContainer)>) -> Vec<ContainerLog> {
    let asked = crashed.into_iter().take(CONTAINERS).map(|(object, crashed)| async move {
        let look = async {
            match log(server, &object.namespace, crashed).await {
                Some(text) => Some(Ok(text)),
                None => logs_denied(server, &object.namespace).await.map(Err),
            }
        };
        let text = timeout(LIMIT, look).await.ok()??;
        Some(ContainerLog { object: object.clone(), pod: crashed.pod.clone(), container: crashed.container.clone(), text })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// The end of the log: that of the container before where it was started again, and else its own. The kubelet may have started it again since.
async fn log(server: &Server, namespace: &str, crashed: &CrashedContainer) -> Option<Secret> {
    for previous in [crashed.is_previous, !crashed.is_previous] {
        let CrashedContainer { pod, container, .. } = crashed;
        let query = format!("container={container}&previous={previous}&tailLines={LINES}&limitBytes={BYTES}");
        match server.text(&format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?{query}")).await {
            Ok(text) if !text.is_empty() => return Some(whole_lines(text)),
            _ => {}
        }
    }
    None
}

/// Without the last line where that was cut: half a value in it could not be told from other text.
fn whole_lines(text: Secret) -> Secret {
    if text.len() < BYTES {
        return text;
    }
    let end = text.expose()[..BYTES].iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    text.shortened(end)
}

#[cfg(test)]
mod tests {
    use super::BYTES;
    use super::whole_lines;
    use crate::secret::Secret;

    #[test]
    fn a_line_that_was_cut_is_left_out() {
        let of = |text: String| whole_lines(Secret::new(text.into_bytes())).expose_text().unwrap().to_owned();
        assert_eq!(of("one\ntwo".to_owned()), "one\ntwo");
        assert_eq!(of(format!("one\n{}", "x".repeat(BYTES - 4))), "one");
        assert_eq!(of("x".repeat(BYTES + 9)), "");
    }
}
