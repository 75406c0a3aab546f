//! Deploys to a cluster that are killed: the next run finishes, and the newest release is what runs.

use std::io::BufRead as _;
use std::io::BufReader;
use std::os::unix::process::CommandExt as _;
use std::process::Child;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;
use serde_json::Value;
use tokio::time::sleep;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;
use crate::fixture::User;
use crate::fixture::rounds;
use crate::random::Random;

/// Deploys of one image after the other to a Deployment and a ConfigMap.
struct Runs<'r> {
    shop: Shop<'r>,
    /// How long one takes undisturbed.
    usual: Duration,
    random: Random,
    serial: usize,
}

impl<'r> Runs<'r> {
    fn new(rollout: &'r Rollout, seed: u64) -> Self {
        let shop = Shop::new(rollout);
        shop.set_cluster("{ context: lab, keep: 2 }");
        shop.template("web.yaml", &deployment("{{ image }}").to_string());
        shop.template("extra.yaml", &config_map("extra", "{{ image }}"));
        let versioned = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: versioned }\ndata: { image: '{{ image }}' }\n";
        shop.template("versioned.yaml", versioned);
        let mut runs = Self { shop, usual: Duration::ZERO, random: Random::new(seed), serial: 0 };
        for _ in 0..2 {
            let began = Instant::now();
            let next = runs.next();
            runs.finish(&next);
            runs.usual = began.elapsed();
        }
        runs
    }

    /// An image that none had before.
    fn next(&mut self) -> String {
        self.serial += 1;
        format!("web:{}", self.serial)
    }

    /// Deploys an image.
    fn finish(&self, image: &str) {
        self.shop.ok(&["deploy", "--note", image, "--set-string", &format!("image={image}")]);
    }

    /// Starts a command in a process group of its own.
    fn start(&self, words: &[&str]) -> Child {
        let mut command = self.shop.rollout.cluster.cloze(self.shop.folder.path(), User::Admin);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.process_group(0).spawn().unwrap()
    }

    fn start_to_deploy(&self, image: &str) -> Child {
        self.start(&["deploy", "--note", image, "--set-string", &format!("image={image}")])
    }

    /// Starts to deploy an image, and waits a part of the time that it takes.
    async fn begin(&mut self, image: &str) -> Child {
        let child = self.start_to_deploy(image);
        self.wait_a_part().await;
        child
    }

    /// Starts to go back or to prune, and waits a part of the time that a deploy takes.
    async fn begin_another(&mut self) -> Child {
        let words: &[&str] = if self.random.below(2) == 0 { &["rollback", "--note", "back"] } else { &["prune", "--keep", "2", "--yes"] };
        let child = self.start(words);
        self.wait_a_part().await;
        child
    }

    async fn wait_a_part(&mut self) {
        let part = self.random.below(100);
        sleep(self.usual * u32::try_from(part).unwrap() / 100).await;
    }

    /// That the newest release, whose note is its image, is what the cluster has.
    async fn assert_newest_runs(&self) {
        let history: Value = serde_json::from_str(&self.shop.ok(&["history", "--verify", "--format", "json"])).unwrap();
        let newest: Value = serde_json::from_str(&self.shop.ok(&["show", "--format", "json"])).unwrap();
        let image = newest["summary"]["note"].as_str().unwrap_or_else(|| panic!("{newest:#}"));
        let rollout = self.shop.rollout;
        let extra = rollout.live("v1", "ConfigMap", "extra").await.unwrap();
        assert_eq!((rollout.image().await.as_str(), extra["data"]["key"].as_str()), (image, Some(image)), "{history:#}");
        assert_eq!(self.shop.outcomes()[0], format!("{} applied", newest["summary"]["release"]));
        let versioned = rollout.config_maps("versioned").await;
        assert!(matches!(versioned.len(), 1 | 2), "nothing is left behind: {versioned:?}");
    }
}

fn signal(child: &Child, signal: Signal) {
    // It may have ended.
    let _ = kill_process_group(Pid::from_child(child), signal);
}

#[tokio::test]
async fn after_a_kill_the_next_run_finishes() {
    let Some(rollout) = Rollout::new().await else { return };
    let mut runs = Runs::new(&rollout, 1);
    let mut killed = 0;
    for _ in 0..rounds(8, 1_000) {
        let image = runs.next();
        let mut child = if runs.random.below(2) == 0 { runs.begin(&image).await } else { runs.begin_another().await };
        signal(&child, Signal::KILL);
        killed += usize::from(child.wait().unwrap().code().is_none());
        runs.finish(&image);
        runs.assert_newest_runs().await;
    }
    assert!(killed > 2, "{killed}");
}

#[tokio::test]
async fn a_deploy_that_slept_does_not_speak_for_a_newer_one() {
    let Some(rollout) = Rollout::new().await else { return };
    let mut runs = Runs::new(&rollout, 2);
    for _ in 0..rounds(8, 200) {
        let late = runs.next();
        let mut child = runs.begin(&late).await;
        signal(&child, Signal::STOP);
        let image = runs.next();
        runs.finish(&image);
        signal(&child, Signal::CONT);
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 6)), "{code:?}");
        runs.assert_newest_runs().await;
    }
}

#[tokio::test]
async fn of_many_deploys_at_once_the_last_release_is_what_runs() {
    let Some(rollout) = Rollout::new().await else { return };
    let mut runs = Runs::new(&rollout, 3);
    for _ in 0..rounds(1, 10) {
        let images: Vec<String> = (0..rounds(4, 20)).map(|_| runs.next()).collect();
        let mut late: Vec<Child> = images.iter().map(|image| runs.start_to_deploy(image)).collect();
        runs.wait_a_part().await;
        let others = late.split_off(images.len() / 4);
        for child in &late {
            signal(child, Signal::STOP);
        }
        let mut ends: Vec<Output> = others.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        for child in &late {
            signal(child, Signal::CONT);
        }
        ends.extend(late.into_iter().map(|child| child.wait_with_output().unwrap()));
        for end in &ends {
            assert!(matches!(end.status.code(), Some(0 | 6)), "{}: {}", end.status, String::from_utf8_lossy(&end.stderr));
        }
        assert!(ends.iter().any(|end| end.status.success()), "the last one does not come second to another");
        runs.assert_newest_runs().await;
    }
}

#[tokio::test]
async fn who_interrupts_a_rollout_reads_what_goes_on_in_the_cluster() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    shop.template("web.yaml", &deployment("unready:1").to_string());
    let mut command = rollout.cluster.cloze(shop.folder.path(), User::Admin);
    let mut child = command.arg("deploy").stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("applied to cluster lab")).unwrap();
    signal(&child, Signal::INT);
    let words = lines.next().unwrap_or_default();
    assert!(words.starts_with("interrupted: release 1 was applied to cluster lab and goes on there, not yet seen to run"), "{words}");
    assert_eq!(child.wait().unwrap().code(), None, "the signal ended it");
    assert_eq!(shop.outcomes(), ["1 outcome unknown"]);
    shop.template("web.yaml", &deployment("web:1").to_string());
    shop.ok(&["deploy"]);
}
