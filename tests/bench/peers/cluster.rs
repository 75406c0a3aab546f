//! How long a release of many objects takes to be applied and to run, against `kubectl apply --server-side` and `helm upgrade --wait`, on a whole
//! cluster of `tests/real/install`; and how long the cluster itself takes from the last object that it was given until the last Deployment is available.
//!
//! 300 objects, a third each ConfigMaps, Secrets and Deployments of a pod, and 3 rounds where nothing
//! is said. The Secrets of cloze are named by their content, as they are where nobody says otherwise; the ConfigMaps are changed in place. `CLOZE` is
//! another program than the one that is built here. Where helm is not installed it is left out.
//!
//! Each tool has a namespace of its own, which is empty when its round begins. A line is a step of a round: when the tool had applied all (kubectl: when
//! `apply` ended; helm does not say it), when the last Deployment was available, as `kubectl get --watch` shows it, when the tool knew it (kubectl: the end of
//! `rollout status` after the apply), and when it was done; and how many requests it sent, as the API server's audit has them.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::thread;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

/// How long the Deployments may take to be available.
const PATIENCE: Duration = Duration::from_mins(10);

/// Compares a release of so many objects in so many rounds.
pub(crate) fn run(numbers: &[usize]) {
    let third = numbers.first().unwrap_or(&300) / 3;
    let rounds = *numbers.get(1).unwrap_or(&3);
    let lab = Lab::start();
    let mut tools = vec![Tool::Cloze, Tool::Kubectl];
    match Lab::helm() {
        Some(_) => tools.push(Tool::Helm),
        None => println!("SKIPPED: helm: run tests/bench/peers/install"),
    }
    println!("{} objects; seconds since the step began", third * 3);
    println!(
        "{:<6} {:<8} {:<13} {:>8} {:>10} {:>8} {:>8} {:>8}",
        "round", "tool", "step", "applied", "available", "proven", "done", "requests"
    );
    for round in 1..=rounds {
        for tool in &tools {
            let place = Place::new(&lab, *tool, third, round);
            for (step, level, generation) in [("create", 1, Some(1)), ("no change", 1, None), ("all changed", 2, Some(2))] {
                let times = place.measured(level, generation);
                let shown = |time: Option<Duration>| time.map_or("-".to_owned(), |time| format!("{:.2}", time.as_secs_f64()));
                println!(
                    "{round:<6} {:<8} {step:<13} {:>8} {:>10} {:>8} {:>8} {:>8}",
                    format!("{tool:?}").to_lowercase(),
                    shown(times.applied),
                    shown(times.available),
                    shown(times.proven),
                    shown(Some(times.done)),
                    times.requests
                );
            }
            place.clear();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Cloze,
    Kubectl,
    Helm,
}

/// When something had come about, since a step began.
struct Times {
    applied: Option<Duration>,
    available: Option<Duration>,
    proven: Option<Duration>,
    done: Duration,
    requests: usize,
}

/// A whole cluster, until this is dropped.
struct Lab {
    server: Child,
    folder: TempDir,
}

impl Lab {
    fn start() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let real = here.join("target/real");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(real.join("python/bin/python"));
        command.arg("-B").arg(here.join("tests/real/serve_kubernetes.py")).arg(real.join("kubernetes")).arg("--nodes");
        command.arg("--audit").arg(folder.path().join("audit"));
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("run tests/real/install first");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        fs::write(folder.path().join("ca.crt"), ready["certificate"].as_str().unwrap()).unwrap();
        let kubeconfig = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "contexts": [{ "name": "lab", "context": { "cluster": "lab", "user": "lab" } }],
            "clusters": [{ "name": "lab", "cluster": { "server": ready["address"], "certificate-authority": "ca.crt" } }],
            "users": [{ "name": "lab", "user": { "token": ready["admin"] } }],
        });
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        Self { server, folder }
    }

    /// The helm that is installed.
    fn helm() -> Option<PathBuf> {
        Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/helm")).filter(|path| path.exists())
    }

    /// How many requests a tool has sent so far.
    fn requests(&self, tool: Tool) -> usize {
        let named = format!("\"userAgent\":\"{tool:?}").to_lowercase();
        let audit = fs::read_to_string(self.folder.path().join("audit")).unwrap();
        // What the watch of this bench asks is no tool's.
        audit.lines().map(str::to_lowercase).filter(|line| line.contains(&named) && !line.contains("watch=true")).count()
    }

    /// A program that is to run in `folder` and speaks to this cluster.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().env("HOME", self.folder.path());
        command.env("KUBECONFIG", self.folder.path().join("kubeconfig"));
        command
    }

    fn kubectl(&self, folder: &Path) -> Command {
        self.command(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real/kubernetes/kubectl"), folder)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It ends with its standard input, and what it started ends with it.
        drop(self.server.stdin.take());
        self.server.wait().unwrap();
    }
}

/// A tool's namespace, and the folder with what it applies.
struct Place<'l> {
    lab: &'l Lab,
    tool: Tool,
    third: usize,
    namespace: String,
    folder: TempDir,
}

impl<'l> Place<'l> {
    fn new(lab: &'l Lab, tool: Tool, third: usize, round: usize) -> Self {
        let namespace = format!("bench-{}-{round}", format!("{tool:?}").to_lowercase());
        let place = Self { lab, tool, third, namespace, folder: tempfile::tempdir().unwrap() };
        execute(place.kubectl(&["create", "namespace", &place.namespace]));
        match tool {
            Tool::Cloze => {
                place.write("secret/pw", "canary-4711");
                execute(place.cloze(&["init", "--here", "--bare", "bench"]));
                let project = "apiVersion: cloze.dev/v1\nproject: bench\ntemplates: [\"templates/*.yaml\"]\n";
                let environment = format!(
                    "environments:\n  dev: {{ namespace: {}, values: [values.yaml], cluster: {{ context: lab }} }}\n",
                    place.namespace
                );
                place.write("cloze.yaml", &format!("{project}{environment}"));
                place.write("values.yaml", "level: 0\n");
                execute(place.cloze(&["vault", "import", "secret"]));
                place.write("templates/all.yaml", &place.objects("{{ level }}", "{{ secret(name=\"pw\") }}"));
            }
            Tool::Kubectl => {}
            Tool::Helm => {
                place.write("chart/Chart.yaml", "apiVersion: v2\nname: bench\nversion: 1.0.0\n");
                place.write("chart/templates/all.yaml", &place.objects("{{ .Values.level }}", "canary-4711"));
            }
        }
        place
    }

    /// The objects of the release, of which a level changes each Deployment.
    fn objects(&self, level: &str, secret: &str) -> String {
        let one = |number: usize| OBJECTS.replace("NUMBER", &number.to_string()).replace("LEVEL", level).replace("SECRET", secret);
        (0..self.third).map(one).collect()
    }

    /// Brings the release of a level there, and waits until it runs; the Deployments are to have that generation then, where they change.
    fn measured(&self, level: usize, generation: Option<i64>) -> Times {
        if self.tool == Tool::Kubectl {
            self.write("all.yaml", &self.objects(&level.to_string(), "canary-4711"));
        }
        let watch = generation.map(|generation| Watch::start(self, generation));
        let requests = self.lab.requests(self.tool);
        let began = Instant::now();
        let (applied, proven) = match self.tool {
            Tool::Cloze => {
                let mut child = self.cloze(&["deploy", "--set", &format!("level={level}")]).stderr(Stdio::piped()).spawn().unwrap();
                let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
                let mut said = Vec::new();
                for line in lines {
                    said.push((began.elapsed(), line));
                }
                assert!(child.wait().unwrap().success(), "{said:#?}");
                let when = |words: &str| said.iter().find(|(_, line)| line.contains(words)).map(|(time, _)| *time);
                (when("applied to cluster lab"), when(" runs in cluster lab"))
            }
            Tool::Kubectl => {
                execute(self.kubectl(&["apply", "--server-side", "-f", "all.yaml"]));
                let applied = began.elapsed();
                execute(self.kubectl(&["rollout", "status", "deployment", "--selector", "bench=true"]));
                (Some(applied), Some(began.elapsed()))
            }
            Tool::Helm => {
                let level = format!("level={level}");
                let words = ["upgrade", "--install", "bench", "chart", "--namespace", &self.namespace, "--set", &level, "--wait"];
                execute(self.helm(&words));
                (None, Some(began.elapsed()))
            }
        };
        let done = began.elapsed();
        let available = watch.map(|watch| watch.end().saturating_duration_since(began));
        let requests = self.lab.requests(self.tool) - requests;
        Times { applied, available, proven, done, requests }
    }

    /// Leaves the cluster as it was.
    fn clear(&self) {
        execute(self.kubectl(&["delete", "namespace", &self.namespace, "--wait"]));
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn cloze(&self, words: &[&str]) -> Command {
        let program = env::var_os("CLOZE").unwrap_or_else(|| env!("CARGO_BIN_EXE_cloze").into());
        let mut command = self.lab.command(program, self.folder.path());
        command.args(words);
        command
    }

    fn kubectl(&self, words: &[&str]) -> Command {
        let mut command = self.lab.kubectl(self.folder.path());
        command.args(["--namespace", &self.namespace]).args(words);
        command
    }

    fn helm(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command(Lab::helm().unwrap(), self.folder.path());
        command.args(words);
        command
    }
}

/// Sees when all Deployments of a place are available as they are meant to be.
struct Watch {
    kubectl: Child,
    available: Receiver<Instant>,
}

impl Watch {
    fn start(place: &Place<'_>, generation: i64) -> Self {
        let columns = "custom-columns=NAME:.metadata.name,WANTED:.metadata.generation,SEEN:.status.observedGeneration,PODS:.status.replicas,\
                       NEW:.status.updatedReplicas,AVAILABLE:.status.availableReplicas";
        let mut command = place.kubectl(&["get", "deployments", "--watch", "--no-headers", "--output", columns]);
        let mut kubectl = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(kubectl.stdout.take().unwrap()).lines();
        let (sender, available) = channel();
        let third = place.third;
        thread::spawn(move || {
            let mut are = HashMap::new();
            let mut all = false;
            for line in lines.map_while(Result::ok) {
                let words: Vec<&str> = line.split_whitespace().collect();
                let numbers: Vec<i64> = words[1..].iter().map(|word| word.parse().unwrap_or(0)).collect();
                let is_there = numbers[0] == generation && numbers[1] == generation && numbers[2..] == [1, 1, 1];
                are.insert(words[0].to_owned(), is_there);
                if !all && are.len() == third && are.values().all(|one| *one) {
                    all = true;
                    sender.send(Instant::now()).unwrap_or_default();
                }
            }
        });
        // What is there already is listed before the step begins.
        sleep(Duration::from_secs(1));
        Self { kubectl, available }
    }

    fn end(mut self) -> Instant {
        let available = self.available.recv_timeout(PATIENCE).expect("the Deployments become available");
        self.kubectl.kill().unwrap();
        self.kubectl.wait().unwrap();
        available
    }
}

fn execute(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const OBJECTS: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: { name: config-NUMBER, labels: { bench: 'true' }, annotations: { cloze.dev/names: stable } }
data: { level: info, number: 'NUMBER' }
---
apiVersion: v1
kind: Secret
metadata: { name: secret-NUMBER, labels: { bench: 'true' } }
stringData: { password: 'SECRET', number: 'NUMBER' }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web-NUMBER, labels: { bench: 'true' } }
spec:
  replicas: 1
  selector: { matchLabels: { app: web-NUMBER } }
  template:
    metadata: { labels: { app: web-NUMBER } }
    spec:
      containers:
        - name: main
          image: 'web:LEVEL'
          envFrom: [{ configMapRef: { name: config-NUMBER } }, { secretRef: { name: secret-NUMBER } }]
";
