//! AWS's own chain of credentials, each time in a process of its own.

use std::env::current_exe;
use std::env::var;
use std::fs::write;
use std::process::Command;
use std::sync::Arc;

use cloze::clock::Machine;
use cloze::service::Step;
use cloze::vault::Vault as _;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Settings;
use tokio::runtime::Builder;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;

use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::seed;
use crate::read::CANARY;
use crate::read::one;
use crate::trial::DEADLINE;

/// What a second process is told by this variable: the name to read.
const INNER: &str = "CLOZE_TEST_AWS_CHAIN";

/// Runs this very test in a second process that has nothing in its environment but `variables`; gives what it says.
fn in_an_environment(variables: &[(&str, String)]) -> String {
    let mut inner = Command::new(current_exe().unwrap());
    inner.args(["--exact", "aws::chain::awss_own_chain_is_heeded", "--nocapture"]).env_clear().env(INNER, "a");
    // Neither a file of the user's nor the machine's own metadata is asked.
    inner.env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
    let output = inner.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_once("chain: ")).map(|(_, said)| said.to_owned()).collect::<Vec<_>>().join("; ")
}

/// What the second process does: reads by a profile, if one is named, and says where from.
#[expect(clippy::disallowed_methods, reason = "a test of what AWS's own chain takes from the environment")]
fn inner(name: &str) {
    let mut settings = Settings::new(SECRETS);
    settings.profile = var("CLOZE_TEST_AWS_PROFILE").ok();
    settings.limits.deadline = DEADLINE;
    let vault = AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(one(&vault, ask(name))) {
        Ok(fetched) if fetched.value.expose() == CANARY.as_bytes() => {
            let walk = runtime.block_on(vault.examine());
            let identity = walk.iter().find(|finding| finding.step == Step::Identity).unwrap();
            println!("chain: {}", identity.outcome.as_ref().unwrap());
        }
        Ok(_) => println!("chain: another value"),
        Err(error) => println!("chain: {}", error.reason),
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of what AWS's own chain takes from the environment")]
fn awss_own_chain_is_heeded() {
    if let Ok(name) = var(INNER) {
        return inner(&name);
    }
    let mut key = Key::new("AKIACHAIN", "chain-secret");
    key.session = Some("chain-session".to_owned());
    let server = Aws::serve(seed().key(key)).unwrap();
    let url = server.url();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> String {
        let path = files.path().join(name);
        write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let keys = "aws_access_key_id = AKIACHAIN\naws_secret_access_key = chain-secret\naws_session_token = chain-session\n";
    let config = file("config", &format!("[profile shop]\nregion = eu-central-1\nendpoint_url = {url}\n{keys}"));
    let token = file("token", "web-identity-token");
    let place = [("AWS_ENDPOINT_URL", url.clone()), ("AWS_REGION", "eu-central-1".to_owned())];
    let of = |more: &[(&'static str, String)]| in_an_environment(&[&place, more].concat());
    let text = |text: &str| text.to_owned();
    let own = [
        ("AWS_ACCESS_KEY_ID", text("AKIACHAIN")),
        ("AWS_SECRET_ACCESS_KEY", text("chain-secret")),
        ("AWS_SESSION_TOKEN", text("chain-session")),
    ];
    let who = |source: &str| format!("arn:aws:iam::123456789012:user/akiachain, by {source}");
    assert_eq!(of(&own), who("the environment"));
    let specific =
        [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.clone()), ("AWS_ENDPOINT_URL_STS", url.clone()), ("AWS_REGION", text("eu-central-1"))];
    assert_eq!(in_an_environment(&[&own[..], &specific].concat()), who("the environment"));
    let profile = [("AWS_CONFIG_FILE", config.clone()), ("AWS_PROFILE", text("shop"))];
    assert_eq!(in_an_environment(&profile), who("a profile"));
    // The profile that the settings name goes before what the environment has.
    let named = [
        ("AWS_CONFIG_FILE", config),
        ("CLOZE_TEST_AWS_PROFILE", text("shop")),
        ("AWS_ACCESS_KEY_ID", text("x")),
        ("AWS_SECRET_ACCESS_KEY", text("y")),
    ];
    assert_eq!(in_an_environment(&named), who("a profile"));
    let web = [("AWS_ROLE_ARN", text("arn:aws:iam::123456789012:role/r")), ("AWS_WEB_IDENTITY_TOKEN_FILE", token)];
    assert_eq!(of(&web), who("web identity"));
    assert_eq!(of(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/container-credentials"))]), who("the container's role"));
    let metadata = [("AWS_EC2_METADATA_DISABLED", text("false")), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)];
    assert_eq!(of(&metadata), who("the instance's role"));
    assert!(of(&[]).starts_with("no AWS credential was found: none in the environment"), "{}", of(&[]));
    assert_eq!(in_an_environment(&own), "no AWS region is set");
}
