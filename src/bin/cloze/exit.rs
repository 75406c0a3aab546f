//! The exit codes: documented constants, the same for every command.

use std::process::ExitCode;

use cloze::problem::Fault;

/// Done.
pub(crate) const DONE: u8 = 0;
/// There are differences; only where asked for (`diff --exit-code`, `lock --check`).
pub(crate) const DIFFERENCES: u8 = 1;
/// The command was used wrongly.
pub(crate) const USAGE: u8 = 2;
/// The project file, a values file or the layout of the project is wrong.
pub(crate) const PROJECT: u8 = 3;
/// Templates or manifests fail a check.
pub(crate) const CHECK: u8 = 4;
/// A vault or a key could not give what was asked for.
pub(crate) const VAULT: u8 = 5;
/// The history refused: damaged, cut, replayed, or another release came first.
pub(crate) const HISTORY: u8 = 6;
/// What was released does not run; the problem says whether it was taken back.
pub(crate) const ROLLOUT: u8 = 7;
/// The machine refused, or cloze has a bug.
pub(crate) const INTERNAL: u8 = 8;

/// The code that a fault ends with.
pub(crate) fn code_of(fault: Fault) -> ExitCode {
    ExitCode::from(match fault {
        Fault::Usage => USAGE,
        Fault::Project => PROJECT,
        Fault::Check => CHECK,
        Fault::Vault => VAULT,
        Fault::History => HISTORY,
        Fault::Rollout => ROLLOUT,
        Fault::Internal => INTERNAL,
    })
}
