//! Kills of `vault set` and `vault remove`.

use serde_json::Value;

use crate::kill::Killer;
use crate::support::Sandbox;
use crate::support::rounds;

/// The names that are set and removed.
const NAMES: [&str; 3] = ["one", "two/deep", "three"];

/// A vault under killer, with the versions of each name; `None` is a removal.
#[derive(Debug)]
struct Secrets {
    killer: Killer,
    versions: [Vec<Option<Vec<u8>>>; 3],
}

#[test]
fn a_killed_change_of_the_vault_is_done_or_not_done() {
    let aim = rounds(45, 600);
    let mut kills = 0;
    while kills < aim {
        let mut secrets = Secrets { killer: Killer::new(Sandbox::shop(), kills as u64), versions: Default::default() };
        while secrets.killer.kills < 60.min(aim - kills) {
            secrets.round();
        }
        secrets.finish();
        kills += secrets.killer.kills;
    }
    println!("vault set, remove: {kills} kills in all");
}

impl Secrets {
    fn round(&mut self) {
        let index = self.killer.random.below(3);
        let removable = matches!(self.versions[index].last(), Some(Some(_)));
        if removable && self.killer.random.below(3) == 0 {
            self.remove(index);
        } else {
            self.set(index);
        }
    }

    fn set(&mut self, index: usize) {
        let length = 8 + self.killer.random.below(8000);
        let value = self.killer.random.bytes(length);
        let before = self.list(index);
        let end = self.killer.strike("set", &["-C", "shop", "vault", "set", NAMES[index]], &value);
        self.versions[index].push(Some(value.clone()));
        self.settled(index, before, end.outcome.err().contains("set "));
        let _ = self.killer.calm("set", &["-C", "shop", "vault", "set", NAMES[index]], &value).outcome.ok();
        self.proven(index);
    }

    fn remove(&mut self, index: usize) {
        let before = self.list(index);
        let end = self.killer.strike("remove", &["-C", "shop", "vault", "remove", NAMES[index]], b"");
        self.versions[index].push(None);
        self.settled(index, before, end.outcome.err().contains("removed "));
        let _ = self.killer.calm("remove", &["-C", "shop", "vault", "remove", NAMES[index]], b"").outcome.ok();
        self.proven(index);
    }

    /// That the change is done or not done, and done when that was said.
    fn settled(&mut self, index: usize, before: (u64, bool), reported: bool) {
        let (now, wanted) = (self.list(index), self.versions[index].len() as u64);
        assert!(now == before || now == (wanted, self.versions[index].last().unwrap().is_none()), "{now:?}");
        assert!(now != before || !reported, "a version that was reported is lost");
        self.killer.done += usize::from(now != before);
    }

    /// That every version up to the newest is there once, and the newest is what was asked for.
    fn proven(&self, index: usize) {
        let versions = &self.versions[index];
        assert_eq!(self.list(index), (versions.len() as u64, versions.last().unwrap().is_none()));
        self.gives(index, versions.len());
        self.killer.swept();
    }

    fn gives(&self, index: usize, version: usize) {
        let outcome = self.killer.sandbox.cloze(["vault", "get", NAMES[index], "--at", &version.to_string()]);
        match &self.versions[index][version - 1] {
            Some(value) => assert!(outcome.stdout == *value, "version {version} of {}", NAMES[index]),
            None => drop(outcome.fails(5, &["was removed"])),
        }
    }

    fn list(&self, index: usize) -> (u64, bool) {
        let text = self.killer.sandbox.cloze(["vault", "list", "--format", "json"]).ok();
        let list: Value = serde_json::from_str(&text).unwrap();
        let found = list["secrets"].as_array().unwrap().iter().find(|listed| listed["name"] == NAMES[index]);
        found.map_or((0, false), |listed| (listed["version"].as_str().unwrap().parse().unwrap(), listed["removed"].as_bool().unwrap()))
    }

    fn finish(&self) {
        for index in 0..NAMES.len() {
            for version in 1..=self.versions[index].len() {
                self.gives(index, version);
            }
        }
        let _ = self.killer.sandbox.cloze(["deploy"]).ok();
        self.killer.report(&format!("vault set, remove: {} versions", self.versions.iter().map(Vec::len).sum::<usize>()));
        assert!(self.killer.done > 0 && self.killer.littered > 0, "kills that matter");
    }
}
