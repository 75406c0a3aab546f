//! A vault as it applies: where it is and how it is entered. What is secret stays with the variables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::location::Location;
use crate::project::origin::Choice;
use crate::project::origin::Origin;
use crate::project::resolver::Resolver;
use crate::project::resolver::file;
use crate::project::spanned::Spanned;
use crate::project::variable::Variable;
use crate::project::variable::Variables;
use crate::project::vault::VaultEntry;
use crate::project::vault::VaultKind;
use crate::project::vault::field::Field;

/// A vault as it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultSettings {
    /// What was said of it; carries the prefixes.
    pub entry: VaultEntry,
    /// What applies for each key, the parts of a list one by one.
    chosen: BTreeMap<&'static str, (Vec<String>, Origin)>,
}

impl VaultSettings {
    /// What applies of `entry`, noted setting by setting; `None` where something that the vault needs is missing, which is reported.
    /// `path` is where it is in the environment.
    pub(in crate::project) fn resolve(resolver: &mut Resolver<'_>, environment: &str, path: &str, entry: VaultEntry) -> Option<Self> {
        let mut settings = Self { entry, chosen: BTreeMap::new() };
        let mut complete = true;
        for field in settings.entry.fields() {
            complete &= settings.choose(resolver, environment, path, field);
        }
        complete.then_some(settings)
    }

    /// What the variables alone say, for a service with the same ways in as that kind of vault.
    pub fn of_variables(kind: VaultKind, variables: &Variables) -> Self {
        let set = |field: &Field| {
            let (name, text) = field.variables.iter().find_map(|variable| Some((variable.name, variables.get(*variable)?)))?;
            Some((field.key, (vec![text.to_owned()], Origin::Variable(name))))
        };
        let chosen = kind.fields().iter().filter_map(set).collect();
        let entry = VaultEntry { name: Spanned::none(String::new()), kind, said: BTreeMap::new(), prefixes: Vec::new(), key: None };
        Self { entry, chosen }
    }

    /// Chooses the value of a key; whether it has one or needs none.
    fn choose(&mut self, resolver: &mut Resolver<'_>, environment: &str, path: &str, field: &Field) -> bool {
        let texts = |said: &Vec<Spanned<String>>| said.iter().map(|said| said.value.clone()).collect::<Vec<_>>();
        let said = self.entry.said.get(field.key).and_then(|said| Some((texts(said), file(said.first()?, |_| ())?.1)));
        let is_set = |variable: &&Variable| resolver.is_set(**variable);
        let variable = if said.is_none() { field.variables.iter().find(is_set).copied() } else { None };
        let text = variable.and_then(|variable| resolver.variable(variable, |text| field.form.check_variable(text)));
        let default = field.default.map(|text| (vec![text.replace("ENV", environment)], Origin::Default));
        let choice = Choice::of([said, text.map(|(text, origin)| (vec![text], origin)), default]);
        let key = format!("{path}.{}", field.key);
        if let (Some(texts), Some(origin)) = (resolver.note(key, &choice, |texts| texts.join(" ")), choice.origin()) {
            self.chosen.insert(field.key, (texts, origin));
            return true;
        }
        // What the project file itself has to say was asked for when it was read, and a variable with a fault is reported already.
        if let (Some(usual), None) = (field.variables.last().filter(|_| field.required), variable) {
            let (name, key) = (&self.entry.name, field.key);
            let next = format!("add `{key}: …`, or set `{}`", usual.name);
            resolver.report(name.at(Problem::new(Fault::Project, format!("the {} has no {key}", self.asker()), next)));
        }
        !field.required
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.entry.name.value
    }

    /// How messages name it.
    pub fn asker(&self) -> String {
        format!("{} `{}`", if self.entry.key.is_some() { "key" } else { "vault" }, self.name())
    }

    /// The id of a key that a service holds, which a slot of the keyring has, too. Where a server is, is no part of it: a key has several
    /// addresses.
    pub fn key_id(&self) -> String {
        let parts = match self.kind() {
            VaultKind::Hashicorp => ["namespace", "mount", "key"].into_iter().filter_map(|key| self.get(key)).collect(),
            _ => vec![self.text("key").trim_end_matches('/')],
        };
        parts.join("/")
    }

    /// Whether templates may name whatever is in it, which others may keep there.
    pub fn is_unlimited(&self) -> bool {
        !self.is_local() && self.entry.prefixes.is_empty() && !self.chosen.contains_key("prefix")
    }

    /// Whether two vaults may be the same place. Only what certainly tells places apart counts: one account has several profiles, one server several addresses
    /// for those who do not write it alike.
    pub fn may_be(&self, other: &Self) -> bool {
        let differs = |key: &&str| {
            let [own, others] =
                [self, other].map(|settings| settings.chosen.get(*key).map(|(texts, _)| texts.join(" ").to_ascii_lowercase()));
            own.is_some() && others.is_some() && own != others
        };
        self.kind() == other.kind() && !PLACES.iter().any(differs)
    }

    /// What it is.
    pub fn kind(&self) -> VaultKind {
        self.entry.kind
    }

    /// Whether it is a file that the environment's keys open.
    pub fn is_local(&self) -> bool {
        self.kind() == VaultKind::Local
    }

    /// What its secrets' names must begin with.
    pub fn prefixes(&self) -> Vec<String> {
        self.entry.prefixes.iter().map(|prefix| prefix.value.clone()).collect()
    }

    /// The text of a key of its kind, where one applies.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.list(key).first().map(String::as_str)
    }

    /// The text of a key that is required or has a default.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// The text of a key that may be left out, for those who keep it.
    pub fn owned(&self, key: &str) -> Option<String> {
        self.get(key).map(str::to_owned)
    }

    /// How many requests it may get at once; `None` for a key, which is asked once.
    pub fn concurrency(&self) -> Option<usize> {
        let most = self.entry.key.is_none().then(|| self.get("concurrency"));
        most.flatten().and_then(|most| most.parse().ok())
    }

    /// The texts of a key that is a list.
    pub fn list(&self, key: &str) -> &[String] {
        debug_assert!(self.entry.fields().iter().any(|field| field.key == key), "`{key}` is a key of `{}`", self.kind().word());
        self.chosen.get(key).map_or(&[], |(texts, _)| texts)
    }

    /// The file that a key names: beneath the root where a project file says it, anywhere where a variable does.
    pub fn location(&self, key: &str) -> Option<Location> {
        let text = self.get(key)?;
        Some(match self.chosen.get(key) {
            Some((_, Origin::Variable(_))) => Location::Anywhere(PathBuf::from(text)),
            _ => Location::Beneath(text.to_owned()),
        })
    }
}

/// The keys that say which vault it is, of any kind.
const PLACES: &[&str] = &["path", "url", "mount", "project", "service", "region", "prefix", "command"];
