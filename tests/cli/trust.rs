//! Who may have a run's credentials is their owner's to say: whatever a pull request writes into the project, nothing leaves the machine.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use vault_mock::gcp::Gcp;
use vault_mock::gcp::Seed;
use vault_mock::hashicorp::Hashicorp;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

/// What everything that leaves the machine comes by, since it is the proxy, and the service of id tokens: it counts and hangs up.
struct Gate {
    url: String,
    count: Arc<AtomicUsize>,
}

impl Gate {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { url, count }
    }

    fn passed(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// A project whose vault is `entry`, and a run that has every credential.
fn run(gate: &Gate, entry: &str) -> Sandbox {
    let mut sandbox = Sandbox::shop();
    let vaults = format!("values/dev.yaml]\n    vaults: {{ default: {{ {} }} }}", entry.replace("GATE", &gate.url));
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &vaults, 1));
    sandbox.write("token", "hvs.of-the-project");
    for (name, value) in [
        ("HTTPS_PROXY", gate.url.as_str()),
        ("CLOZE_DEADLINE", "2"),
        ("VAULT_ROLE_ID", "canary-role"),
        ("VAULT_SECRET_ID", "canary-secret"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{}/id-token", gate.url)),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-job"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "canary-client"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "canary-key"),
        ("AWS_SESSION_TOKEN", "canary-session"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/google.json"),
    ] {
        sandbox.variable(name, value);
    }
    if !entry.contains("auth: jwt") {
        sandbox.variable("VAULT_TOKEN", "canary-token");
    }
    sandbox
}

const EVIL: &str = "https://evil.example";

#[test]
fn nothing_is_sent_to_a_server_that_only_the_project_trusts() {
    let gate = Gate::open();
    let vault = "kind: hashicorp, address: \"https://evil.example\"";
    let azure = "kind: azure, url: \"https://shop.vault.azure.net\"";
    let aws = "kind: aws, region: eu-central-1, endpoint:";
    let gcp = "kind: gcp, project: shop-prod, endpoint:";
    for (entry, origin) in [
        (vault.to_owned(), EVIL),
        (format!("{vault}, tokenFile: token"), EVIL),
        (format!("{vault}, auth: approle"), EVIL),
        (format!("{vault}, auth: kubernetes, role: shop"), EVIL),
        (format!("{vault}, auth: jwt"), EVIL),
        (format!("{vault}, auth: jwt, audience: \"https://evil.example\""), EVIL),
        ("kind: azure, url: \"https://evil.example\"".to_owned(), EVIL),
        ("kind: azure, url: \"https://shop.vault.azure.net.evil.example\"".to_owned(), "https://shop.vault.azure.net.evil.example"),
        (format!("{azure}, authority: \"https://evil.example\""), EVIL),
        (format!("{azure}, authority: \"https://evil.login.microsoftonline.com\""), "https://evil.login.microsoftonline.com"),
        (format!("{azure}, authority: \"GATE\""), gate.url.as_str()),
        (format!("{aws} \"https://evil.example\""), EVIL),
        (format!("{aws} \"https://evil.s3.eu-central-1.amazonaws.com\""), "https://evil.s3.eu-central-1.amazonaws.com"),
        (format!("{gcp} \"https://evil.example/googleapis.com\""), EVIL),
        (format!("{gcp} \"https://storage.googleapis.com/evil\""), "https://storage.googleapis.com"),
        (format!("{gcp} \"https://[2001:db8::1]\""), "https://[2001:db8::1]"),
    ] {
        let sandbox = run(&gate, &entry);
        sandbox.cloze(["check"]).ok();
        let words = [
            format!("vault `default` would send this run's credentials to {origin}, which is not a trusted origin"),
            format!("add {origin} to CLOZE_TRUST where the pipeline keeps its protected settings, or run the command at a terminal and "),
        ];
        for command in ["deploy", "check --online", "lock", "vault list"] {
            let outcome = sandbox.cloze(command.split(' '));
            assert!(!outcome.err().contains("canary"), "{command}: {}", outcome.err());
            outcome.fails(5, &["error: cloze.yaml:", &words[0], &words[1]]);
        }
        let doctor = sandbox.cloze(["doctor"]);
        let vaults = doctor.out().lines().filter(|line| !line.starts_with("history")).count();
        assert!(doctor.out().starts_with("default  trust       failed: ") && vaults == 2, "{}", doctor.out());
        doctor.fails(5, &["1 vault and the history: 1 failed"]);
        assert_eq!(gate.passed(), 0, "{entry}");
    }
}

#[test]
fn authorities_of_the_project_sign_for_no_service_of_a_provider() {
    let gate = Gate::open();
    for entry in [
        "kind: azure, url: \"https://shop.vault.azure.net\"",
        "kind: aws, region: eu-central-1",
        "kind: aws, region: eu-central-1, endpoint: \"https://secretsmanager.eu-west-1.amazonaws.com\"",
        "kind: gcp, project: shop-prod",
    ] {
        let mut sandbox = run(&gate, &format!("{entry}, ca: ca.pem"));
        sandbox.write("ca.pem", "not read");
        let reason = "and only the project says that `ca.pem` may sign its certificate\n  remove `ca`, and name the file in SSL_CERT_FILE";
        sandbox.cloze(["check", "--online"]).fails(5, &["error: cloze.yaml:", "vault `default` is the provider's own service", reason]);
        assert_eq!(gate.passed(), 0, "{entry}");
        // What the run's owner names is believed.
        sandbox.variable("SSL_CERT_FILE", "/nowhere/ca.pem");
        sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replace(", ca: ca.pem", ""));
        sandbox.cloze(["check", "--online"]).fails(5, &["the file of authorities `/nowhere/ca.pem` cannot be read"]);
    }
}

#[test]
fn an_id_token_is_made_for_audiences_that_the_owner_binds_to_the_origin() {
    let gate = Gate::open();
    let mut sandbox = run(&gate, "kind: hashicorp, address: \"https://vault.example:8200\", auth: jwt, audience: \"sts.amazonaws.com\"");
    let entry = "https://vault.example:8200=sts.amazonaws.com";
    for (variable, value) in
        [("VAULT_ADDR", "https://vault.example:8200"), ("CLOZE_TRUST", "https://vault.example:8200, https://a.example=sts.amazonaws.com")]
    {
        sandbox.variable(variable, value);
        sandbox.cloze(["check", "--online"]).fails(
            5,
            &[
                "vault `default` would send an id token for `sts.amazonaws.com` to https://vault.example:8200, which is not a trusted origin",
                &format!("add {entry} to CLOZE_TRUST"),
            ],
        );
        assert_eq!(gate.passed(), 0);
    }
    sandbox.variable("CLOZE_TRUST", entry);
    let outcome = sandbox.cloze(["check", "--online"]);
    assert!(!outcome.err().contains("CLOZE_TRUST"), "{}", outcome.err());
    outcome.code(5);
    assert!(gate.passed() > 0, "the service of id tokens was not asked");
}

/// Azure Pipelines gives tokens for one audience only, whose holder acts as the service connection at Entra ID.
#[test]
fn an_id_token_of_azure_pipelines_goes_where_its_owner_binds_its_audience() {
    let gate = Gate::open();
    let address = "https://vault.example:8200";
    let reason = format!("would send an id token for `api://AzureADTokenExchange` to {address}, which is not a trusted origin");
    for audience in ["", ", audience: \"https://vault.example:8200\"", ", audience: \"api://AzureADTokenExchange\""] {
        let mut sandbox = run(&gate, &format!("kind: hashicorp, address: \"{address}\", auth: jwt{audience}"));
        sandbox.variable("ACTIONS_ID_TOKEN_REQUEST_URL", "");
        sandbox.variable("SYSTEM_OIDCREQUESTURI", &format!("{}/id-token", gate.url));
        sandbox.variable("SYSTEM_ACCESSTOKEN", "canary-job");
        sandbox.variable("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection");
        for (variable, value) in [("VAULT_ADDR", address), ("CLOZE_TRUST", address)] {
            sandbox.variable(variable, value);
            let next = "add https://vault.example:8200=api://AzureADTokenExchange to CLOZE_TRUST";
            let before = gate.passed();
            sandbox.cloze(["check", "--online"]).fails(5, &[&reason, next]);
            assert_eq!(gate.passed(), before);
        }
        sandbox.variable("CLOZE_TRUST", "https://vault.example:8200=api://AzureADTokenExchange");
        let before = gate.passed();
        let outcome = sandbox.cloze(["check", "--online"]);
        assert!(!outcome.err().contains("CLOZE_TRUST"), "{}", outcome.err());
        outcome.code(5);
        assert!(gate.passed() > before, "the service of id tokens was not asked");
    }
}

#[test]
fn a_server_that_the_owner_trusts_is_asked() {
    for (entry, trust) in [
        ("kind: hashicorp, address: \"https://evil.example\"", ("CLOZE_TRUST", "https://other.example\n https://evil.example/")),
        ("kind: hashicorp, address: \"https://evil.example/base\"", ("VAULT_ADDR", "https://evil.example:443")),
        ("kind: azure, url: \"https://evil.example\"", ("CLOZE_TRUST", "https://evil.example")),
        (
            "kind: azure, url: \"https://a.vault.azure.net\", authority: \"https://evil.example\"",
            ("AZURE_AUTHORITY_HOST", "https://evil.example/"),
        ),
        ("kind: azure, url: \"https://a.vault.azure.net\", authority: \"https://login.microsoftonline.us\"", ("CLOZE_TRUST", "")),
        ("kind: aws, region: eu-central-1, endpoint: \"https://evil.example\"", ("AWS_ENDPOINT_URL", "https://evil.example")),
        ("kind: aws, region: eu-central-1, endpoint: \"https://secretsmanager.eu-central-1.amazonaws.com\"", ("CLOZE_TRUST", "")),
    ] {
        let gate = Gate::open();
        let mut sandbox = run(&gate, entry);
        sandbox.variable(trust.0, trust.1);
        let outcome = sandbox.cloze(["check", "--online"]);
        assert!(!outcome.err().contains("CLOZE_TRUST"), "{entry}: {}", outcome.err());
        outcome.code(5);
        assert!(gate.passed() > 0, "{entry}: nothing was sent");
    }
}

#[test]
fn a_google_endpoint_that_the_owner_trusts_is_asked() {
    let metadata = Gcp::serve(Seed::default()).unwrap();
    for trust in ["CLOZE_TRUST", "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"] {
        let gate = Gate::open();
        let mut sandbox = run(&gate, "kind: gcp, project: shop-prod, endpoint: \"https://evil.example\"");
        sandbox.variable("GOOGLE_APPLICATION_CREDENTIALS", "");
        sandbox.variable("GCE_METADATA_HOST", metadata.url().strip_prefix("http://").unwrap());
        sandbox.cloze(["check", "--online"]).fails(5, &["which is not a trusted origin"]);
        assert_eq!(gate.passed(), 0, "{trust}");
        // The token comes from this machine, past the proxy: what is counted goes to the endpoint.
        sandbox.variable(trust, "https://evil.example");
        let outcome = sandbox.cloze(["check", "--online"]);
        assert!(!outcome.err().contains("CLOZE_TRUST"), "{}", outcome.err());
        outcome.code(5);
        assert!(gate.passed() > 0, "{trust}: nothing was sent");
    }
}

#[test]
fn the_users_own_file_is_read_and_none_that_lies_in_a_repository() {
    let gate = Gate::open();
    let mut sandbox = run(&gate, "kind: hashicorp, address: \"https://vault.example\"");
    let refused = |sandbox: &Sandbox| sandbox.cloze(["check", "--online"]).err().contains("which is not a trusted origin");
    sandbox.write(".config/cloze/trust.yaml", "- https://vault.example\n");
    sandbox.variable("XDG_CONFIG_HOME", sandbox.shop_path(".config").to_str().unwrap());
    assert!(refused(&sandbox), "a file of the project was read");
    sandbox.variable("XDG_CONFIG_HOME", "shop/.config");
    assert!(refused(&sandbox), "a relative path was followed");
    sandbox.variable("XDG_CONFIG_HOME", "");
    assert!(refused(&sandbox) && gate.passed() == 0);
    let own = sandbox.root().join("home/.config/cloze");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("trust.yaml"), "- https://vault.example\n").unwrap();
    assert!(!refused(&sandbox) && gate.passed() > 0);
    assert!(sandbox.cloze(["config"]).ok().contains("trust[0] = https://vault.example"));
    sandbox.variable("CLOZE_TRUST", "https://a.example,https://b.example=x");
    let config = sandbox.cloze(["config"]).ok();
    assert!(config.contains("trust[1] = https://b.example=x") && config.contains("CLOZE_TRUST"), "{config}");
    fs::write(own.join("trust.yaml"), "{").unwrap();
    sandbox
        .cloze(["check"])
        .fails(2, &["the file of trusted origins `", "/home/.config/cloze/trust.yaml` is not a list of texts\n  write one origin a line"]);
    fs::write(own.join("trust.yaml"), "- https://*.example\n").unwrap();
    sandbox
        .cloze(["check"])
        .fails(2, &["`https://*.example` of `cloze/trust.yaml` is not an origin\n  write `https://HOST` or `https://HOST:PORT`, "]);
    fs::remove_file(own.join("trust.yaml")).unwrap();
    sandbox.variable("CLOZE_TRUST", "vault.example");
    sandbox.cloze(["check"]).fails(2, &["`vault.example` of `CLOZE_TRUST` is not an origin\n"]);
}

#[test]
fn what_is_set_for_one_vault_is_not_sent_to_another() {
    let server = Hashicorp::serve(seed()).unwrap();
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.variable("VAULT_ADDR", "https://vault.corp.example:8200");
    let words = format!("vault `default` would send this run's credentials to {}, which is not a trusted origin", server.url());
    for command in [&["deploy"][..], &["check", "--online"], &["vault", "list"]] {
        sandbox.cloze(command).fails(5, &[&words]);
    }
    assert!(sandbox.cloze(["doctor"]).out().contains(&words));
    assert_eq!(server.journal().count(), 0);
    // The same address, an entry of the owner's, and a token of the vault's own.
    sandbox.variable("VAULT_ADDR", &format!("{}/", server.url()));
    sandbox.cloze(["check", "--online"]).ok();
    sandbox.variable("VAULT_ADDR", "https://vault.corp.example:8200");
    sandbox.variable("CLOZE_TRUST", &server.url());
    sandbox.cloze(["check", "--online"]).ok();
    let mut named = shop(&server, "{ default: { @@, tokenFile: run/token } }");
    named.write("run/token", server.protocol().token());
    named.variable("VAULT_ADDR", "https://vault.corp.example:8200");
    named.cloze(["check", "--online"]).ok();
}

#[test]
fn a_terminal_asks_about_each_server_once_and_remembers_what_is_trusted() {
    let gate = Gate::open();
    let sandbox = run(&gate, "kind: hashicorp, address: \"https://vault.example:8200\"");
    let own = sandbox.root().join("home/.config/cloze/trust.yaml");
    let question = "vault `default` would send your credentials to https://vault.example:8200, which you have not trusted before.";
    for answer in ["no", "", "y", "Yes please"] {
        let mut terminal = sandbox.on_terminal(["check", "--online"]);
        terminal.shows(question).shows("/home/.config/cloze/trust.yaml? (yes/no)").types(answer);
        let shown = terminal.ends(5);
        assert!(shown.contains("which is not a trusted origin") && shown.matches("(yes/no)").count() == 1, "{shown}");
        assert!(gate.passed() == 0 && !own.exists(), "{answer}");
    }
    sandbox.on_terminal(["check", "--online"]).shows(question).shows("(yes/no)").types("yes").ends(5);
    assert!(gate.passed() > 0, "nothing was sent");
    assert!(fs::read_to_string(&own).unwrap().ends_with("\n- \"https://vault.example:8200\"\n"));
    assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
    let passed = gate.passed();
    let shown = sandbox.on_terminal(["check", "--online"]).ends(5);
    assert!(!shown.contains("(yes/no)") && gate.passed() > passed, "{shown}");
    // An audience is a question of its own.
    let sandbox = run(&gate, "kind: hashicorp, address: \"https://vault.example:8200\", auth: jwt, audience: \"sts.amazonaws.com\"");
    sandbox
        .on_terminal(["check", "--online"])
        .shows("would send an id token for `sts.amazonaws.com` to https://vault.example:8200")
        .types("no")
        .ends(5);
}

#[test]
fn nobody_is_asked_in_ci_or_behind_json_or_a_pipe() {
    let gate = Gate::open();
    let mut sandbox = run(&gate, "kind: hashicorp, address: \"https://vault.example:8200\"");
    assert!(!sandbox.feed(["check", "--online"], b"yes\n").err().contains("(yes/no)"));
    assert!(!sandbox.on_terminal(["check", "--online", "--format", "json"]).ends(5).contains("(yes/no)"));
    sandbox.variable("CI", "true");
    assert!(!sandbox.on_terminal(["check", "--online"]).ends(5).contains("(yes/no)"));
    assert_eq!(gate.passed(), 0);
}

#[test]
fn a_keyring_and_a_key_that_a_project_brings_open_nothing_of_its_owners() {
    let mut sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    fs::rename(sandbox.shop_path(".cloze/dev.key"), sandbox.root().join("home/dev.key")).unwrap();
    let other = Sandbox::shop();
    for (theirs, here) in
        [("secrets/dev.keyring", "secrets/dev.keyring"), ("secrets/dev.vault", "secrets/dev.vault"), (".cloze/dev.key", "evil.key")]
    {
        fs::copy(other.shop_path(theirs), sandbox.shop_path(here)).unwrap();
    }
    let keys = "values/dev.yaml]\n    keys: [{ kind: key-file, path: evil.key }]";
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values/dev.yaml]", keys, 1));
    let before = sandbox.files();
    for command in ["deploy", "rollback 1", "show 1 --reveal"] {
        sandbox.cloze(command.split(' ')).fails(6, &["error: "]);
    }
    sandbox.variable("CLOZE_KEY_FILE", sandbox.root().join("home/dev.key").to_str().unwrap());
    for command in ["deploy", "vault get db-password --reveal"] {
        sandbox.cloze(command.split(' ')).fails(5, &["does not open the keyring"]);
    }
    assert!(sandbox.files() == before, "something was written");
}
