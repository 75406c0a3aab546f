//! What is said while a release comes to run: rows on a terminal, lines in CI, JSON lines for programs, nothing with `--quiet`.

use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deployment;
use super::shop::Shop;

#[tokio::test]
async fn what_is_waited_for_is_said_as_whoever_reads_it_needs_it() {
    let Some(rollout) = Rollout::new().await else { return };
    let shop = Shop::new(&rollout);
    // Programs hear of each object from the beginning to the end.
    let output = shop.run(&["deploy", "--format", "json"]);
    let lines: Vec<Value> = String::from_utf8(output.stderr).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<&Value> = lines.iter().filter(|line| line["level"] == "progress").collect();
    let last = steps.last().unwrap();
    assert_eq!((&last["health"], &last["reason"], &last["ready"], &last["of"]), (&json!("ready"), &Value::Null, &json!(1), &json!(1)));
    assert_eq!((&last["object"]["kind"], &last["object"]["name"]), (&json!("Deployment"), &json!("web")));
    assert!(steps[0]["health"] == "progressing" && steps[0]["reason"].is_string(), "{steps:#?}");
    shop.template("web.yaml", &deployment("web:2").to_string());
    let output = shop.run(&["deploy", "--quiet"]);
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    // Elsewhere a line comes when it takes a while.
    shop.set_cluster("{ context: lab, wait: 8s, on-failure: stop }");
    shop.template("web.yaml", &deployment("unready:3").to_string());
    let (code, said) = shop.said(&["deploy"]);
    let (_, after) = said.split_once("applied to cluster lab: 1 changed, 1 unchanged\n").unwrap_or_else(|| panic!("{said}"));
    assert!(code == 7 && after.starts_with("waiting for Deployment NS/web: ") && after.lines().count() < 8, "{code} {said}");
    // A terminal has a row until it is over, or somebody has had enough.
    shop.template("web.yaml", &deployment("unready:4").to_string());
    let mut terminal = shop.at_terminal(&["deploy"]);
    terminal.shows("applied to cluster lab").shows("waiting for 1 of 1 object … ").shows("  Deployment ").shows("/web: ").presses("\x03");
    let shown = terminal.ends(130);
    let words = shown.rsplit('\r').find(|line| line.contains("interrupted: ")).unwrap();
    assert!(words.contains("release 4 was applied to cluster lab and goes on there"), "{shown:?}");
}
