//! Manifests of one size to a pipe: a third each ConfigMaps, Secrets and Deployments that refer to both.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::peer::Peer;
use crate::peer::compare;
use crate::peer::head;

/// Compares start-up, and projects of so many manifests; where nothing is said of 400, 4,000 and 40,000. kustomize has the smallest only: it needs more
/// than a minute for 4,000, and `KUSTOMIZE=all` says to wait for it.
pub(crate) fn run(counts: &[usize]) {
    let counts = if counts.is_empty() { &[400, 4_000, 40_000] } else { counts };
    let folder = tempfile::tempdir().unwrap();
    println!("{}", head());
    let mut peers = vec![Peer::cloze(folder.path(), &["--version"])];
    peers.extend(Peer::installed("helm", "helm", folder.path(), &["version", "--short"]));
    peers.extend(Peer::installed("kustomize", "kustomize", folder.path(), &["version"]));
    compare("version", &mut peers, 20);
    for &count in [3].iter().chain(counts) {
        let project = folder.path().join(count.to_string());
        write(&project, count.div_ceil(3));
        let mut peers = vec![Peer::cloze(&project.join("cloze"), &["render", "-o", "-", "--quiet"])];
        let chart = |chart: &str| project.join(chart).to_str().unwrap().to_owned();
        peers.extend(Peer::installed("helm", "helm, files", &project, &["template", "bench", &chart("helm")]));
        peers.extend(Peer::installed("helm", "helm, one loop", &project, &["template", "bench", &chart("helm-loop")]));
        if count <= 400 || std::env::var("KUSTOMIZE").is_ok() {
            peers.extend(Peer::installed("kustomize", "kustomize", &project, &["build", &chart("kustomize")]));
        }
        compare(&format!("{count} manifests"), &mut peers, if count < 10_000 { 9 } else { 5 });
    }
}

fn write(folder: &Path, groups: usize) {
    let file = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (path, values) in [("cloze/values.yaml", "level: info\n"), ("helm/values.yaml", "level: info\nsecret: canary-4711\n")] {
        file(path, values);
    }
    file("cloze/cloze.yaml", PROJECT);
    file("helm/Chart.yaml", CHART);
    file("helm-loop/Chart.yaml", CHART);
    file("helm-loop/values.yaml", "level: info\nsecret: canary-4711\n");
    let object = |number: &str, level: &str, secret: [&str; 2]| {
        OBJECTS
            .replace("NUMBER", number)
            .replace("LEVEL: LEVEL", &format!("LEVEL: {level}"))
            .replace("VALUE", secret[0])
            .replace("QUOTED", secret[1])
    };
    let blank = ["{{ secret(name=\"pw\") }}", "{{ secret(name=\"pw\") | urlencode }}"];
    let value = ["{{ $.Values.secret }}", "{{ $.Values.secret | urlquery }}"];
    let mut kustomization = "resources:\n".to_owned();
    let (mut configs, mut secrets) = ("configMapGenerator:\n".to_owned(), "secretGenerator:\n".to_owned());
    for number in 0..groups {
        let text = number.to_string();
        file(&format!("cloze/templates/app-{number:05}.yaml"), &object(&text, "{{ level }}", blank));
        let helm = object(&text, "{{ .Values.level }}", value);
        file(&format!("helm/templates/app-{number:05}.yaml"), &helm);
        let deployment = OBJECTS.rsplit("---\n").next().unwrap().replace("NUMBER", &text);
        file(&format!("kustomize/app-{number}.yaml"), &deployment);
        kustomization.push_str(&format!("- app-{number}.yaml\n"));
        configs.push_str(&format!("- name: app-{number}\n  literals: [LOG_LEVEL=info, 'ENDPOINT=https://app-{number}.example.com/api']\n"));
        secrets.push_str(&format!("- name: app-{number}\n  literals: [password=canary-4711]\n"));
    }
    let looped = object("{{ $number }}", "{{ $.Values.level }}", value);
    file("helm-loop/templates/all.yaml", &format!("{{{{- range $number := until {groups} }}}}\n---\n{looped}{{{{- end }}}}\n"));
    file("kustomize/kustomization.yaml", &(kustomization + &configs + &secrets));
    // A reading of the files that the first tool does not have to itself.
    assert!(Command::new("sync").status().unwrap().success());
}

const PROJECT: &str = "apiVersion: cloze.dev/v1
project: bench
templates: ['templates/*.yaml']
environments:
  dev: { namespace: bench, values: [values.yaml] }
";

const CHART: &str = "apiVersion: v2\nname: bench\nversion: 1.0.0\n";

const OBJECTS: &str = include_str!("../app.yaml");
