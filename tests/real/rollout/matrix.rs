//! How a release can fail, over the command line: exit code, words, how soon it is said, and what runs afterwards.

use std::io::BufRead as _;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use kube::Api;
use kube::api::DeleteParams;
use kube::api::DynamicObject;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::api::PostParams;
use serde_json::Value;
use serde_json::json;
use tokio::sync::oneshot::channel;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::REPORTED_WITHIN;
use super::Rollout;
use super::complete::definition;
use super::deploy::config_map;
use super::deployment;
use super::failed::webhook;
use super::plain;
use super::resource;
use super::shop::Shop;
use super::with_container;
use super::workload;
use crate::fixture::User;
use crate::fixture::rounds;

/// What a command said on stderr, line by line, and when.
struct Said {
    code: i32,
    lines: Vec<(Instant, String)>,
}

impl Said {
    /// Waits for the end of a command.
    async fn of(command: std::process::Command) -> Self {
        Self::telling(command, |_| ()).await
    }

    /// The same; each line is told to `tell` as it comes.
    async fn telling(mut command: std::process::Command, mut tell: impl FnMut(&str) + Send + 'static) -> Self {
        let run = move || {
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
            let lines = lines.inspect(|line| tell(line)).map(|line| (Instant::now(), line)).collect();
            Self { code: child.wait().unwrap().code().unwrap(), lines }
        };
        spawn_blocking(run).await.unwrap()
    }

    fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// When the verdict was said, and the verdict: that something does not run, without the way back.
    fn verdict(&self) -> (Instant, String) {
        let found = self.lines.iter().find_map(|(at, line)| Some((*at, line.split_once(" does not run in cluster lab: ")?.1)));
        let (at, verdict) = found.unwrap_or_else(|| panic!("{}", self.text()));
        (at, plain(verdict.split("; going back to release").next().unwrap()))
    }
}

impl Shop<'_> {
    #[expect(clippy::print_stdout, reason = "figures for a person who runs it with --nocapture")]
    /// Deploys what fails; the verdict, after it was said soon enough: `grace` after an object of `kind` is as `known` says.
    async fn fails(&self, kind: (&str, &str), known: impl Fn(&Value) -> bool, grace: Duration) -> String {
        let mut command = self.rollout.cluster.cloze(self.folder.path(), User::Admin);
        command.arg("deploy");
        let (known, said) = futures::join!(self.rollout.known(kind, known), Said::of(command));
        assert_eq!(said.code, 7, "{}", said.text());
        let (at, verdict) = said.verdict();
        let late = at.saturating_duration_since(known + grace);
        println!("{late:?} after the cluster knew: {verdict}");
        assert!(late < REPORTED_WITHIN, "{late:?} after the cluster knew: {}", said.text());
        assert!(said.text().contains(" took it back to release "), "{}", said.text());
        verdict.replace(self.rollout.cluster.namespace(), "NS")
    }
}

const POD: (&str, &str) = ("v1", "Pod");
const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");
const AT_ONCE: Duration = Duration::ZERO;

fn waits(pod: &Value, reason: &str) -> bool {
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
}

fn has_condition(object: &Value, kind: &str, reason: &str) -> bool {
    object["status"]["conditions"].as_array().is_some_and(|list| list.iter().any(|one| one["type"] == kind && one["reason"] == reason))
}

fn job(image: &str) -> Value {
    let pod = json!({ "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": image }] } });
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "once", "annotations": { "cloze.dev/names": "versioned" } },
        "spec": { "backoffLimit": 0, "template": pod } })
}

#[tokio::test]
async fn what_fails_at_once_is_said_at_once_and_taken_back() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    let web = |object: &Value| shop.template("web.yaml", &object.to_string());
    web(&deployment("broken:2"));
    let crashed = |pod: &Value| {
        let status = &pod["status"]["containerStatuses"][0];
        status["restartCount"].as_i64().is_some_and(|count| count >= 2) && status["state"]["running"].is_null()
    };
    let verdict = shop.fails(POD, crashed, AT_ONCE).await;
    assert!(verdict.starts_with("Deployment NS/web: pod `web-…`: container `main` crashed (Error, exit code 1), restarted "), "{verdict}");
    assert_eq!(rollout.image().await, "web:1");
    let key = json!({ "env": [{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "kube-root-ca.crt", "key": "nowhere" } } }] });
    web(&with_container(deployment("web:2"), &key));
    let verdict = shop.fails(POD, |pod| waits(pod, "CreateContainerConfigError"), AT_ONCE).await;
    let expected = "pod `web-…`: container `main` cannot be configured: ConfigMap `kube-root-ca.crt` has no key `nowhere`";
    assert_eq!(verdict, format!("Deployment NS/web: {expected}"));
    web(&workload("Deployment", "unready:2", &json!({ "progressDeadlineSeconds": 3 })));
    let late = |object: &Value| has_condition(object, "Progressing", "ProgressDeadlineExceeded");
    let verdict = shop.fails(DEPLOYMENT, late, AT_ONCE).await;
    assert_eq!(verdict, "Deployment NS/web: no progress within 3 s: pod `web-…`: container `main` runs and is not ready");
    web(&deployment("web:1"));
    shop.template("once.yaml", &job("broken:1").to_string());
    let verdict = shop.fails(("batch/v1", "Job"), |job| has_condition(job, "Failed", "BackoffLimitExceeded"), AT_ONCE).await;
    assert!(
        verdict.starts_with("Job NS/once-") && verdict.contains(": its pod failed; pod `once-…`: container `main` crashed"),
        "{verdict}"
    );
    assert_eq!(shop.outcomes().iter().filter(|outcome| outcome.contains("rolled back by")).count(), 4);
}

#[tokio::test]
async fn what_may_be_cured_is_said_after_a_while() {
    // The minute that it is given, or what the project has.
    let (wait, ends, grace) = if rounds(0, 1) == 1 { ("10m", " (for 60 s)", 60) } else { ("5s", "", 5) };
    let one = async |prepare: fn(&Rollout) -> Option<Value>, object: Value, (kind, condition, reason): Known, expected: &str| {
        let Some(rollout) = Rollout::new().await else { return };
        let shop = Shop::new(&rollout);
        shop.ok(&["deploy"]);
        let prepared = prepare(&rollout);
        rollout.apply(prepared.as_slice()).await;
        shop.set_cluster(&format!("{{ context: lab, wait: {wait} }}"));
        shop.template("web.yaml", &object.to_string());
        let known = |object: &Value| has_condition(object, condition, reason);
        let verdict = shop.fails(kind, known, Duration::from_secs(grace)).await;
        let verdict = verdict.strip_prefix("Deployment NS/web: ").unwrap();
        assert_eq!(verdict.strip_prefix("not ready within 5 s: ").unwrap_or(verdict), format!("{expected}{ends}"));
        for object in prepared.iter().filter(|object| super::is_of_cluster(object["kind"].as_str().unwrap())) {
            rollout.delete(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap(), rollout.cluster.namespace()).await;
        }
    };
    let quota = |_: &Rollout| {
        let spec = json!({ "hard": { "pods": "2" } });
        Some(json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "most" }, "spec": spec }))
    };
    let large = with_container(deployment("web:2"), &json!({ "resources": { "requests": { "cpu": "1M" } } }));
    let refused = (DEPLOYMENT, "ReplicaFailure", "FailedCreate");
    futures::join!(
        one(|_| None, large, (POD, "PodScheduled", "Unschedulable"), "pod `web-…`: it cannot be scheduled: not enough cpu"),
        one(quota, deployment("web:2"), refused, "the quota `most` is used up (pods)"),
        one(|rollout| Some(webhook(rollout)), deployment("web:2"), refused, "the admission webhook `pods.policy.example` does not answer"),
    );
}

/// What the cluster shows of a kind: a condition with a reason.
type Known = ((&'static str, &'static str), &'static str, &'static str);

#[tokio::test]
async fn what_the_api_server_refuses_changes_nothing() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.template("plain.yaml", &config_map("plain", "1"));
    shop.ok(&["deploy"]);
    let refused = |words: &str| {
        let began = Instant::now();
        let (code, said) = shop.said(&["deploy"]);
        assert!(code == 4 && said.contains(words), "{words}: {code} {said}");
        assert!(began.elapsed() < REPORTED_WITHIN, "{words}: {:?}", began.elapsed());
    };
    // A field that never changes.
    let mut web = deployment("web:2");
    for place in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        *web.pointer_mut(place).unwrap() = json!({ "app": "other" });
    }
    shop.template("web.yaml", &web.to_string());
    refused("Deployment NS/web: `spec.selector` cannot be changed once the object exists");
    shop.template("web.yaml", &deployment("web:1").to_string());
    // A field that others hold.
    rollout.change("v1", "ConfigMap", "plain", json!({ "data": { "key": "theirs" } })).await;
    shop.template("plain.yaml", &config_map("plain", "2"));
    refused("ConfigMap NS/plain: `.data.key` is held by `unknown`");
    shop.template("plain.yaml", &config_map("plain", "theirs"));
    // A kind that comes later, or never.
    let group = format!("{}.example.org", rollout.cluster.namespace());
    let gadget = json!({ "apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": { "name": "one" }, "spec": {} });
    shop.template("gadget.yaml", &gadget.to_string());
    refused("the cluster does not know the kind of Gadget NS/one");
    rollout.complete(&[definition(&group, "gadgets", "Gadget")]).await;
    shop.ok(&["deploy", "--wait=false"]);
    // A namespace that is going.
    let namespace = format!("{}-going", rollout.cluster.namespace());
    let api: Api<DynamicObject> = Api::all_with(rollout.client.clone(), &resource("v1", "Namespace"));
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace }, "spec": {} });
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    let held = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "held", "namespace": namespace, "finalizers": ["example.org/held"] } });
    let maps: Api<DynamicObject> = Api::namespaced_with(rollout.client.clone(), &namespace, &resource("v1", "ConfigMap"));
    maps.create(&PostParams::default(), &serde_json::from_value(held).unwrap()).await.unwrap();
    api.delete(&namespace, &DeleteParams::default()).await.unwrap();
    let elsewhere = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "b" },
        "metadata": { "name": "there", "namespace": namespace, "annotations": { "cloze.dev/names": "stable" } } });
    shop.template("there.yaml", &elsewhere.to_string());
    refused("error: templates/there.yaml: the namespace `NS-going` is being removed\n  wait until it is gone, then deploy again\n");
    let free = json!({ "metadata": { "finalizers": null } });
    maps.patch("held", &PatchParams::default(), &Patch::Merge(free)).await.unwrap();
    assert_eq!(shop.outcomes(), ["2 emitted", "1 applied"]);
}

#[tokio::test]
async fn a_policy_that_refuses_the_releases_own_object_is_named_before_or_taken_back() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    // One image is refused always, and one only where it is no dry run.
    let image = "object.spec.template.spec.containers[0].image";
    let name = rollout.cluster.namespace();
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": { "name": name },
        "spec": {
            "matchConstraints": { "resourceRules": [
                { "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"] },
            ] },
            "validations": [{ "expression": format!("{image} != 'web:2' && (request.dryRun || {image} != 'web:3')"), "message": "CANARY" }],
        },
    });
    let only = json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": name } } });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": name },
        "spec": { "policyName": name, "validationActions": ["Deny"], "matchResources": only },
    });
    for object in [policy, binding] {
        let api: Api<DynamicObject> =
            Api::all_with(rollout.client.clone(), &resource("admissionregistration.k8s.io/v1", object["kind"].as_str().unwrap()));
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    }
    shop.template("web.yaml", &deployment("web:2").to_string());
    let end = Instant::now() + Duration::from_secs(20);
    while shop.said(&["deploy", "--dry-run"]).0 != 4 {
        assert!(Instant::now() < end, "the API server learns of policies a moment later");
        sleep(Duration::from_millis(100)).await;
    }
    let (code, said) = shop.said(&["deploy"]);
    let words = "error: templates/web.yaml: Deployment NS/web: the admission policy `NS` refuses it\n  see what it demands with `kubectl describe`\n";
    assert!(code == 4 && said.ends_with(words) && !said.contains("CANARY"), "{code} {said}");
    assert_eq!((rollout.image().await.as_str(), shop.outcomes().len()), ("web:1", 1), "nothing was recorded or applied");
    shop.template("web.yaml", &deployment("web:3").to_string());
    let (code, said) = shop.said(&["deploy"]);
    let words = "error: cluster lab did not take 1 of the release's objects: Deployment NS/web: the admission policy `NS` refuses it; \
                 release 3 took it back to release 1\n";
    assert!(code == 7 && said.contains(words) && !said.contains("CANARY"), "{code} {said}");
    assert_eq!((rollout.image().await.as_str(), shop.outcomes()[0].as_str()), ("web:1", "3 applied"));
}

#[tokio::test]
async fn a_webhook_on_the_releases_own_object_that_does_not_answer_is_waited_for_and_named() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.ok(&["deploy"]);
    let mut object = webhook(&rollout);
    object["webhooks"][0]["rules"] =
        json!([{ "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"] }]);
    let hooks = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration");
    let away = async || {
        rollout.apply(std::slice::from_ref(&object)).await;
        let label = Patch::Merge(json!({ "metadata": { "labels": { "a": "b" } } }));
        let params = PatchParams { dry_run: true, ..PatchParams::default() };
        while rollout.api(&resource("apps/v1", "Deployment")).patch("web", &params, &label).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let deploy = |image: &str| {
        shop.template("web.yaml", &deployment(image).to_string());
        let mut command = rollout.cluster.cloze(shop.folder.path(), User::Admin);
        command.arg("deploy");
        Said::of(command)
    };
    // It comes back.
    away().await;
    let back = async {
        sleep(Duration::from_secs(4)).await;
        let before = rollout.image().await;
        rollout.delete(hooks.0, hooks.1, rollout.cluster.namespace()).await;
        before
    };
    let (said, before) = futures::join!(deploy("web:2"), back);
    assert_eq!((said.code, before.as_str(), rollout.image().await.as_str()), (0, "web:1", "web:2"), "{}", said.text());
    let words = "the cluster does not answer: the admission webhook `pods.policy.example` does not answer; waiting for it\nthe cluster answers again\n";
    assert!(said.text().contains(words), "{}", said.text());
    // It does not, for a whole minute.
    if rounds(0, 1) == 1 {
        away().await;
        let said = deploy("web:3").await;
        let words = "/web: the admission webhook `pods.policy.example` does not answer\n  check the service behind it\n";
        assert!(said.code == 4 && said.text().ends_with(words), "{}", said.text());
        assert_eq!((rollout.image().await.as_str(), shop.outcomes().len()), ("web:2", 2), "nothing was recorded or applied");
        rollout.delete(hooks.0, hooks.1, rollout.cluster.namespace()).await;
    }
}

#[tokio::test]
async fn a_deploy_outlasts_an_api_server_that_is_away_and_a_token_that_expires_is_named() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    // The history is elsewhere.
    let command = |kubeconfig: PathBuf| {
        let mut command = rollout.cluster.cloze(shop.folder.path(), User::Admin);
        command.env("KUBECONFIG", kubeconfig).env("CLOZE_HISTORY_URL", "history").arg("deploy");
        command
    };
    let deploy = |kubeconfig: PathBuf| Said::of(command(kubeconfig));
    let image = async |image: &str| {
        while rollout.image().await != image {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let said = deploy(rollout.cluster.kubeconfig(User::Admin)).await;
    assert_eq!(said.code, 0, "{}", said.text());
    // Away as the pods come up.
    let (kubeconfig, wire) = rollout.cluster.kubeconfig_over_wire();
    shop.template("web.yaml", &deployment("web:2").to_string());
    let outage = async {
        image("web:2").await;
        wire.cut();
        sleep(Duration::from_secs(u64::try_from(rounds(3, 30)).unwrap())).await;
        wire.repair();
    };
    let (said, ()) = futures::join!(deploy(kubeconfig), outage);
    assert!(said.code == 0 && said.text().ends_with("release 2 runs in cluster lab\n"), "{}", said.text());
    // A token that ends when the release is there, and comes up.
    let proxy = rollout.cluster.proxy();
    shop.template("web.yaml", &deployment("unready:3").to_string());
    let (applied, told) = channel();
    let mut applied = Some(applied);
    let tell = move |line: &str| {
        if let Some(applied) = applied.take_if(|_| line.starts_with("applied to cluster lab")) {
            applied.send(()).unwrap();
        }
    };
    let expiry = async {
        told.await.unwrap();
        proxy.refuse(401);
        Instant::now()
    };
    let said = Said::telling(command(rollout.cluster.kubeconfig_through(User::Admin, &proxy)), tell);
    let (said, expired) = futures::join!(said, expiry);
    let (at, verdict) = said.verdict();
    println!("{:?} after the token had expired: {}", at - expired, said.text());
    assert!(said.code == 7 && verdict.ends_with("the cluster does not know who asks") && at - expired < REPORTED_WITHIN, "{}", said.text());
    assert!(said.text().contains("going back to release 2 failed, too: "), "{}", said.text());
    // The next one, with a token, goes on.
    shop.template("web.yaml", &deployment("web:4").to_string());
    let said = deploy(rollout.cluster.kubeconfig(User::Admin)).await;
    assert_eq!((said.code, rollout.image().await.as_str()), (0, "web:4"), "{}", said.text());
}
