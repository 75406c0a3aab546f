//! Azure Key Vault and Entra ID on the wire.

use serde_json::Value;
use vault_mock::azure::{Azure, Client, Seed, Version};
use vault_mock::{Credential, Fault, Script, Server};

use crate::client::{Ask, Reply};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn server() -> Server<Azure> {
    let mut seed = Seed::default()
        .client(Client { id: "all".to_owned(), secret: Some("s".to_owned()), ..Client::default() })
        .client(Client { id: "reader".to_owned(), secret: Some("r".to_owned()), may: Some(vec!["get".to_owned()]), ..Client::default() })
        .secret("db", "one")
        .secret("Db-2", "x");
    for number in 0..30 {
        seed = seed.secret(&format!("n-{number}"), "v");
    }
    let server = Azure::serve(seed).unwrap();
    server.protocol().put("db", Version { value: "two".to_owned(), exp: Some(9), ..Version::default() }).unwrap();
    server
}

fn login(server: &Server<Azure>, tenant: &str, form: &str) -> Reply {
    let ask = Ask::new("POST", &format!("/{tenant}/oauth2/v2.0/token")).header("Content-Type", "application/x-www-form-urlencoded");
    ask.body(form).of(&server.url()).unwrap()
}

fn form(client: &str, secret: &str) -> String {
    format!("grant_type=client_credentials&client_id={client}&client_secret={secret}&scope=https%3A%2F%2Fhere%2F.default")
}

fn token(server: &Server<Azure>, client: &str, secret: &str) -> String {
    login(server, TENANT, &form(client, secret)).json()["access_token"].as_str().unwrap().to_owned()
}

fn get(server: &Server<Azure>, token: &str, place: &str) -> Reply {
    let ask = Ask::new("GET", place).header("Authorization", &format!("Bearer {token}"));
    ask.of(&server.url()).unwrap()
}

#[test]
fn who_has_no_token_is_told_where_to_get_one() {
    let server = server();
    let reply = Ask::new("GET", "/secrets/db/?api-version=7.5").of(&server.url()).unwrap();
    let expected = format!("bearer authorization=\"http://here/{TENANT}\", resource=\"https://here\"");
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some(expected.as_str())));
    assert_eq!(get(&server, "other", "/secrets/db?api-version=7.5").status, 401);
    let token = token(&server, "all", "s");
    assert_eq!(get(&server, &token, "/secrets/db?api-version=7.5").status, 200);
    server.protocol().revoke();
    assert_eq!(get(&server, &token, "/secrets/db?api-version=7.5").status, 401);
    let calls = server.journal().of("GetSecret");
    assert_eq!(
        calls.iter().map(|call| call.credential).collect::<Vec<_>>(),
        [Credential::None, Credential::Unknown, Credential::Known, Credential::Dead]
    );
    assert_eq!(calls[0].subject.names, ["db"]);
}

#[test]
fn logins_are_checked() {
    let server = server();
    let doors = Ask::new("GET", &format!("/{TENANT}/v2.0/.well-known/openid-configuration")).of(&server.url()).unwrap().json();
    assert_eq!(doors["token_endpoint"], format!("http://here/{TENANT}/oauth2/v2.0/token"));
    let code = |tenant: &str, form: &str| {
        let reply = login(&server, tenant, form);
        (reply.status, reply.json()["error_codes"][0].as_u64().unwrap_or_default())
    };
    assert_eq!(code("other", &form("all", "s")), (400, 90002));
    assert_eq!(code(TENANT, &form("nobody", "s")), (400, 700_016));
    assert_eq!(code(TENANT, &form("all", "r")), (401, 7_000_215));
    assert_eq!(code(TENANT, &form("all", "s").replace("here", "there")), (400, 500_011));
    assert_eq!(code(TENANT, &form("all", "s").replace("client_credentials", "password")), (400, 70003));
    let asserted = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
    assert_eq!(code(TENANT, &format!("{}&{asserted}", form("all", ""))), (400, 50027));
    assert!(!format!("{:?}", server.journal().calls()).contains("client_secret"));
}

#[test]
fn versions_and_pages() {
    let server = server();
    let token = token(&server, "all", "s");
    let json = |place: &str| get(&server, &token, place).json();
    let current = json("/secrets/DB/?api-version=7.5");
    assert_eq!((current["value"].as_str(), current["attributes"]["exp"].as_u64()), (Some("two"), Some(9)));
    let versions = json("/secrets/db/versions?api-version=7.5");
    let ids: Vec<&str> = versions["value"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids.contains(&current["id"].as_str().unwrap()) && versions["value"][0].get("value").is_none());
    let first = json("/secrets?api-version=7.5");
    assert_eq!(first["value"].as_array().unwrap().len(), 25);
    let next = first["nextLink"].as_str().unwrap().strip_prefix("http://here").unwrap();
    let second = json(next);
    assert_eq!((second["value"].as_array().unwrap().len(), &second["nextLink"]), (7, &Value::Null));
    assert_eq!(json("/secrets?api-version=7.5&maxresults=26")["error"]["code"], "BadParameter");
    assert_eq!(json("/secrets/db")["error"]["code"], "BadParameter");
    assert_eq!(json("/secrets/none?api-version=7.5")["error"]["code"], "SecretNotFound");
}

#[test]
fn what_is_forbidden_and_what_is_gone() {
    let server = server();
    let (all, reader) = (token(&server, "all", "s"), token(&server, "reader", "r"));
    let inner = |reply: Reply, spelling: &str| reply.json()["error"][spelling]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(get(&server, &reader, "/secrets/db?api-version=7.5").status, 200);
    assert_eq!(inner(get(&server, &reader, "/secrets?api-version=7.5"), "innererror"), "AccessDenied");
    server.protocol().disable("db", None);
    assert_eq!(inner(get(&server, &all, "/secrets/db?api-version=7.5"), "innerError"), "SecretDisabled");
    assert!(server.protocol().delete("Db-2"));
    assert_eq!(get(&server, &all, "/secrets/db-2?api-version=7.5").status, 404);
    assert!(get(&server, &all, "/deletedsecrets/db-2?api-version=7.5").json()["scheduledPurgeDate"].is_u64());
    let graves = get(&server, &all, "/deletedsecrets?api-version=7.5").json();
    assert_eq!(graves["value"].as_array().unwrap().len(), 1);
    assert_eq!((&graves["value"][0]["id"], graves["value"][0].get("value")), (&Value::from("http://here/secrets/Db-2"), None));
    assert_eq!(get(&server, &reader, "/deletedsecrets?api-version=7.5").status, 403);
    for (variant, code) in [("firewall", "ForbiddenByFirewall"), ("rbac", "ForbiddenByRbac"), ("connection", "ForbiddenByConnection")] {
        server.script(Script::new("GetSecret", 1, Fault::variant(403, variant)));
        assert_eq!(inner(get(&server, &all, "/secrets/db?api-version=7.5"), "innererror"), code);
    }
}

#[test]
fn managed_identities_have_their_own_door() {
    let server = server();
    let ask = Ask::new("GET", "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fhere");
    assert_eq!(ask.of(&server.url()).unwrap().status, 400);
    let answer = ask.header("Metadata", "true").of(&server.url()).unwrap().json();
    assert!(answer["expires_on"].as_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(get(&server, answer["access_token"].as_str().unwrap(), "/secrets/db?api-version=7.5").status, 200);
}
