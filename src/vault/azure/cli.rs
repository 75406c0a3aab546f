//! The Azure CLI, run for a token. What it writes is not shown: it may be one.

use std::ffi::OsStr;
use std::io;
use std::process::Output;
use std::process::Stdio;
use std::sync::Arc;

use azure_identity::Executor;
use tokio::process::Command;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::azure::entra;
use crate::vault::azure::note::Note;

/// Runs the program and notes in our words what came of it.
#[derive(Debug)]
pub(super) struct Cli {
    pub(super) note: Arc<Note>,
}

#[async_trait::async_trait]
impl Executor for Cli {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
        match &output {
            Ok(output) if output.status.success() => {}
            Ok(output) => self.note.write(refusal(output.status.code(), &String::from_utf8_lossy(&output.stderr))),
            Err(_) => self.note.write(refusal(Some(127), "")),
        }
        output
    }
}

fn refusal(code: Option<i32>, said: &str) -> ServiceError {
    let (reason, next) = if code == Some(127) {
        ("the Azure CLI was not found".to_owned(), "install `az`, or choose another credential")
    } else if let Some(sentence) = entra::sentence(said) {
        (format!("the Azure CLI gives no token: {sentence}"), "run `az login` again")
    } else if said.contains("az login") {
        ("nobody is logged in to the Azure CLI".to_owned(), "run `az login`")
    } else {
        ("the Azure CLI gives no token".to_owned(), "run `az account get-access-token` and see what it says")
    };
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn what_it_says_is_told_in_our_words() {
        let is = |code, said: &str, reason: &str, next: &str| {
            let error = refusal(code, said);
            assert_eq!((error.reason.as_str(), error.next.as_str()), (reason, next));
        };
        is(Some(127), "sh: az: not found", "the Azure CLI was not found", "install `az`, or choose another credential");
        is(Some(1), "ERROR: Please run 'az login' to setup account.", "nobody is logged in to the Azure CLI", "run `az login`");
        is(
            Some(1),
            "ERROR: AADSTS50076: Due to a change. You must",
            "the Azure CLI gives no token: AADSTS50076: Due to a change",
            "run `az login` again",
        );
        is(None, "canary", "the Azure CLI gives no token", "run `az account get-access-token` and see what it says");
    }
}
