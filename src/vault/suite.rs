//! The conformance suite: what every vault must do, whatever stands behind it. Each adapter runs it on itself.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::blank::Ask;
use crate::secret::Secret;
use crate::vault::Fetched;
use crate::vault::Shape;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::VaultFault;

/// A vault that the suite can put secrets into, behind the vault's back where it has to be.
#[async_trait]
pub(crate) trait Seeded: Debug + Send + Sync {
    /// The vault under test.
    fn vault(&self) -> &dyn Vault;

    /// Adds a version with a plain value.
    async fn put(&self, name: &str, value: &[u8]);

    /// Adds a version with fields. `json` is the text of a JSON object.
    async fn put_fields(&self, name: &str, json: &str);

    /// Removes the secret: the current version gives no value any more.
    async fn remove(&self, name: &str);

    /// Whether values that are not UTF-8 can be kept.
    fn binary(&self) -> bool;
}

/// Runs all of it. The vault must be empty.
pub(crate) async fn all(seeded: &dyn Seeded) {
    assert_eq!(seeded.vault().list().await.unwrap(), [], "the vault must be empty");
    missing(seeded).await;
    versions(seeded).await;
    removed(seeded).await;
    fields(seeded).await;
    order_and_duplicates(seeded).await;
    a_hundred_asks(seeded).await;
    names(seeded).await;
    values(seeded).await;
    listing(seeded).await;
}

pub(crate) fn ask(name: &str) -> Ask {
    Ask { vault: "default".to_owned(), name: name.to_owned(), key: None, version: None }
}

fn pinned(name: &str, version: &str) -> Ask {
    Ask { version: Some(version.to_owned()), ..ask(name) }
}

fn keyed(name: &str, key: &str) -> Ask {
    Ask { key: Some(key.to_owned()), ..ask(name) }
}

async fn one(seeded: &dyn Seeded, ask: Ask) -> Result<Fetched, VaultError> {
    let mut answers = seeded.vault().fetch(&[ask]).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

async fn value(seeded: &dyn Seeded, ask: Ask) -> Secret {
    one(seeded, ask).await.unwrap().value
}

/// The error of an ask, checked to be fit for a user.
async fn error(seeded: &dyn Seeded, ask: Ask) -> VaultError {
    let error = one(seeded, ask).await.unwrap_err();
    assert!(!error.reason.is_empty() && !error.next.is_empty(), "{error:?}");
    assert!(!error.reason.ends_with('.') && !error.next.ends_with('.'), "{error:?}");
    assert!(!error.reason.chars().chain(error.next.chars()).any(char::is_control), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    error
}

async fn missing(seeded: &dyn Seeded) {
    assert_eq!(error(seeded, ask("absent")).await.fault, VaultFault::NotFound);
    assert_eq!(error(seeded, ask("absent/too")).await.fault, VaultFault::NotFound);
    assert_eq!(error(seeded, pinned("absent", "1")).await.fault, VaultFault::NotFound);
    assert_eq!(seeded.vault().fetch(&[]).await.len(), 0);
}

async fn versions(seeded: &dyn Seeded) {
    for value in ["canary-1", "canary-2", "canary-3"] {
        seeded.put("versions/a", value.as_bytes()).await;
    }
    let current = one(seeded, ask("versions/a")).await.unwrap();
    assert_eq!((current.value.expose(), current.version.as_str()), (&b"canary-3"[..], "3"));
    assert_ne!(current.current, Some(false));
    let old = one(seeded, pinned("versions/a", "1")).await.unwrap();
    assert_eq!((old.value.expose(), old.version.as_str()), (&b"canary-1"[..], "1"));
    assert_ne!(old.current, Some(true));
    assert_eq!(value(seeded, pinned("versions/a", "3")).await.expose(), b"canary-3");
    for version in ["4", "0", "-1", "01", "1.0", "latest", "", "1&x=2", "99999999999999999999"] {
        assert_eq!(error(seeded, pinned("versions/a", version)).await.fault, VaultFault::NotFound, "{version}");
    }
}

async fn removed(seeded: &dyn Seeded) {
    seeded.put("removed", b"canary-1").await;
    seeded.remove("removed").await;
    assert_eq!(error(seeded, ask("removed")).await.fault, VaultFault::Gone);
    seeded.put("removed", b"canary-2").await;
    assert_eq!(value(seeded, ask("removed")).await.expose(), b"canary-2");
}

async fn fields(seeded: &dyn Seeded) {
    let json =
        r#"{"user": "canary-u", "password": "p\u00e4\"ss\n", "empty": "", "port": 5432, "on": true, "none": null, "list": ["canary"]}"#;
    seeded.put_fields("fields", json).await;
    assert_eq!(value(seeded, keyed("fields", "user")).await.expose(), b"canary-u");
    assert_eq!(value(seeded, keyed("fields", "password")).await.expose(), "pä\"ss\n".as_bytes());
    assert!(value(seeded, keyed("fields", "empty")).await.is_empty());
    for (key, json, kind) in
        [("port", "5432", "a number"), ("on", "true", "true or false"), ("none", "null", "null"), ("list", r#"["canary"]"#, "an array")]
    {
        let fetched = one(seeded, keyed("fields", key)).await.unwrap();
        assert_eq!((fetched.value.expose(), fetched.shape), (json.as_bytes(), Shape::Json(kind)));
    }
    let missing = error(seeded, keyed("fields", "passwort")).await;
    assert_eq!(missing.fault, VaultFault::NotFound);
    assert!(missing.reason.contains("`password`"), "{missing:?}");
    assert_eq!(error(seeded, keyed("fields", "")).await.fault, VaultFault::NotFound);
}

async fn order_and_duplicates(seeded: &dyn Seeded) {
    seeded.put("order/a", b"canary-a").await;
    seeded.put("order/b", b"canary-b").await;
    let asks = ["order/b", "order/absent", "order/a", "order/b", "order/b"].map(ask);
    let answers = seeded.vault().fetch(&asks).await;
    let values: Vec<Option<&[u8]>> = answers.iter().map(|answer| answer.as_ref().ok().map(|fetched| fetched.value.expose())).collect();
    let (a, b) = (Some(&b"canary-a"[..]), Some(&b"canary-b"[..]));
    assert_eq!(values, [b, None, a, b, b]);
}

async fn a_hundred_asks(seeded: &dyn Seeded) {
    let asks: Vec<Ask> = (0..100).map(|number| ask(&format!("hundred/{number}"))).collect();
    for (number, ask) in asks.iter().enumerate() {
        seeded.put(&ask.name, format!("canary-{number}").as_bytes()).await;
    }
    for (number, answer) in seeded.vault().fetch(&asks).await.iter().enumerate() {
        assert_eq!(answer.as_ref().unwrap().value.expose(), format!("canary-{number}").as_bytes());
    }
}

async fn names(seeded: &dyn Seeded) {
    let hostile = [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "a/./b",
        "..\\a",
        "a\\..\\b",
        "%2e%2e/a",
        "a%2fb",
        "a?version=1",
        "a#b",
        "//evil.example/a",
        "a\nb",
        "a\tb",
        "a\0b",
        "a\u{7f}",
        "\u{202e}a",
    ];
    let long = "n".repeat(5000);
    for name in hostile.into_iter().chain([long.as_str()]) {
        assert!(seeded.vault().check_name(name).is_err(), "{name:?}");
        assert_eq!(error(seeded, ask(name)).await.fault, VaultFault::BadName, "{name:?}");
    }
    for name in ["a", "a-b_c.d", "shop/prod/db", ".env"] {
        assert_eq!(seeded.vault().check_name(name), Ok(()), "{name}");
    }
}

async fn values(seeded: &dyn Seeded) {
    seeded.put("values/empty", b"").await;
    assert!(value(seeded, ask("values/empty")).await.is_empty());
    let text = "zwei\nZeilen\t\"und\" \\ 'mehr' \u{0}\u{1f} é 😀 \u{feff} \u{2028}\n";
    seeded.put("values/text", text.as_bytes()).await;
    assert_eq!(value(seeded, ask("values/text")).await.expose(), text.as_bytes());
    let large = "0123456789abcdef".repeat(4096);
    seeded.put("values/large", large.as_bytes()).await;
    assert_eq!(value(seeded, ask("values/large")).await.expose(), large.as_bytes());
    if seeded.binary() {
        let bytes: Vec<u8> = (0..=255).collect();
        seeded.put("values/binary", &bytes).await;
        assert_eq!(value(seeded, ask("values/binary")).await.expose(), bytes);
    }
}

async fn listing(seeded: &dyn Seeded) {
    let listed = seeded.vault().list().await.unwrap();
    let names: Vec<&str> = listed.iter().map(|listed| listed.name.as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    for name in ["fields", "hundred/99", "values/empty", "versions/a"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(!names.contains(&"absent"));
}
