//! Facts and problems as sentences for people.

use std::time::Duration;

use cloze::count::count;
use cloze::event::Event;
use cloze::place::Place;
use cloze::problem::Problem;

use crate::ui::clean;

/// A problem as `level: place: reason`, then the next step.
pub(crate) fn problem(level: &str, problem: &Problem, color: bool) -> String {
    let (on, off) = match (color, level) {
        (false, _) => ("", ""),
        (true, "error") => ("\u{1b}[1;31m", "\u{1b}[0m"),
        (true, _) => ("\u{1b}[1;33m", "\u{1b}[0m"),
    };
    let also = also(&problem.also).map(|places| format!("\n  {}", clean(&places))).unwrap_or_default();
    format!("{on}{level}:{off} {}{also}\n  {}", clean(&problem.to_string()), clean(&problem.next))
}

/// Where else the same is wrong.
fn also(places: &[Place]) -> Option<String> {
    let shown = places.iter().take(PLACES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match places.len() {
        0 => None,
        count if count > PLACES => Some(format!("also at {shown} and {} more", count - PLACES)),
        _ => Some(format!("also at {shown}")),
    }
}

/// How many further places of a problem are shown.
const PLACES: usize = 10;

/// What to say of an event to everybody, if anything.
pub(crate) fn status(event: &Event) -> Option<String> {
    Some(match event {
        Event::Recorded { number, manifests, changed, removed } => {
            format!("release {number} recorded: {} ({changed} changed, {removed} removed)", count(*manifests, "manifest"))
        }
        Event::Unchanged { number } => format!("nothing changed: release {number} is current"),
        Event::Resumed { number } => format!("release {number} was recorded by an interrupted run; this run finished it"),
        Event::Emitted { manifests, target, is_unchanged: true, .. } => format!("{} already in {target}", count(*manifests, "manifest")),
        Event::Emitted { manifests, bytes, target, .. } => format!("wrote {} ({bytes} bytes) to {target}", count(*manifests, "manifest")),
        Event::Applied { target, summary, .. } => format!("applied to {target}: {summary}"),
        Event::ChangedInPlace { object, files, environment } => changed_in_place(object, files, environment),
        Event::Proven { number, target } => format!("release {number} runs in {target}"),
        Event::Pruned { removed, protected } => pruned(removed, protected),
        Event::GoingBack { to, reason, .. } => format!("{reason}; going back to release {to}"),
        Event::Probed { secrets, read: 0 } => format!("{} found, none read", count(*secrets, "secret")),
        Event::Probed { secrets, read } => format!("{} found ({read} had to be read)", count(*secrets, "secret")),
        Event::KeyFileCreated { path } => {
            format!("created the key file {}: keep a copy in a safe place, and never commit it", path.display())
        }
        Event::KeyringCreated { path, beside } => {
            format!("created the keyring {}: commit it, and {} when they exist", path.display(), beside.join(" and "))
        }
        Event::HistoryBegins { store } => {
            format!("starting a new history in {store} with release 1: earlier releases, if any, are not in it")
        }
        Event::Destroying { objects, target } => format!("removing {} from {target}", count(*objects, "object")),
        Event::RollingBack { to, from } => format!("going back to release {to} from release {from}:"),
        Event::Prepared { .. }
        | Event::Planned { .. }
        | Event::Answered
        | Event::Filled { .. }
        | Event::Swept { .. }
        | Event::Warned(_) => return None,
    })
}

/// Who sees what was changed in place, and when.
fn changed_in_place(object: &str, files: &[String], environment: &[String]) -> String {
    let mut words = vec![format!("{object} was changed in place")];
    if !files.is_empty() {
        words.push(format!("pods of {} see its files change within two minutes", files.join(", ")));
    }
    if !environment.is_empty() {
        let next = "`cloze.dev/restart: \"true\"` on it restarts them";
        words.push(format!("pods of {} see it when they start again: {next}", environment.join(", ")));
    }
    words.join("; ")
}

/// What was removed, and what stays.
fn pruned(removed: &[String], protected: &[String]) -> String {
    let gone = format!("removed {} that nothing needs: {}", count(removed.len(), "object"), removed.join(", "));
    let stays = format!("kept {} that no release has any more: {}", count(protected.len(), "protected object"), protected.join(", "));
    match (removed, protected) {
        (_, []) => gone,
        ([], _) => stays,
        _ => format!("{gone}; {stays}"),
    }
}

/// What goes on after an event where the program is ended then; `None` where that ends, too.
#[expect(clippy::option_option, reason = "an event changes what there is to say, to nothing too, or does not")]
pub(crate) fn when_interrupted(event: &Event) -> Option<Option<String>> {
    Some(match event {
        Event::Applied { number, target, .. } => Some(format!(
            "interrupted: release {number} was applied to {target} and goes on there, not yet seen to run; `cloze status` shows how it is, and \
             `cloze deploy` waits for it"
        )),
        Event::GoingBack { from, to, .. } => Some(format!(
            "interrupted: release {from} failed and was not yet taken back to release {to}; `cloze status` shows what runs, and `cloze rollback {to}` \
             goes back"
        )),
        Event::Destroying { target, .. } => {
            Some(format!("interrupted: objects in {target} were deleted, and not all may be gone; `cloze destroy` carries on"))
        }
        Event::Proven { .. } => None,
        _ => return None,
    })
}

/// What to say of an event to the curious.
pub(crate) fn detail(event: &Event) -> String {
    match event {
        Event::Prepared { templates, objects, blanks } => {
            format!("rendered {}: {}, {}", count(*templates, "template"), count(*objects, "object"), count(*blanks, "blank"))
        }
        Event::Planned { vault, secrets, calls: 0, .. } => format!("{vault}: {}, no calls", count(*secrets, "secret")),
        Event::Planned { vault, secrets, calls, parallel, time } => format!(
            "{vault}: {} in {}, {parallel} at once, about {:.1} s",
            count(*secrets, "secret"),
            count(*calls, "call"),
            time.as_secs_f64()
        ),
        Event::Filled { secrets, vaults } => format!("fetched {} from {}", count(*secrets, "secret"), count(*vaults, "vault")),
        Event::Swept { objects } => format!("removed {} of interrupted runs", count(*objects, "leftover")),
        _ => String::new(),
    }
}

/// What was asked of vaults, when it is over.
pub(crate) fn tally(calls: usize, time: Duration) -> String {
    format!("made {} in {:.2} s", count(calls, "call"), time.as_secs_f64())
}

/// What is being asked of vaults.
pub(crate) fn progress(vaults: &[String], answered: usize, calls: usize) -> String {
    format!("asking {} … {answered} of {}", vaults.join(", "), count(calls, "call"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloze::event::Event;
    use cloze::place::Place;
    use cloze::problem::Fault;
    use cloze::problem::Problem;

    use super::detail;
    use super::problem;
    use super::progress;
    use super::status;
    use super::tally;
    use super::when_interrupted;

    #[test]
    fn a_problem_is_place_reason_and_next_step() {
        let one = Problem::new(Fault::Check, "no \u{1b}such thing", "name another").at(Place::new("a.yaml", 3, 7));
        assert_eq!(problem("error", &one, false), "error: a.yaml:3:7: no \\u{1b}such thing\n  name another");
    }

    #[test]
    fn further_places_are_on_a_line_of_their_own() {
        let places = |count| (1..=count).map(|line| Place::new("a.yaml", line, 1));
        let shown = |count| problem("error", &Problem::new(Fault::Vault, "down", "wait").at_all(places(count)), false);
        assert_eq!(shown(3), "error: a.yaml:1:1: down\n  also at a.yaml:2:1, a.yaml:3:1\n  wait");
        assert!(shown(13).contains(", a.yaml:11:1 and 2 more\n  wait"), "{}", shown(13));
    }

    #[test]
    fn the_plan_and_the_progress_are_lines() {
        let time = Duration::from_millis(1_240);
        let planned = |calls| Event::Planned { vault: "default".to_owned(), secrets: 167, calls, parallel: 16, time };
        assert_eq!(detail(&planned(168)), "default: 167 secrets in 168 calls, 16 at once, about 1.2 s");
        assert_eq!(detail(&planned(0)), "default: 167 secrets, no calls");
        assert_eq!(tally(168, time), "made 168 calls in 1.24 s");
        assert_eq!(progress(&["default".to_owned(), "shared".to_owned()], 34, 167), "asking default, shared … 34 of 167 calls");
        let probed = |secrets, read| status(&Event::Probed { secrets, read }).unwrap();
        assert_eq!(probed(1, 0), "1 secret found, none read");
        assert_eq!(probed(3, 1), "3 secrets found (1 had to be read)");
        assert_eq!(probed(3, 2), "3 secrets found (2 had to be read)");
    }

    #[test]
    fn who_interrupts_a_rollout_reads_what_goes_on() {
        let target = || "cluster lab".to_owned();
        let applied = Event::Applied { number: 5, target: target(), summary: String::new() };
        let words = when_interrupted(&applied).unwrap().unwrap();
        assert!(words.starts_with("interrupted: release 5 was applied to cluster lab and goes on there"), "{words}");
        let back = when_interrupted(&Event::GoingBack { from: 5, to: 3, reason: String::new() }).unwrap().unwrap();
        assert!(back.ends_with("`cloze rollback 3` goes back"), "{back}");
        let removed = when_interrupted(&Event::Destroying { objects: 2, target: target() }).unwrap().unwrap();
        assert!(removed.starts_with("interrupted: objects in cluster lab were deleted"), "{removed}");
        assert_eq!(when_interrupted(&Event::Proven { number: 5, target: target() }), Some(None));
        assert_eq!(when_interrupted(&Event::Answered), None);
    }

    #[test]
    fn a_rollout_is_told_in_lines() {
        let target = || "cluster lab".to_owned();
        assert_eq!(
            status(&Event::Applied { number: 5, target: target(), summary: "2 created".to_owned() }).unwrap(),
            "applied to cluster lab: 2 created"
        );
        assert_eq!(status(&Event::Destroying { objects: 2, target: target() }).unwrap(), "removing 2 objects from cluster lab");
        assert_eq!(status(&Event::Proven { number: 5, target: target() }).unwrap(), "release 5 runs in cluster lab");
        let one = |name: &str| vec![name.to_owned()];
        let object = "ConfigMap shop/app".to_owned();
        assert_eq!(
            status(&Event::ChangedInPlace { object, files: one("DaemonSet shop/log"), environment: one("Deployment shop/web") }).unwrap(),
            "ConfigMap shop/app was changed in place; pods of DaemonSet shop/log see its files change within two minutes; pods of Deployment \
             shop/web see it when they start again: `cloze.dev/restart: \"true\"` on it restarts them"
        );
        let pruned = |removed: &[&str], protected: &[&str]| {
            let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
            status(&Event::Pruned { removed: names(removed), protected: names(protected) }).unwrap()
        };
        assert_eq!(pruned(&["Service shop/a", "Job shop/b"], &[]), "removed 2 objects that nothing needs: Service shop/a, Job shop/b");
        assert_eq!(
            pruned(&["Service shop/a"], &["Namespace b"]),
            "removed 1 object that nothing needs: Service shop/a; kept 1 protected object that no release has any more: Namespace b"
        );
        assert_eq!(pruned(&[], &["Namespace b"]), "kept 1 protected object that no release has any more: Namespace b");
        let reason = "release 5 does not run in cluster lab: Deployment shop/web: it crashes".to_owned();
        assert_eq!(
            status(&Event::GoingBack { from: 5, to: 3, reason }).unwrap(),
            "release 5 does not run in cluster lab: Deployment shop/web: it crashes; going back to release 3"
        );
    }
}
