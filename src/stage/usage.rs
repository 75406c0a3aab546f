//! Who uses a secret: the blanks that ask for it, the objects that these are in, and what refers to those.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::manifest::ConfigKind;
use crate::manifest::Identity;
use crate::manifest::Object;
use crate::place::Place;
use crate::reference::Learned;
use crate::reference::ReferenceSite;
use crate::reference::Taught;
use crate::reference::Visit;
use crate::reference::walk;
use crate::stage::path::walk_leaves;

/// A secret that templates ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What they ask.
    pub ask: SecretRef,
    /// Where they do, in order.
    pub places: Vec<Place>,
    /// The objects that its value gets into, each with those that refer to it.
    pub objects: Vec<(Identity, Vec<Identity>)>,
}

/// Every secret that is asked for, by vault, name, field and version. The objects are as they were parsed, and stay so.
pub fn usages(objects: &mut [Object<BlankText>], blanks: &Blanks, taught: &[Taught<'_>]) -> Vec<Usage> {
    let mut places: BTreeMap<&SecretRef, Vec<Place>> = BTreeMap::new();
    for (_, blank) in blanks.iter() {
        if let Source::Vault { ask, .. } = &blank.source {
            places.entry(ask).or_default().push(blank.place.clone());
        }
    }
    let mut holders: BTreeMap<&SecretRef, BTreeSet<Identity>> = BTreeMap::new();
    for object in &*objects {
        walk_leaves(&object.root, &mut |text: &BlankText, _, _| {
            for ask in text.blanks().flat_map(|id| blanks.asks(id)) {
                holders.entry(ask).or_default().insert(object.identity.clone());
            }
        });
    }
    let referrers = Referrers::of(objects, taught);
    let usage = |(ask, mut places): (&SecretRef, Vec<Place>)| {
        places.sort();
        places.dedup();
        let objects = holders.remove(ask).into_iter().flatten();
        Usage { ask: ask.clone(), places, objects: objects.map(|object| (object.clone(), referrers.to(&object))).collect() }
    };
    places.into_iter().map(usage).collect()
}

/// A ConfigMap or Secret by kind, namespace and name.
type Referent = (ConfigKind, String, String);

/// The objects that refer to each ConfigMap or Secret.
#[derive(Debug, Default)]
struct Referrers {
    of: HashMap<Referent, BTreeSet<Identity>>,
}

impl Referrers {
    fn of(objects: &mut [Object<BlankText>], taught: &[Taught<'_>]) -> Self {
        let learned = Learned::of(taught.iter().copied(), &*objects);
        let mut referrers = Self::default();
        for object in objects {
            let mut search = Search { referrer: object.identity.clone(), found: &mut referrers };
            walk(object, &learned, &mut search);
        }
        referrers
    }

    fn to(&self, object: &Identity) -> Vec<Identity> {
        let kind = ConfigKind::of(&object.kind).filter(|_| object.group().is_empty());
        let found = kind.and_then(|kind| self.of.get(&(kind, object.namespace.clone(), object.name.clone())));
        found.into_iter().flatten().cloned().collect()
    }
}

/// Notes what one object refers to.
struct Search<'a> {
    referrer: Identity,
    found: &'a mut Referrers,
}

impl Visit for Search<'_> {
    fn reference(&mut self, site: &ReferenceSite<'_>) -> Option<String> {
        let namespace = site.namespace.unwrap_or(&self.referrer.namespace);
        let referent = (site.referent, namespace.to_owned(), site.name.to_owned());
        self.found.of.entry(referent).or_default().insert(self.referrer.clone());
        None
    }
}
