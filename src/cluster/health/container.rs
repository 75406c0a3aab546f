//! What the status of one container says.

use crate::cluster::health::configuration;
use crate::cluster::health::image;
use crate::cluster::health::live::Live;
use crate::cluster::health::verdict::Health;
use crate::cluster::token::reason as safe_reason;

/// After how many restarts a container that ended again has failed: one restart cures what was not up yet.
const RESTARTS: i64 = 2;

/// How the pod of a container sees its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    /// It has to end with exit code 0 before the pod goes on.
    pub(super) is_init: bool,
    /// It may end with exit code 0, and how often it is tried again is the Job's to count.
    pub(super) of_job: bool,
}

/// The verdict on a container with its entry of `status.containerStatuses`; ready when nothing is wrong with it.
///
/// Between two back-offs a container that crashes reads `terminated`, not `CrashLoopBackOff`: its restarts and its last state tell.
pub(super) fn verdict(status: Live<'_>, role: Role) -> Health {
    let what = if role.is_init { "init container" } else { "container" };
    let named = |reason: String| format!("{what} `{}` {reason}", status.text("/name"));
    let waiting = status.text("/state/waiting/reason");
    let message = status.text("/state/waiting/message");
    if image::waits_for_image(waiting) {
        return image::verdict(waiting, message, status.text("/image")).reworded(|reason| named(format!("has no image: {reason}")));
    }
    match waiting {
        "CreateContainerConfigError" => match configuration::missing(message) {
            Some(health) => health.reworded(|reason| named(format!("cannot be configured: {reason}"))),
            None => Health::stuck(named("cannot be configured (CreateContainerConfigError)".to_owned())),
        },
        "CrashLoopBackOff" => crashed(status, role, &named),
        "CreateContainerError" | "RunContainerError" | "PostStartHookError" => {
            let reason = format!("cannot be started ({waiting})");
            if status.count("/restartCount") < RESTARTS {
                Health::stuck(named(reason))
            } else {
                Health::failed(named(format!("{reason}, {}", tries(status))))
            }
        }
        _ => match status.at("/state/terminated").map(Live) {
            Some(end) if end.count("/exitCode") == 0 && (role.is_init || role.of_job) => Health::Ready,
            Some(_) => crashed(status, role, &named),
            None if status.at("/state/running").is_some() && !status.is_set("/ready") && !role.is_init => {
                let again = if status.count("/restartCount") > 0 { format!(", {}", tries(status)) } else { String::new() };
                Health::progressing(named(format!("runs and is not ready{again}")))
            }
            None => Health::Ready,
        },
    }
}

fn crashed(status: Live<'_>, role: Role, named: &dyn Fn(String) -> String) -> Health {
    let reason = named(format!("{}, {}", end(status), tries(status)));
    if status.count("/restartCount") >= RESTARTS && !role.of_job { Health::failed(reason) } else { Health::progressing(reason) }
}

/// How a container ended last: `crashed (Error, exit code 1)`.
pub(super) fn end(status: Live<'_>) -> String {
    let Some(end) = status.at("/state/terminated").or_else(|| status.at("/lastState/terminated")).map(Live) else {
        return "crashed".to_owned();
    };
    let code = end.count("/exitCode");
    let reason = safe_reason(end.text("/reason")).unwrap_or("Error");
    match (reason, code) {
        ("OOMKilled", code) => format!("ran out of memory (OOMKilled, exit code {code})"),
        (reason, 0) => format!("ended though it should keep running ({reason}, exit code 0)"),
        (reason, code) => format!("crashed ({reason}, exit code {code})"),
    }
}

fn tries(status: Live<'_>) -> String {
    match status.count("/restartCount") {
        0 => "not restarted yet".to_owned(),
        1 => "restarted once".to_owned(),
        count => format!("restarted {count} times"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::Role;
    use super::verdict;
    use crate::cluster::health::Health;
    use crate::cluster::health::live::Live;

    const MAIN: Role = Role { is_init: false, of_job: false };

    fn crash(restarts: i64, state: &Value) -> Value {
        json!({ "name": "web", "image": "app:2", "ready": false, "restartCount": restarts, "state": state,
            "lastState": { "terminated": { "exitCode": 1, "reason": "Error" } } })
    }

    #[test]
    fn a_crash_has_failed_from_the_second_restart_on_between_back_offs_too() {
        let ended = json!({ "terminated": { "exitCode": 3, "reason": "Error" } });
        let waits = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container" } });
        let runs = json!({ "running": { "startedAt": "2026-11-29T17:27:21Z" } });
        for (restarts, state, expected) in [
            (0, &ended, Health::progressing("container `web` crashed (Error, exit code 3), not restarted yet")),
            (1, &waits, Health::progressing("container `web` crashed (Error, exit code 1), restarted once")),
            (2, &waits, Health::failed("container `web` crashed (Error, exit code 1), restarted 2 times")),
            (2, &ended, Health::failed("container `web` crashed (Error, exit code 3), restarted 2 times")),
            (2, &runs, Health::progressing("container `web` runs and is not ready, restarted 2 times")),
        ] {
            assert_eq!(verdict(Live(&crash(restarts, state)), MAIN), expected);
        }
    }

    #[test]
    fn an_end_is_judged_by_what_the_container_is_for() {
        let done = json!({ "name": "web", "restartCount": 2, "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } });
        assert_eq!(
            verdict(Live(&done), MAIN),
            Health::failed("container `web` ended though it should keep running (Completed, exit code 0), restarted 2 times")
        );
        assert_eq!(verdict(Live(&done), Role { is_init: true, of_job: false }), Health::Ready);
        assert_eq!(verdict(Live(&done), Role { is_init: false, of_job: true }), Health::Ready);
        let killed = json!({ "name": "web", "restartCount": 5, "state": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } } });
        assert_eq!(
            verdict(Live(&killed), Role { is_init: true, of_job: false }),
            Health::failed("init container `web` ran out of memory (OOMKilled, exit code 137), restarted 5 times")
        );
        let job = verdict(Live(&killed), Role { is_init: false, of_job: true });
        assert!(matches!(job, Health::Progressing { .. }), "the Job counts: {job:?}");
    }

    #[test]
    fn what_keeps_a_container_from_starting_is_said() {
        let waiting = |reason: &str, message: &str, restarts: i64| json!({ "name": "web", "image": "app:2", "restartCount": restarts, "state": { "waiting": { "reason": reason, "message": message } } });
        for (reason, message, restarts, expected) in [
            (
                "CreateContainerConfigError",
                "couldn't find key url in ConfigMap shop/app",
                0,
                Health::failed("container `web` cannot be configured: ConfigMap `app` has no key `url`"),
            ),
            (
                "CreateContainerConfigError",
                "container has runAsNonRoot: hunter2",
                0,
                Health::stuck("container `web` cannot be configured (CreateContainerConfigError)"),
            ),
            (
                "RunContainerError",
                "exec: \"hunter2\": not found",
                1,
                Health::stuck("container `web` cannot be started (RunContainerError)"),
            ),
            (
                "RunContainerError",
                "exec: \"hunter2\": not found",
                2,
                Health::failed("container `web` cannot be started (RunContainerError), restarted 2 times"),
            ),
            (
                "InvalidImageName",
                "",
                0,
                Health::failed("container `web` has no image: image `app:2` is not a valid name of an image (InvalidImageName)"),
            ),
            ("ContainerCreating", "", 0, Health::Ready),
        ] {
            assert_eq!(verdict(Live(&waiting(reason, message, restarts)), MAIN), expected);
        }
    }
}
