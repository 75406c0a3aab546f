//! The reader of what a program answers.

use crate::blank::SecretRef;
use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::vault::exec::answer::ProgramAnswer;

/// No error tells what could be a value.
#[test]
fn program_answers() {
    let ask = |key: Option<&str>, version: Option<&str>| SecretRef {
        vault: "default".to_owned(),
        name: "a".to_owned(),
        key: key.map(str::to_owned),
        version: version.map(str::to_owned),
    };
    let asks = [ask(None, None), ask(Some("user"), None), ask(None, Some("1"))];
    fuzz("exec", Vec::new(), |bytes| {
        let text = Secret::copy_of(bytes);
        for count in [Some(1), Some(2), None] {
            let answers = match ProgramAnswer::read(&text, count) {
                Ok(answers) => answers,
                Err(error) => {
                    check(&error);
                    continue;
                }
            };
            for (index, ask) in asks.iter().enumerate() {
                let _ = answers.fetched(index % 2, ask).map_err(|error| check(&error));
                let _ = answers.found(index % 2, ask).map_err(|error| check(&error));
            }
            let _ = answers.listed(|_| true).map_err(|error| check(&error));
        }
    });
}

fn check(error: &ServiceError) {
    assert!(!error.reason.is_empty() && !error.next.is_empty(), "{error:?}");
    // The names of fields are shown, so that a misspelt one is found: they are in backticks.
    let shown = format!("{error:?}");
    shown.split('`').step_by(2).for_each(assert_silent);
}
