//! What every target does.

use std::time::Duration;

use tokio::time::timeout;

use crate::manifest::Identity;
use crate::target::Claim;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Syntax;
use crate::target::Target;

/// An object that owns what a manifest borrows.
#[derive(Debug, Clone)]
pub(super) struct SampleObject {
    identity: Identity,
    base: String,
    content: String,
}

impl SampleObject {
    /// It as part of a release.
    pub(super) fn manifest(&self) -> Manifest<'_> {
        Manifest::new(&self.identity, &self.base, self.content.as_bytes())
    }
}

/// A ConfigMap named by its content.
pub(super) fn object(base: &str, content: &str) -> SampleObject {
    let name = format!("{base}-{content}");
    let identity = Identity { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: "shop".into(), name };
    SampleObject { identity, base: base.into(), content: format!("{content}\n") }
}

/// Runs the suite on a target that holds nothing.
pub(super) async fn run(target: &dyn Target) {
    holds_the_last_release(target).await;
    one_writes_at_a_time(target).await;
}

async fn holds_the_last_release(target: &dyn Target) {
    let sees = target.observe().await.unwrap().is_some();
    // A target that cannot see what it holds makes everything.
    let counts = |seen: &'static str, blind: &'static str| if sees { seen } else { blind };
    check(target, &[], "").await;
    check(target, &[object("a", "1"), object("b", "1")], "2 created").await;
    check(target, &[object("a", "1"), object("b", "1")], counts("2 unchanged", "2 created")).await;
    check(target, &[object("a", "2"), object("b", "1")], counts("1 changed, 1 unchanged", "2 created")).await;
    check(target, &[object("c", "1"), object("b", "1")], counts("1 created, 1 unchanged, 1 removed", "2 created")).await;
    // Names that only an API server could keep apart, and that no path may follow.
    let hostile = ["../x", "..", "a:b", "a-b", "A-b", "ä/ö", "\n", ""].map(|base| object(base, "1"));
    check(target, &hostile, counts("8 created, 2 removed", "8 created")).await;
    check(target, &hostile, counts("8 unchanged", "8 created")).await;
    check(target, &[], counts("8 removed", "")).await;
}

async fn check(target: &dyn Target, objects: &[SampleObject], summary: &str) {
    let set = ManifestSet { syntax: Syntax::Yaml, manifests: objects.iter().map(SampleObject::manifest).collect() };
    let put = target.reserve(&Claim::default()).await.unwrap().put(&set).await.unwrap();
    assert_eq!((put.summary().as_str(), put.warnings.as_slice()), (summary, [].as_slice()), "{target}: {objects:?}");
    let named: Vec<_> = put.objects.iter().take(objects.len()).map(|done| done.object.name.as_str()).collect();
    assert_eq!(named, objects.iter().map(|object| object.base.as_str()).collect::<Vec<_>>());
    if let Some(observed) = target.observe().await.unwrap() {
        let held: Vec<_> = observed.iter().map(|held| (&held.identity, &held.base)).collect();
        assert_eq!(held, objects.iter().map(|object| (&object.identity, &object.base)).collect::<Vec<_>>());
    }
}

async fn one_writes_at_a_time(target: &dyn Target) {
    let claim = Claim::default();
    let first = target.reserve(&claim).await.unwrap();
    let mut second = Box::pin(target.reserve(&claim));
    assert!(timeout(Duration::from_millis(50), &mut second).await.is_err(), "{target} gave two reservations");
    drop(first);
    assert!(timeout(Duration::from_secs(10), second).await.is_ok(), "{target} keeps a reservation that was dropped");
}
