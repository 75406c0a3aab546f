//! The readers of the project: its file, its values, assignments and locks.

use serde_json::Value;

use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::problem::Problem;
use crate::project::Project;
use crate::project::decode::decode_lock;
use crate::project::values::Assignment;
use crate::project::values::ValuesLimits;
use crate::project::values::read;

fn check(problem: &Problem) {
    assert!(!problem.reason.is_empty() && !problem.next.is_empty(), "{problem:?}");
    assert_silent(&format!("{problem:?}"));
}

#[test]
fn projects() {
    fuzz("project", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        if let Err(problems) = Project::parse("cloze.yaml", text) {
            assert!(!problems.into_list().is_empty());
        }
    });
}

#[test]
fn locks() {
    fuzz("lock", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        if let Ok(read) = decode_lock("locks/dev.lock", text) {
            assert_eq!(decode_lock("locks/dev.lock", &read.to_text()).map(|again| again.to_text()), Ok(read.to_text()));
        }
    });
}

/// A problem of a values file tells keys at most.
#[test]
fn values() {
    fuzz("values", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        match read("values/dev.yaml", text, ValuesLimits::default()) {
            Ok(value) => assert!(value.is_object()),
            Err(problem) => check(&problem),
        }
    });
}

/// One assignment a line.
#[test]
fn assignments() {
    fuzz("assignment", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        let mut values = Value::Object(serde_json::Map::new());
        for line in text.split('\n') {
            for literal in [false, true] {
                match Assignment::parse("--set", line, literal) {
                    Ok(list) => {
                        list.iter().filter_map(|assignment| assignment.apply(&mut values).err()).for_each(|problem| check(&problem));
                    }
                    Err(problem) => check(&problem),
                }
            }
        }
        assert!(values.is_object());
    });
}
