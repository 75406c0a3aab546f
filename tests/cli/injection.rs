//! Deploys from every kind of vault behind a network while anything may go wrong: a run ends with every blank filled right, or with
//! nothing.

mod site;

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vault_mock::Fault;
use vault_mock::Script;

use crate::injection::site::Site;
use crate::injection::site::sites;
use crate::support::Random;
use crate::support::Sandbox;
use crate::support::rounds;

/// Blanks in the project.
const BLANKS: usize = 6;

fn value(number: usize) -> String {
    format!("canary-{number}-Xy7")
}

/// A project with one Secret whose blanks the site's vault fills.
fn project(site: &Site) -> Sandbox {
    let mut sandbox = Sandbox::shop();
    for folder in ["templates", "config"] {
        fs::remove_dir_all(sandbox.shop_path(folder)).unwrap();
    }
    let blanks: String = (0..BLANKS).map(|number| format!("  k{number}: {{{{ secret(name=\"{}\") }}}}\n", site.name(number))).collect();
    let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: many }}\nstringData:\n  run: \"{{{{ run }}}}\"\n{blanks}");
    sandbox.write("templates/many.yaml", secret);
    let vault = format!("vaults: {{ default: {{ {} }} }}", site.vault);
    let text = format!(
        "apiVersion: cloze.dev/v1\nproject: shop\nenvironments:\n  dev:\n    namespace: shop-dev\n    values: [values/dev.yaml]\n    {vault}\n"
    );
    sandbox.write("cloze.yaml", text);
    for (name, text) in &site.files {
        sandbox.write(name, text);
    }
    for (name, value) in &site.variables {
        sandbox.variable(name, value);
    }
    sandbox.variable("CLOZE_DEADLINE", "4");
    sandbox
}

/// A fault that may pass or may not.
fn fault(random: &mut Random) -> Fault {
    let code = [401, 403, 404, 429, 500, 502, 503, 504][random.below(8)];
    match random.below(9) {
        0 => Fault::Reset,
        1 => Fault::Truncated,
        2 => Fault::Malformed,
        3 => Fault::Delay { ms: 300 },
        4 => Fault::Redirect { code: 307, to: "https://evil.example/".to_owned() },
        5 => Fault::WrongCrc,
        6 => Fault::Body { code: 200, text: "{}".to_owned() },
        7 => Fault::throttled(0),
        _ => Fault::status(code),
    }
}

/// What the one Secret in dist holds, if there is one.
fn emitted(sandbox: &Sandbox) -> Option<String> {
    let mut files = fs::read_dir(sandbox.shop_path("dist/dev")).ok()?.map(|entry| entry.unwrap().path());
    let secret = files.find(|path| path.to_string_lossy().contains("_secret_"))?;
    Some(fs::read_to_string(secret).unwrap())
}

#[test]
fn a_run_fills_every_blank_right_or_leaves_nothing() {
    let sites = sites();
    let runs = rounds(60, 1000).div_ceil(sites.len());
    for site in sites {
        let (sandbox, mut random) = (project(&site), Random::new(7));
        let (mut done, mut failed, mut releases) = (0, 0, 0);
        for run in 0..runs {
            sandbox.write("values/dev.yaml", format!("run: r{run}\n"));
            site.mock.heal();
            for _ in 0..random.below(4) {
                let (times, fault) = (1 + u32::try_from(random.below(6)).unwrap(), fault(&mut random));
                let on = if random.below(3) == 0 { String::new() } else { site.name(random.below(BLANKS)) };
                site.mock.script(Script::new(&on, times, fault));
            }
            let before = emitted(&sandbox);
            let outcome = sandbox.cloze(["deploy"]);
            let err = outcome.err();
            assert!(
                !err.contains("canary-") && site.credentials.iter().all(|credential| !err.contains(credential)),
                "{}: {err}",
                site.kind
            );
            let after = emitted(&sandbox);
            match outcome.code {
                Some(0) => {
                    done += 1;
                    releases += 1;
                    let text = after.unwrap_or_default();
                    for number in 0..BLANKS {
                        let expected = format!("  k{number}: {}\n", STANDARD.encode(value(number)));
                        assert!(text.contains(&expected), "{}: `{expected}` is not in:\n{text}", site.kind);
                    }
                    assert!(text.contains(&STANDARD.encode(format!("r{run}"))), "{}: {text}", site.kind);
                }
                Some(5) => {
                    failed += 1;
                    assert_eq!(after, before, "{}: a failed run changed what was emitted", site.kind);
                }
                _ => panic!("{}: ended with {:?}: {err}", site.kind, outcome.code),
            }
        }
        let history = sandbox.cloze(["history", "--limit", "2000", "--format", "json"]).ok();
        assert_eq!(history.matches("\"release\":").count(), releases, "{}: {history}", site.kind);
        println!("{}: {runs} runs, {done} filled, {failed} with nothing", site.kind);
        assert!(done > 0 && failed > 0, "{}: {done} and {failed}", site.kind);
    }
}
