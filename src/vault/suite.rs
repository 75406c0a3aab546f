//! The conformance suite: what every vault must do, whatever is behind it. Each adapter runs it on itself.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::Adapter;
use crate::vault::SecretValue;
use crate::vault::Shape;

/// A vault that the suite can put secrets into, behind the vault's back where it has to be.
#[async_trait]
pub(crate) trait Seeded: Debug + Send + Sync {
    /// The vault under test.
    fn vault(&self) -> &dyn Adapter;

    /// Adds a version with a plain value.
    async fn put(&self, name: &str, value: &[u8]);

    /// Adds a version with fields. `json` is the text of a JSON object.
    async fn put_fields(&self, name: &str, json: &str);

    /// Removes the secret: the current version gives no value any more.
    async fn remove(&self, name: &str);

    /// What the vault can do.
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    /// What the suite calls `versions/a` by this vault's rule of names. Different names stay different.
    fn name(&self, neutral: &str) -> String {
        neutral.to_owned()
    }

    /// How many requests a server has seen so far, where there is one that counts.
    fn calls(&self) -> Option<usize> {
        None
    }
}

/// What differs between vaults.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a vault can do or not")]
pub(crate) struct Abilities {
    /// What a version is.
    pub(crate) versions: Versions,
    /// Whether values that are not UTF-8 can be kept.
    pub(crate) binary: bool,
    /// Whether a value may be empty.
    pub(crate) empty: bool,
    /// Whether a value may hold the character NUL.
    pub(crate) nul: bool,
    /// The size in bytes of a value that the vault must take.
    pub(crate) large: usize,
    /// Whether a removed secret is told apart from one that never was.
    pub(crate) remembers: bool,
    /// Whether it can list.
    pub(crate) lists: bool,
    /// Whether a probe of a secret that is there reads no value.
    pub(crate) probes: bool,
    /// Names that must be accepted.
    pub(crate) good: &'static [&'static str],
    /// Those of the suite's hostile names that are names here all the same.
    pub(crate) lawful: &'static [&'static str],
}

impl Default for Abilities {
    fn default() -> Self {
        Self {
            versions: Versions::Numbers,
            binary: false,
            empty: true,
            nul: true,
            large: 1 << 16,
            remembers: true,
            lists: true,
            probes: false,
            good: &["a", "a-b_c.d", "shop/prod/db", ".env"],
            lawful: &[],
        }
    }
}

/// What versions are in a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "which kinds there are depends on the features, so that no expectation would hold for all of them")]
pub(crate) enum Versions {
    /// 1, 2, 3, ….
    Numbers,
    /// Names that the vault makes up.
    Opaque,
    /// There is one value only.
    None,
}

/// Runs all of it. The vault must be empty.
pub(crate) async fn all(seeded: &dyn Seeded) {
    if seeded.abilities().lists {
        assert_eq!(seeded.vault().list().await.unwrap(), [], "the vault must be empty");
    }
    missing(seeded).await;
    versions(seeded).await;
    removed(seeded).await;
    fields(seeded).await;
    order_and_duplicates(seeded).await;
    a_hundred_asks(seeded).await;
    names(seeded).await;
    values(seeded).await;
    probing(seeded).await;
    planning(seeded).await;
    listing(seeded).await;
    for _ in 0..2 {
        assert_eq!(seeded.vault().close().await, Ok(()));
    }
}

pub(crate) fn ask(name: &str) -> SecretRef {
    SecretRef { vault: "default".to_owned(), name: name.to_owned(), key: None, version: None }
}

fn pinned(name: &str, version: &str) -> SecretRef {
    SecretRef { version: Some(version.to_owned()), ..ask(name) }
}

fn keyed(name: &str, key: &str) -> SecretRef {
    SecretRef { key: Some(key.to_owned()), ..ask(name) }
}

async fn one(seeded: &dyn Seeded, ask: SecretRef) -> Result<SecretValue, ServiceError> {
    let mut answers = seeded.vault().fetch(&[ask]).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

async fn value(seeded: &dyn Seeded, ask: SecretRef) -> Secret {
    one(seeded, ask).await.unwrap().value
}

/// The error of an ask, checked to be fit for a user.
async fn error(seeded: &dyn Seeded, ask: SecretRef) -> ServiceError {
    let error = one(seeded, ask).await.unwrap_err();
    assert!(!error.reason.is_empty() && !error.next.is_empty(), "{error:?}");
    assert!(!error.reason.ends_with('.') && !error.next.ends_with('.'), "{error:?}");
    assert!(!error.reason.chars().chain(error.next.chars()).any(char::is_control), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    error
}

async fn missing(seeded: &dyn Seeded) {
    let (absent, too) = (seeded.name("absent"), seeded.name("absent/too"));
    assert_eq!(error(seeded, ask(&absent)).await.fault, ServiceFault::NotFound);
    assert_eq!(error(seeded, ask(&too)).await.fault, ServiceFault::NotFound);
    assert_eq!(error(seeded, pinned(&absent, "1")).await.fault, unpinned(seeded));
    assert_eq!(seeded.vault().fetch(&[]).await.len(), 0);
    assert_eq!(seeded.vault().probe(&[]).await.len(), 0);
}

/// The fault of an ask for a version that is not there.
fn unpinned(seeded: &dyn Seeded) -> ServiceFault {
    if seeded.abilities().versions == Versions::None { ServiceFault::Unsupported } else { ServiceFault::NotFound }
}

async fn versions(seeded: &dyn Seeded) {
    let name = &seeded.name("versions/a");
    let kind = seeded.abilities().versions;
    let mut written = Vec::new();
    for (number, value) in (1..).zip(["canary-1", "canary-2", "canary-3"]) {
        seeded.put(name, value.as_bytes()).await;
        let current = one(seeded, ask(name)).await.unwrap();
        assert_eq!(current.value.expose(), value.as_bytes());
        assert_ne!(current.current, Some(false));
        match kind {
            Versions::Numbers => assert_eq!(current.version, number.to_string()),
            Versions::Opaque => assert!(!current.version.is_empty()),
            Versions::None => assert_eq!(current.version, ""),
        }
        written.push((current.version, value));
    }
    if kind != Versions::None {
        assert_eq!(written.iter().map(|(version, _)| version).collect::<BTreeSet<_>>().len(), 3, "versions are told apart");
        for (version, value) in &written {
            let old = one(seeded, pinned(name, version)).await.unwrap();
            assert_eq!((old.value.expose(), &old.version), (value.as_bytes(), version));
            let wrong = Some(*value != "canary-3");
            assert_ne!(old.current, wrong);
        }
    }
    let no_version = ["4", "0", "-1", "01", "1.0", "latest", "", "1&x=2", "..", "1/../2", "99999999999999999999"];
    for version in no_version {
        assert_eq!(error(seeded, pinned(name, version)).await.fault, unpinned(seeded), "{version}");
    }
}

async fn removed(seeded: &dyn Seeded) {
    let name = &seeded.name("removed");
    seeded.put(name, b"canary-1").await;
    seeded.remove(name).await;
    let fault = if seeded.abilities().remembers { ServiceFault::Gone } else { ServiceFault::NotFound };
    assert_eq!(error(seeded, ask(name)).await.fault, fault);
    seeded.put(name, b"canary-2").await;
    assert_eq!(value(seeded, ask(name)).await.expose(), b"canary-2");
}

async fn fields(seeded: &dyn Seeded) {
    let json =
        r#"{"user": "canary-u", "password": "p\u00e4\"ss\n", "empty": "", "port": 5432, "on": true, "none": null, "list": ["canary"]}"#;
    let name = &seeded.name("fields");
    seeded.put_fields(name, json).await;
    assert_eq!(value(seeded, keyed(name, "user")).await.expose(), b"canary-u");
    assert_eq!(value(seeded, keyed(name, "password")).await.expose(), "pä\"ss\n".as_bytes());
    assert!(value(seeded, keyed(name, "empty")).await.is_empty());
    for (key, json, kind) in
        [("port", "5432", "a number"), ("on", "true", "true or false"), ("none", "null", "null"), ("list", r#"["canary"]"#, "an array")]
    {
        let fetched = one(seeded, keyed(name, key)).await.unwrap();
        assert_eq!((fetched.value.expose(), fetched.shape), (json.as_bytes(), Shape::Json(kind)));
    }
    let missing = error(seeded, keyed(name, "passwort")).await;
    assert_eq!(missing.fault, ServiceFault::NotFound);
    assert!(missing.reason.contains("`password`"), "{missing:?}");
    assert_eq!(error(seeded, keyed(name, "")).await.fault, ServiceFault::NotFound);
}

async fn order_and_duplicates(seeded: &dyn Seeded) {
    let [first, second, absent] = ["order/a", "order/b", "order/absent"].map(|name| seeded.name(name));
    seeded.put(&first, b"canary-a").await;
    seeded.put(&second, b"canary-b").await;
    let asks = [&second, &absent, &first, &second, &second].map(|name| ask(name));
    let answers = seeded.vault().fetch(&asks).await;
    let values: Vec<Option<&[u8]>> = answers.iter().map(|answer| answer.as_ref().ok().map(|fetched| fetched.value.expose())).collect();
    let (a, b) = (Some(&b"canary-a"[..]), Some(&b"canary-b"[..]));
    assert_eq!(values, [b, None, a, b, b]);
}

async fn a_hundred_asks(seeded: &dyn Seeded) {
    let asks: Vec<SecretRef> = (0..100).map(|number| ask(&seeded.name(&format!("hundred/{number}")))).collect();
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
    let Abilities { good, lawful, .. } = seeded.abilities();
    for name in hostile.into_iter().chain([long.as_str()]).filter(|name| !lawful.contains(name)) {
        assert!(seeded.vault().check_name(name).is_err(), "{name:?}");
        assert_eq!(error(seeded, ask(name)).await.fault, ServiceFault::BadName, "{name:?}");
    }
    for name in good.iter().chain(lawful) {
        assert_eq!(seeded.vault().check_name(name), Ok(()), "{name}");
    }
}

async fn values(seeded: &dyn Seeded) {
    let Abilities { binary, empty, nul, large, .. } = seeded.abilities();
    let mut list: Vec<(&str, Vec<u8>)> = Vec::new();
    if empty {
        list.push(("values/empty", Vec::new()));
    }
    let text = "zwei\nZeilen\t\"und\" \\ 'mehr' \u{0}\u{1f} é 😀 \u{feff} \u{2028}\n";
    list.push(("values/text", text.chars().filter(|character| nul || *character != '\0').collect::<String>().into_bytes()));
    list.push(("values/large", b"0123456789abcdef".repeat(large / 16)));
    if binary {
        list.push(("values/binary", (0..=255).collect()));
    }
    for (name, bytes) in list {
        let name = seeded.name(name);
        seeded.put(&name, &bytes).await;
        assert!(value(seeded, ask(&name)).await.expose() == bytes, "{name}");
    }
}

/// A probe says what a fetch would.
async fn probing(seeded: &dyn Seeded) {
    let Abilities { probes, remembers, .. } = seeded.abilities();
    let [present, removed, absent] = ["probe/present", "probe/removed", "probe/absent"].map(|name| seeded.name(name));
    seeded.put(&present, b"canary-1").await;
    let first = one(seeded, ask(&present)).await.unwrap().version;
    seeded.put(&present, b"canary-2").await;
    seeded.put(&removed, b"canary").await;
    seeded.remove(&removed).await;
    let asks = [
        ask(&present),
        pinned(&present, &first),
        ask(&removed),
        ask(&absent),
        pinned(&present, "no-version"),
        ask("a/../b"),
        ask(&present),
    ];
    let fetched = seeded.vault().fetch(&asks).await;
    let probed = seeded.vault().probe(&asks).await;
    assert_eq!((fetched.len(), probed.len()), (asks.len(), asks.len()));
    for ((ask, fetched), probed) in asks.iter().zip(&fetched).zip(&probed) {
        match (fetched, probed) {
            (Ok(fetched), Ok(probed)) => {
                let times = (fetched.not_before, fetched.expires);
                assert_eq!((&fetched.version, times), (&probed.version, (probed.not_before, probed.expires)), "{ask:?}");
                assert_ne!(probed.current.zip(fetched.current).map(|(one, other)| one == other), Some(false), "{ask:?}");
                assert_ne!(probed.created.zip(fetched.created).map(|(one, other)| one == other), Some(false), "{ask:?}");
                assert_eq!(probed.read, !probes, "{ask:?}");
            }
            (Err(fetched), Err(probed)) => assert_eq!(fetched.fault, probed.fault, "{ask:?}: {fetched:?}, {probed:?}"),
            _ => panic!("{ask:?}: fetched {fetched:?}, probed {probed:?}"),
        }
    }
    let described = seeded.vault().describe(&asks).await;
    assert_eq!(described.len(), asks.len());
    assert!(!probes || described[0].is_ok(), "{described:?}");
    for ((ask, probed), described) in asks.iter().zip(&probed).zip(&described) {
        match (probed, described) {
            (Ok(probed), Ok(described)) => {
                assert_eq!((&probed.version, probed.expires), (&described.version, described.expires), "{ask:?}");
                assert!(!described.read, "{ask:?}");
            }
            // Without its value, some vaults do not say what a version is, or whether its time is over.
            (_, Err(error)) if error.fault == ServiceFault::Unsupported => {}
            (Err(_), Ok(described)) => assert!(described.expires.is_some(), "{ask:?}"),
            (Err(probed), Err(described)) => assert_eq!(probed.fault, described.fault, "{ask:?}: {probed:?}, {described:?}"),
            (Ok(_), Err(_)) => panic!("{ask:?}: probed {probed:?}, described {described:?}"),
        }
    }
    assert!(fetched[0].is_ok() && fetched[6].is_ok() && fetched[3].is_err());
    assert_eq!(fetched[2].as_ref().err().map(|error| error.fault == ServiceFault::Gone), Some(remembers));
}

/// The plan's calls are those that are made.
async fn planning(seeded: &dyn Seeded) {
    let mut asks: Vec<SecretRef> = (0..50).map(|number| ask(&seeded.name(&format!("hundred/{number}")))).collect();
    let again: Vec<SecretRef> = asks.iter().take(7).map(|ask| keyed(&ask.name, "k")).collect();
    asks.extend(again);
    let plan = seeded.vault().plan(&asks);
    assert!(plan.parallel >= 1);
    assert_eq!(plan.secrets, 50);
    assert_eq!(seeded.vault().plan(&[]).calls, 0);
    let Some(before) = seeded.calls() else { return };
    let answers = seeded.vault().fetch(&asks).await;
    assert_eq!(seeded.calls().map(|after| after - before), Some(plan.calls), "{plan:?}");
    assert!(answers[..50].iter().all(Result::is_ok) && answers[50..].iter().all(Result::is_err));
}

async fn listing(seeded: &dyn Seeded) {
    if !seeded.abilities().lists {
        let error = seeded.vault().list().await.unwrap_err();
        assert_eq!(error.fault, ServiceFault::Unsupported, "{error:?}");
        return;
    }
    let listed = seeded.vault().list().await.unwrap();
    let names: Vec<&str> = listed.iter().map(|listed| listed.name.as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    for name in ["fields", "hundred/99", "values/text", "versions/a"] {
        assert!(names.contains(&seeded.name(name).as_str()), "{name} is not in {names:?}");
    }
    assert!(!names.contains(&seeded.name("absent").as_str()));
}
