//! Kills of `deploy` and `rollback`.

use std::fs;

use crate::kill::Killer;
use crate::support::Sandbox;
use crate::support::past::Listed;
use crate::support::rounds;

/// A project under killer, with what is known of its releases.
#[derive(Debug)]
struct Releases {
    killer: Killer,
    known: Vec<Listed>,
    /// The manifests of the current release.
    current: Vec<u8>,
    serial: u64,
    carried_on: usize,
}

#[test]
fn a_killed_deploy_or_rollback_is_carried_on() {
    let (aim, project) = (rounds(60, 1000), 125);
    let (mut kills, mut carried_on, mut littered) = (0, 0, 0);
    while kills < aim {
        let mut releases = Releases::new(kills as u64);
        while releases.killer.kills < project.min(aim - kills) {
            releases.round();
            if releases.known.len().is_multiple_of(10) {
                assert_eq!(releases.killer.sandbox.proved(), releases.known.len() as u64);
            }
        }
        releases.finish();
        kills += releases.killer.kills;
        carried_on += releases.carried_on;
        littered += releases.killer.littered;
    }
    println!("deploy, rollback: {kills} kills in all; {carried_on} releases of unknown outcome carried on");
    assert!(carried_on > 0 && littered > 0, "kills that matter");
}

#[test]
fn litter_below_the_newest_release_is_swept_too() {
    let sandbox = Sandbox::shop();
    for value in 1..=2 {
        let _ = sandbox.cloze(["deploy", "--set-string", &format!("logLevel=v{value}")]).ok();
    }
    // As when the run that recorded release 2 was killed before it swept what a beaten one left.
    let attempt = "ab".repeat(16);
    for number in 1..=2 {
        sandbox.write(&format!(".cloze/history/dev/packs/0000/00/0000000{number}-{attempt}-0"), "a pack");
    }
    assert_eq!(sandbox.leftovers().len(), 2);
    fs::remove_file(sandbox.shop_path(".cloze/pins/dev.json")).unwrap();
    let said = sandbox.cloze(["-v", "rollback", "1"]);
    assert!(said.err().contains("removed 2 leftovers of interrupted runs"), "{}", said.err());
    let _ = said.ok();
    assert_eq!(sandbox.leftovers().len(), 0);
}

impl Releases {
    fn new(seed: u64) -> Self {
        let mut releases =
            Self { killer: Killer::new(Sandbox::shop(), seed), known: Vec::new(), current: Vec::new(), serial: 0, carried_on: 0 };
        // The first deploy is killed too, as are a second and the first rollback.
        releases.deploy();
        releases.deploy();
        releases
    }

    fn round(&mut self) {
        match self.killer.random.below(10) {
            0 => self.rotate(),
            1..=4 => self.rollback(),
            5 => self.planned(),
            _ => self.deploy(),
        }
    }

    fn deploy(&mut self) {
        self.serial += 1;
        let (value, note) = (format!("logLevel=v{}", self.serial), format!("deploy {}", self.serial));
        let arguments = ["-C", "shop", "deploy", "--set-string", &value, "--note", &note];
        self.released("deploy", &arguments, &note, "deploy");
    }

    /// A deploy of a plan.
    fn planned(&mut self) {
        self.serial += 1;
        let (value, note) = (format!("logLevel=v{}", self.serial), format!("plan {}", self.serial));
        let plan = ["-C", "shop", "plan", "-o", "../plan", "--set-string", &value, "--note", &note];
        let _ = self.killer.sandbox.run(plan).ok();
        self.released("plan", &["-C", "shop", "deploy", "--plan", "../plan"], &note, "deploy");
    }

    fn rollback(&mut self) {
        self.serial += 1;
        let target = 1 + self.killer.random.below(self.known.len()) as u64;
        let there = self.killer.sandbox.shown(target);
        if there == self.current {
            return;
        }
        let (number, note) = (target.to_string(), format!("rollback {}", self.serial));
        let arguments = ["-C", "shop", "rollback", &number, "--note", &note];
        self.released("rollback", &arguments, &note, &format!("rollback to {target}"));
        assert!(self.current == there, "bytes out are the bytes of release {target}");
    }

    /// A new version of a secret, so that rollbacks bring back old values.
    fn rotate(&mut self) {
        let value = self.killer.random.number().to_string();
        let _ = self.killer.sandbox.feed(["vault", "set", "db-password"], value.as_bytes()).ok();
    }

    /// Kills the command, looks, and runs it again.
    fn released(&mut self, kind: &'static str, arguments: &[&str], note: &str, action: &str) {
        let end = self.killer.strike(kind, arguments, b"");
        let reported = end.outcome.err().contains(" recorded: ") || !end.killed;
        let there = self.killer.sandbox.releases();
        let recorded = there.len() > self.known.len();
        assert!(recorded || !reported, "a release that was reported is lost");
        self.follows(&there, note, action);
        self.whole(&there);

        let again = self.killer.calm(kind, arguments, b"").outcome;
        let said = again.err();
        let _ = again.ok();
        let number = self.known.len() + 1;
        if !recorded {
            assert!(said.contains(&format!("release {number} recorded:")), "{said}");
        } else if there.last().unwrap().outcome == "outcome unknown" {
            self.carried_on += 1;
            assert!(said.contains(&format!("release {number} was recorded by an interrupted run; this run finished it")), "{said}");
        } else {
            assert!(said.contains(&format!("nothing changed: release {number} is current")), "{said}");
        }
        self.killer.done += usize::from(end.killed && recorded);
        let there = self.killer.sandbox.releases();
        assert_eq!(there.len(), number, "recorded once");
        self.follows(&there, note, action);
        assert_eq!(there.last().unwrap().outcome, "emitted");
        self.known = there;
        self.current = self.killer.sandbox.shown(number as u64);
        assert!(self.killer.sandbox.emitted().as_ref() == Some(&self.current), "the directory is that of release {number}");
        self.killer.swept();
    }

    /// That the releases known are there as they were, and at most the one asked for is new.
    fn follows(&self, there: &[Listed], note: &str, action: &str) {
        assert_eq!(there[..self.known.len()], self.known[..]);
        assert!(there.len() <= self.known.len() + 1, "doubled");
        if let Some(new) = there.get(self.known.len()) {
            assert_eq!((new.note.as_str(), new.action.as_str()), (note, action));
        }
    }

    /// That the directory holds one release: the one before, or the new one.
    fn whole(&self, there: &[Listed]) {
        match self.killer.sandbox.emitted() {
            None => assert!(self.known.is_empty(), "the directory is gone"),
            Some(emitted) if emitted == self.current => {}
            Some(emitted) => assert!(emitted == self.killer.sandbox.shown(there.len() as u64), "a torn directory"),
        }
    }

    fn finish(&self) {
        let sandbox = &self.killer.sandbox;
        assert_eq!(sandbox.proved(), self.known.len() as u64);
        let _ = sandbox.cloze(["check"]).ok();
        let _ = sandbox.cloze(["vault", "get", "db-password"]).ok();
        self.killer.report(&format!("deploy, rollback: {} releases", self.known.len()));
    }
}
