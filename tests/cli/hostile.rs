//! Hostile templates, documents and files through the whole program: an error in bounded time and memory, never a signal.

use std::fs;
use std::fs::File;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write as _;
use std::io::copy;
use std::io::sink;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use wait4::Wait4;

use crate::support::Sandbox;

/// CPU time of one run, the engine's process included; three times that without optimization.
const TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 2 });
/// Peak memory of the largest process of one run, in bytes.
const MEMORY: u64 = 256 << 20;

/// What is hostile about a project.
enum Attack {
    /// A template.
    Template(String),
    /// A template of this so many times. It is never in the memory of the test: a child begins with the peak of the process that it is forked from.
    Repeated(&'static str, usize),
    /// So many templates of the same text.
    Templates(usize, String),
    /// A manifest, given word for word.
    Document(String),
    /// A file in the place of another.
    File(&'static str, Vec<u8>),
    /// A file of so many zero bytes without blocks on disk.
    Sparse(&'static str, u64),
    /// A link to this in the place of a file.
    Link(&'static str, &'static str),
    /// A named pipe in the place of a file.
    Pipe(&'static str),
}

/// Bytes of stderr: a thousand problems.
const MOST_SAID: u64 = 512 << 10;
/// The codes that an attack may end with: a bad project or a failed check.
const CODES: [i32; 2] = [3, 4];

fn map(value: &str) -> Attack {
    Attack::Template(map_text(value))
}

fn map_text(value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: x }}\ndata:\n  a: {value}\n")
}

/// Aliases of aliases.
fn laughs(levels: usize, list: impl Fn(&str) -> String) -> String {
    let mut text = String::from("l0: &l0 lol\n");
    for level in 1..levels {
        let inner = vec![format!("*l{}", level - 1); 10].join(", ");
        text.push_str(&format!("l{level}: &l{level} {}\n", list(&inner)));
    }
    text
}

fn nested(open: &str, close: &str, times: usize) -> String {
    format!("{}{}", open.repeat(times), close.repeat(times))
}

fn templates() -> Vec<(&'static str, Attack)> {
    let range = "range(end=1000)";
    let double = format!("{{% set s = 'x' %}}{}", "{% set_global s = s ~ s %}".repeat(64));
    let loops = "{% for a in R %}{% for b in R %}{% for c in R %}{% for d in R %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}"
        .replace('R', range);
    vec![
        ("string doubled 64 times", map(&format!("{double}{{{{ s }}}}"))),
        ("four nested loops of 1,000", map(&loops)),
        (
            "output without end",
            map("{% for a in range(end=100000) %}{% for b in range(end=100000) %}xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}"),
        ),
        ("a range of a billion", map("{% for a in range(end=1000000000) %}x{% endfor %}")),
        ("a range as a list", map("{{ range(end=1000000000) | length }}")),
        ("a template that includes itself", map("{% include \"templates/x.yaml\" %}")),
        ("a template that extends itself", Attack::Template("{% extends \"templates/x.yaml\" %}".to_owned())),
        (
            "a component that calls itself",
            Attack::Template("{% component c() %}{{<c />}}{{<c />}}{% endcomponent c %}{{<c />}}".to_owned()),
        ),
        ("20,000 parentheses", map(&format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)))),
        ("50,000 additions", map(&format!("{{{{ 1{} }}}}", "+1".repeat(50_000)))),
        ("50,000 negations", map(&format!("{{{{ {}true }}}}", "not ".repeat(50_000)))),
        ("5,000 nested blocks", map(&nested("{% if true %}", "{% endif %}", 5_000))),
        ("20,000 nested lists", map(&format!("{{{{ {} }}}}", nested("[", "]", 20_000)))),
        ("50,000 filters", map(&format!("{{{{ 'x'{} }}}}", " | trim".repeat(50_000)))),
        ("replace that multiplies", map(&format!("{{{{ 'x'{} }}}}", " | replace(from='x', to='xxxxxxxxxx')".repeat(12)))),
        (
            "a million blanks",
            map("{% for a in range(end=1000) %}{% for b in range(end=1000) %}{{ secret(name=\"x\") }}{% endfor %}{% endfor %}"),
        ),
        ("a million unclosed tags", map(&"{{ ".repeat(1_000_000))),
        ("a template of 68 MB", Attack::Repeated("# comment\n", 6_800_000)),
        ("a template of 60 MB of text", Attack::Repeated("x", 60 << 20)),
        ("a template of 60 MB of lists", Attack::Repeated("- ", 30 << 20)),
    ]
}

/// Each of them is small enough; together they are not.
fn many() -> Vec<(&'static str, Attack)> {
    let list = |item: &str, count: u32| {
        format!(
            "apiVersion: v1\nkind: X\nmetadata: {{ name: xNUMBER }}\nspec:\n{{% for a in range(end={count}) %}}  - {item}\n{{% endfor %}}"
        )
    };
    let work = "{% for a in range(end=1000) %}{% for b in range(end=300) %}{% set c = a * b %}{% endfor %}{% endfor %}";
    let anchors = laughs(7, |inner| format!("[{inner}]"));
    vec![
        ("60 lists of 100,000 numbers", Attack::Templates(60, list("1", 100_000))),
        ("60 lists of 100,000 texts", Attack::Templates(60, list("some text", 100_000))),
        ("60 lists of 100,000 maps", Attack::Templates(60, list("{ a: 1, b: [2] }", 100_000))),
        ("200 templates that loop a little", Attack::Templates(200, map_text(&format!("{work}x")))),
        ("60 files of aliases", Attack::Templates(60, format!("apiVersion: v1\nkind: X\nmetadata: {{ name: xNUMBER }}\n{anchors}"))),
        ("20 files of 5 MB", Attack::Templates(20, map_text(&"x".repeat(5 << 20)))),
    ]
}

fn documents() -> Vec<(&'static str, Attack)> {
    vec![
        ("billion laughs", Attack::Document(laughs(12, |inner| format!("[{inner}]")))),
        ("billion laughs by merge keys", Attack::Document(laughs(12, |inner| format!("{{ <<: [{inner}] }}")))),
        ("100,000 flow lists", Attack::Document(format!("a: {}", nested("[", "]", 100_000)))),
        ("100,000 flow maps", Attack::Document(format!("a: {}", "{a: ".repeat(100_000)))),
        ("100,000 block lists", Attack::Document("- ".repeat(100_000))),
        ("5,000 indented maps", Attack::Document((0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect())),
        ("100,000 complex keys", Attack::Document("? ".repeat(100_000))),
        ("one line of 10 MB", map(&"x".repeat(10_000_000))),
        ("100,000 anchors", Attack::Document((0..100_000).map(|number| format!("k{number}: &a{number} x\n")).collect())),
        (
            "a number of a million digits",
            Attack::Document(format!("apiVersion: v1\nkind: X\nmetadata: {{ name: x }}\na: {}\nb: [", "9".repeat(1_000_000))),
        ),
        ("100,000 documents", Attack::Document("---\na: b\n".repeat(100_000))),
        ("a tag of a megabyte", Attack::Document(format!("a: !{} b\nc: [", "t".repeat(1 << 20)))),
    ]
}

fn files() -> Vec<(&'static str, Attack)> {
    vec![
        ("values: billion laughs", Attack::File("values/dev.yaml", laughs(12, |inner| format!("[{inner}]")).into_bytes())),
        ("values: 100,000 lists", Attack::File("values/dev.yaml", format!("a: {}", nested("[", "]", 100_000)).into_bytes())),
        ("values: 20 MB", Attack::File("values/dev.yaml", "k: v\n".repeat(4_000_000).into_bytes())),
        ("values: 10 GB", Attack::Sparse("values/dev.yaml", 10 << 30)),
        ("values: a pipe", Attack::Pipe("values/dev.yaml")),
        ("values: /dev/zero", Attack::Link("values/dev.yaml", "/dev/zero")),
        ("project: 10 GB", Attack::Sparse("cloze.yaml", 10 << 30)),
        ("project: billion laughs", Attack::File("cloze.yaml", laughs(12, |inner| format!("[{inner}]")).into_bytes())),
        ("template: a pipe", Attack::Pipe("templates/service.yaml")),
        ("template: /etc/passwd", Attack::Link("templates/service.yaml", "/etc/passwd")),
        ("template: /dev/zero", Attack::Link("templates/service.yaml", "/dev/zero")),
        ("template: 60 MB of zeros", Attack::Sparse("templates/x.yaml", 60 << 20)),
        ("config file: 60 MB", Attack::Sparse("config/web/logo.png", 60 << 20)),
        ("config file: 1 GB", Attack::Sparse("config/web/logo.png", 1 << 30)),
        ("config file: a pipe", Attack::Pipe("config/web/logo.png")),
    ]
}

/// Mounts one attack on a project and measures a `check`.
fn mount(what: &str, attack: Attack) -> Result<(), String> {
    let sandbox = Sandbox::shop();
    lay(&sandbox, attack);
    endure(what, &sandbox, "check", &CODES)
}

fn lay(sandbox: &Sandbox, attack: Attack) {
    match attack {
        Attack::Template(text) | Attack::Document(text) => sandbox.write("templates/x.yaml", text),
        Attack::Templates(count, text) => {
            (0..count).for_each(|number| sandbox.write(&format!("templates/x{number}.yaml"), text.replace("NUMBER", &number.to_string())));
        }
        Attack::Repeated(text, count) => {
            let mut file = BufWriter::new(File::create(sandbox.shop_path("templates/x.yaml")).unwrap());
            (0..count).for_each(|_| file.write_all(text.as_bytes()).unwrap());
            file.flush().unwrap();
        }
        Attack::File(path, bytes) => sandbox.write(path, bytes),
        Attack::Sparse(path, size) => File::create(sandbox.shop_path(path)).unwrap().set_len(size).unwrap(),
        Attack::Link(path, target) => {
            fs::remove_file(sandbox.shop_path(path)).unwrap();
            symlink(target, sandbox.shop_path(path)).unwrap();
        }
        Attack::Pipe(path) => {
            fs::remove_file(sandbox.shop_path(path)).unwrap();
            assert!(Command::new("mkfifo").arg(sandbox.shop_path(path)).status().unwrap().success());
        }
    }
}

/// Runs a command that must end with an error and one of `codes`, soon and in little memory.
fn endure(what: &str, sandbox: &Sandbox, command: &str, codes: &[i32]) -> Result<(), String> {
    let program = sandbox.command(["-C", "shop"].into_iter().chain(command.split(' ')));
    let mut bounded = Command::new("timeout");
    bounded.args(["-s", "KILL", "30"]).arg(program.get_program()).args(program.get_args());
    bounded.current_dir(sandbox.work()).env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = bounded.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        // Little is kept: a child begins with the peak of the process that it is forked from.
        let mut err = Vec::new();
        pipe.by_ref().take(MOST_SAID + 1).read_to_end(&mut err).unwrap();
        copy(&mut pipe, &mut sink()).unwrap();
        String::from_utf8_lossy(&err).into_owned()
    });
    let used = child.wait4().unwrap();
    let err = reader.join().unwrap();
    let time = used.rusage.utime + used.rusage.stime;
    let first: String = err.lines().next().unwrap_or_default().chars().take(110).collect();
    println!("{what:<30} {:>6} ms {:>5} MiB  {first}", time.as_millis(), used.rusage.maxrss >> 20);
    let code = used.status.code();
    let reported = (err.starts_with("error: ") || err.contains("\nerror: ")) && err.len() as u64 <= MOST_SAID;
    if !code.is_some_and(|code| codes.contains(&code)) || !reported || time > TIME || used.rusage.maxrss > MEMORY {
        return Err(format!("{what}: {code:?}, {time:?}, {} MiB, {} bytes: {first}\n", used.rusage.maxrss >> 20, err.len()));
    }
    Ok(())
}

fn mount_all(attacks: Vec<(&'static str, Attack)>) {
    let wrong: String = attacks.into_iter().filter_map(|(what, attack)| mount(what, attack).err()).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn templates_that_want_the_machine() {
    mount_all(templates());
}

#[test]
fn many_files_that_want_the_machine_together() {
    mount_all(many());
}

#[test]
fn one_file_may_use_what_a_run_has() {
    let sandbox = Sandbox::shop();
    let line = format!("# {}\n", "x".repeat(1021));
    sandbox.write("templates/long.yaml", format!("{}{}", line.repeat(20 << 10), map_text("b")));
    assert!(sandbox.cloze(["render"]).ok().contains("name: x-"));
}

#[test]
fn a_budget_that_is_spent_says_which_and_the_way_out() {
    let limits = [
        (5, "x".repeat(15 << 20), 3, "the templates and values of this run are more than 64 MiB\n  split the project"),
        (
            1,
            "x".repeat((64 << 20) + 1),
            3,
            "more than the 67108864 that are allowed here\n  make the file smaller or split it; if that much is meant",
        ),
        (
            30,
            "{% for a in range(end=100000) %}\n- 1{% endfor %}".to_owned(),
            4,
            "the manifests of this run have more than 2000000 values or 64 MiB of text",
        ),
        (
            1,
            "{% for a in range(end=100000) %}{% for b in range(end=100000) %}{% endfor %}{% endfor %}".to_owned(),
            4,
            "rendering takes longer than 2 s\n  bound its loops",
        ),
    ];
    for (count, text, code, reported) in limits {
        let sandbox = Sandbox::shop();
        for number in 0..count {
            sandbox.write(
                &format!("templates/x{number}.yaml"),
                format!("apiVersion: v1\nkind: X\nmetadata: {{ name: x{number} }}\nspec: {text}"),
            );
        }
        sandbox.cloze(["check"]).fails(code, &[reported, "raise the budget of the run with `CLOZE_BUDGET=2`"]);
    }
}

#[test]
fn documents_that_want_the_machine() {
    mount_all(documents());
}

#[test]
fn files_that_are_none_or_too_large() {
    mount_all(files());
}

/// What runs keep for themselves, with commands that open it.
const KEPT: [(&str, &[&str]); 10] = [
    (".cloze/dev.key", &["vault get db-password --reveal", "deploy", "history --verify"]),
    ("secrets/dev.keyring", &["vault get db-password --reveal", "deploy", "show"]),
    ("secrets/dev.vault", &["vault list", "deploy"]),
    (".cloze/pins/dev.json", &["deploy", "history", "rollback 1"]),
    (".cloze/history/dev/store", &["deploy", "history"]),
    (".cloze/history/dev/releases/0000/00/00000002", &["deploy", "history", "show 2", "history --verify"]),
    (".cloze/history/dev/events/0000/00/00000001/0001", &["history --verify"]),
    (".cloze/history/dev/packs/PACK", &["show 1 --reveal", "history --verify"]),
    ("dist/dev/.cloze-output", &["deploy", "rollback 1"]),
    ("locks/dev.lock", &["deploy --locked"]),
];

#[test]
fn what_runs_keep_is_no_device_no_pipe_and_no_giant() {
    let deployed = Sandbox::shop();
    deployed.cloze(["deploy"]).ok();
    deployed.cloze(["deploy", "--set-string", "logLevel=warn"]).ok();
    deployed.cloze(["lock"]).ok();
    let mut packs = deployed.files().into_keys().filter(|path| path.to_string_lossy().contains("/packs/"));
    let pack = packs.next().unwrap().to_str().unwrap().split("packs/").nth(1).unwrap().to_owned();
    let mut wrong = String::new();
    for (path, commands) in KEPT {
        let path: &'static str = Box::leak(path.replace("PACK", &pack).into_boxed_str());
        for (kind, attack) in [
            ("a device of zeros", Attack::Link(path, "/dev/zero")),
            ("a pipe", Attack::Pipe(path)),
            ("10 GB", Attack::Sparse(path, 10 << 30)),
        ] {
            let sandbox = deployed.twin();
            lay(&sandbox, attack);
            for command in commands {
                let what = format!("{path} is {kind}: {command}");
                wrong += &endure(&what, &sandbox, command, &[2, 3, 5, 6, 8]).err().unwrap_or_default();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
