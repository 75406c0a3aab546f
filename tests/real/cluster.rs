//! Histories in a cluster, on an API server as it was published.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use bytes::Bytes;
use cloze::clock::Machine;
use cloze::cluster::SecretStore;
use cloze::history::Creation;
use cloze::history::HistoryStore;
use cloze::history::StoreFault;
use futures::StreamExt as _;
use futures::stream;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::Role;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Api;
use kube::api::ListParams;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::from_value;
use serde_json::json;
use tempfile::TempDir;

use crate::fixture::Cluster;
use crate::fixture::User;
use crate::history_suite;

fn store(cluster: &Cluster, user: User, namespace: &str) -> SecretStore {
    SecretStore::new(&cluster.connection(user), namespace, "history", "the history".to_owned(), Arc::new(Machine))
}

/// Grants the runner what `verbs` say on Secrets of the namespace.
async fn grant(cluster: &Cluster, verbs: &[&str]) {
    let client = cluster.client(User::Admin);
    let name = format!("runner-{}", verbs.join("-"));
    let role: Role = from_value(json!({
        "metadata": { "name": name },
        "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": verbs }],
    }))
    .unwrap();
    let binding: RoleBinding = from_value(json!({
        "metadata": { "name": name },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
        "subjects": [{ "kind": "User", "name": "runner", "apiGroup": "rbac.authorization.k8s.io" }],
    }))
    .unwrap();
    Api::namespaced(client.clone(), cluster.namespace()).create(&PostParams::default(), &role).await.unwrap();
    Api::namespaced(client, cluster.namespace()).create(&PostParams::default(), &binding).await.unwrap();
}

#[tokio::test]
async fn the_adapter_keeps_to_what_a_history_store_must_do() {
    let Some(cluster) = Cluster::start().await else { return };
    history_suite::all(&store(&cluster, User::Admin, cluster.namespace())).await;
}

#[tokio::test]
async fn every_object_is_an_immutable_secret_of_its_type() {
    let Some(cluster) = Cluster::start().await else { return };
    let history = store(&cluster, User::Admin, cluster.namespace());
    history.create("releases/0000/00/00000042", Bytes::from_static(b"sealed")).await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(cluster.client(User::Admin), cluster.namespace());
    let name = "cloze.history.releases.9999.99.99999957";
    let made = secrets.get(name).await.unwrap();
    assert_eq!((made.immutable, made.type_.as_deref()), (Some(true), Some("cloze.dev/history")));
    let labels = made.metadata.labels.unwrap();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "cloze");
    assert_eq!(labels["history.cloze.dev/level-3"], "releases.9999.99");
    let patch = Patch::Merge(json!({ "data": { "piece": "b3RoZXI=" } }));
    let refused = secrets.patch(name, &PatchParams::default(), &patch).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 422), "nobody can change it");
    // Another history in the same namespace sees nothing of it.
    let connection = cluster.connection(User::Admin);
    let other = SecretStore::new(&connection, cluster.namespace(), "other", "another".to_owned(), Arc::new(Machine));
    assert_eq!(other.last("releases").await.unwrap(), None);
    assert_eq!(other.list("").await.unwrap().folders, Vec::<String>::new());
}

#[tokio::test]
async fn listings_of_several_pages_are_whole_and_the_newest_is_found() {
    let Some(cluster) = Cluster::start().await else { return };
    let history = store(&cluster, User::Admin, cluster.namespace());
    let paths: Vec<String> = (1..=620u64).map(|number| format!("events/0000/00/{number:08}/0001")).collect();
    stream::iter(&paths)
        .for_each_concurrent(16, |path| async { assert_eq!(history.create(path, Bytes::from_static(b"x")).await, Ok(Creation::Created)) })
        .await;
    for number in [1u64, 99, 100, 9_999, 10_000] {
        let path = format!("releases/{:04}/{:02}/{number:08}", number / 10_000, number / 100 % 100);
        history.create(&path, Bytes::from_static(b"x")).await.unwrap();
    }
    assert_eq!(history.list("events/0000/00").await.unwrap().folders.len(), 620);
    assert_eq!(history.last("events").await.unwrap().unwrap(), "events/0000/00/00000620/0001");
    assert_eq!(history.last("releases").await.unwrap().unwrap(), "releases/0001/00/00010000");
}

#[tokio::test]
async fn pieces_that_a_killed_writer_left_are_swept_and_those_in_use_stay() {
    let Some(cluster) = Cluster::start().await else { return };
    let history = store(&cluster, User::Admin, cluster.namespace());
    let secrets: Api<Secret> = Api::namespaced(cluster.client(User::Admin), cluster.namespace());
    let large = Bytes::from(vec![7; 1_500_000]);
    assert_eq!(history.create("packs/0000/00/00000001-a-0", large.clone()).await.unwrap(), Creation::Created);
    assert_eq!(history.create("packs/0000/00/00000001-a-0", large.clone()).await.unwrap(), Creation::Exists);
    let pieces = |secrets: Api<Secret>| async move {
        let found = secrets.list_metadata(&ListParams::default().labels("history.cloze.dev/part-in")).await.unwrap();
        found.items.into_iter().map(|item| item.metadata.name.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(pieces(secrets.clone()).await.len(), 2, "the pieces of the one that lost are taken away");
    // As it is when the writer dies before the first piece, which comes last.
    let lost = "packs/0000/00/00000002-b-0";
    history.create(lost, large.clone()).await.unwrap();
    secrets.delete("cloze.history.packs.9999.99.99999997-b-0", &kube::api::DeleteParams::default()).await.unwrap();
    assert_eq!(history.get(lost).await.unwrap(), None);
    assert_eq!(history.list("packs/0000/00").await.unwrap().objects, ["00000001-a-0"]);
    assert!(history.sweep("packs/0000/00", &|_| false).await.unwrap().is_empty(), "its writer may be at it");
    assert_eq!(history.sweep("packs/0000/00", &|_| true).await.unwrap().len(), 2);
    assert!(history.get("packs/0000/00/00000001-a-0").await.unwrap().unwrap() == large);
    history.remove("packs/0000/00/00000001-a-0").await.unwrap();
    assert_eq!(pieces(secrets).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_object_without_one_of_its_pieces_is_unreadable() {
    let Some(cluster) = Cluster::start().await else { return };
    let history = store(&cluster, User::Admin, cluster.namespace());
    let secrets: Api<Secret> = Api::namespaced(cluster.client(User::Admin), cluster.namespace());
    history.create("large", Bytes::from(vec![7; 800_000])).await.unwrap();
    let found = secrets.list_metadata(&ListParams::default().labels("history.cloze.dev/part-in")).await.unwrap();
    secrets.delete(found.items[0].metadata.name.as_deref().unwrap(), &kube::api::DeleteParams::default()).await.unwrap();
    let error = history.get("large").await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (StoreFault::Unreadable, "the history: a piece is missing"));
}

#[tokio::test]
async fn what_is_wrong_with_a_cluster_is_said() {
    let Some(cluster) = Cluster::start().await else { return };
    let create = |user, namespace: &str| {
        let store = store(&cluster, user, namespace);
        async move { store.create("releases/0000/00/00000001", Bytes::new()).await.unwrap_err() }
    };
    for (error, fault, words, next) in [
        (create(User::Admin, "nowhere").await, StoreFault::Unsupported, "the namespace does not exist", "kubectl create namespace"),
        (
            create(User::Stranger, cluster.namespace()).await,
            StoreFault::Denied,
            "the cluster does not know who asks",
            "kubectl auth whoami",
        ),
        (create(User::Runner, cluster.namespace()).await, StoreFault::Denied, "permission denied for Secrets", "docs/history-cluster.md"),
    ] {
        assert_eq!(error.fault, fault, "{error:?}");
        assert!(error.reason.starts_with(&format!("the history: {words}")) && error.next.as_deref().unwrap().contains(next), "{error:?}");
    }
}

/// A machine with the project `shop`, whose commands keep the history in the cluster.
struct Checkout<'c> {
    folder: TempDir,
    cluster: &'c Cluster,
    user: User,
}

impl<'c> Checkout<'c> {
    fn new(cluster: &'c Cluster, user: User) -> Self {
        let checkout = Self { folder: tempfile::tempdir().unwrap(), cluster, user };
        done(&cluster.cloze(checkout.folder.path(), user).args(["init", "shop"]).output().unwrap());
        checkout
    }

    fn shop(&self) -> std::path::PathBuf {
        self.folder.path().join("shop")
    }

    fn run(&self, words: &[&str]) -> Output {
        self.cluster.cloze(&self.shop(), self.user).args(words).output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&done(&self.run(&[words, &["--format", "json"]].concat()))).unwrap()
    }
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn manifests(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn every_command_works_with_the_rights_that_the_docs_grant() {
    let Some(cluster) = Cluster::start().await else { return };
    grant(&cluster, &["create", "get", "list"]).await;
    let machine = Checkout::new(&cluster, User::Runner);
    done(&machine.run(&["deploy", "-o", "out/1"]));
    // Another machine has nothing of the history.
    fs::remove_dir_all(machine.shop().join(".cloze/pins")).unwrap();
    assert_eq!(machine.json(&["deploy", "-o", "out/2", "--set-string", "logLevel=trace"])["release"], 2);
    assert_eq!(machine.json(&["show"])["summary"]["release"], 2);
    assert_eq!(machine.json(&["rollback", "1", "-o", "out/3"])["release"], 3);
    assert!(manifests(&machine.shop().join("out/3")) == manifests(&machine.shop().join("out/1")), "the manifests of then, byte for byte");
    assert_eq!(machine.json(&["history", "--verify"])["releases"], 3);
    let walked = done(&machine.run(&["doctor"]));
    assert!(
        walked.contains("it may list, get and create, not remove, which only `prune` needs; what exists is not created again\n"),
        "{walked}"
    );
    assert!(
        walked.contains("history  backup      with the cluster its 3 releases would be lost: `cloze history copy cluster://"),
        "{walked}"
    );
    let copy = format!("file://{}", machine.folder.path().join("copy").display());
    done(&machine.run(&["history", "copy", &cluster.url(), &copy]));
    let copied = machine.cluster.cloze(&machine.shop(), User::Runner).args(["history", "--verify", "--history", &copy]).output().unwrap();
    assert!(done(&copied).contains("verified 3 releases"), "{copied:?}");
    assert!(!machine.shop().join(".cloze/history").exists(), "nothing is kept on this machine but the checkpoint");
}

#[tokio::test]
async fn what_is_pruned_is_gone_and_the_rest_goes_on() {
    let Some(cluster) = Cluster::start().await else { return };
    grant(&cluster, &["create", "get", "list", "delete"]).await;
    let machine = Checkout::new(&cluster, User::Runner);
    for level in 1..=6 {
        done(&machine.run(&["deploy", "--set-string", &format!("logLevel=level-{level}")]));
    }
    let secrets: Api<Secret> = Api::namespaced(cluster.client(User::Admin), cluster.namespace());
    let count = async || secrets.list_metadata(&ListParams::default()).await.unwrap().items.len();
    let before = count().await;
    let report = machine.json(&["prune", "--keep", "2", "--yes"]);
    assert_eq!((&report["first"], &report["removed"]), (&5.into(), &json!([1, 2, 3, 4])));
    // All that was said to go is gone; the marker came.
    assert_eq!(before + 1 - count().await, usize::try_from(report["objects"].as_u64().unwrap()).unwrap());
    assert_eq!(machine.json(&["history", "--verify"])["releases"], 2);
    assert_eq!(machine.json(&["rollback", "5"])["release"], 7);
    // Two at once: what one finds gone is no failure.
    let ends: Vec<Output> = std::thread::scope(|scope| {
        let prune = |keep: &'static str| machine.run(&["prune", "--keep", keep, "--yes"]);
        let threads: Vec<_> = ["3", "2"].into_iter().map(|keep| scope.spawn(move || prune(keep))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for end in &ends {
        drop(done(end));
    }
    assert_eq!(machine.json(&["history", "--verify"])["releases"], 2);
    done(&machine.run(&["deploy"]));
}

#[tokio::test]
async fn of_many_that_deploy_at_once_each_is_recorded_once_or_beaten() {
    let Some(cluster) = Cluster::start().await else { return };
    let machine = Checkout::new(&cluster, User::Admin);
    done(&machine.run(&["deploy", "-o", "out/0"]));
    let ends: Vec<i32> = std::thread::scope(|scope| {
        let deploy = |writer: i32| {
            let (level, out) = (format!("logLevel=level-{writer}"), format!("out/{writer}"));
            machine.run(&["deploy", "-o", &out, "--set-string", &level]).status.code().unwrap()
        };
        let threads: Vec<_> = (1..=6).map(|writer| scope.spawn(move || deploy(writer))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let won = ends.iter().filter(|end| **end == 0).count();
    assert!(won >= 1 && ends.iter().all(|end| matches!(end, 0 | 6)), "{ends:?}");
    let proved = machine.json(&["history", "--verify"]);
    assert_eq!(proved["releases"].as_u64().unwrap(), 1 + won as u64, "{ends:?}");
}

#[tokio::test]
async fn in_ci_the_project_alone_does_not_choose_among_contexts() {
    let Some(cluster) = Cluster::start().await else { return };
    let machine = Checkout::new(&cluster, User::Admin);
    let project = machine.shop().join("cloze.yaml");
    let text = fs::read_to_string(&project).unwrap();
    fs::write(&project, text.replacen("  dev:\n", "  dev:\n    cluster: { context: lab }\n", 1)).unwrap();
    let in_ci = |variables: &[(&str, &str)]| {
        let mut command = cluster.cloze(&machine.shop(), User::Admin);
        command.args(["history", "-e", "dev"]).env("CI", "true").envs(variables.iter().copied());
        command.output().unwrap()
    };
    let refused = in_ci(&[]);
    assert_eq!(refused.status.code(), Some(6));
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "error: the kubeconfig has 2 contexts, and only the project says which of them is meant\n  set CLOZE_CONTEXT where the pipeline keeps its \
         protected settings\n"
    );
    done(&in_ci(&[("CLOZE_CONTEXT", "lab")]));
    let mistyped = in_ci(&[("CLOZE_CONTEXT", "lap")]);
    assert_eq!(String::from_utf8_lossy(&mistyped.stderr), "error: the kubeconfig has no context `lap`\n  name `lab`\n");
}
