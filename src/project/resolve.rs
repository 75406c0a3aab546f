//! From what was said to what applies.
//!
//! Only `CLOZE_…` variables override the project file. The standard variables of a backend, such as `VAULT_ADDR`, fill what the
//! project file leaves open: a variable that is set for another tool must not send secrets elsewhere.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::manifest::Names;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::check::BadText;
use crate::project::check::duration;
use crate::project::check::label;
use crate::project::check::path;
use crate::project::check::pattern;
use crate::project::check::seconds;
use crate::project::check::some;
use crate::project::check::trusted;
use crate::project::cluster::cluster;
use crate::project::decode::NAMES;
use crate::project::document::Environment;
use crate::project::document::ManifestFiles;
use crate::project::document::Project;
use crate::project::document::RecipientEntry;
use crate::project::history::HistorySettings;
use crate::project::history::HistoryUrl;
use crate::project::location::Location;
use crate::project::origin::Choice;
use crate::project::origin::Origin;
use crate::project::policy::policy;
use crate::project::quote::quote;
use crate::project::reserved::ReservedPaths;
use crate::project::resolver::Resolver;
use crate::project::resolver::file;
use crate::project::settings::Flags;
use crate::project::settings::KeySettings;
use crate::project::settings::Settings;
use crate::project::sibling::config;
use crate::project::sibling::siblings;
use crate::project::sibling::usual_templates;
use crate::project::spanned::Spanned;
use crate::project::values::Assignment;
use crate::project::variable;
use crate::project::variable::Variable;
use crate::project::variable::Variables;
use crate::project::vault::VaultEntry;
use crate::project::vault::VaultKind;
use crate::project::vault::VaultSettings;
use crate::suggest::suggest;

impl Settings {
    /// The settings of the chosen environment: `-e`, else `CLOZE_ENV`, else the only one of the project. All that is wrong with them is
    /// reported.
    pub fn resolve(project: &Project, flags: &Flags, variables: &Variables) -> Result<Self, Problems> {
        let mut resolver = Resolver { variables, effective: Vec::new(), problems: Vec::new() };
        let environment = resolver.environment(project, flags)?;
        let name = environment.name.value.clone();
        resolver.note("project", &Choice::of([file(&project.name, String::clone)]), String::clone);

        let namespace = Choice::of([
            resolver.variable(variable::NAMESPACE, label),
            environment.namespace.as_ref().and_then(|said| file(said, String::clone)),
            Some(("default".to_owned(), Origin::Default)),
        ]);
        let namespace = resolver.note("namespace", &namespace, String::clone).unwrap_or_default();

        let names = Choice::of([
            resolver.names(),
            environment.names.as_ref().and_then(|said| file(said, |names| *names)),
            project.names.as_ref().and_then(|said| file(said, |names| *names)),
            Some((Names::Versioned, Origin::Default)),
        ]);
        let names = resolver.note("names", &names, |names| names.word().to_owned()).unwrap_or(Names::Versioned);

        let templates = resolver.templates(project, environment);
        let values = resolver.values(environment, flags);
        let assignments = resolver.assignments(flags);
        let vaults = resolver.vaults(environment);
        let keys = resolver.keys(environment);
        let history = resolver.history(environment, flags);
        let store_id = Choice::of([
            resolver.checked("--store-id", flags.store_id.as_deref(), store_id).map(|id| (id, Origin::Flag("--store-id"))),
            resolver.variable(variable::STORE_ID, store_id),
        ]);
        let store_id = resolver.note("history.store-id", &store_id, String::clone);

        let context = Choice::of([
            resolver.checked("--context", flags.context.as_deref(), some).map(|context| (context, Origin::Flag("--context"))),
            resolver.variable(variable::CONTEXT, some),
            environment.cluster.as_ref().and_then(|said| file(&said.context, String::clone)),
        ]);
        let context = resolver.note("cluster.context", &context, String::clone);
        let cluster = environment.cluster.as_ref().map(|entry| cluster(&mut resolver, entry, &namespace));

        let deadline = Choice::of([
            resolver.seconds("--deadline", flags.deadline.as_deref()).map(|value| (value, Origin::Flag("--deadline"))),
            resolver
                .seconds(variable::DEADLINE.name, variables.get(variable::DEADLINE))
                .map(|value| (value, Origin::Variable(variable::DEADLINE.name))),
            Some((DEADLINE, Origin::Default)),
        ]);
        let deadline = resolver.note("deadline", &deadline, u64::to_string).unwrap_or(DEADLINE);

        let budget = Choice::of([resolver.budget(), Some((1, Origin::Default))]);
        let budget = resolver.note("budget", &budget, u32::to_string).unwrap_or(1);

        let trust = resolver.trust(flags);
        let policy = policy(&mut resolver, project, environment);

        let settings = Self {
            trust,
            project: project.name.value.clone(),
            namespace,
            names,
            templates,
            config: config(project, environment),
            siblings: siblings(project, environment),
            external: project.external.clone(),
            references: project.references.clone(),
            cluster_scoped: project.cluster_scoped.clone(),
            policy,
            values,
            assignments,
            vaults,
            keyring: format!("secrets/{name}.keyring"),
            keys,
            history,
            store_id,
            pin: format!(".cloze/pins/{name}.json"),
            output: format!("dist/{name}"),
            lock: format!("locks/{name}.lock"),
            deadline: Duration::from_secs(deadline),
            budget,
            reserved: ReservedPaths::of(project),
            context,
            cluster,
            environment: name,
            effective: resolver.effective,
        };
        Problems::or(settings, resolver.problems)
    }
}

impl Resolver<'_> {
    fn environment<'p>(&mut self, project: &'p Project, flags: &Flags) -> Result<&'p Environment, Problem> {
        let only = match project.environments.as_slice() {
            [only] => Some((only.name.value.clone(), Origin::Default)),
            _ => None,
        };
        let names = || project.environments.iter().map(|environment| environment.name.value.as_str());
        let choice = Choice::of([
            flags.environment.clone().map(|name| (name, Origin::Flag("-e"))),
            self.variables.get(variable::ENV).map(|name| (name.to_owned(), Origin::Variable(variable::ENV.name))),
            only,
        ]);
        let listed = || names().map(quote).collect::<Vec<_>>().join(", ");
        let Some(name) = self.note("environment", &choice, String::clone) else {
            let reason = format!("the project has several environments: {}", listed());
            return Err(Problem::new(Fault::Usage, reason, "choose one with `-e`, or set `CLOZE_ENV`"));
        };
        project.environment(&name).ok_or_else(|| {
            let next = match suggest(&name, names()) {
                Some(known) => format!("did you mean {}?", quote(known)),
                None => format!("choose one with `-e`: {}", listed()),
            };
            Problem::new(Fault::Usage, format!("there is no environment {}", quote(&name)), next)
        })
    }

    fn names(&mut self) -> Option<(Names, Origin)> {
        let text = self.variables.get(variable::NAMES)?;
        let found = NAMES.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let (reason, next) = ("is not a way of naming".to_owned(), "write `versioned` or `stable`".to_owned());
            self.refuse(variable::NAMES.name, text, BadText { reason, next });
        }
        found.map(|(_, names)| (*names, Origin::Variable(variable::NAMES.name)))
    }

    /// A number of seconds, as [`seconds`] reads it.
    fn seconds(&mut self, source: &str, text: Option<&str>) -> Option<u64> {
        self.checked(source, text, duration).and_then(|text| seconds(&text))
    }

    fn budget(&mut self) -> Option<(u32, Origin)> {
        let text = self.variables.get(variable::BUDGET)?;
        let times = text.parse().ok().filter(|times| (1..=LARGEST_BUDGET).contains(times));
        if times.is_none() {
            let next = "write a whole number, such as `2` for twice the usual amounts".to_owned();
            self.refuse(variable::BUDGET.name, text, BadText { reason: format!("is not a multiple from 1 to {LARGEST_BUDGET}"), next });
        }
        times.map(|times| (times, Origin::Variable(variable::BUDGET.name)))
    }

    /// The parts of a variable that are separated by commas.
    fn split(&mut self, variable: Variable, check: fn(&str) -> Result<(), BadText>) -> Option<Vec<String>> {
        let text = self.variables.get(variable)?;
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        Some(parts.into_iter().filter_map(|part| self.checked(variable.name, Some(part), check)).collect())
    }

    fn templates(&mut self, project: &Project, environment: &Environment) -> Vec<ManifestFiles> {
        let listed = |said: &Vec<ManifestFiles>| {
            let place = said.first().and_then(|first| first.files.place.clone()).or_else(|| project.name.place.clone())?;
            Some((said.clone(), Origin::File(place)))
        };
        let pattern_of = |pattern: String| ManifestFiles { files: Spanned::none(pattern), template: true };
        let variable = self
            .split(variable::TEMPLATES, pattern)
            .map(|parts| (parts.into_iter().map(pattern_of).collect::<Vec<_>>(), Origin::Variable(variable::TEMPLATES.name)));
        let choice = Choice::of([
            variable,
            environment.templates.as_ref().and_then(listed),
            project.templates.as_ref().and_then(listed),
            Some((vec![usual_templates()], Origin::Default)),
        ]);
        let shown =
            |said: &ManifestFiles| if said.template { said.files.value.clone() } else { format!("{} (template: false)", said.files.value) };
        let show = |said: &Vec<ManifestFiles>| said.iter().map(shown).collect::<Vec<_>>().join(", ");
        self.note("templates", &choice, show).unwrap_or_default()
    }

    fn values(&mut self, environment: &Environment, flags: &Flags) -> Vec<(Spanned<String>, Origin)> {
        let mut list: Vec<(Spanned<String>, Origin)> = environment.values.iter().filter_map(|said| file(said, |_| said.clone())).collect();
        for part in self.split(variable::VALUES, path).unwrap_or_default() {
            list.push((Spanned::none(part), Origin::Variable(variable::VALUES.name)));
        }
        for text in &flags.values {
            if let Some(path) = self.checked("--values", Some(text), path) {
                list.push((Spanned::none(path), Origin::Flag("--values")));
            }
        }
        for (index, (said, origin)) in list.iter().enumerate() {
            self.note(format!("values[{index}]"), &Choice::of([Some((said.value.clone(), origin.clone()))]), String::clone);
        }
        list
    }

    fn trust(&mut self, flags: &Flags) -> Vec<String> {
        let text = self.variables.get(variable::TRUST).unwrap_or_default();
        let parts = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
        let said = parts.map(|part| (part, Origin::Variable(variable::TRUST.name)));
        let mut list = Vec::new();
        for (entry, origin) in said.chain(flags.trust.iter().map(|entry| (entry.as_str(), Origin::Flag(TRUST_FILE)))) {
            let source = if matches!(origin, Origin::Flag(_)) { TRUST_FILE } else { variable::TRUST.name };
            if let Some(entry) = self.checked(source, Some(entry), trusted) {
                self.note(format!("trust[{}]", list.len()), &Choice::of([Some((entry.clone(), origin))]), String::clone);
                list.push(entry);
            }
        }
        list
    }

    fn assignments(&mut self, flags: &Flags) -> Vec<(Assignment, Origin)> {
        let mut list = Vec::new();
        for set in &flags.sets {
            let flag = if set.literal { "--set-string" } else { "--set" };
            match Assignment::parse(flag, &set.text, set.literal) {
                Ok(assignments) => list.extend(assignments.into_iter().map(|assignment| (assignment, Origin::Flag(flag)))),
                Err(problem) => self.problems.push(problem),
            }
        }
        list
    }

    fn vaults(&mut self, environment: &Environment) -> Vec<VaultSettings> {
        let mut entries = environment.vaults.clone();
        if !entries.iter().any(|entry| entry.name.value == "default") {
            let name = Spanned { value: "default".to_owned(), place: None };
            entries.insert(0, VaultEntry { name, kind: VaultKind::Local, key: None, said: BTreeMap::new(), prefixes: Vec::new() });
        }
        entries.into_iter().filter_map(|entry| self.vault(environment, entry)).collect()
    }

    fn vault(&mut self, environment: &Environment, entry: VaultEntry) -> Option<VaultSettings> {
        let key = format!("vaults.{}", entry.name.value);
        let said = entry.name.place.clone().map_or(Origin::Default, Origin::File);
        self.note(format!("{key}.kind"), &Choice::of([Some((entry.kind, said))]), |kind| kind.word().to_owned());
        let prefixes = entry.prefixes.clone();
        let settings = VaultSettings::resolve(self, &environment.name.value, &key, entry);
        if let Some(place) = prefixes.first().and_then(|prefix| prefix.place.clone()) {
            let shown: Vec<&str> = prefixes.iter().map(|prefix| prefix.value.as_str()).collect();
            self.note(format!("{key}.prefixes"), &Choice::of([Some((shown.join(", "), Origin::File(place)))]), String::clone);
        }
        settings
    }

    /// `CLOZE_KEY_FILE` takes the place of the path of every key file, said or not.
    fn keys(&mut self, environment: &Environment) -> Vec<KeySettings> {
        let default = [Spanned::none(RecipientEntry::KeyFile { path: None })];
        let entries = if environment.keys.is_empty() { &default[..] } else { &environment.keys };
        let variable = self
            .variables
            .get(variable::KEY_FILE)
            .map(|path| (Location::Anywhere(PathBuf::from(path)), Origin::Variable(variable::KEY_FILE.name)));
        let mut list = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let said = entry.place.clone().map_or(Origin::Default, Origin::File);
            let choice = match &entry.value {
                RecipientEntry::Service(service) => {
                    list.extend(self.service(environment, &format!("keys[{index}]"), said, service.clone()));
                    continue;
                }
                RecipientEntry::Age { recipient } => Choice::of([Some((KeySettings::Age(recipient.clone()), said))]),
                RecipientEntry::Passphrase => Choice::of([Some((KeySettings::Passphrase, said))]),
                RecipientEntry::KeyFile { path } => Choice::of([
                    variable.clone().map(|(location, origin)| (KeySettings::KeyFile(location), origin)),
                    path.clone().map(|path| (KeySettings::KeyFile(Location::Beneath(path)), said)),
                    Some((KeySettings::KeyFile(Location::Beneath(format!(".cloze/{}.key", environment.name.value))), Origin::Default)),
                ]),
            };
            let show = |key: &KeySettings| match key {
                KeySettings::KeyFile(Location::Beneath(path)) => format!("key-file {path}"),
                KeySettings::KeyFile(Location::Anywhere(path)) => format!("key-file {}", path.display()),
                KeySettings::Passphrase => "passphrase".to_owned(),
                KeySettings::Age(recipient) => format!("age {recipient}"),
                KeySettings::Service(service) => service.name().to_owned(),
            };
            let replaced = matches!(choice.origin(), Some(Origin::Variable(_)));
            if let Some(key) = self.note(format!("keys[{index}]"), &choice, show)
                && (replaced || !list.contains(&key))
            {
                list.push(key);
            }
        }
        list
    }

    /// A key that a service holds, by its kind and id.
    fn service(&mut self, environment: &Environment, path: &str, said: Origin, entry: VaultEntry) -> Option<KeySettings> {
        let word = entry.kind.word();
        self.note(format!("{path}.kind"), &Choice::of([Some((word.to_owned(), said))]), String::clone);
        let mut settings = VaultSettings::resolve(self, &environment.name.value, path, entry)?;
        settings.entry.name.value = format!("{word} {}", settings.key_id());
        Some(KeySettings::Service(settings))
    }

    fn history(&mut self, environment: &Environment, flags: &Flags) -> HistorySettings {
        let variable = variable::HISTORY_URL;
        let flag = self.history_url("--history", flags.history.as_deref()).map(|url| (url, Origin::Flag("--history")));
        let set = self.history_url(variable.name, self.variables.get(variable)).map(|url| (url, Origin::Variable(variable.name)));
        let default = HistoryUrl::Directory(Location::Beneath(format!(".cloze/history/{}", environment.name.value)));
        let entry = environment.history.as_ref();
        let said = entry.and_then(|entry| file(&entry.url, HistoryUrl::clone));
        let choice = Choice::of([flag, set, said, Some((default.clone(), Origin::Default))]);
        let url = self.note("history.url", &choice, ToString::to_string).unwrap_or(default);
        // What the project says besides is about its own URL.
        let own = entry.filter(|_| matches!(choice.origin(), Some(Origin::File(_))));
        let mut also = |key: &str, said: Option<&Spanned<String>>| {
            let choice = Choice::of([said.and_then(|said| file(said, String::clone))]);
            self.note(format!("history.{key}"), &choice, String::clone)
        };
        HistorySettings {
            region: also("region", own.and_then(|own| own.region.as_ref())),
            endpoint: also("endpoint", own.and_then(|own| own.endpoint.as_ref())),
            account: also("account", own.and_then(|own| own.account.as_ref())),
            url,
        }
    }

    fn history_url(&mut self, source: &str, text: Option<&str>) -> Option<HistoryUrl> {
        let text = text?;
        HistoryUrl::parse(text).map_err(|refusal| self.refuse(source, text, refusal)).ok()
    }
}

/// That a text is the id of a history.
fn store_id(text: &str) -> Result<(), BadText> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return Ok(());
    }
    let next = "write the 32 hexadecimal digits that `cloze history` prints".to_owned();
    Err(BadText { reason: "is not the id of a history".to_owned(), next })
}

/// The user's own file of trusted origins, as messages name it.
const TRUST_FILE: &str = "cloze/trust.yaml";

/// How many seconds vaults may be asked, where nobody says it.
const DEADLINE: u64 = 30;

/// The largest budget, in multiples of the usual one.
const LARGEST_BUDGET: u32 = 64;
