//! Templates that would never end, or fill all memory, are ended.

use std::fs::read_dir;
use std::fs::read_to_string;
use std::os::unix::fs::symlink;
use std::process::id;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::scope;
use std::thread::sleep;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::render::Engine as _;
use cloze::render::ProcessEngine;
use tempfile::TempDir;

use crate::bench::messages;
use crate::bench::process;
use crate::bench::request;
use crate::bench::values;

/// Templates that would never end, or fill all memory.
fn bombs() -> Vec<(&'static str, Vec<(String, String)>)> {
    let one = |source: String| vec![("t.yaml".to_owned(), source)];
    let doubling = format!("{{% set a = 'xxxxxxxxxxxxxxxx' %}}{}{{{{ a }}}}", "{% set a = a ~ a %}".repeat(40));
    let loops = |body: &str| {
        let open = ["v0", "v1", "v2", "v3", "v4", "v5"].map(|name| format!("{{% for {name} in range(end=100000) %}}")).concat();
        format!("{open}{body}{}", "{% endfor %}".repeat(6))
    };
    let mut lists = String::from("{% set l = [1, 2] %}");
    lists.push_str(&"{% set l = [...l, ...l] %}".repeat(40));
    let flood = loops("0123456789abcdef0123456789abcdef0123456789abcdef");
    vec![
        ("string doubling", one(doubling.clone())),
        ("string doubling with a blank", one(doubling.replacen("'xxxxxxxxxxxxxxxx'", "secret(name='s')", 1))),
        (
            "string doubling by replace",
            one(format!("{{% set a = 'aaaaaaaa' %}}{}", "{% set a = a | replace(from='a', to='aaaaaaaa') %}".repeat(20))),
        ),
        ("string doubling by a filter", one(format!("{{{{ 'a'{} }}}}", " | replace(from='a', to='aaaa')".repeat(60)))),
        ("list doubling", one(lists)),
        ("nested lists", one("{% set l = [] %}".to_owned() + &"{% set l = [l] %}".repeat(200_000) + "{{ l }}")),
        ("nested loops", one(loops(""))),
        ("nested loops with a test", one(loops("{% if v0 == v5 %}{% endif %}"))),
        ("output flood", one(flood)),
        ("captured flood", one(format!("{{% set a %}}{}{{% endset %}}", loops("0123456789abcdef0123456789abcdef")))),
        ("minting flood", one(loops("{{ secret(name='s') }}"))),
        ("range of a milliard", one("{{ range(end=1000000000) }}".to_owned())),
        ("ranges in ranges", one("{{ [[x for x in range(end=100000)] for y in range(end=100000)] | length }}".to_owned())),
        ("recursive component", one("{% component c() %}{{ <c/> }}{{ <c/> }}{% endcomponent %}{{ <c/> }}".to_owned())),
        ("self include", one("{% include 't.yaml' %}".to_owned())),
        (
            "circle of includes",
            vec![("a.yaml".to_owned(), "{% include 'b.yaml' %}".to_owned()), ("b.yaml".to_owned(), "{% include 'a.yaml' %}".to_owned())],
        ),
        (
            "circle of extends",
            vec![("a.yaml".to_owned(), "{% extends 'b.yaml' %}".to_owned()), ("b.yaml".to_owned(), "{% extends 'a.yaml' %}".to_owned())],
        ),
        (
            "include doubling",
            (0..40)
                .map(|number| (format!("_{number}"), format!("{{% include '_{}' %}}{{% include '_{}' %}}", number + 1, number + 1)))
                .chain([("_40".to_owned(), "x".to_owned()), ("t.yaml".to_owned(), "{% include '_0' %}".to_owned())])
                .collect(),
        ),
        ("20,000 brackets", one(format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)))),
        ("20,000 ifs", one("{% if true %}".repeat(20_000) + &"{% endif %}".repeat(20_000))),
        ("50,000 terms", one(format!("{{{{ 1{} }}}}", "+1".repeat(50_000)))),
        ("long path", one(format!("{{{{ a{} }}}}", "[a".repeat(5_000)))),
        ("path with many steps", one(format!("{{{{ app{} }}}}", "['x']".repeat(10_000)))),
        ("40 MB of output tags", one("{{ text ~ text }}".repeat(40 << 20 >> 4))),
        ("unclosed tags", one("{{".repeat(1 << 20))),
        ("many raw starts", one("{% raw %}{%".repeat(200_000))),
        ("many comments", one("{#".repeat(1 << 20))),
    ]
}

/// The name of the renderer here: other tests of this process start some of their own.
const RENDERER: &str = "bombed";

/// The largest figures of the renderers of that name.
#[derive(Default)]
struct Usage {
    /// Address space in KiB.
    memory: u64,
    /// Processor time of one process in seconds.
    seconds: f64,
}

/// Looks at this process's children as often as one can. Processor time and not the clock's: a busy machine takes longer, and that is not
/// the engine's fault.
fn watch(usage: &Mutex<Usage>, stop: &AtomicBool) {
    let parent = format!("PPid:\t{}\n", id());
    while !stop.load(Ordering::Relaxed) {
        for entry in read_dir("/proc").unwrap().flatten() {
            let of = |file: &str| read_to_string(entry.path().join(file)).ok();
            let Some(status) = of("status").filter(|status| status.starts_with(&format!("Name:\t{RENDERER}\n"))) else { continue };
            let Some(stat) = of("stat").filter(|_| status.contains(&parent)) else { continue };
            let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
            let memory = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
            // `proc_pid_stat(5)`: fields 14 and 15 are user and system time in hundredths of a second; field 2 ends with the last `)`.
            let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
            let ticks: u32 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
            let mut usage = usage.lock().unwrap();
            usage.memory = usage.memory.max(memory);
            usage.seconds = usage.seconds.max(f64::from(ticks) / 100.0);
        }
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn hostile_templates_end_within_two_seconds_and_256_mib() {
    let dir = TempDir::new().unwrap();
    symlink(env!("CARGO_BIN_EXE_cloze"), dir.path().join(RENDERER)).unwrap();
    let engine = ProcessEngine::new(dir.path().join(RENDERER), vec!["render-worker".into()], Arc::new(Machine));
    let stop = AtomicBool::new(false);
    let usage = Mutex::new(Usage::default());
    scope(|scope| {
        scope.spawn(|| watch(&usage, &stop));
        let outcomes: Vec<_> = bombs()
            .into_iter()
            .map(|(name, templates)| {
                // Templates of several megabytes get more time, in proportion.
                let size: usize = templates.iter().map(|(_, text)| text.len()).sum();
                let allowed = 2.0 + f64::from(u32::try_from(size >> 20).unwrap()) / 4.0;
                usage.lock().unwrap().seconds = 0.0;
                let templates: Vec<(&str, &str)> = templates.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
                let outcome = engine.render(&request(&templates, values())).map(|rendered| rendered.texts.len());
                (name, allowed, usage.lock().unwrap().seconds, outcome)
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        for (name, allowed, seconds, outcome) in outcomes {
            let messages = outcome.map_err(|problems| messages(problems.list()).chars().take(200).collect::<String>());
            println!("{name}: {seconds:.2} s: {messages:?}");
            assert!(messages.is_err() || name == "40 MB of output tags", "{name}");
            assert!(seconds < allowed, "{name}: {seconds} s");
        }
    });
    let peak = usage.into_inner().unwrap().memory;
    println!("peak {peak} KiB");
    assert!(peak > 10_000 && peak <= 256 << 10, "{peak} KiB");
}

#[test]
fn a_bomb_names_its_template_and_spares_no_text() {
    let request = request(
        &[
            ("a.yaml", "a"),
            ("_p.yaml", ""),
            ("b.yaml", "{% for a in range(end=100000) %}{% for b in range(end=100000) %}{% endfor %}{% endfor %}"),
            ("c.yaml", "c"),
        ],
        values(),
    );
    let problems = process().render(&request).map(|rendered| rendered.texts.len()).unwrap_err();
    assert_eq!(
        messages(problems.list()),
        "b.yaml: rendering takes longer than 2 s; bound its loops and the texts that it joins; if that much is meant, raise the budget of the \
         run with `CLOZE_BUDGET=2`"
    );
}
