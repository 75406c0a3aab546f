//! A target of one's own: one file, written against the public interface, no edit in the library.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;
use cloze::digest::Digest;
use cloze::manifest::Identity;
use cloze::problem::Problem;
use cloze::target::Claim;
use cloze::target::Effect;
use cloze::target::Manifest;
use cloze::target::ManifestSet;
use cloze::target::ObjectEffect;
use cloze::target::ObservedObject;
use cloze::target::Put;
use cloze::target::Reservation;
use cloze::target::Syntax;
use cloze::target::Target;

/// Remembers the digest of each object and nothing of its content.
#[derive(Debug, Default)]
struct Checksums {
    by_name: Mutex<BTreeMap<Identity, (Identity, Digest)>>,
}

impl fmt::Display for Checksums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("checksums")
    }
}

#[async_trait]
impl Target for Checksums {
    async fn reserve(&self, _: &Claim) -> Result<Box<dyn Reservation + '_>, Problem> {
        Ok(Box::new(Right(self)))
    }

    async fn observe(&self) -> Result<Option<Vec<ObservedObject>>, Problem> {
        let held = self.by_name.lock().unwrap();
        let observed = |(base, (identity, _)): (&Identity, &(Identity, Digest))| ObservedObject {
            identity: identity.clone(),
            base: base.name.clone(),
        };
        Ok(Some(held.iter().map(observed).collect()))
    }
}

struct Right<'a>(&'a Checksums);

#[async_trait]
impl Reservation for Right<'_> {
    async fn put(&mut self, set: &ManifestSet<'_>) -> Result<Put, Problem> {
        let mut held = self.0.by_name.lock().unwrap();
        let mut before = std::mem::take(&mut *held);
        let mut objects = Vec::new();
        for manifest in &set.manifests {
            let object = manifest.named_by_template();
            let now = (manifest.identity.clone(), Digest::plain(&[manifest.bytes]));
            let effect = match before.remove(&object) {
                None => Effect::Created,
                Some(then) if then == now => Effect::Unchanged,
                Some(_) => Effect::Changed,
            };
            held.insert(object.clone(), now);
            objects.push(ObjectEffect { object, effect });
        }
        objects.extend(before.into_keys().map(|object| ObjectEffect { object, effect: Effect::Removed }));
        Ok(Put { objects, ..Put::default() })
    }
}

#[tokio::test]
async fn a_target_from_outside_the_library_says_what_became_of_each_object() {
    let target = Checksums::default();
    let identity =
        |name: &str| Identity { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: "shop".into(), name: name.into() };
    let (old, new, other) = (identity("web-1"), identity("web-2"), identity("jobs-1"));
    let put = async |manifests| {
        let set = ManifestSet { syntax: Syntax::Yaml, manifests };
        target.reserve(&Claim::default()).await.unwrap().put(&set).await.unwrap().summary()
    };
    assert_eq!(put(vec![Manifest::new(&old, "web", b"1"), Manifest::new(&other, "jobs", b"1")]).await, "2 created");
    assert_eq!(put(vec![Manifest::new(&new, "web", b"2"), Manifest::new(&other, "jobs", b"1")]).await, "1 changed, 1 unchanged");
    assert_eq!(put(vec![Manifest::new(&new, "web", b"2")]).await, "1 unchanged, 1 removed");
    assert_eq!(target.observe().await.unwrap().unwrap(), [ObservedObject { identity: new.clone(), base: "web".to_owned() }]);
}
