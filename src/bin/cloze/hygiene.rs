//! What keeps secrets inside the process: no core dump, no debugger of another user, no panic that quotes data.

use std::any::Any;
use std::io::Write;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use rustix::process::DumpableBehavior;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::set_dumpable_behavior;
use rustix::process::setrlimit;

/// Runs `program` in a process that leaves no core dump; a panic ends it with the code for an internal error.
pub(crate) fn guard(program: impl FnOnce() -> ExitCode) -> ExitCode {
    // Where the system refuses, the program still runs: these are a second line of defence.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let _ =
            writeln!(std::io::stderr(), "error: internal error at {place}\n  report this as a bug of cloze; this message holds no secret");
    }));
    panic::catch_unwind(AssertUnwindSafe(program)).unwrap_or_else(|payload: Box<dyn Any + Send>| {
        drop(payload);
        ExitCode::from(crate::exit::INTERNAL)
    })
}
