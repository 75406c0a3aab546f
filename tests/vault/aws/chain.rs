//! AWS's own chain of credentials.

use std::fs::create_dir_all;
use std::fs::write;
use std::sync::Arc;

use cloze::clock::Machine;
use cloze::identity::ToolEnvironment;
use cloze::service::DiagnosticStep;
use cloze::vault::Diagnose;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Settings;
use tempfile::TempDir;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;

use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::seed;
use crate::one_fault::DEADLINE;
use crate::read::CANARY;
use crate::read::one;

const KEYS: &str = "aws_access_key_id = AKIACHAIN\naws_secret_access_key = chain-secret\naws_session_token = chain-session\n";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";

/// A server that knows one temporary key, and the home directory of who has it.
struct Bench {
    server: Server<Aws>,
    home: TempDir,
}

impl Bench {
    fn new() -> Self {
        let mut key = Key::new("AKIACHAIN", "chain-secret");
        key.session = Some("chain-session".to_owned());
        let bench = Self { server: Aws::serve(seed().key(key)).unwrap(), home: tempfile::tempdir().unwrap() };
        create_dir_all(bench.home.path().join(".aws/sso/cache")).unwrap();
        bench
    }

    /// A file in the home directory; gives its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn config(&self, text: &str) {
        self.file(".aws/config", text);
    }

    fn vault(&self, variables: &[(&str, &str)], profile: Option<&str>) -> AwsVault {
        // The machine's own metadata is not asked.
        let first = [("AWS_EC2_METADATA_DISABLED", "true")];
        let pairs = first.iter().chain(variables).map(|(name, value)| (name.into(), value.into()));
        let mut settings = Settings::new(SECRETS);
        settings.environment = Arc::new(ToolEnvironment::collect(pairs, Some(self.home.path().to_owned())));
        settings.profile = profile.map(str::to_owned);
        settings.limits.deadline = DEADLINE;
        AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap()
    }

    /// Reads, and says by what credential; or why not.
    async fn by(&self, variables: &[(&str, &str)], profile: Option<&str>) -> String {
        let url = self.server.url();
        let place = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_REGION", "eu-central-1")];
        self.anywhere(&[&place, variables].concat(), profile).await
    }

    async fn anywhere(&self, variables: &[(&str, &str)], profile: Option<&str>) -> String {
        let vault = self.vault(variables, profile);
        match one(&vault, ask("a")).await {
            Ok(fetched) => {
                assert_eq!(fetched.value.expose(), CANARY.as_bytes());
                let walk = vault.diagnose().await;
                let identity = walk.iter().find(|finding| finding.step == DiagnosticStep::Identity).unwrap();
                let words = identity.outcome.as_ref().unwrap();
                words.strip_prefix("arn:aws:iam::123456789012:user/akiachain, by ").unwrap().to_owned()
            }
            Err(error) => {
                assert!(!error.next.is_empty() && !format!("{error:?}").contains("chain-se"), "{error:?}");
                error.reason
            }
        }
    }
}

const OWN: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIACHAIN"), ("AWS_SECRET_ACCESS_KEY", "chain-secret"), ("AWS_SESSION_TOKEN", "chain-session")];

#[tokio::test]
async fn each_source_of_the_environment_is_used() {
    let bench = Bench::new();
    let url = bench.server.url();
    assert_eq!(bench.by(&OWN, None).await, "the environment");
    let specific =
        [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()), ("AWS_ENDPOINT_URL_STS", &url), ("AWS_DEFAULT_REGION", "eu-central-1")];
    assert_eq!(bench.anywhere(&[&OWN[..], &specific].concat(), None).await, "the environment");
    let token = bench.file("token", "web-identity-token\n");
    let web = [("AWS_ROLE_ARN", ROLE), ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str())];
    assert_eq!(bench.by(&web, None).await, "web identity");
    let container = format!("{url}/container-credentials");
    assert_eq!(bench.by(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container)], None).await, "the container's role");
    let metadata = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)];
    assert_eq!(bench.by(&metadata, None).await, "the instance's role");
    assert!(bench.by(&[], None).await.starts_with("no AWS credential was found: not in the environment"));
    assert_eq!(bench.anywhere(&OWN, None).await, "no AWS region is set");
}

#[tokio::test]
async fn each_kind_of_profile_is_used() {
    let bench = Bench::new();
    let url = bench.server.url();
    let token = bench.file("token", "web-identity-token\n");
    let printed = r#"{"Version": 1, "AccessKeyId": "AKIACHAIN", "SecretAccessKey": "chain-secret", "SessionToken": "chain-session"}"#;
    let output = bench.file("a file.json", printed);
    bench.config(&format!(
        "[profile keys]\nregion = eu-central-1\nendpoint_url = {url}\n{KEYS}\
         [profile role]\nrole_arn = {ROLE}\nsource_profile = keys\nexternal_id = x\n\
         [profile chain]\nrole_arn = {ROLE}\nsource_profile = role\n\
         [profile ambient]\nrole_arn = {ROLE}\ncredential_source = Environment\n\
         [profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}\n\
         [profile program]\ncredential_process = cat '{output}'\n\
         [profile broken]\ncredential_process = echo chain-secret >&2; false\n\
         [profile loop]\nrole_arn = {ROLE}\nsource_profile = pool\n[profile pool]\nrole_arn = {ROLE}\nsource_profile = loop\n\
         [profile sign-on]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = reader\n\
         [sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n\
         [profile old-sign-on]\nsso_start_url = https://old.awsapps.com/start\nsso_region = eu-central-1\nsso_account_id = 1\nsso_role_name = r\n"
    ));
    // SHA-1 of `corp`, which is how AWS's command line names the file.
    let cache = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
    let by = async |profile: &str| bench.by(&[("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y")], Some(profile)).await;
    assert_eq!(by("keys").await, "a profile");
    assert_eq!(bench.anywhere(&[("AWS_PROFILE", "keys")], None).await, "a profile");
    assert_eq!(by("role").await, "a role that a profile names");
    assert_eq!(by("chain").await, "a role that a profile names");
    assert_eq!(bench.by(&OWN, Some("ambient")).await, "a role that a profile names");
    assert_eq!(by("web").await, "web identity");
    assert_eq!(by("program").await, "a program that a profile names");
    assert_eq!(by("broken").await, "the AWS profile `broken` names a `credential_process` that did not give a credential");
    assert!(by("loop").await.ends_with("is reached through too many others, or by itself"));
    assert_eq!(by("none").await, "the AWS profile `none` is not in AWS's files `config` and `credentials`");
    assert_eq!(by("old-sign-on").await, "there is no login by AWS single sign-on");
    bench.file(cache, r#"{"accessToken": "sign-on-token", "expiresAt": "2000-01-01T00:00:00Z"}"#);
    assert_eq!(by("sign-on").await, "the login by AWS single sign-on has ended");
    bench.file(cache, r#"{"accessToken": "sign-on-token", "expiresAt": "2100-01-01T00:00:00Z"}"#);
    assert_eq!(by("sign-on").await, "single sign-on");
    bench.file(cache, r#"{"accessToken": "another", "expiresAt": "2100-01-01T00:00:00Z"}"#);
    assert_eq!(by("sign-on").await, "AWS's sign-on service did not give a credential for this account and role (status 401)");
}

#[tokio::test]
async fn sources_that_do_not_give_a_credential_are_named() {
    let bench = Bench::new();
    let token = bench.file("token", "canary");
    let web = [("AWS_ROLE_ARN", ROLE), ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str())];
    let refused = format!("AWS STS did not give a credential for the role {ROLE} (status 400 InvalidIdentityToken)");
    assert_eq!(bench.by(&web, None).await, refused);
    let missing = [("AWS_ROLE_ARN", ROLE), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent")];
    let reason = "the web identity token's file `/nonexistent` cannot be opened: it does not exist";
    assert_eq!(bench.by(&missing, None).await, reason);
    for address in ["http://evil.example/x", "ftp://169.254.170.2/x", "x"] {
        let reason = "the container's credential service has an address that no token may be sent to";
        assert_eq!(bench.by(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)], None).await, reason);
    }
    bench.config("[default]\nregion\n");
    let config = bench.home.path().join(".aws/config");
    let reason = format!("AWS's file `{}` has a line that is not a setting: line 2", config.display());
    assert_eq!(bench.by(&OWN, None).await, reason);
}

#[tokio::test]
async fn a_credential_that_ends_in_the_middle_of_a_run_is_renewed_once() {
    let bench = Bench::new();
    let token = bench.file("token", "web-identity-token");
    let url = bench.server.url();
    let web = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
    ];
    let vault = bench.vault(&web, None);
    let logins = || bench.server.journal().of("AssumeRoleWithWebIdentity").len();
    assert!(one(&vault, ask("a")).await.is_ok() && logins() == 1);
    bench.server.script(Script::new("GetSecretValue", 1, Fault::variant(400, "ExpiredTokenException")));
    assert!(one(&vault, ask("a")).await.is_ok() && logins() == 2);
    bench.server.script(Script::always("GetSecretValue", Fault::variant(400, "ExpiredTokenException")));
    bench.server.journal().clear();
    assert_eq!(one(&vault, ask("a")).await.unwrap_err().reason, "the credential has expired");
    assert_eq!((logins(), bench.server.journal().of("GetSecretValue").len()), (1, 2));
}
