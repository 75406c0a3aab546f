//! A review that is longer than the terminal is shown page by page.

use crate::support::Sandbox;

/// The starter, on a terminal that moves its cursor.
fn shop() -> Sandbox {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("TERM", "xterm");
    sandbox
}

/// A pager that marks what goes through it.
const MARKING: &str = "sed 's/^/paged: /'";

/// What a run shows on a terminal of 20 rows, line by line.
#[track_caller]
fn shown(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let shown = sandbox.on_small_terminal((20, 100), arguments.iter().copied()).ends(0);
    shown.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

fn paged(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.starts_with("paged: ")).count()
}

#[test]
fn what_is_longer_than_the_terminal_is_shown_by_the_pager() {
    let mut sandbox = shop();
    sandbox.variable("PAGER", MARKING);
    let whole = sandbox.cloze(["diff"]).ok();
    let lines = shown(&sandbox, &["diff"]);
    assert_eq!(paged(&lines), whole.lines().count());
    let text: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("paged: ")).collect();
    assert!(text[0].starts_with("11 objects: 11 added") && text.last() == whole.lines().last().as_ref(), "{lines:#?}");
    for command in [&["deploy", "--dry-run"][..], &["diff", "--all"]] {
        assert!(paged(&shown(&sandbox, command)) > 100, "{command:?}");
    }
    sandbox.cloze(["deploy"]).ok();
    assert!(paged(&shown(&sandbox, &["show", "--diff"])) > 100);
    // What fits, what is for programs or for a file, and what is not a review is printed.
    assert_eq!(paged(&shown(&sandbox, &["diff", "--set", "replicas=3"])), 0);
    for command in [&["show", "--diff", "--format", "json"][..], &["show", "--diff", "--format", "markdown"], &["show"], &["render"]] {
        assert_eq!(paged(&shown(&sandbox, command)), 0, "{command:?}");
    }
    assert!(!sandbox.cloze(["show", "--diff"]).ok().contains("paged: "));
}

#[test]
fn the_users_environment_says_which_program_and_whether() {
    let mut sandbox = shop();
    let whole = sandbox.cloze(["diff"]).ok().lines().count();
    sandbox.variable("PAGER", "false");
    sandbox.variable("CLOZE_PAGER", MARKING);
    assert_eq!(paged(&shown(&sandbox, &["diff"])), whole);
    let printed = |sandbox: &Sandbox, arguments: &[&str]| {
        let lines = shown(sandbox, arguments);
        assert_eq!(paged(&lines), 0, "{lines:#?}");
        assert!(lines.len() >= whole, "{lines:#?}");
        lines
    };
    printed(&sandbox, &["diff", "--no-pager"]);
    printed(&sandbox, &["--no-pager", "diff"]);
    sandbox.variable("TERM", "dumb");
    printed(&sandbox, &["diff"]);
    sandbox.variable("TERM", "xterm");
    for none in ["", "cat"] {
        sandbox.variable("CLOZE_PAGER", none);
        printed(&sandbox, &["diff"]);
    }
    sandbox.variable("CLOZE_PAGER", "no-such-pager --option");
    assert!(printed(&sandbox, &["diff"]).iter().any(|line| line.contains("no-such-pager")));
    sandbox.variable("CLOZE_PAGER", MARKING);
    sandbox.variable("CI", "true");
    printed(&sandbox, &["diff"]);
}

#[test]
fn a_pager_that_ends_early_is_no_error() {
    let mut sandbox = shop();
    for (pager, left) in [("head -n 2", 2), ("true", 0), ("exit 3", 0)] {
        sandbox.variable("CLOZE_PAGER", pager);
        let lines = shown(&sandbox, &["diff"]);
        let objects = lines.iter().filter(|line| line.starts_with("11 objects") || line.starts_with("secrets:")).count();
        assert_eq!((objects, lines.iter().any(|line| line.starts_with("kind:"))), (left, false), "{pager}: {lines:#?}");
    }
    // Differences are told as they are without a pager.
    sandbox.on_small_terminal((20, 100), ["diff", "--exit-code"]).ends(1);
}

/// How `less` asks for a key.
const PROMPT: &str = ":\x1b[K";

#[test]
fn less_gets_the_keys() {
    let mut sandbox = shop();
    if !["/bin/less", "/usr/bin/less"].iter().any(|path| std::path::Path::new(path).exists()) {
        // Without it the review is printed.
        assert!(shown(&sandbox, &["diff"]).len() > 100);
        return;
    }
    sandbox.variable("LESSSECURE", "1");
    let mut terminal = sandbox.on_small_terminal((20, 100), ["diff"]);
    // Ctrl-C is for it, too, and does not end what it shows.
    terminal.shows("11 objects: 11 added").shows(PROMPT).presses("\x03").shows(PROMPT);
    terminal.presses("G").shows("(END)").presses("q").ends(0);
}
