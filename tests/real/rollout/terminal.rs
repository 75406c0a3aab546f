//! Questions before what changes or removes: answered at a terminal, or refused where nobody can answer.

use kube::api::ListParams;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::resource;
use super::shop::Shop;
use crate::fixture::User;
use crate::terminal::Terminal;

impl Shop<'_> {
    pub(super) fn at_terminal(&self, words: &[&str]) -> Terminal {
        let mut command = self.rollout.cluster.cloze(self.folder.path(), User::Admin);
        Terminal::start(command.args(words).env("TERM", "xterm"))
    }

    /// What a command that was not confirmed leaves as it is: the releases with their outcomes, and the objects with what was written to each.
    async fn all(&self) -> Vec<String> {
        let mut all = self.outcomes();
        for (version, kind) in [("v1", "ConfigMap"), ("apps/v1", "Deployment")] {
            let found = self.rollout.api(&resource(version, kind)).list(&ListParams::default()).await.unwrap();
            for object in found.items {
                let meta = &object.metadata;
                let writers = meta.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
                let times: Vec<String> = writers.map(|entry| format!("{:?} {:?}", entry.manager, entry.time)).collect();
                all.push(format!("{kind} {:?} {:?} {:?} {times:?}", meta.name, meta.uid, meta.generation));
            }
        }
        all
    }
}

#[tokio::test]
async fn only_yes_is_yes_and_without_it_nothing_changes() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.set_cluster("{ context: lab, prune: false }");
    shop.ok(&["deploy"]);
    shop.template("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: debug }\n");
    shop.ok(&["deploy"]);
    rollout.create(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "theirs" }, "data": { "key": "theirs" } })).await;
    shop.template("theirs.yaml", &config_map("theirs", "ours"));
    let adopt: &[&str] = &["deploy", "--adopt", "ConfigMap/theirs"];
    let prune: &[&str] = &["prune", "--keep", "1"];
    let asked: [(&[&str], &str, &str, &str); 4] = [
        (
            adopt,
            "Take over ConfigMap/theirs? What kubectl, Helm or others set there becomes cloze's. (yes/no) ",
            "nothing was released: `--adopt` asks first",
            "yes",
        ),
        (&["rollback"], "Release that to cluster lab? (yes/no) ", "nothing was released: `rollback` asks first", "yes"),
        (prune, ", for good? (yes/no) ", "nothing was removed: `prune` asks first", "yes"),
        (&["destroy"], "Type `dev` to go on: ", "nothing was removed: `destroy` asks first", "dev"),
    ];
    let before = shop.all().await;
    for (words, question, refusal, _) in asked {
        // Ctrl-D is the end of input.
        for keys in ["no\n", "y\n", "\n", "\x04"] {
            let shown = shop.at_terminal(words).shows(question).presses(keys).ends(2);
            let (_, after) = shown.split_once(question).unwrap();
            assert!(after.contains(&format!("\nerror: {refusal}")) && after.contains("`--yes`"), "{keys:?} {shown}");
        }
        shop.at_terminal(words).shows(question).presses("\x03").ends(130);
        assert_eq!(shop.all().await, before, "{words:?}");
    }
    // A rollback shows what it changes before it asks.
    let shown = shop.at_terminal(&["rollback"]).shows("(yes/no)").types("no").ends(2);
    assert!(shown.contains("going back to release 1 from release 2") && shown.contains("level: debug → info"), "{shown}");
    // Where nobody can answer, what removes is refused, and no run waits for an answer.
    for words in [prune, &["destroy"]] {
        let (code, said) = shop.said(words);
        assert!(code == 2 && said.contains("asks first\n  ") && said.contains("add `--yes`"), "{code} {said}");
        let (code, _) = shop.said(&[words, &["--format", "json"]].concat());
        assert_eq!(code, 2);
    }
    assert_eq!(shop.all().await, before);
    for (words, question, _, answer) in asked {
        let before = shop.all().await;
        shop.at_terminal(words).shows(question).types(answer).ends(0);
        assert_ne!(shop.all().await, before, "{words:?}");
    }
    assert_eq!((rollout.live("v1", "ConfigMap", "cloze.shop.dev").await, rollout.config_maps("settings").await), (None, vec![]));
    // With `--yes` nobody is asked.
    let shown = shop.at_terminal(&["deploy", "--yes"]).ends(0);
    let shown = format!("{shown}{}", shop.at_terminal(&["rollback", "4", "--yes"]).ends(0));
    let shown = format!("{shown}{}", shop.at_terminal(&["destroy", "--yes"]).ends(0));
    assert!(!shown.contains("(yes/no)") && !shown.contains("Type `"), "{shown}");
}

#[tokio::test]
async fn a_rollout_that_taking_over_brings_is_said_before_it_is_asked() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    rollout.create(deployment("web:0")).await;
    let before = shop.all().await;
    let words = ["deploy", "--adopt", "Deployment/web"];
    let announced = "/web is taken over with another pod template, so that its pods are replaced";
    let mut terminal = shop.at_terminal(&words);
    let shown = terminal.shows(announced).shows("Take over Deployment/web? ").types("no").ends(2);
    assert!(shown.contains("nothing was released: `--adopt` asks first"), "{shown}");
    assert_eq!(shop.all().await, before);
    // What keeps it from being taken over is said without a question.
    let shown = shop.at_terminal(&["deploy", "--adopt", "ConfigMap/web"]).ends(4);
    assert!(shown.contains("it exists already") && !shown.contains("(yes/no)"), "{shown}");
    shop.at_terminal(&words).shows("Take over Deployment/web? ").types("yes").ends(0);
    assert_eq!(rollout.image().await, "web:1");
    // So does a rollback, after its own question.
    shop.template("web.yaml", &deployment("web:2").to_string());
    shop.ok(&["deploy"]);
    let mut terminal = shop.at_terminal(&["rollback", "--adopt", "Deployment/web"]);
    terminal.shows("Release that to cluster lab? ").types("yes").shows("Take over Deployment/web? ").types("no").ends(2);
    assert_eq!((rollout.image().await.as_str(), shop.outcomes().len()), ("web:2", 2));
}
