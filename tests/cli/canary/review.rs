//! Reviews and plans of a release in which two hundred secrets are: fifty from the vault and fifty literal ones, before and after.

use std::fmt::Write as _;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::canary::canaries::Canary;
use crate::canary::canaries::Make;
use crate::canary::canaries::generate;
use crate::canary::encoding::ALL;
use crate::canary::search::Searcher;
use crate::support::Outcome;
use crate::support::Sandbox;

/// The canaries of the vault before and after, and the literal ones.
fn canaries() -> [Vec<Canary>; 4] {
    [11, 12, 13, 14].map(generate)
}

/// Writes down what blanks ask for, whole and in files, and the literal values.
fn plant(sandbox: &Sandbox, asked: &[Canary], literal: &[Canary]) {
    let head = |kind: &str, name: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{ name: {name} }}\n");
    let mut blanks = head("Secret", "blanks") + "stringData:\n";
    for Canary { name, make, .. } in asked {
        let _ = writeln!(blanks, "  {name}: {{{{ secret(name=\"{name}\") }}}}");
        if *make == Make::Line {
            let _ = writeln!(blanks, "  {name}.json: '{{\"a\": {{\"b\": \"{{{{ secret(name=\"{name}\") }}}}\"}}}}'");
            let _ = writeln!(blanks, "  {name}.part: 'x{{{{ secret(name=\"{name}\") | urlencode }}}}'");
        }
    }
    let mut literals = head("Secret", "literals") + "data:\n";
    for Canary { name, value, .. } in literal {
        let _ = writeln!(literals, "  {name}: {}", STANDARD.encode(value));
    }
    let _ = writeln!(literals, "stringData:\n{{% raw %}}");
    for Canary { name, value, .. } in literal.iter().filter(|canary| canary.make == Make::Line) {
        let text = std::str::from_utf8(value).unwrap();
        let _ = writeln!(literals, "  text-{name}: {}", serde_json::to_string(text).unwrap());
        let _ = writeln!(literals, "  env-{name}.env: {}", serde_json::to_string(&format!("A=1\nPASSWORD='{text}'\n")).unwrap());
    }
    let _ = writeln!(literals, "{{% endraw %}}");
    let map = head("ConfigMap", "lines") + &format!("data:\n  a.conf: |\n    one\n    {} lines\n    three\n", literal[0].name.len());
    for (name, text) in [("blanks", blanks), ("literals", literals), ("map", map)] {
        sandbox.write(&format!("templates/{name}.yaml"), text);
    }
}

/// Puts the canaries into the vault, under names that stay.
fn fill(sandbox: &Sandbox, canaries: &[Canary]) {
    let folder = sandbox.work().join("values");
    fs::create_dir_all(&folder).unwrap();
    for Canary { name, value, .. } in canaries {
        fs::write(folder.join(name), value).unwrap();
    }
    sandbox.cloze(["vault", "import", folder.to_str().unwrap()]).ok();
}

#[test]
fn two_hundred_secrets_are_in_no_review_and_not_readable_in_a_plan() {
    let sets = canaries();
    let all: Vec<Canary> =
        sets.iter().enumerate().flat_map(|(set, list)| list.iter().map(move |canary| (set, canary))).map(named).collect();
    assert!(all.len() == 200 && ALL.len() >= 12, "{} canaries in {} encodings", all.len(), ALL.len());
    let searcher = Searcher::new(&all);
    let sandbox = Sandbox::shop();
    fill(&sandbox, &sets[0]);
    plant(&sandbox, &sets[0], &sets[2]);
    sandbox.cloze(["deploy"]).ok();
    sandbox.keep("base");
    fill(&sandbox, &sets[1]);
    plant(&sandbox, &sets[1], &sets[3]);
    // What the searcher finds where it belongs.
    let shown = sandbox.cloze(["show", "--reveal"]).ok();
    let belongs = searcher.find(shown.as_bytes());
    assert!(belongs.iter().any(|hit| hit.canary.starts_with("0-")) && belongs.iter().any(|hit| hit.canary.starts_with("2-")));
    let mut count = 0;
    let mut look = |what: &str, bytes: &[u8]| {
        count += bytes.len();
        assert_eq!(searcher.find(bytes), [], "{what}");
    };
    let mut run = |line: &str| {
        for format in ["", " --format json", " --format markdown", " --format html"] {
            let line = format!("{line}{format}");
            let outcome: Outcome = sandbox.cloze(line.split(' '));
            assert!(outcome.stdout.len() > 1_000, "{line}: {outcome:?}");
            look(&line, &[outcome.stdout.as_slice(), &outcome.stderr].concat());
            outcome.ok();
        }
    };
    for line in ["diff", "diff --base base", "deploy --dry-run", "plan -o shop.plan", "deploy --plan shop.plan --dry-run"] {
        run(line);
    }
    run("diff --all --color always");
    sandbox.cloze(["deploy", "--plan", "shop.plan"]).ok();
    for line in ["diff 1 2", "show 2 --diff", "rollback 1 --dry-run", "rollback 1 --secrets pinned --dry-run"] {
        run(line);
    }
    for (path, bytes) in sandbox.files() {
        let text = path.to_string_lossy();
        if text.contains("/.cloze/") || text.ends_with("shop.plan") {
            look(&text, &bytes);
        }
    }
    println!("200 canaries in {} encodings: {count} bytes were searched", ALL.len());
}

/// A canary with the set in its name.
fn named((set, canary): (usize, &Canary)) -> Canary {
    Canary { name: format!("{set}-{}", canary.name), ..canary.clone() }
}
