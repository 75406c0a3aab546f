//! References that follow the names, and those that cannot.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::digest::Digest;
use crate::manifest::ConfigKind;
use crate::manifest::Mark;
use crate::manifest::Names;
use crate::manifest::Object;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::reference::Permission;
use crate::reference::Presence;
use crate::reference::ReferenceSite;
use crate::reference::Visit;
use crate::seal::Keys;
use crate::stage::name::index::Index;
use crate::stage::name::index::IndexedConfig;
use crate::stage::name::index::ResolvedReference;
use crate::stage::name::index::Restart;
use crate::stage::name::naming::CHECKSUM;
use crate::stage::name::naming::Naming;
use crate::stage::name::naming::PLACEHOLDER;
use crate::suggest::suggest;

/// The admission policies of a release by kind and name, and whether ConfigMaps are their parameters.
pub(super) type Policies = HashMap<(String, String), bool>;

/// What is wrong with a reference.
pub(super) enum FollowFinding {
    Problem(Problem),
    Warning(Problem),
    /// The name is not there, which a custom resource may do without where it `may_be`.
    Missing {
        referent: ConfigKind,
        namespace: String,
        name: String,
        place: Place,
        may_be: bool,
    },
}

impl FollowFinding {
    /// Adds it to the problems or the warnings, with the name that was probably meant.
    pub(super) fn settle(self, index: &Index<'_>, problems: &mut Vec<Problem>, warnings: &mut Vec<Problem>) {
        match self {
            Self::Problem(problem) => problems.push(problem),
            Self::Warning(warning) => warnings.push(warning),
            Self::Missing { referent, namespace, name, place, may_be } => {
                let near = index.suggest(referent, &namespace, &name);
                let reason = format!("{} is not in the release", shown(referent, &namespace, &name));
                match near {
                    Some(near) if may_be => {
                        let next = format!("write `{near}` if that is meant, or list it under `external:`");
                        warnings.push(Problem::new(Fault::Check, reason, next).at(place));
                    }
                    None if may_be => {}
                    Some(near) => {
                        let next = format!("write `{near}`, or list it under `external:`");
                        problems.push(Problem::new(Fault::Check, reason, next).at(place));
                    }
                    None => {
                        let next = "add it to the templates, or list it under `external:`";
                        problems.push(Problem::new(Fault::Check, reason, next).at(place));
                    }
                }
            }
        }
    }
}

/// Answers for each reference of one object.
pub(super) struct Follow<'a> {
    index: &'a Index<'a>,
    keyed: Option<&'a Keys>,
    complete: bool,
    policies: &'a Policies,
    file: Arc<str>,
    namespace: String,
    /// What the present object is.
    holder: String,
    /// Whether it is of a kind that Kubernetes itself does not have.
    is_custom: bool,
    /// Whether it is named by its content itself, so that a change makes another object.
    renewed: bool,
    /// What was said already of the object's fixed parts, by number.
    said: HashSet<usize>,
    /// What the present pod template has to restart for, by number.
    restarts: Vec<usize>,
    found: &'a mut Vec<FollowFinding>,
}

impl<'a> Follow<'a> {
    /// For `object`, with the names of `index`; it is `renewed` by each change when it is named by its content itself.
    pub(super) fn new<B>(
        object: &Object<B>,
        renewed: bool,
        index: &'a Index<'a>,
        naming: &Naming<'a>,
        policies: &'a Policies,
        found: &'a mut Vec<FollowFinding>,
    ) -> Self {
        Self {
            index,
            keyed: naming.keyed,
            complete: naming.complete,
            policies,
            file: Arc::clone(&object.file),
            namespace: object.identity.namespace.clone(),
            holder: object.identity.to_string(),
            is_custom: object.identity.group().contains('.') && !object.identity.group().ends_with(".k8s.io"),
            renewed,
            said: HashSet::new(),
            restarts: Vec::new(),
            found,
        }
    }

    fn place(&self, mark: Mark) -> Place {
        Place::rendered(Arc::clone(&self.file), mark.line, mark.column)
    }

    fn complain(&mut self, mark: Mark, reason: String, next: impl Into<String>) {
        self.found.push(FollowFinding::Problem(Problem::new(Fault::Check, reason, next).at(self.place(mark))));
    }

    fn keys_of_target(&mut self, site: &ReferenceSite<'_>, shown: &str, target: &IndexedConfig) {
        for (key, mark) in &site.keys {
            match target.keys.binary_search_by(|(known, _)| known.as_str().cmp(key)) {
                Ok(at) if site.text_only && !target.keys[at].1 => self.complain(
                    *mark,
                    format!("key `{key}` of {shown} is in binaryData, which environment variables cannot read"),
                    "move it to `data`, or mount it as a file",
                ),
                Ok(_) => {}
                Err(_) => self.missing_key(*mark, key, shown, target.keys.iter().map(|(key, _)| key.as_str())),
            }
        }
    }

    fn missing_key<'k>(&mut self, mark: Mark, key: &str, shown: &str, known: impl Iterator<Item = &'k str>) {
        let next = match suggest(key, known) {
            Some(near) => format!("write `{near}`, or add the key"),
            None => "add the key, or use one that exists".to_owned(),
        };
        self.complain(mark, format!("{shown} has no key `{key}`"), next);
    }

    /// A name that changes in what never does.
    fn fixed(&mut self, mark: Mark, part: &str, number: usize, target: &IndexedConfig) {
        if !self.said.insert(number) {
            return;
        }
        let shown = shown(target.referent, &target.namespace, &target.given);
        let reason = format!("{part} can never change, and it names {shown}, whose name changes with its content");
        let stable = format!("give the {} a stable name by the annotation `cloze.dev/names: stable`", target.referent);
        if part.ends_with("Pod") {
            let next = format!("{stable}, or write a Deployment or a Job with `cloze.dev/names: versioned` instead of the Pod");
            self.found.push(FollowFinding::Warning(Problem::new(Fault::Check, reason, next).at(self.place(mark))));
        } else if part.ends_with("Job") {
            let next = format!("{stable}, or write `cloze.dev/names: versioned` on the Job: then each content gets a Job of its own");
            self.complain(mark, reason, next);
        } else {
            self.complain(mark, reason, stable);
        }
    }

    fn missing(&mut self, site: &ReferenceSite<'_>, namespace: String, may_be: bool) {
        let place = self.place(site.mark);
        self.found.push(FollowFinding::Missing { referent: site.referent, namespace, name: site.name.to_owned(), place, may_be });
    }
}

impl Visit for Follow<'_> {
    fn reference(&mut self, site: &ReferenceSite<'_>) -> Option<String> {
        let index = self.index;
        let namespace = site.namespace.map_or_else(|| self.namespace.clone(), str::to_owned);
        let required = site.presence == Presence::Required;
        match index.find(site.referent, &namespace, site.name) {
            ResolvedReference::Target(number, target) => {
                if required && !site.keys.is_empty() {
                    self.keys_of_target(site, &shown(site.referent, &target.namespace, site.name), target);
                }
                if let Some(part) = site.fixed.filter(|_| target.names == Names::Versioned && !self.renewed) {
                    self.fixed(site.mark, part, number, target);
                }
                if target.restart != Restart::No {
                    self.restarts.push(number);
                }
                (target.names == Names::Versioned).then(|| target.name.clone())
            }
            ResolvedReference::Elsewhere(Some(keys)) if required => {
                for (key, mark) in &site.keys {
                    if !keys.iter().any(|known| known == key) {
                        let shown = shown(site.referent, &namespace, site.name);
                        self.missing_key(*mark, key, &shown, keys.iter().map(String::as_str));
                    }
                }
                None
            }
            ResolvedReference::Missing if required && self.complete => {
                self.missing(site, namespace, false);
                None
            }
            ResolvedReference::Missing if self.complete && self.is_custom => {
                self.missing(site, namespace, true);
                None
            }
            ResolvedReference::Elsewhere(_) | ResolvedReference::Missing => None,
            ResolvedReference::Several(mut namespaces) => {
                namespaces.sort_unstable();
                let reason = format!(
                    "{} `{}` is in more than one namespace ({}), and the field does not say which",
                    site.referent,
                    site.name,
                    namespaces.join(", ")
                );
                self.complain(
                    site.mark,
                    reason,
                    "write the namespace if the field has one, or give the objects stable names by the annotation `cloze.dev/names: stable`",
                );
                None
            }
        }
    }

    fn permission(&mut self, permission: &Permission<'_>) -> Vec<String> {
        let Permission { referent, name, writes, mark } = *permission;
        let index = self.index;
        if let Some(target) = index.versioned(referent, &self.namespace, name).filter(|_| writes) {
            let shown = shown(referent, &target.namespace, name);
            let reason = format!("{} permits changing {shown}, which is immutable because its name follows its content", self.holder);
            let next =
                format!("give the {referent} a stable name by the annotation `cloze.dev/names: stable` if an application writes to it");
            self.found.push(FollowFinding::Warning(Problem::new(Fault::Check, reason, next).at(self.place(mark))));
        }
        index.permitted(referent, &self.namespace, name)
    }

    fn parameters(&self, kind: &str, policy: &str) -> Option<bool> {
        if self.policies.is_empty() {
            return None;
        }
        self.policies.get(&(kind.to_owned(), policy.to_owned())).copied()
    }

    fn misfit(&mut self, key: &str, found: &'static str, mark: Mark) {
        self.complain(mark, format!("`{key}` is {found} where Kubernetes needs a string"), "quote it");
    }

    fn enter_template(&mut self) {
        self.restarts.clear();
    }

    fn leave_template(&mut self) -> Option<(String, String)> {
        if self.restarts.is_empty() {
            return None;
        }
        let mut numbers = std::mem::take(&mut self.restarts);
        numbers.sort_unstable_by_key(|number| {
            let target = self.index.target(*number);
            (target.referent, &target.namespace, &target.name)
        });
        numbers.dedup();
        let digests: Vec<Digest> = numbers
            .iter()
            .filter_map(|number| match self.index.target(*number).restart {
                Restart::By(digest) => Some(digest),
                Restart::No | Restart::Unknown => None,
            })
            .collect();
        let checksum = self.keyed.map_or_else(
            || PLACEHOLDER.to_owned(),
            |keys| {
                let mut parts: Vec<&[u8]> = vec![b"restart"];
                parts.extend(digests.iter().map(|digest| digest.0.as_slice()));
                keys.name(&parts).suffix()
            },
        );
        Some((CHECKSUM.to_owned(), checksum))
    }
}

/// A ConfigMap or Secret in messages.
pub(super) fn shown(referent: ConfigKind, namespace: &str, name: &str) -> String {
    if namespace.is_empty() { format!("{referent} {name}") } else { format!("{referent} {namespace}/{name}") }
}
