//! Google Secret Manager as it looks on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vault_mock::gcp::{Gcp, Permission, Seed, State};
use vault_mock::{Credential, Fault, Script, Server};

use crate::client::{Ask, Reply};

const SECRETS: &str = "/v1/projects/demo-project/secrets";

fn seed() -> Seed {
    Seed::default().secret("shop-db", "one").secret("shop-db", "two").secret("europe-west3/shop-db", "drei")
}

fn token(server: &Server<Gcp>) -> String {
    let user: Value = serde_json::from_str(&server.protocol().authorized_user(&server.url())).unwrap();
    let fields = ["client_id", "client_secret", "refresh_token"].map(|key| format!("{key}={}", user[key].as_str().unwrap()));
    let body = format!("grant_type=refresh_token&{}", fields.join("&"));
    let reply = Ask::new("POST", "/token").body(body).of(&server.url()).unwrap();
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

fn get(server: &Server<Gcp>, path: &str) -> Reply {
    Ask::new("GET", path).header("Authorization", &format!("Bearer {}", token(server))).of(&server.url()).unwrap()
}

/// The status code, and the status and reason in the body.
fn refusal(reply: &Reply) -> (u16, String, String) {
    let error = &reply.json()["error"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (reply.status, text(&error["status"]), text(&error["details"][0]["reason"]))
}

#[test]
fn a_version_comes_with_its_checksum() {
    let server = Gcp::serve(seed()).unwrap();
    let two = json!({
        "name": "projects/123456789012/secrets/shop-db/versions/2",
        "payload": { "data": STANDARD.encode("two"), "dataCrc32c": crc32c::crc32c(b"two").to_string() },
    });
    assert_eq!(get(&server, &format!("{SECRETS}/shop-db/versions/latest:access")).json(), two);
    assert_eq!(get(&server, "/v1/projects/123456789012/secrets/shop-db/versions/2:access?$alt=json;enum-encoding=int").json(), two);
    assert_eq!(get(&server, &format!("{SECRETS}/shop-db/versions/2%3Aaccess")).json(), two);
    let regional = get(&server, "/v1/projects/demo-project/locations/europe-west3/secrets/shop-db/versions/1:access").json();
    assert_eq!(regional["name"], "projects/123456789012/locations/europe-west3/secrets/shop-db/versions/1");
    server.script(Script::new("AccessSecretVersion", 1, Fault::WrongCrc));
    let damaged = get(&server, &format!("{SECRETS}/shop-db/versions/latest:access")).json();
    assert_eq!(damaged["payload"]["data"], two["payload"]["data"]);
    assert_ne!(damaged["payload"]["dataCrc32c"], two["payload"]["dataCrc32c"]);
}

#[test]
fn metadata_has_no_value_and_enumerations_as_asked() {
    let server = Gcp::serve(seed()).unwrap();
    server.protocol().set("shop-db", Some(1), State::Disabled);
    let version = get(&server, &format!("{SECRETS}/shop-db/versions/1")).json();
    assert_eq!((&version["state"], version.get("payload")), (&json!("DISABLED"), None));
    assert_eq!(get(&server, &format!("{SECRETS}/shop-db/versions/1?$alt=json;enum-encoding=int")).json()["state"], json!(2));
}

#[test]
fn refusals_have_googles_form() {
    let server = Gcp::serve(seed().secret("closed", "v").deny("closed")).unwrap();
    let is = |path: &str, code: u16, status: &str, reason: &str| {
        assert_eq!(refusal(&get(&server, path)), (code, status.to_owned(), reason.to_owned()), "{path}");
    };
    is(&format!("{SECRETS}/none/versions/1:access"), 404, "NOT_FOUND", "");
    is(&format!("{SECRETS}/shop-db/versions/3:access"), 404, "NOT_FOUND", "");
    is(&format!("{SECRETS}/shop-db/versions/stable:access"), 404, "NOT_FOUND", "");
    is(&format!("{SECRETS}/closed/versions/1:access"), 403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED");
    is("/v1/projects/other-project/secrets", 403, "PERMISSION_DENIED", "CONSUMER_INVALID");
    server.protocol().set("shop-db", None, State::Destroyed);
    is(&format!("{SECRETS}/shop-db/versions/latest:access"), 400, "FAILED_PRECONDITION", "");
    server.script(Script::new("ListSecrets", 1, Fault::status(429)));
    is(SECRETS, 429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED");
    let nobody = Ask::new("GET", SECRETS).of(&server.url()).unwrap();
    assert_eq!(refusal(&nobody), (401, "UNAUTHENTICATED".to_owned(), "CREDENTIALS_MISSING".to_owned()));
    let old = token(&server);
    server.protocol().revoke();
    let dead = Ask::new("GET", SECRETS).header("Authorization", &format!("Bearer {old}")).of(&server.url()).unwrap();
    assert_eq!(refusal(&dead), (401, "UNAUTHENTICATED".to_owned(), "ACCESS_TOKEN_EXPIRED".to_owned()));
    assert_eq!(server.journal().calls().last().unwrap().credential, Credential::Dead);
}

#[test]
fn lists_come_in_pages() {
    let server = Gcp::serve(seed().secret("a", "v").secret("z", "v")).unwrap();
    let page = get(&server, &format!("{SECRETS}?pageSize=2")).json();
    let names: Vec<&str> = page["secrets"].as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["projects/123456789012/secrets/a", "projects/123456789012/secrets/shop-db"]);
    assert_eq!(page["nextPageToken"], "at 2");
    let page = get(&server, &format!("{SECRETS}?pageSize=2&pageToken=at%202")).json();
    assert_eq!((page["secrets"].as_array().unwrap().len(), page.get("nextPageToken")), (1, None));
    assert_eq!(get(&server, &format!("{SECRETS}?pageToken=x")).status, 400);
}

#[test]
fn versions_are_listed_newest_first_and_by_their_own_permission() {
    let server = Gcp::serve(seed()).unwrap();
    server.protocol().set("shop-db", Some(1), State::Destroyed);
    let page = get(&server, &format!("{SECRETS}/shop-db/versions?pageSize=1")).json();
    let newest = &page["versions"][0];
    assert_eq!((&newest["name"], &newest["state"]), (&json!("projects/123456789012/secrets/shop-db/versions/2"), &json!("ENABLED")));
    let next = page["nextPageToken"].as_str().unwrap().replace(' ', "%20");
    let page = get(&server, &format!("{SECRETS}/shop-db/versions?pageToken={next}&$alt=json;enum-encoding=int")).json();
    let states: Vec<&Value> = page["versions"].as_array().unwrap().iter().map(|version| &version["state"]).collect();
    assert_eq!((states, &page["totalSize"]), (vec![&json!(3)], &json!(2)));
    assert_eq!(get(&server, &format!("{SECRETS}/absent/versions")).status, 404);
    let narrow = Gcp::serve(seed().may(&[Permission::List])).unwrap();
    let denied = ("PERMISSION_DENIED".to_owned(), "IAM_PERMISSION_DENIED".to_owned());
    assert_eq!(refusal(&get(&narrow, &format!("{SECRETS}/shop-db/versions"))), (403, denied.0, denied.1));
}

#[test]
fn tokens_are_given_for_what_is_known() {
    let server = Gcp::serve(seed().may(&[Permission::Access])).unwrap();
    let post = |path: &str, body: &str| Ask::new("POST", path).body(body).of(&server.url()).unwrap().status;
    assert_eq!(post("/token", "grant_type=refresh_token&refresh_token=demo-refresh-token"), 400);
    assert_eq!(post("/v1/token", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=demo-subject-token"), 200);
    assert_eq!(post("/v1/token", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=x"), 400);
    let metadata = "/computeMetadata/v1/instance/service-accounts/default/token";
    assert_eq!(Ask::new("GET", metadata).header("Metadata-Flavor", "Google").of(&server.url()).unwrap().status, 200);
    assert_eq!(Ask::new("GET", metadata).of(&server.url()).unwrap().status, 400);
    let body = r#"{"permissions": ["secretmanager.versions.access", "secretmanager.versions.get"]}"#;
    let asked = Ask::new("POST", &format!("{SECRETS}/shop-db:testIamPermissions")).body(body);
    let reply = asked.header("Authorization", &format!("Bearer {}", token(&server))).of(&server.url()).unwrap();
    assert_eq!(reply.json(), json!({ "permissions": ["secretmanager.versions.access"] }));
}
