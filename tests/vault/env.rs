//! The adapter for environment variables, and its words.

use std::sync::Arc;

use cloze::blank::SecretRef;
use cloze::secret::Secret;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::vault::Diagnose;
use cloze::vault::ListSecrets;
use cloze::vault::Surroundings;
use cloze::vault::Vault as _;
use cloze::vault::env::EnvVault;
use cloze::vault::env::Settings;

use crate::read::ask;
use crate::read::one;

/// What is set in these tests.
const TABLE: [(&str, &str); 6] = [
    ("SHOP_DB", "canary"),
    ("SHOP_EMPTY", ""),
    ("SHOP_JSON", r#"{"user": "canary"}"#),
    ("shop_db", "other"),
    ("HOME", "/"),
    ("SHOP_a-b", "x"),
];

#[derive(Debug)]
struct Table;

impl Surroundings for Table {
    fn get(&self, name: &str) -> Option<Secret> {
        TABLE.iter().find(|(known, _)| *known == name).map(|(_, value)| Secret::copy_of(value.as_bytes()))
    }

    fn names(&self) -> Vec<String> {
        TABLE.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

fn made(prefix: &str, prefixes: &[&str]) -> Result<EnvVault, ServiceError> {
    let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
    EnvVault::new(Settings { prefix: prefix.to_owned(), variables: Arc::new(Table), prefixes })
}

fn vault(prefix: &str) -> EnvVault {
    made(prefix, &[]).unwrap()
}

#[tokio::test]
async fn what_is_set_is_read_letter_for_letter() {
    assert_eq!(one(&vault("SHOP_"), ask("DB", None, None)).await.unwrap().value.expose(), b"canary");
    assert_eq!(one(&vault(""), ask("shop_db", None, None)).await.unwrap().value.expose(), b"other");
    assert_eq!(one(&vault("SHOP_"), ask("JSON", Some("user"), None)).await.unwrap().value.expose(), b"canary");
    let empty = one(&vault("SHOP_"), ask("EMPTY", None, None)).await.unwrap();
    assert!(empty.value.is_empty());
    assert_eq!((empty.version.as_str(), empty.current), ("", Some(true)));
}

#[tokio::test]
async fn what_is_not_is_told() {
    let reported = async |vault: &EnvVault, ask: SecretRef| {
        let error = one(vault, ask).await.unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
        (error.fault, error.reason, error.next)
    };
    let shop = vault("SHOP_");
    let unset = "set it where cloze runs, or check the name: lower and upper case differ";
    let expected = (ServiceFault::NotFound, "the variable `SHOP_db` is not set".to_owned(), unset.to_owned());
    assert_eq!(reported(&shop, ask("db", None, None)).await, expected);
    let versions = "variables have no versions, and version `3` of `SHOP_DB` was asked for";
    let expected = (ServiceFault::Unsupported, versions.to_owned(), "leave `version` out".to_owned());
    assert_eq!(reported(&shop, ask("DB", None, Some("3"))).await, expected);
    let name = "a variable's name begins with `SHOP_a` and has '-'; it is made of letters, digits and `_`";
    assert_eq!(reported(&shop, ask("a-b", None, None)).await, (ServiceFault::BadName, name.to_owned(), "correct the name".to_owned()));
    assert_eq!(reported(&shop, ask("DB", Some("user"), None)).await.0, ServiceFault::BadValue);
    let limited = made("SHOP_", &["DB", "J"]).unwrap();
    assert_eq!(reported(&limited, ask("EMPTY", None, None)).await.1, "`EMPTY` is outside the prefixes that the project allows: `DB`, `J`");
    let error = made("SHOP-", &[]).unwrap_err();
    assert_eq!(error.fault, ServiceFault::BadName);
    assert_eq!(
        error.reason,
        "the prefix of the variables cannot be used: a variable's name begins with `SHOP` and has '-'; it is made of letters, digits and `_`"
    );
    assert_eq!(error.next, "give a prefix such as `SHOP_`");
}

#[tokio::test]
async fn a_list_needs_a_prefix() {
    let names = async |vault: EnvVault| vault.list().await.map(|list| list.into_iter().map(|listed| listed.name).collect::<Vec<_>>());
    assert_eq!(names(vault("SHOP_")).await.unwrap(), ["DB", "EMPTY", "JSON"]);
    assert_eq!(names(made("SHOP_", &["J"]).unwrap()).await.unwrap(), ["JSON"]);
    let error = names(vault("")).await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (ServiceFault::Unsupported, "without a prefix, all of the environment would be listed")
    );
    assert_eq!(error.next, "give the vault a prefix, such as `SHOP_`");
}

#[tokio::test]
async fn a_probe_reads_no_value_but_for_a_field() {
    let probed = vault("SHOP_").probe(&[ask("DB", None, None), ask("JSON", Some("user"), None), ask("none", None, None)]).await;
    assert_eq!(probed.iter().map(|found| found.as_ref().ok().map(|found| found.read)).collect::<Vec<_>>(), [Some(false), Some(true), None]);
}

#[tokio::test]
async fn the_walk_counts_what_is_set() {
    let walk = async |prefix: &str| {
        let findings = vault(prefix).diagnose().await;
        assert_eq!((findings.len(), findings[0].step), (1, DiagnosticStep::Setup));
        findings[0].outcome.clone().map_err(|error| error.reason)
    };
    assert_eq!(walk("SHOP_").await.unwrap(), "3 variables begin with `SHOP_`");
    assert_eq!(walk("HO").await.unwrap(), "1 variable begins with `HO`");
    assert_eq!(walk("").await.unwrap(), "every variable that a template names is one of its secrets");
    assert_eq!(walk("NONE_").await.unwrap_err(), "no variable begins with `NONE_`");
    assert_eq!(vault("SHOP_").to_string(), "the environment's variables SHOP_…");
    assert_eq!(vault("").to_string(), "the environment's variables");
}
