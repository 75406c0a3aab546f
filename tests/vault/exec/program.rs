//! Starting a program, and ending it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use cloze::vault::exec::ExecVault;
use cloze::vault::exec::Settings;
use rustix::process::Pid;
use rustix::process::test_kill_process;
use tempfile::TempDir;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::exec::made;
use crate::exec::script;
use crate::exec::settings;
use crate::exec::with_deadline;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

#[tokio::test]
async fn a_program_that_fails_is_told_without_its_words() {
    let failed = async |text: &str| {
        let (vault, _directory) = script(text);
        let error = one(&vault, ask("db", None, None)).await.unwrap_err();
        assert_eq!((error.fault, error.next.as_str()), (ServiceFault::Unavailable, "run it by hand with a request on its standard input"));
        error.reason
    };
    let hidden = "to its standard error, which may hold values and";
    assert_eq!(
        failed(&format!("echo {CANARY} >&2; exit 3")).await,
        format!("the program `/bin/sh` ended with exit code 3; it wrote 12 bytes {hidden} are not shown")
    );
    assert_eq!(
        failed("printf x >&2; exit 1").await,
        format!("the program `/bin/sh` ended with exit code 1; it wrote 1 byte {hidden} is not shown")
    );
    let answered = format!("cat > /dev/null; echo '{{\"answers\": [{{\"value\": \"{CANARY}\"}}]}}'; exit 1");
    assert_eq!(failed(&answered).await, "the program `/bin/sh` ended with exit code 1");
    assert_eq!(failed("kill -9 $$").await, "the program `/bin/sh` was ended by signal 9");
    // One that never reads its request may answer all the same, and complain.
    let (vault, _directory) = script("echo canary-7Yq1 >&2; echo '{\"answers\": [{\"value\": \"v\"}]}'");
    assert!(one(&vault, ask("db", None, None)).await.is_ok());
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    let (vault, directory) = with_deadline("sleep 600 & echo $! > child; sleep 600", Duration::from_secs(1));
    let started = Instant::now();
    let error = one(&vault, ask("db", None, None)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, "the program `/bin/sh` did not end within 1 s"));
    assert_eq!(error.next, "see what it waits for, or allow more time");
    is_gone(&directory).await;
    // One that ends and leaves another behind with its output open does not end either.
    let (vault, directory) = with_deadline("sleep 600 & echo $! > child; echo '{}'", Duration::from_secs(1));
    assert!(one(&vault, ask("db", None, None)).await.unwrap_err().reason.ends_with("did not end within 1 s"));
    is_gone(&directory).await;
}

/// Waits until the process in the file `child` runs no more.
async fn is_gone(directory: &TempDir) {
    let child: i32 = fs::read_to_string(directory.path().join("child")).unwrap().trim().parse().unwrap();
    for _ in 0..100 {
        // What was killed and not yet waited for by its new parent is a zombie.
        let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        if test_kill_process(Pid::from_raw(child).unwrap()).is_err() || state.contains(") Z ") {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the process {child} runs still");
}

#[tokio::test]
async fn a_program_that_floods_is_ended() {
    for stream in ["", " >&2"] {
        let (vault, _directory) = script(&format!("cat /dev/zero{stream}"));
        let error = one(&vault, ask("db", None, None)).await.unwrap_err();
        assert_eq!(
            (error.fault, error.reason.as_str()),
            (ServiceFault::Unavailable, "the program `/bin/sh` wrote more than 16 MiB and was ended")
        );
        assert_eq!(error.next, "let it write its answer and nothing else");
    }
}

#[tokio::test]
async fn a_fetch_that_is_given_up_ends_the_program() {
    let (vault, directory) = script("sleep 600 & echo $! > child; sleep 600");
    let child = directory.path().join("child");
    let asks = [ask("db", None, None)];
    tokio::select! {
        _ = vault.fetch(&asks) => panic!("it cannot end"),
        () = async { while !fs::read_to_string(&child).is_ok_and(|text| text.ends_with('\n')) { sleep(Duration::from_millis(20)).await } } => {}
    }
    is_gone(&directory).await;
}

#[tokio::test]
async fn programs_are_not_searched_for() {
    let refused = |command: &[&str]| {
        let error = made(command).unwrap_err();
        assert_eq!(error.next, "give an absolute path, or one from the project's root such as `./bin/secrets`");
        error.reason
    };
    assert_eq!(refused(&[]), "no program is named");
    assert_eq!(refused(&["cat"]), "the program `cat` is a name without a path, and programs are not searched for");
    assert_eq!(refused(&["../cat"]), "the program `../cat` is not in the project");
    assert_eq!(refused(&["bin/../../cat"]), "the program `bin/../../cat` is not in the project");
    assert_eq!(refused(&["/bin/cat", "a\0"]), "the command has a zero byte in it");
    let prefixes = Settings { prefixes: vec!["a/..".to_owned()], ..settings(&["/bin/cat"], Path::new("/")) };
    assert_eq!(ExecVault::new(prefixes).unwrap_err().reason, "a prefix cannot be used: `a/..` contains `..`, or `.` as a segment");
    // A program of the same name where cloze runs, or in the project's root, is not taken either.
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("helper"), "#!/bin/sh\n").unwrap();
    assert!(ExecVault::new(settings(&["helper"], directory.path())).is_err());
    let vault = ExecVault::new(settings(&["./helper"], directory.path())).unwrap();
    let error = one(&vault, ask("db", None, None)).await.unwrap_err();
    assert_eq!(error.reason, "the program `./helper` may not be run");
    assert_eq!(error.next, "make it executable, as with `chmod +x`, for the user that runs cloze");
    let error = one(&made(&["/absent/helper"]).unwrap(), ask("db", None, None)).await.unwrap_err();
    assert_eq!(error.reason, "the program `/absent/helper` is not there, or what it needs to start is not");
    assert_eq!(error.next, "check the path in the project file, and that what its first line names is installed");
}

#[tokio::test]
async fn a_program_gets_the_variables_that_it_is_given_and_no_others() {
    // Every process of cargo's has the first.
    let text = "/bin/cat > /dev/null; printf '{\"answers\": [{\"value\": \"%s %s\"}]}' \"${CARGO_PKG_NAME-none}\" \"${OP_TOKEN-none}\"";
    let directory = tempfile::tempdir().unwrap();
    let environment = vec![("OP_TOKEN".to_owned(), Secret::copy_of(b"lent"))];
    let settings = Settings { environment, ..settings(&["/bin/sh", "-c", text], directory.path()) };
    assert!(!format!("{settings:?}").contains("lent\""), "{settings:?}");
    let value = one(&ExecVault::new(settings).unwrap(), ask("db", None, None)).await.unwrap().value;
    assert_eq!(value.expose_text().unwrap(), "none lent");
}
