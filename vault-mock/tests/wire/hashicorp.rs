//! The `HashiCorp` protocol on the wire.

use std::time::Duration;

use serde_json::{Value, json};
use vault_mock::hashicorp::{Capability, Flavor, Hashicorp, Role, Seed, Token};
use vault_mock::{Credential, Fault, Script, Server};

use crate::client::{Ask, Reply};

const INVALID: &str = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n";
const DENIED: &str = "1 error occurred:\n\t* permission denied\n\n";

fn serve(seed: Seed) -> Server<Hashicorp> {
    Hashicorp::serve(seed).unwrap()
}

fn ask(server: &Server<Hashicorp>, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    Ask::new(method, &format!("/v1/{path}")).header("X-Vault-Token", token).body(text).of(&server.url()).unwrap()
}

fn get(server: &Server<Hashicorp>, token: &str, path: &str) -> Reply {
    ask(server, token, "GET", path, &Value::Null)
}

fn root(server: &Server<Hashicorp>, method: &str, path: &str, body: &Value) -> Reply {
    ask(server, "demo-token", method, path, body)
}

/// The status and the first of the errors.
fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["errors"][0].as_str().unwrap_or_default().to_owned())
}

fn login(server: &Server<Hashicorp>, path: &str, body: &Value) -> Reply {
    Ask::new("POST", &format!("/v1/{path}")).body(body).of(&server.url()).unwrap()
}

#[test]
fn the_life_of_a_secret() {
    let server = serve(Seed::default());
    let (none, secret) = (Value::Null, "secret/data/a%20b");
    let data = |reply: &Reply| reply.json()["data"].clone();
    let gone = root(&server, "GET", secret, &none);
    assert_eq!((gone.status, gone.json()), (404, json!({"errors": []})));
    let written = root(&server, "POST", secret, &json!({"data": {"k": "one", "deep": {"er": {"x": 1}}}, "options": {"cas": 0}}));
    assert_eq!(data(&written)["version"], 1);
    assert_eq!(
        refusal(&root(&server, "POST", secret, &json!({"data": {}, "options": {"cas": 0}}))),
        (400, "check-and-set parameter did not match the current version".to_owned())
    );
    root(&server, "PUT", secret, &json!({"data": {"k": "two"}}));
    let read = root(&server, "GET", &format!("{secret}?version=1"), &none);
    assert_eq!((read.status, &data(&read)["data"]["k"]), (200, &json!("one")));
    assert_eq!(data(&root(&server, "GET", &format!("{secret}?version=0"), &none))["data"]["k"], "two");
    assert_eq!(root(&server, "GET", &format!("{secret}?version=3"), &none).json(), json!({"errors": []}));
    let subkeys = |query: &str| data(&root(&server, "GET", &format!("secret/subkeys/a%20b?version=1{query}"), &none))["subkeys"].clone();
    assert_eq!(subkeys(""), json!({"k": null, "deep": {"er": {"x": null}}}));
    assert_eq!(subkeys("&depth=2"), json!({"k": null, "deep": {"er": null}}));

    assert_eq!(root(&server, "DELETE", secret, &none).status, 204);
    let gone = root(&server, "GET", secret, &none);
    assert_eq!((gone.status, &data(&gone)["data"], &data(&gone)["metadata"]["version"]), (404, &Value::Null, &json!(2)));
    assert_ne!(data(&gone)["metadata"]["deletion_time"], "");
    root(&server, "POST", "secret/undelete/a%20b", &json!({"versions": [2]}));
    assert_eq!(root(&server, "GET", secret, &none).status, 200);
    root(&server, "POST", "secret/destroy/a%20b", &json!({"versions": [1]}));
    let destroyed = root(&server, "GET", &format!("{secret}?version=1"), &none);
    assert_eq!((destroyed.status, &data(&destroyed)["metadata"]["destroyed"]), (404, &json!(true)));
    assert_eq!(data(&root(&server, "GET", "secret/metadata/a%20b", &none))["current_version"], 2);

    assert_eq!(data(&root(&server, "LIST", "secret/metadata/", &none))["keys"], json!(["a b"]));
    assert_eq!(data(&root(&server, "GET", "secret/metadata/?list=true", &none))["keys"], json!(["a b"]));
    assert_eq!(root(&server, "DELETE", "secret/metadata/a%20b", &none).status, 204);
    assert_eq!(root(&server, "LIST", "secret/metadata/", &none).json(), json!({"errors": []}));
    let calls = server.journal().of("subkeys");
    assert_eq!((calls[0].subject.names[0].as_str(), calls.len()), ("secret/a b", 2));
}

#[test]
fn version_1_is_told_from_version_2() {
    let server = serve(Seed::default().mount("kv", 1).mount("secret", 2).secret("kv/a/b", &[("k", "v"), ("ttl", "30")]));
    let none = Value::Null;
    let read = root(&server, "GET", "kv/a/b", &none).json();
    assert_eq!((&read["data"], &read["lease_duration"]), (&json!({"k": "v", "ttl": "30"}), &json!(30)));
    assert_eq!(root(&server, "LIST", "kv/", &none).json()["data"]["keys"], json!(["a/"]));
    assert_eq!(root(&server, "GET", "kv/a?list=true", &none).json()["data"]["keys"], json!(["b"]));
    assert_eq!(root(&server, "GET", "kv/data/a", &none).json(), json!({"errors": []}));
    assert_eq!(root(&server, "POST", "kv/c", &json!({"n": 1})).status, 204);
    assert_eq!(root(&server, "GET", "kv/c", &none).json()["lease_duration"], 2_764_800);
    assert_eq!(refusal(&root(&server, "POST", "kv/c", &json!({}))).1, "missing data fields");
    assert_eq!((root(&server, "DELETE", "kv/c", &none).status, root(&server, "GET", "kv/c", &none).status), (204, 404));
    // Version 2 tells those who take it for version 1.
    let wrong = root(&server, "GET", "secret/a", &none);
    assert!(wrong.status == 404 && wrong.body.contains("Invalid path for a versioned K/V secrets engine"));

    let mount = |path: &str| root(&server, "GET", &format!("sys/internal/ui/mounts/{path}"), &none).json()["data"].clone();
    assert_eq!((&mount("kv/a/b")["path"], &mount("kv/a/b")["options"]), (&json!("kv/"), &Value::Null));
    assert_eq!((&mount("secret/x")["path"], &mount("secret")["options"]["version"]), (&json!("secret/"), &json!("2")));
    let unknown = root(&server, "GET", "sys/internal/ui/mounts/nothing", &none);
    let words = "preflight capability check returned 403, please ensure client's policies grant access to path \"nothing/\"";
    assert_eq!(refusal(&unknown), (403, words.to_owned()));
}

#[test]
fn each_refusal_has_its_words() {
    let server = serve(Seed::default().secret("secret/a", &[]));
    let none = Value::Null;
    let words = |method: &str, path: &str, body: &Value| refusal(&root(&server, method, path, body));
    assert_eq!(words("GET", "kv/data/a", &none), (404, "no handler for route \"kv/data/a\". route entry not found.".to_owned()));
    assert_eq!(words("GET", "secret/data/a.", &none), (404, "1 error occurred:\n\t* unsupported path\n\n".to_owned()));
    assert_eq!(words("POST", "secret/subkeys/a", &none), (405, "1 error occurred:\n\t* unsupported operation\n\n".to_owned()));
    assert_eq!(words("GET", "auth/approle/login", &none).0, 405);
    assert_eq!(words("GET", "secret/data/a?version=x", &none).0, 400);
    assert_eq!(words("POST", "secret/data/a", &json!({"k": 1})), (400, "no data provided".to_owned()));
    assert_eq!(words("POST", "secret/delete/a", &json!({})), (400, "No version number provided".to_owned()));
    assert_eq!(words("GET", "secret/%ff", &none), (400, "error parsing request".to_owned()));
    assert_eq!(refusal(&get(&server, "wrong", "secret/data/a")), (403, INVALID.to_owned()));
    let anonymous = Ask::new("GET", "/v1/secret/data/a").of(&server.url()).unwrap();
    assert_eq!(refusal(&anonymous), (403, "permission denied".to_owned()));
    assert_eq!(Ask::new("GET", "/secret/data/a").of(&server.url()).unwrap().json(), json!({"errors": []}));
    let bearer = Ask::new("GET", "/v1/secret/data/a").header("Authorization", "Bearer demo-token").of(&server.url()).unwrap();
    assert_eq!(bearer.status, 200);
    let bao = serve(Seed { flavor: Flavor::OpenBao, ..Seed::default() });
    assert_eq!(refusal(&get(&bao, "wrong", "secret/data/a")), (403, "permission denied".to_owned()));

    server.protocol().seal(true);
    assert_eq!(words("GET", "secret/data/a", &none), (503, "Vault is sealed".to_owned()));
    assert_eq!(root(&server, "GET", "sys/health", &none).status, 503);
    assert_eq!(root(&server, "GET", "sys/seal-status", &none).json()["sealed"], true);
    server.protocol().seal(false);
    assert_eq!(root(&server, "GET", "sys/health", &none).json()["sealed"], false);
}

#[test]
fn scripted_refusals_have_the_same_words() {
    let server = serve(Seed::default());
    for (code, variant, words) in [
        (400, "approle", "invalid role or secret ID"),
        (403, "", "permission denied"),
        (403, "denied", DENIED),
        (403, "invalid-token", INVALID),
        (403, "service-account", "service account name not authorized"),
        (404, "", ""),
        (404, "route", "no handler for route \"secret/data/a\". route entry not found."),
        (412, "", "required index state not present"),
        (429, "", "request path \"secret/data/a\": rate limit quota exceeded"),
        (429, "leases", "lease count quota exceeded"),
        (473, "", ""),
        (503, "", "Vault is sealed"),
        (503, "locked", "API access to this namespace has been locked by an administrator"),
    ] {
        server.script(Script::new("read", 1, Fault::variant(code, variant)));
        assert_eq!(refusal(&root(&server, "GET", "secret/data/a", &Value::Null)), (code, words.to_owned()));
    }
}

#[test]
fn policies_hold() {
    let read = [Capability::Read];
    let seed = Seed::default()
        .rule("check", "secret/subkeys", &read)
        .rule("check", "secret/metadata", &read)
        .rule("read", "secret/data/shop", &read)
        .policed("checker", &["check"])
        .policed("reader", &["read"])
        .policed("both", &["check", "read"])
        .token("narrow", Some(&["secret/data/b"]))
        .secret("secret/shop/a", &[("k", "v")])
        .secret("secret/b", &[("k", "v")]);
    let server = serve(seed);
    let statuses = |token: &str| {
        ["secret/data/shop/a", "secret/data/b", "secret/subkeys/shop/a", "secret/metadata/b"].map(|path| get(&server, token, path).status)
    };
    assert_eq!(statuses("checker"), [403, 403, 200, 200]);
    assert_eq!(statuses("reader"), [200, 403, 403, 403]);
    assert_eq!(statuses("both"), [200, 403, 200, 200]);
    assert_eq!(statuses("narrow"), [403, 200, 403, 403]);
    assert_eq!(refusal(&get(&server, "checker", "secret/data/b")), (403, DENIED.to_owned()));
    assert_eq!(ask(&server, "checker", "LIST", "secret/metadata", &Value::Null).status, 403);
    assert_eq!(ask(&server, "reader", "POST", "secret/data/shop/a", &json!({"data": {}})).status, 403);
    assert_eq!(get(&server, "reader", "sys/internal/ui/mounts/secret/b").status, 200);
    let paths = json!({"paths": ["secret/data/b", "secret/subkeys/b"]});
    let may = ask(&server, "checker", "POST", "sys/capabilities-self", &paths).json()["data"].clone();
    assert_eq!(may, json!({"secret/data/b": ["deny"], "secret/subkeys/b": ["read"]}));
    assert_eq!(get(&server, "reader", "auth/token/lookup-self").json()["data"]["policies"], json!(["default", "read"]));
}

#[test]
fn namespaces_are_apart() {
    let inner = Token { id: "inner".to_owned(), namespace: "team/shop".to_owned(), ..Token::default() };
    let mut role = Role::new("r", "s", &[]);
    role.namespace = "team/shop".to_owned();
    let mut seed = Seed::default().namespace("team").namespace("team/shop").mount("secret", 2).mount("team/shop/secret", 2);
    seed = seed.token("root", None).approle(role).secret("team/shop/secret/a", &[("k", "inner")]).secret("secret/a", &[("k", "outer")]);
    seed.tokens.push(inner);
    let server = serve(seed);
    let read = |token: &str, namespace: &str, path: &str| {
        let ask = Ask::new("GET", &format!("/v1/{path}")).header("X-Vault-Token", token).header("X-Vault-Namespace", namespace);
        let reply = ask.of(&server.url()).unwrap();
        (reply.status, reply.json()["data"]["data"]["k"].as_str().unwrap_or_default().to_owned())
    };
    let inside = (200, "inner".to_owned());
    assert_eq!(read("root", "team/shop/", "secret/data/a"), inside);
    assert_eq!(read("inner", "team/shop", "secret/data/a"), inside);
    assert_eq!(read("inner", "", "team/shop/secret/data/a"), inside);
    assert_eq!(read("root", "team", "shop/secret/data/a"), inside);
    assert_eq!(read("root", "", "secret/data/a"), (200, "outer".to_owned()));
    assert_eq!(read("inner", "", "secret/data/a").0, 403);
    assert_eq!(read("root", "team", "secret/data/a").0, 404);
    assert_eq!(read("root", "other", "secret/data/a").0, 404);
    let body = json!({"role_id": "r", "secret_id": "s"});
    assert_eq!(login(&server, "auth/approle/login", &body).status, 403);
    let reply = login(&server, "team/shop/auth/approle/login", &body);
    assert_eq!(read(reply.json()["auth"]["client_token"].as_str().unwrap(), "team/shop", "secret/data/a"), inside);
    assert_eq!(server.journal().calls()[0].subject.note("namespace"), Some("team/shop/"));
    assert_eq!(server.journal().calls()[3].subject.names, ["team/shop/secret/a"]);
}

#[test]
fn a_login_gives_a_token_that_ends() {
    let mut role = Role::new("r", "s", &["read"]);
    role.ttl = 60;
    let seed = Seed::default().rule("read", "secret/data", &[Capability::Read]).secret("secret/a", &[]);
    let server = serve(
        seed.approle(role)
            .kubernetes(Role::new("app", "jwt-a", &["read"]))
            .jwt(Role { mount: Some("github".to_owned()), ..Role::new("ci", "jwt-b", &["read"]) }),
    );
    let ways = [
        ("auth/approle/login", json!({"role_id": "r", "secret_id": "s"}), 60),
        ("auth/kubernetes/login", json!({"role": "app", "jwt": "jwt-a"}), 3600),
        ("auth/github/login", json!({"role": "ci", "jwt": "jwt-b"}), 3600),
    ];
    let mut tokens = Vec::new();
    for (path, body, ttl) in &ways {
        let auth = login(&server, path, body).json()["auth"].clone();
        assert!((*ttl - 1..=*ttl).contains(&auth["lease_duration"].as_i64().unwrap()));
        assert_eq!((&auth["policies"], &auth["renewable"]), (&json!(["default", "read"]), &json!(true)));
        let token = auth["client_token"].as_str().unwrap().to_owned();
        assert_eq!((get(&server, &token, "secret/data/a").status, get(&server, &token, "secret/metadata/a").status), (200, 403));
        assert_eq!(get(&server, &token, "auth/token/lookup-self").json()["data"]["path"], *path);
        tokens.push(token);
    }
    assert_eq!(server.protocol().issued(), tokens);
    let wrong = login(&server, "auth/approle/login", &json!({"role_id": "r", "secret_id": "x"}));
    assert_eq!(refusal(&wrong), (400, "invalid role or secret ID".to_owned()));
    assert_eq!(refusal(&login(&server, "auth/jwt/login", &ways[2].1)), (403, "permission denied".to_owned()));
    let logins: Vec<Credential> = server.journal().of("login").iter().map(|call| call.credential).collect();
    assert_eq!(logins, [Credential::Known, Credential::Known, Credential::Known, Credential::Unknown, Credential::Unknown]);

    assert_eq!(ask(&server, &tokens[1], "POST", "auth/token/revoke-self", &Value::Null).status, 204);
    assert!(!server.protocol().holds(&tokens[1]));
    assert_eq!(refusal(&get(&server, &tokens[1], "secret/data/a")), (403, INVALID.to_owned()));
    assert_eq!(server.journal().calls().last().unwrap().credential, Credential::Dead);
    assert_eq!(server.journal().of("revoke-self")[0].status, Some(204));

    server.protocol().pass(Duration::from_secs(50));
    assert_eq!(
        ask(&server, &tokens[0], "POST", "auth/token/renew-self", &json!({"increment": "30s"})).json()["auth"]["lease_duration"],
        30
    );
    server.protocol().pass(Duration::from_secs(29));
    assert_eq!(get(&server, &tokens[0], "secret/data/a").status, 200);
    server.protocol().pass(Duration::from_secs(2));
    assert_eq!(get(&server, &tokens[0], "secret/data/a").status, 403);
    assert_eq!(get(&server, &tokens[2], "secret/data/a").status, 200);
}

#[test]
fn nothing_secret_stands_in_the_journal() {
    let server = serve(Seed::default().approle(Role::new("role-id-canary", "secret-id-canary", &[])));
    let token = login(&server, "auth/approle/login", &json!({"role_id": "role-id-canary", "secret_id": "secret-id-canary"})).json();
    let token = token["auth"]["client_token"].as_str().unwrap();
    ask(&server, token, "POST", "secret/data/a", &json!({"data": {"k": "value-canary"}}));
    get(&server, token, "secret/data/a");
    let shown = format!("{:?}", server.journal().calls());
    assert_eq!(server.journal().count(), 3);
    assert!(!shown.contains("canary") && !shown.contains(token));
}
