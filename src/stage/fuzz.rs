//! The reader of env files.

use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::place::Place;
use crate::stage::env_file::lines;

#[test]
fn env_files() {
    fuzz("env-file", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        match lines(text, &["TAKEN".to_owned()], |line| Place::new("app.env", line, 1)) {
            Ok(entries) => {
                let back: String = entries.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
                assert_eq!(lines(&back, &[], |line| Place::new("app.env", line, 1)), Ok(entries));
            }
            Err(problems) => {
                for problem in problems {
                    // A key that is there twice is named.
                    problem.reason.split('`').step_by(2).for_each(assert_silent);
                    assert!(problem.place.is_some() && !problem.next.is_empty());
                }
            }
        }
    });
}
