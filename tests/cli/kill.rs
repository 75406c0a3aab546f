//! A kill at any moment loses nothing and needs no repair.
//!
//! Each round runs a command, kills it and its child, looks at what is there, and runs the same command again, unkilled. What a killed
//! run left is gone then, by these rules:
//!
//! - side directories of `dist/ENV` and side files of the remembered head: with the next deploy or rollback that goes well;
//! - staging files, packs without a record: with the next deploy or rollback that goes well;
//! - the side file of a vault: with the next `vault set` or `vault remove`, also one that changes nothing;
//! - side files of a key file and a keyring: with the next command that makes them, which is the next that needs them;
//! - the side file of a keyring that is rotated: with the next command that changes the keyring;
//! - side directories of a project: with the next `init` of that name that gets to writing.

mod project;
mod release;
mod rotate;
mod secret;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::Random;
use crate::support::Sandbox;
use crate::support::running::End;
use crate::support::running::Strike;

/// A sandbox whose runs are killed, and what that came to.
#[derive(Debug)]
struct Killer {
    sandbox: Sandbox,
    random: Random,
    /// By kind of command: how long an undisturbed run takes, and how often it changes files.
    usual: BTreeMap<&'static str, (Duration, u32)>,
    kills: usize,
    /// Kills after which a leftover was there.
    littered: usize,
    /// Kills after which what was asked for was done all the same.
    done: usize,
}

impl Killer {
    fn new(sandbox: Sandbox, seed: u64) -> Self {
        Self { sandbox, random: Random::new(seed), usual: BTreeMap::new(), kills: 0, littered: 0, done: 0 }
    }

    /// Runs a command and kills it at some moment; a run that ended before is as good as any.
    fn strike(&mut self, kind: &'static str, arguments: &[&str], input: &[u8]) -> End {
        let strike = self.choose(kind);
        let end = self.sandbox.struck(arguments, input, strike, "struck");
        if end.killed {
            self.kills += 1;
            self.littered += usize::from(!self.sandbox.leftovers().is_empty());
        } else {
            assert_eq!(end.outcome.code, Some(0), "{kind} {strike:?}: {}", end.outcome.err());
        }
        end
    }

    /// Runs a command undisturbed, and learns how long it takes.
    fn calm(&mut self, kind: &'static str, arguments: &[&str], input: &[u8]) -> End {
        let end = self.sandbox.struck(arguments, input, Strike::Never, "calm");
        if end.outcome.code == Some(0) {
            self.usual.insert(kind, (end.took, end.changes));
        }
        end
    }

    fn choose(&mut self, kind: &'static str) -> Strike {
        let (took, changes) = self.usual.get(kind).copied().unwrap_or((Duration::from_millis(50), 8));
        let micros = usize::try_from(took.as_micros()).unwrap();
        let mut below = |end: usize| self.random.below(end.max(1));
        let wait = |micros: usize| Duration::from_micros(micros as u64);
        match below(10) {
            0 => Strike::After(wait(below(3000))),
            1 => Strike::After(wait(micros - below(micros / 10))),
            2..=4 => Strike::After(wait(below(micros))),
            _ => Strike::AtChange(1 + u32::try_from(below(changes as usize)).unwrap(), wait(below(400))),
        }
    }

    #[track_caller]
    fn swept(&self) {
        assert_eq!(self.sandbox.leftovers(), Vec::<std::path::PathBuf>::new(), "what killed runs left is gone");
    }

    fn report(&self, what: &str) {
        println!("{what}: {} kills; {} left litter, {} had done their work", self.kills, self.littered, self.done);
    }
}
