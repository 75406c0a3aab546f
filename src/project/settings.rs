//! What applies to a run: flag over environment variable over project file over default, each with its origin.

use std::time::Duration;

use crate::manifest::Names;
use crate::policy::Rule;
use crate::project::cluster::ClusterSettings;
use crate::project::document::ConfigEntry;
use crate::project::document::ExternalEntry;
use crate::project::document::ManifestFiles;
use crate::project::document::ReferenceEntry;
use crate::project::history::HistorySettings;
use crate::project::location::Location;
use crate::project::origin::Origin;
use crate::project::origin::ResolvedSetting;
use crate::project::reserved::ReservedPaths;
use crate::project::sibling::Sibling;
use crate::project::spanned::Spanned;
use crate::project::values::Assignment;
use crate::project::vault::VaultSettings;

/// What the command line says; every part may be absent.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `-e`
    pub environment: Option<String>,
    /// `--values`, in order; on top of the environment's files.
    pub values: Vec<String>,
    /// `--set` and `--set-string`, in order; on top of all files.
    pub sets: Vec<Set>,
    /// `--history`
    pub history: Option<String>,
    /// `--store-id`
    pub store_id: Option<String>,
    /// `--deadline`
    pub deadline: Option<String>,
    /// `--context`
    pub context: Option<String>,
    /// What the user's own file of trusted origins lists.
    pub trust: Vec<String>,
}

/// A `--set` or `--set-string`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// What follows the flag.
    pub text: String,
    /// Whether the flag was `--set-string`.
    pub literal: bool,
}

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Origins that may have the run's credentials: `ORIGIN`, or `ORIGIN=AUDIENCE` for id tokens of that audience. The project has no say.
    pub trust: Vec<String>,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// How objects are named that do not say it themselves.
    pub names: Names,
    /// Patterns of manifests.
    pub templates: Vec<ManifestFiles>,
    /// ConfigMaps and Secrets made of files.
    pub config: Vec<ConfigEntry>,
    /// Objects that people manage by hand.
    pub external: Vec<ExternalEntry>,
    /// Fields of custom resources that name a ConfigMap or Secret.
    pub references: Vec<ReferenceEntry>,
    /// Group and kind of custom resources without a namespace.
    pub cluster_scoped: Vec<(String, String)>,
    /// The rules that objects keep to.
    pub policy: Vec<Rule>,
    /// The other environments.
    pub siblings: Vec<Sibling>,
    /// Values files, each with its origin; later ones win.
    pub values: Vec<(Spanned<String>, Origin)>,
    /// Assignments on top of the files, each with its origin.
    pub assignments: Vec<(Assignment, Origin)>,
    /// The vaults by name; there is always a `default`.
    pub vaults: Vec<VaultSettings>,
    /// The keyring file, beneath the root.
    pub keyring: String,
    /// The recipients of the root key; at least one.
    pub keys: Vec<KeySettings>,
    /// Where the history is kept.
    pub history: HistorySettings,
    /// The id of the history that is meant, where somebody says it.
    pub store_id: Option<String>,
    /// The file that remembers the history's head, beneath the root.
    pub pin: String,
    /// The directory that manifests are written to where no other is named, beneath the root.
    pub output: String,
    /// The lock file, beneath the root.
    pub lock: String,
    /// How long vaults may be asked.
    pub deadline: Duration,
    /// How many times the usual amounts a run may cost: 1 to 64.
    pub budget: u32,
    /// The files that the project, cloze and git keep for themselves.
    pub reserved: ReservedPaths,
    /// The context of the kubeconfig; its current one where nobody says it.
    pub context: Option<String>,
    /// How deploys apply to a cluster; `None` where they only write.
    pub cluster: Option<ClusterSettings>,
    /// Every setting as text, with its origin and what it hides.
    pub effective: Vec<ResolvedSetting>,
}

/// A recipient of the root key as it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySettings {
    /// A key file.
    KeyFile(Location),
    /// A passphrase.
    Passphrase,
    /// The public key of an age identity.
    Age(String),
    /// A key that a service holds, whose name is that of its slot.
    Service(VaultSettings),
}

impl Settings {
    /// The vault of that name.
    pub fn vault(&self, name: &str) -> Option<&VaultSettings> {
        self.vaults.iter().find(|vault| vault.entry.name.value == name)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use serde_json::json;
    use tempfile::TempDir;

    use super::Flags;
    use super::KeySettings;
    use super::Set;
    use super::Settings;
    use crate::manifest::Names;
    use crate::problem::Problems;
    use crate::project::document::Project;
    use crate::project::history::HistoryUrl;
    use crate::project::location::Location;
    use crate::project::origin::ResolvedSetting;
    use crate::project::root::Root;
    use crate::project::values::Values;
    use crate::project::variable::Variables;
    use crate::project::vault::VaultKind;

    const PROJECT: &str = "\
apiVersion: cloze.dev/v1
project: shop
names: stable
environments:
  dev:
    namespace: shop-dev
    values: [values/common.yaml, values/dev.yaml]
  prod:
    names: versioned
    vaults:
      shared: { kind: hashicorp, prefixes: [shop] }
    history: { url: releases/prod }
    keys: [{ kind: passphrase }, { kind: key-file, path: keys/prod }]
    cluster: { context: prod }
";

    fn variables(list: &[(&str, &str)]) -> Variables {
        Variables::collect(list.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)))).unwrap()
    }

    fn resolve(flags: &Flags, list: &[(&str, &str)]) -> Result<Settings, Problems> {
        Settings::resolve(&Project::parse("cloze.yaml", PROJECT).unwrap(), flags, &variables(list))
    }

    fn on(environment: &str) -> Flags {
        Flags { environment: Some(environment.to_owned()), ..Flags::default() }
    }

    fn lines(list: &[ResolvedSetting]) -> Vec<String> {
        let line = |effective: &ResolvedSetting| {
            let hidden: Vec<String> = effective.overridden.iter().map(|(value, origin)| format!(" over {value} ({origin})")).collect();
            format!("{} = {} ({}){}", effective.key, effective.value, effective.origin, hidden.join(""))
        };
        list.iter().map(line).collect()
    }

    fn refusals(problems: &Problems) -> Vec<String> {
        problems.list().iter().map(|problem| format!("{problem}; {}", problem.next)).collect()
    }

    #[test]
    fn every_setting_says_where_it_came_from() {
        let settings = resolve(&on("dev"), &[]).unwrap();
        assert_eq!(
            lines(&settings.effective),
            [
                "environment = dev (-e)",
                "project = shop (cloze.yaml:2:10)",
                "namespace = shop-dev (cloze.yaml:6:16) over default (default)",
                "names = stable (cloze.yaml:3:8) over versioned (default)",
                "templates = templates/**/*.yaml (default)",
                "values[0] = values/common.yaml (cloze.yaml:7:14)",
                "values[1] = values/dev.yaml (cloze.yaml:7:34)",
                "vaults.default.kind = local (default)",
                "vaults.default.path = secrets/dev.vault (default)",
                "keys[0] = key-file .cloze/dev.key (default)",
                "history.url = .cloze/history/dev (default)",
                "deadline = 30 (default)",
                "budget = 1 (default)",
            ]
        );
        assert_eq!(
            (settings.names, settings.keyring.as_str(), settings.pin.as_str()),
            (Names::Stable, "secrets/dev.keyring", ".cloze/pins/dev.json")
        );
        assert_eq!(settings.output, "dist/dev");
    }

    #[test]
    fn flag_beats_variable_beats_file_beats_default() {
        let flags = Flags { values: vec!["values/flag.yaml".to_owned()], ..Flags::default() };
        let set = [
            ("CLOZE_ENV", "prod"),
            ("CLOZE_NAMESPACE", "by-variable"),
            ("CLOZE_NAMES", "versioned"),
            ("CLOZE_TEMPLATES", "a/*.yaml, b.yaml"),
            ("CLOZE_VALUES", "values/variable.yaml"),
            ("CLOZE_HISTORY_URL", "elsewhere"),
            ("CLOZE_KEY_FILE", "/run/key"),
            ("CLOZE_CONTEXT", "other"),
            ("CLOZE_BUDGET", "4"),
            ("VAULT_ADDR", "https://vault:8200"),
            ("VAULT_TOKEN", "CANARY"),
        ];
        let settings = resolve(&flags, &set).unwrap();
        assert_eq!(
            lines(&settings.effective),
            [
                "environment = prod (CLOZE_ENV)",
                "project = shop (cloze.yaml:2:10)",
                "namespace = by-variable (CLOZE_NAMESPACE) over default (default)",
                "names = versioned (CLOZE_NAMES) over versioned (cloze.yaml:9:12) over stable (cloze.yaml:3:8) over versioned (default)",
                "templates = a/*.yaml, b.yaml (CLOZE_TEMPLATES) over templates/**/*.yaml (default)",
                "values[0] = values/variable.yaml (CLOZE_VALUES)",
                "values[1] = values/flag.yaml (--values)",
                "vaults.default.kind = local (default)",
                "vaults.default.path = secrets/prod.vault (default)",
                "vaults.shared.kind = hashicorp (cloze.yaml:11:7)",
                "vaults.shared.address = https://vault:8200 (VAULT_ADDR)",
                "vaults.shared.mount = secret (default)",
                "vaults.shared.engine = kv-v2 (default)",
                "vaults.shared.auth = token (default)",
                "vaults.shared.concurrency = 128 (default)",
                "vaults.shared.prefixes = shop (cloze.yaml:11:45)",
                "keys[0] = passphrase (cloze.yaml:13:12)",
                "keys[1] = key-file /run/key (CLOZE_KEY_FILE) over key-file keys/prod (cloze.yaml:13:34) over key-file .cloze/prod.key (default)",
                "history.url = elsewhere (CLOZE_HISTORY_URL) over releases/prod (cloze.yaml:12:21) over .cloze/history/prod (default)",
                "cluster.context = other (CLOZE_CONTEXT) over prod (cloze.yaml:14:25)",
                "cluster.namespace = by-variable (default)",
                "cluster.wait = 600 (default)",
                "cluster.on-failure = rollback (default)",
                "cluster.keep = 10 (default)",
                "cluster.prune = true (default)",
                "deadline = 30 (default)",
                "budget = 4 (CLOZE_BUDGET) over 1 (default)",
            ]
        );
        assert_eq!(settings.keys, [KeySettings::Passphrase, KeySettings::KeyFile(Location::Anywhere("/run/key".into()))]);
        assert_eq!(settings.history.url, HistoryUrl::Directory(Location::Beneath("elsewhere".into())));
        let shared = settings.vault("shared").unwrap();
        assert_eq!((shared.kind(), shared.text("address")), (VaultKind::Hashicorp, "https://vault:8200"));
    }

    #[test]
    fn the_environment_is_chosen_or_asked_for() {
        assert_eq!(
            refusals(&resolve(&Flags::default(), &[]).unwrap_err()),
            ["the project has several environments: `dev`, `prod`; choose one with `-e`, or set `CLOZE_ENV`"]
        );
        assert_eq!(refusals(&resolve(&on("prd"), &[]).unwrap_err()), ["there is no environment `prd`; did you mean `prod`?"]);
        assert_eq!(
            refusals(&resolve(&on("staging"), &[]).unwrap_err()),
            ["there is no environment `staging`; choose one with `-e`: `dev`, `prod`"]
        );
        let one = "apiVersion: cloze.dev/v1\nproject: shop\nenvironments: {only: }\n";
        let project = Project::parse("cloze.yaml", one).unwrap();
        let settings = Settings::resolve(&project, &Flags::default(), &Variables::default()).unwrap();
        assert_eq!(settings.environment, "only");
        assert_eq!(lines(&settings.effective)[0], "environment = only (default)");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let flags = Flags { values: vec!["../x.yaml".to_owned()], sets: vec![Set { text: "a".to_owned(), literal: false }], ..on("prod") };
        let set = [
            ("CLOZE_TEMPLATES", "/etc/*"),
            ("CLOZE_NAMESPACE", "Shop"),
            ("CLOZE_NAMES", "hashed"),
            ("CLOZE_BUDGET", "65"),
            ("CLOZE_HISTORY_URL", "s3://bucket?key=CANARY"),
        ];
        assert_eq!(
            refusals(&resolve(&flags, &set).unwrap_err()),
            [
                "`--set` has no `=`; write `path=value`, and `\\,` for a comma that belongs to a value",
                "`../x.yaml` of `--values` leaves the project with `..`; keep the file beneath the project's directory and name it from there",
                "`/etc/*` of `CLOZE_TEMPLATES` is an absolute path; write a path relative to the project's directory",
                "`65` of `CLOZE_BUDGET` is not a multiple from 1 to 64; write a whole number, such as `2` for twice the usual amounts",
                "`Shop` of `CLOZE_NAMESPACE` is not a DNS label; use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends",
                "`hashed` of `CLOZE_NAMES` is not a way of naming; write `versioned` or `stable`",
                "the URL of `CLOZE_HISTORY_URL` does not name a bucket; write `s3://BUCKET/PREFIX`; the name has 3 or more of a-z, 0-9, `-` and `.`",
                "cloze.yaml:11:7: the vault `shared` has no address; add `address: …`, or set `VAULT_ADDR`",
            ]
        );
    }

    fn with_values(files: &[(&str, &str)], flags: &Flags) -> (Settings, Result<Values, Problems>) {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("values")).unwrap();
        for (path, text) in files {
            fs::write(dir.path().join(path), text).unwrap();
        }
        let settings = resolve(flags, &[]).unwrap();
        let values = Values::load(&Root::open(dir.path()).unwrap(), &settings);
        (settings, values)
    }

    #[test]
    fn every_value_says_where_it_came_from() {
        let flags = Flags {
            sets: vec![
                Set { text: "image.tag=v3,hosts[1]=b".to_owned(), literal: false },
                Set { text: "port=80".to_owned(), literal: true },
            ],
            ..on("dev")
        };
        let common = "image: {name: web, tag: v1}\nhosts: [a]\nport: 1\nold: 1\na.b: {c: x}\n";
        let (settings, values) =
            with_values(&[("values/common.yaml", common), ("values/dev.yaml", "image: {tag: v2}\nold:\nport: 1\n")], &flags);
        let values = values.unwrap();
        assert_eq!(*values.merged(), json!({"image": {"name": "web", "tag": "v3"}, "hosts": ["a", "b"], "port": "80", "a.b": {"c": "x"}}));
        assert_eq!(
            lines(&values.effective()),
            [
                "values.a\\.b.c = \"x\" (values/common.yaml)",
                "values.hosts = [\"a\",\"b\"] (--set) over [\"a\"] (values/common.yaml)",
                "values.image.name = \"web\" (values/common.yaml)",
                "values.image.tag = \"v3\" (--set) over \"v2\" (values/dev.yaml) over \"v1\" (values/common.yaml)",
                "values.port = \"80\" (--set-string) over 1 (values/common.yaml)",
            ]
        );
        let context = values.context(&settings);
        assert_eq!(context["cloze"], json!({"project": "shop", "environment": "dev", "namespace": "shop-dev", "values": values.merged()}));
        assert_eq!(context["image"]["tag"], "v3");
    }

    #[test]
    fn problems_of_all_values_files_are_told() {
        let (_, values) = with_values(&[("values/common.yaml", "a: [\n")], &on("dev"));
        let problems = refusals(&values.unwrap_err());
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("cloze.yaml:7:34: there is no file `values/dev.yaml`; "), "{problems:?}");
        assert!(problems[1].starts_with("values/common.yaml:2:1: this is not valid YAML; "), "{problems:?}");
        let (_, values) = with_values(&[("values/common.yaml", "cloze: {}\n"), ("values/dev.yaml", "")], &on("dev"));
        assert_eq!(
            refusals(&values.unwrap_err()),
            ["values/common.yaml: the key `cloze` at the top belongs to cloze itself; rename the key"]
        );
        let flags = Flags { sets: vec![Set { text: "cloze.environment=prod".to_owned(), literal: false }], ..on("dev") };
        let (_, values) = with_values(&[("values/common.yaml", ""), ("values/dev.yaml", "")], &flags);
        assert_eq!(refusals(&values.unwrap_err()), ["the key `cloze` at the top belongs to cloze itself; rename the key"]);
    }
}
