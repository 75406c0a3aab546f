//! Every way that a run can end.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::canary::canaries::COUNT;
use crate::canary::project::canaries;
use crate::canary::project::searcher;
use crate::canary::project::shared;
use crate::canary::project::strays;
use crate::canary::runs::May;
use crate::canary::runs::Runs;
use crate::support::Sandbox;
use crate::support::rounds;

/// How talk is asked for.
const TALK: [&[&str]; 2] = [&["-v", "-v", "-v"], &["--format", "json"]];

type Spoil = fn(&Sandbox);

#[test]
fn every_command_of_a_sound_project_keeps_the_canaries() {
    let project = shared();
    assert_eq!(strays(&project, None), Vec::<String>::new());
    let emitted: BTreeSet<String> = project
        .files()
        .into_iter()
        .filter(|(path, _)| path.starts_with("work/shop/dist"))
        .flat_map(|(_, bytes)| searcher().find(&bytes))
        .map(|hit| hit.canary)
        .collect();
    assert_eq!(emitted.len(), COUNT, "each canary stands where it belongs");
    let mut runs = Runs::default();
    for talk in TALK {
        let sandbox = project.twin();
        for (command, may) in Runs::commands() {
            runs.go("sound", (&sandbox, &project), &[talk, &command].concat(), may);
        }
    }
    let runs = runs.end("sound project");
    assert_eq!(runs.codes.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 5, 6].map(Some));
}

#[test]
fn a_value_among_the_arguments_is_not_repeated() {
    let project = shared();
    let value = std::str::from_utf8(&canaries()[4].value).unwrap();
    let mut runs = Runs::default();
    for arguments in [&["vault", "set", "name", value][..], &["vault", "set", &format!("name={value}")], &["vault", "set", value, "--x"]] {
        let outcome = project.cloze(arguments);
        assert!(outcome.err().contains("error: ") && outcome.code != Some(0), "{outcome:?}");
        runs.judge("arguments", (&project, &project), arguments, &outcome, May::Nothing);
    }
    runs.end("values among arguments");
}

#[test]
fn every_broken_project_keeps_the_canaries() {
    let project = shared();
    let mut runs = Runs::default();
    for (number, (what, codes, spoil)) in WAYS.iter().enumerate() {
        let sandbox = project.twin();
        spoil(&sandbox);
        let spoiled = sandbox.twin();
        let mut seen = Vec::new();
        let commands = Runs::commands().into_iter().filter(|(command, _)| command[0] != "completions" && command[0] != "schema");
        for (at, (command, may)) in commands.enumerate() {
            for talk in TALK.iter().skip((at + number) % 2).take(rounds(1, 2)) {
                // By default a deploy and a sixth of the commands, another sixth for the next way.
                if command == ["deploy"] || rounds((at + number) % 6, 0) == 0 {
                    seen.extend(runs.go(what, (&sandbox, &spoiled), &[talk, command.as_slice()].concat(), may));
                }
            }
        }
        // Of a few commands only some come to where it is broken.
        let missing = codes.iter().filter(|code| !seen.contains(code)).count();
        if missing > rounds(codes.len() - 1, 0) {
            runs.faults.push(format!("{what}: not all of {codes:?} in {seen:?}"));
        }
    }
    let runs = runs.end("broken projects");
    for code in [0, 2, 3, 4, 5, 6] {
        assert!(runs.codes.contains_key(&Some(code)), "no run ended with {code}");
    }
}

/// Ways to break the project, and the exit codes that each must lead to.
const WAYS: &[(&str, &[i32], Spoil)] = &[
    ("no key", &[5], |sandbox| fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap()),
    ("another project's key", &[5], |sandbox| {
        fs::copy(Sandbox::shop().shop_path(".cloze/dev.key"), sandbox.shop_path(".cloze/dev.key")).map(drop).unwrap();
    }),
    ("no key at all in the key file", &[5], |sandbox| sandbox.write(".cloze/dev.key", "not a key")),
    ("no keyring", &[0, 5], |sandbox| fs::remove_file(sandbox.shop_path("secrets/dev.keyring")).unwrap()),
    ("another project's keyring and key", &[5, 6], |sandbox| {
        let other = Sandbox::shop();
        for path in [".cloze/dev.key", "secrets/dev.keyring"] {
            fs::copy(other.shop_path(path), sandbox.shop_path(path)).map(drop).unwrap();
        }
    }),
    ("a broken keyring", &[5], |sandbox| sandbox.write("secrets/dev.keyring", &sandbox.read("secrets/dev.keyring")[7..])),
    ("no vault", &[5], |sandbox| fs::remove_file(sandbox.shop_path("secrets/dev.vault")).unwrap()),
    ("a changed vault", &[5], |sandbox| {
        let text = sandbox.read("secrets/dev.vault");
        let lines: Vec<String> = text.lines().map(|line| format!("{}A\n", &line[..line.len() - 1])).collect();
        sandbox.write("secrets/dev.vault", format!("{}\n{}", text.lines().next().unwrap(), lines[1..].concat()));
    }),
    ("a cut vault", &[5], |sandbox| {
        let text = sandbox.read("secrets/dev.vault");
        sandbox.write("secrets/dev.vault", &text[..text.len() / 2]);
    }),
    ("a changed record", &[6], |sandbox| flip(sandbox, "releases")),
    ("a changed pack", &[6], |sandbox| flip(sandbox, "packs")),
    ("a changed event", &[6], |sandbox| flip(sandbox, "events")),
    ("a cut history", &[6], |sandbox| fs::remove_file(sandbox.shop_path(".cloze/history/dev/releases/0000/00/00000002")).unwrap()),
    ("no history", &[6], |sandbox| fs::remove_dir_all(sandbox.shop_path(".cloze/history")).unwrap()),
    ("a broken pin", &[6], |sandbox| sandbox.write(".cloze/pins/dev.json", "{")),
    ("a project file with a typing mistake", &[3], |sandbox| {
        sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replace("templates:", "tempates:"));
    }),
    ("a project file that is no YAML", &[3], |sandbox| sandbox.write("cloze.yaml", "project: [\n\"")),
    ("a values file that is no YAML", &[3], |sandbox| sandbox.write("values/dev.yaml", "a: {b: \"")),
    ("a template that is none", &[4], |sandbox| sandbox.write("templates/more.yaml", "{% if %}")),
    ("manifests that are no YAML", &[4], |sandbox| more(sandbox, "  a: \"{{ secret(name=\"token-0\") }}\n")),
    ("no such secret", &[5], |sandbox| {
        more(sandbox, "  a: {{ secret(name=\"absent\") }}\n  b: {{ secret(name=\"token-1\", key=\"k\") }}\n");
    }),
    ("no such field", &[5], |sandbox| more(sandbox, "  a: {{ secret(name=\"structured-32\", key=\"absent\") }}\n")),
    ("no such version", &[5], |sandbox| more(sandbox, "  a: {{ secret(name=\"structured-32\", version=\"9\") }}\n")),
    ("a secret in a label", &[4], |sandbox| {
        more(sandbox, "  a: b\nmetadata: { name: more, labels: { a: '{{ secret(name=\"token-0\") }}' } }\n");
    }),
    ("a revealed secret that is no text", &[5], |sandbox| {
        sandbox.write(
            "templates/pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: { name: p, labels: { a: '{{ secret(name=\"binary-40\") | reveal }}' } }\nspec: {}\n",
        );
    }),
    ("filters that do not fit", &[5], |sandbox| {
        more(
            sandbox,
            "  a: {{ secret(name=\"binary-40\") | json }}\n  b: {{ secret(name=\"symbols-12\") | b64decode }}\n  c: x{{ secret(name=\"binary-39\") }}\n",
        );
    }),
    ("files that raw values break", &[0], |sandbox| {
        let list = [
            ("json", "{\"a\": \"{{ B }}\"}"),
            ("yaml", "a: {{ B }}"),
            ("env", "A={{ B }}"),
            ("toml", "a = {{ B }}"),
            ("xml", "<a>{{ B }}</a>"),
        ];
        let of = |name: &str| {
            let line = |(format, text): &(&str, &str)| {
                format!("  {name}.{format}: '{}'\n", text.replace('B', &format!("secret(name=\"{name}\") | raw")))
            };
            list.iter().map(line).collect::<String>()
        };
        more(sandbox, &(of("pem-28") + &of("structured-33") + &of("controls-24")));
    }),
    ("types that demand more", &[4], |sandbox| {
        more(sandbox, "  tls.crt: {{ secret(name=\"pem-27\") }}\n  tls.key: {{ secret(name=\"token-3\") }}\ntype: kubernetes.io/tls\n");
        let text = "apiVersion: v1\nkind: Secret\nmetadata: { name: docker }\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: {{ secret(name=\"token-3\") }}\n";
        sandbox.write("templates/docker.yaml", text);
    }),
    ("data that is no base64", &[4], |sandbox| {
        more(sandbox, "  a: b\ndata:\n  b: {{ secret(name=\"symbols-11\") }}\n  c: \"%{{ secret(name=\"token-5\") }}\"\n");
    }),
    ("a file where the manifests go", &[3], |sandbox| {
        fs::remove_dir_all(sandbox.shop_path("dist")).unwrap();
        sandbox.write("dist", "");
    }),
    ("a link where the manifests go", &[2, 3], |sandbox| {
        fs::remove_dir_all(sandbox.shop_path("dist/dev")).unwrap();
        std::os::unix::fs::symlink(sandbox.root().join("tmp"), sandbox.shop_path("dist/dev")).unwrap();
    }),
    ("a folder that git would take", &[2], |sandbox| {
        sandbox.write(".gitignore", "");
        fs::create_dir(sandbox.shop_path(".git")).unwrap();
    }),
    ("a file where the pin goes", &[3], |sandbox| {
        fs::remove_dir_all(sandbox.shop_path(".cloze/pins")).unwrap();
        sandbox.write(".cloze/pins", "");
        sandbox.write("values/dev.yaml", "logLevel: warn\n");
    }),
];

/// One more Secret.
fn more(sandbox: &Sandbox, lines: &str) {
    let metadata = if lines.contains("metadata") { "" } else { "metadata: { name: more }\n" };
    sandbox.write("templates/more.yaml", format!("apiVersion: v1\nkind: Secret\n{metadata}stringData:\n{lines}"));
}

/// Flips a bit in the middle of the newest object below a folder of the history.
fn flip(sandbox: &Sandbox, folder: &str) {
    let below = PathBuf::from("work/shop/.cloze/history/dev").join(folder);
    let (path, mut bytes) = sandbox.files().into_iter().rfind(|(path, _)| path.starts_with(&below)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(sandbox.root().join(path), bytes).unwrap();
}
