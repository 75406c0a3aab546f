//! What the rendering process costs over rendering in this process, and how much memory it takes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use cloze::clock::Machine;
use cloze::render::Budget;
use cloze::render::Engine;
use cloze::render::ProcessEngine;
use cloze::render::RenderRequest;
use cloze::render::Template;
use cloze::render::TeraEngine;
use serde_json::json;

/// A third each ConfigMap, Secret with blanks, and Deployment with an included partial, about 1 KB each.
fn request(count: usize) -> RenderRequest {
    let partial = "app.kubernetes.io/name: {{ app.name }}\n    app.kubernetes.io/part-of: {{ app.name | upper }}";
    let mut templates = vec![Template { file: Arc::from("_labels.yaml"), text: partial.to_owned() }];
    let padding = "  setting: some value that is as long as values often are, and a word more\n".repeat(10);
    templates.extend((0..count).map(|number| {
        let text = match number % 3 {
            0 => format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{number}\n  labels:\n    {{% include '_labels.yaml' %}}\ndata:\n{padding}  url: http://{{{{ app.name }}}}:{{{{ app.port }}}}/\n"),
            1 => format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret-{number}\nstringData:\n{padding}  url: postgres://app:{{{{ secret(name=\"db-{number}\") | urlencode }}}}@db/app\n  key: {{{{ secret(name='api', key='key') }}}}\n"),
            _ => format!("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\nspec:\n{padding}  env:\n{{% for name in names %}}  - {{ name: {{{{ name }}}}, value: x }}\n{{% endfor %}}{{% if app.debug %}}  debug: true\n{{% endif %}}"),
        };
        Template { file: Arc::from(format!("templates/{number}.yaml")), text }
    }));
    RenderRequest {
        values: json!({ "app": { "name": "shop", "port": 80, "debug": true }, "names": ["A", "B", "C"] }),
        templates,
        budget: Budget::default(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench is about time")]
fn best(engine: &dyn Engine, request: &RenderRequest) -> Duration {
    let run = || {
        let start = Instant::now();
        let rendered = engine.render(request).unwrap_or_else(|problems| panic!("{problems}"));
        let elapsed = start.elapsed();
        assert_eq!(rendered.texts.len(), request.templates.len() - 1);
        elapsed
    };
    (0..5).map(|_| run()).min().unwrap_or_default()
}

fn peak(stop: &AtomicBool) -> (u64, u64) {
    let own = format!("PPid:\t{}\n", std::process::id());
    let mut peak = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
            if status.contains(&own) && status.starts_with("Name:\tcloze\n") {
                let kib = |key: &str| {
                    let line = status.lines().find_map(|line| line.strip_prefix(key));
                    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
                };
                peak = (peak.0.max(kib("VmPeak:")), peak.1.max(kib("VmHWM:")));
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
    peak
}

#[expect(clippy::print_stdout, reason = "a bench reports on stdout")]
fn main() {
    let entropy = || Arc::new(Machine);
    let within = TeraEngine::new(entropy());
    let process = ProcessEngine::new(env!("CARGO_BIN_EXE_cloze"), vec!["render-worker".into()], entropy());
    for count in [1, 400, 4_000, 40_000] {
        let request = request(count);
        let bytes: usize = request.templates.iter().map(|template| template.text.len()).sum();
        let here = best(&within, &request);
        let there = best(&process, &request);
        // Watching costs time, so memory has runs of its own.
        let stop = AtomicBool::new(false);
        let (space, resident) = thread::scope(|scope| {
            let watcher = scope.spawn(|| peak(&stop));
            best(&process, &request);
            stop.store(true, Ordering::Relaxed);
            watcher.join().unwrap_or_default()
        });
        let ratio = there.as_secs_f64() / here.as_secs_f64();
        println!(
            "{count:>6} templates, {:>6} KiB: in-process {here:>10.1?}, process {there:>10.1?} ({ratio:.2}), child {} MiB of space, {} MiB resident",
            bytes >> 10,
            space >> 10,
            resident >> 10
        );
    }
}
