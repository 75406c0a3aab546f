//! What a reference can mean: objects of the release, what is declared, and what others produce.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::digest::Digest;
use crate::manifest::ConfigKind;
use crate::manifest::Names;
use crate::reference::External;
use crate::reference::Product;
use crate::reference::always_there;
use crate::suggest::suggest;

/// A ConfigMap or Secret of the release.
#[derive(Debug)]
pub(super) struct IndexedConfig {
    /// Its place in the list of objects.
    pub(super) object: usize,
    /// Which of the two.
    pub(super) referent: ConfigKind,
    /// Its namespace.
    pub(super) namespace: String,
    /// The name it was written with, which references use.
    pub(super) given: String,
    /// The name that people know it by.
    pub(super) base: String,
    /// Its final name.
    pub(super) name: String,
    /// Whether the two differ.
    pub(super) names: Names,
    /// Its keys, sorted, and whether each is text.
    pub(super) keys: Vec<(String, bool)>,
    /// Whether pods that use it restart when it changes.
    pub(super) restart: Restart,
}

/// Whether pods restart when an object changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    /// They do not.
    No,
    /// They do, but a review does not know the content.
    Unknown,
    /// They do, whenever this changes.
    By(Digest),
}

/// What a reference means.
#[derive(Debug)]
pub(super) enum ResolvedReference<'a> {
    /// An object of the release, by number.
    Target(usize, &'a IndexedConfig),
    /// Something that exists without standing in the release, and its keys where they are known.
    Elsewhere(Option<&'a [String]>),
    /// Objects of several namespaces, and the field tells none.
    Several(Vec<&'a str>),
    /// Nothing.
    Missing,
}

/// Everything that references can mean, found by name.
pub(super) struct Index<'a> {
    targets: Vec<IndexedConfig>,
    used: Vec<AtomicBool>,
    placed: HashMap<ConfigKind, HashMap<String, HashMap<String, usize>>>,
    anywhere: HashMap<ConfigKind, HashMap<String, Vec<usize>>>,
    elsewhere: HashMap<ConfigKind, HashMap<String, Vec<Elsewhere<'a>>>>,
    /// How many names may still be compared to find the nearest ones.
    patience: AtomicUsize,
}

struct Elsewhere<'a> {
    namespace: Option<String>,
    keys: Option<&'a [String]>,
}

impl<'a> Index<'a> {
    /// Of the release's objects, of what is declared, and of what is produced.
    pub(super) fn new(targets: Vec<IndexedConfig>, external: &'a [External], products: Vec<Product>) -> Self {
        let mut placed: HashMap<ConfigKind, HashMap<String, HashMap<String, usize>>> = HashMap::new();
        let mut anywhere: HashMap<ConfigKind, HashMap<String, Vec<usize>>> = HashMap::new();
        for (number, target) in targets.iter().enumerate() {
            let namespaces = placed.entry(target.referent).or_default();
            namespaces.entry(target.namespace.clone()).or_default().insert(target.given.clone(), number);
            anywhere.entry(target.referent).or_default().entry(target.given.clone()).or_default().push(number);
        }
        let mut elsewhere: HashMap<ConfigKind, HashMap<String, Vec<Elsewhere<'a>>>> = HashMap::new();
        let mut add = |referent, name, entry| elsewhere.entry(referent).or_default().entry(name).or_default().push(entry);
        for External { referent, namespace, name, keys } in external {
            add(*referent, name.clone(), Elsewhere { namespace: namespace.clone(), keys: keys.as_deref() });
        }
        for Product { referent, namespace, name } in products {
            add(referent, name, Elsewhere { namespace, keys: None });
        }
        let used = targets.iter().map(|_| AtomicBool::new(false)).collect();
        Self { targets, used, placed, anywhere, elsewhere, patience: AtomicUsize::new(200_000) }
    }

    /// What `name` means in `namespace`; in any one where it is empty, as it is for references from objects of the cluster.
    pub(super) fn find(&self, referent: ConfigKind, namespace: &str, name: &str) -> ResolvedReference<'_> {
        let number = self.names_in(referent, namespace).and_then(|names| names.get(name));
        if let Some(&number) = number {
            self.used[number].store(true, Ordering::Relaxed);
            return ResolvedReference::Target(number, &self.targets[number]);
        }
        if namespace.is_empty()
            && let Some(numbers) = self.anywhere.get(&referent).and_then(|names| names.get(name))
        {
            for number in numbers {
                self.used[*number].store(true, Ordering::Relaxed);
            }
            let first = &self.targets[numbers[0]];
            return if numbers.iter().all(|number| self.targets[*number].name == first.name) {
                ResolvedReference::Target(numbers[0], first)
            } else {
                ResolvedReference::Several(numbers.iter().map(|number| self.targets[*number].namespace.as_str()).collect())
            };
        }
        let elsewhere = self.elsewhere.get(&referent).and_then(|names| names.get(name)).and_then(|entries| {
            entries.iter().find(|entry| namespace.is_empty() || entry.namespace.as_deref().is_none_or(|own| own == namespace))
        });
        match elsewhere {
            Some(entry) => ResolvedReference::Elsewhere(entry.keys),
            None if always_there(referent, name) => ResolvedReference::Elsewhere(None),
            None => ResolvedReference::Missing,
        }
    }

    /// The final names that a permission for `name` covers; empty when the release does not tell.
    pub(super) fn permitted(&self, referent: ConfigKind, namespace: &str, name: &str) -> Vec<String> {
        let placed = self.names_in(referent, namespace).and_then(|names| names.get(name)).map(|number| vec![*number]);
        let numbers = match placed {
            None if namespace.is_empty() => self.anywhere.get(&referent).and_then(|names| names.get(name)).cloned(),
            placed => placed,
        };
        let mut names: Vec<String> = numbers.unwrap_or_default().into_iter().map(|number| self.targets[number].name.clone()).collect();
        if self.elsewhere.get(&referent).is_some_and(|known| known.contains_key(name)) {
            names.push(name.to_owned());
        }
        names
    }

    /// A versioned object of that name, without taking it for used.
    pub(super) fn versioned(&self, referent: ConfigKind, namespace: &str, name: &str) -> Option<&IndexedConfig> {
        let number = *self.names_in(referent, namespace)?.get(name)?;
        Some(&self.targets[number]).filter(|target| target.names == Names::Versioned)
    }

    /// The name in the namespace that was probably meant.
    pub(super) fn suggest(&self, referent: ConfigKind, namespace: &str, name: &str) -> Option<&str> {
        let known = self.names_in(referent, namespace)?;
        // Thousands of broken references must not each be compared with thousands of names.
        self.patience.store(self.patience.load(Ordering::Relaxed).checked_sub(known.len())?, Ordering::Relaxed);
        let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
        names.sort_unstable();
        suggest(name, names)
    }

    /// The objects by number.
    pub(super) fn target(&self, number: usize) -> &IndexedConfig {
        &self.targets[number]
    }

    /// Versioned objects that nothing refers to.
    pub(super) fn unused(&self) -> impl Iterator<Item = &IndexedConfig> {
        let unused =
            self.targets.iter().zip(&self.used).filter(|(target, used)| target.names == Names::Versioned && !used.load(Ordering::Relaxed));
        unused.map(|(target, _)| target)
    }

    /// The objects.
    pub(super) fn into_targets(self) -> Vec<IndexedConfig> {
        self.targets
    }

    fn names_in(&self, referent: ConfigKind, namespace: &str) -> Option<&HashMap<String, usize>> {
        self.placed.get(&referent)?.get(namespace)
    }
}
