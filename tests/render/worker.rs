//! The rendering process is a program, and may be the wrong one.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::render::Engine as _;
use cloze::render::ProcessEngine;

use crate::bench::messages;
use crate::bench::request;
use crate::bench::values;

#[test]
fn a_program_that_is_no_worker_is_a_problem() {
    let request = request(&[("a.yaml", "a")], values());
    let engine = |program: &str| ProcessEngine::new(program, Vec::new(), Arc::new(Machine));
    let problems = engine("/nonexistent/program").render(&request).map(|_| ()).unwrap_err();
    assert_eq!(
        messages(problems.list()),
        "the rendering process cannot be started; check that the program may start itself and that there are free processes"
    );
    let problems = engine("/bin/true").render(&request).map(|_| ()).unwrap_err();
    assert_eq!(
        messages(problems.list()),
        "the rendering process ended without an answer; run the command again; if it ends so each time, report this as a bug of cloze"
    );
    let problems = engine("/bin/cat").render(&request).map(|_| ()).unwrap_err();
    assert_eq!(messages(problems.list()), "the answer of the rendering process cannot be read; report this as a bug of cloze");
}
