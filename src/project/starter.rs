//! The project that `cloze init` writes: a table of files, embedded, and the dev secrets that go with it.

use crate::clock::Entropy;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::check::BadText;
use crate::project::check::label;
use crate::project::quote::quote;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// What stands for the project's name in the files. Tera's own braces would collide with the templates'.
const PROJECT: &str = "@@PROJECT@@";

/// The environment of the starter that works at once.
pub const STARTER_ENVIRONMENT: &str = "dev";

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarterFile {
    /// Its path beneath the new project's directory.
    pub path: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its mode, as in `chmod`.
    pub mode: u32,
}

enum Content {
    Text(&'static str),
    Binary(&'static [u8]),
}

macro_rules! text {
    ($path:literal) => {
        text!("starter", $path)
    };
    ($folder:literal, $path:literal) => {
        ($path, Content::Text(include_str!(concat!("../../templates/", $folder, "/", $path))))
    };
}

const GITIGNORE: (&str, Content) = (".gitignore", Content::Text(include_str!("../../templates/starter/gitignore")));

const BARE: &[(&str, Content)] = &[GITIGNORE, text!("bare", "cloze.yaml"), text!("bare", "values/dev.yaml")];

const FILES: &[(&str, Content)] = &[
    GITIGNORE,
    text!("README.md"),
    text!("cloze.yaml"),
    text!("config/secrets/appsettings.secrets.json"),
    text!("config/web/defaults.env"),
    text!("config/web/features.json"),
    text!("config/web/limits.toml"),
    text!("config/web/locale.ini"),
    text!("config/web/logging.xml"),
    ("config/web/logo.png", Content::Binary(include_bytes!("../../templates/starter/config/web/logo.png"))),
    text!("config/web/messages.properties"),
    text!("config/web/routes.yaml"),
    text!("templates/config.yaml"),
    text!("templates/cronjob.yaml"),
    text!("templates/deployment.yaml"),
    text!("templates/namespace.yaml"),
    text!("templates/secrets.yaml"),
    text!("templates/service.yaml"),
    text!("values/common.yaml"),
    text!("values/dev.yaml"),
    text!("values/prod.yaml"),
];

/// The files of a new project of that name with an example application, in the order of their paths.
pub fn starter(project: &str) -> Result<Vec<StarterFile>, Problem> {
    named(project, FILES)
}

/// The same without the example: what a project cannot do without.
pub fn bare_starter(project: &str) -> Result<Vec<StarterFile>, Problem> {
    named(project, BARE)
}

fn named(project: &str, files: &[(&'static str, Content)]) -> Result<Vec<StarterFile>, Problem> {
    if let Err(BadText { reason, next }) = label(project) {
        return Err(Problem::new(Fault::Usage, format!("{} {reason}", quote(project)), next));
    }
    if label(&format!("{project}-{STARTER_ENVIRONMENT}")).is_err() {
        let reason = format!("{} leaves no room for the namespace `NAME-{STARTER_ENVIRONMENT}`", quote(project));
        return Err(Problem::new(Fault::Usage, reason, "use at most 59 characters"));
    }
    let file = |(path, content): &(&'static str, Content)| {
        let bytes = match content {
            Content::Text(text) => text.replace(PROJECT, project).into_bytes(),
            Content::Binary(bytes) => bytes.to_vec(),
        };
        StarterFile { path, bytes, mode: 0o644 }
    };
    Ok(files.iter().map(file).collect())
}

/// A secret that `init` makes for the dev environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// Its name in the vault.
    pub name: &'static str,
    value: GeneratedValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GeneratedValue {
    Random(Random),
    /// A JSON object of one fixed field and one random field; neither needs escaping.
    Account {
        username: &'static str,
        password: Random,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Random {
    length: usize,
    alphabet: &'static [u8],
}

const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// With characters that a URL, a shell or YAML would trip over, so that a missing filter shows on the first day. Without quotes,
/// backslash and semicolon, which a .NET connection string would have to escape.
const TRYING: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@:/?#%&+=!$*~^[]{}<>|,.-_ ";

/// Every secret that the starter's templates ask for.
pub const GENERATED: &[Generated] = &[
    Generated { name: "api-token", value: GeneratedValue::Random(Random { length: 40, alphabet: LETTERS_AND_DIGITS }) },
    Generated { name: "db-password", value: GeneratedValue::Random(Random { length: 24, alphabet: TRYING }) },
    Generated { name: "session-key", value: GeneratedValue::Random(Random { length: 48, alphabet: LETTERS_AND_DIGITS }) },
    Generated {
        name: "smtp",
        value: GeneratedValue::Account { username: "app", password: Random { length: 24, alphabet: LETTERS_AND_DIGITS } },
    },
];

impl Generated {
    /// A new value.
    pub fn value(&self, entropy: &dyn Entropy) -> Secret {
        match self.value {
            GeneratedValue::Random(random) => {
                let mut buffer = SecretBuffer::with_capacity(random.length);
                random.write(entropy, &mut buffer);
                buffer.into()
            }
            GeneratedValue::Account { username, password } => {
                let mut buffer = SecretBuffer::with_capacity(64 + username.len() + password.length);
                buffer.extend(br#"{"username":""#);
                buffer.extend(username.as_bytes());
                buffer.extend(br#"","password":""#);
                password.write(entropy, &mut buffer);
                buffer.extend(br#""}"#);
                buffer.into()
            }
        }
    }
}

impl Random {
    /// Appends characters, each as likely as any other. Neither end is a space.
    fn write(self, entropy: &dyn Entropy, buffer: &mut SecretBuffer) {
        let fair = 256 - 256 % self.alphabet.len();
        let mut written = 0;
        while written < self.length {
            let mut byte = SecretBuffer::with_capacity(1);
            entropy.fill(byte.extend_zeroed(1));
            let byte = usize::from(byte.expose()[0]);
            let character = self.alphabet[byte % self.alphabet.len()];
            let at_an_end = written == 0 || written + 1 == self.length;
            if byte < fair && !(at_an_end && character == b' ') {
                buffer.push(character);
                written += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use tera::Context;
    use tera::Kwargs;
    use tera::State;
    use tera::Tera;

    use super::GENERATED;
    use super::GeneratedValue;
    use super::LETTERS_AND_DIGITS;
    use super::PROJECT;
    use super::Random;
    use super::STARTER_ENVIRONMENT;
    use super::TRYING;
    use super::bare_starter;
    use super::starter;
    use crate::clock::Machine;
    use crate::manifest;
    use crate::project::document::PROJECT_FILE;
    use crate::project::document::Project;
    use crate::project::values::ValuesLimits;
    use crate::project::values::merge;
    use crate::project::values::read;
    use crate::secret::SecretBuffer;

    fn refusal(name: &str) -> String {
        let problem = starter(name).unwrap_err();
        format!("{problem}; {}", problem.next)
    }

    #[test]
    fn names_are_labels_with_room_for_the_namespace() {
        assert_eq!(
            refusal("My Shop"),
            "`My Shop` is not a DNS label; use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends"
        );
        let long = "a".repeat(60);
        assert_eq!(refusal(&long), format!("`{long}` leaves no room for the namespace `NAME-dev`; use at most 59 characters"));
        assert!(starter(&"a".repeat(59)).is_ok());
    }

    #[test]
    fn the_name_is_put_in_and_nothing_is_left_over() {
        let files = starter("shop").unwrap();
        for file in &files {
            let text = String::from_utf8_lossy(&file.bytes);
            assert!(!text.contains("@@"), "{}", file.path);
            assert_eq!(file.mode, 0o644);
        }
        let project = files.iter().find(|file| file.path == "cloze.yaml").unwrap();
        assert!(String::from_utf8_lossy(&project.bytes).contains("project: \"shop\"\n"));
        assert!(files.is_sorted_by_key(|file| file.path));
    }

    #[test]
    fn the_table_holds_every_file_of_the_directory() {
        fn walk(dir: &Path, prefix: &str, found: &mut BTreeSet<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
                if entry.path().is_dir() {
                    walk(&entry.path(), &format!("{path}/"), found);
                } else {
                    found.insert(if path == "gitignore" { ".gitignore".to_owned() } else { path });
                }
            }
        }
        let mut found = BTreeSet::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/starter"), "", &mut found);
        let listed: BTreeSet<String> = starter("shop").unwrap().into_iter().map(|file| file.path.to_owned()).collect();
        assert_eq!(listed, found);
    }

    #[test]
    fn one_file_of_each_format() {
        let files = starter("shop").unwrap();
        for format in ["json", "xml", "yaml", "toml", "ini", "properties", "env", "png"] {
            let end = format!(".{format}");
            assert!(files.iter().any(|file| file.path.starts_with("config/web/") && file.path.ends_with(&end)), "{format}");
        }
        let binary = files.iter().find(|file| file.path == "config/web/logo.png").unwrap();
        assert!(std::str::from_utf8(&binary.bytes).is_err());
    }

    #[test]
    fn templates_render_and_ask_for_what_is_generated() {
        let files = starter("shop").unwrap();
        let text = |path: &str| String::from_utf8(files.iter().find(|file| file.path == path).unwrap().bytes.clone()).unwrap();
        for environment in ["dev", "prod"] {
            let limits = ValuesLimits::default();
            let mut values = serde_json::json!({"cloze": {"project": "shop", "environment": environment, "namespace": "shop"}});
            for path in ["values/common.yaml".to_owned(), format!("values/{environment}.yaml")] {
                merge(&mut values, read(&path, &text(&path), limits).unwrap());
            }
            let (sender, asked) = std::sync::mpsc::channel();
            let mut tera = Tera::default();
            let sender = std::sync::Mutex::new(sender);
            tera.register_function("secret", move |kwargs: Kwargs, _: &State| -> tera::TeraResult<String> {
                let name: String = kwargs.must_get("name")?;
                sender.lock().unwrap().send(name).unwrap();
                Ok("token".to_owned())
            });
            for filter in ["connstr", "urlencode"] {
                tera.register_filter(filter, |text: &str, _: Kwargs, _: &State| text.to_owned());
            }
            let context = Context::from_serialize(&values).unwrap();
            for file in &files {
                if (file.path.starts_with("templates/") || file.path.starts_with("config/")) && std::str::from_utf8(&file.bytes).is_ok() {
                    let rendered =
                        tera.render_str(&text(file.path), &context, false).unwrap_or_else(|error| panic!("{}: {error}", file.path));
                    match file.path.rsplit('.').next() {
                        Some("yaml") => {
                            let documents = manifest::read(&rendered, manifest::Limits::default());
                            let documents = documents.unwrap_or_else(|faults| panic!("{}: {faults:?}", file.path));
                            assert!(!documents.is_empty() && documents.iter().all(|document| document.as_map().is_some()), "{}", file.path);
                        }
                        Some("json") => assert!(serde_json::from_str::<serde_json::Value>(&rendered).is_ok(), "{}", file.path),
                        _ => assert!(!rendered.contains("{{"), "{}", file.path),
                    }
                }
            }
            drop(tera);
            let asked: BTreeSet<String> = asked.iter().collect();
            let generated: BTreeSet<String> = GENERATED.iter().map(|generated| generated.name.to_owned()).collect();
            assert_eq!(asked, generated);
        }
    }

    #[test]
    fn its_project_file_is_valid_whatever_the_name() {
        for name in ["shop", "no", "null", "123", "1e3", "0x10", "y", &"a".repeat(59)] {
            let bare = bare_starter(name).unwrap();
            let text = std::str::from_utf8(&bare.iter().find(|file| file.path == PROJECT_FILE).unwrap().bytes).unwrap();
            let project = Project::parse(PROJECT_FILE, text).unwrap_or_else(|problems| panic!("{name}: {problems}"));
            assert_eq!((project.name.value.as_str(), project.environments.len()), (name, 1));
            assert_eq!(project.environments[0].namespace.as_ref().unwrap().value, format!("{name}-dev"));
            let files = starter(name).unwrap();
            let text = String::from_utf8(files.iter().find(|file| file.path == PROJECT_FILE).unwrap().bytes.clone()).unwrap();
            let (before, prod) = text.split_once("  # prod:").unwrap();
            let uncommented = format!("{before}  prod:{}", prod.replace("\n  # ", "\n  "));
            for (text, environments) in [(&text, 1), (&uncommented, 2)] {
                let project = Project::parse(PROJECT_FILE, text).unwrap_or_else(|problems| panic!("{name}: {problems}"));
                assert_eq!(project.name.value, name);
                assert_eq!(project.environments.len(), environments);
                assert_eq!(project.environments[0].name.value, STARTER_ENVIRONMENT);
                assert_eq!(project.environments[0].namespace.as_ref().unwrap().value, format!("{name}-dev"));
            }
        }
    }

    #[test]
    fn generated_values_have_their_length_and_alphabet() {
        for generated in GENERATED {
            let (one, two) = (generated.value(&Machine), generated.value(&Machine));
            assert!(!one.ct_eq(&two), "{}", generated.name);
            match generated.value {
                GeneratedValue::Random(random) => {
                    assert_eq!(one.len(), random.length);
                    assert!(one.expose().iter().all(|byte| random.alphabet.contains(byte)));
                    assert!(!one.expose().starts_with(b" ") && !one.expose().ends_with(b" "));
                }
                GeneratedValue::Account { username, password } => {
                    let value: serde_json::Value = serde_json::from_slice(one.expose()).unwrap();
                    assert_eq!(value["username"], username);
                    assert_eq!(value["password"].as_str().unwrap().len(), password.length);
                }
            }
        }
        assert!(!TRYING.iter().chain(LETTERS_AND_DIGITS).any(|byte| b"\"'\\;`".contains(byte)));
        assert!(PROJECT.is_ascii());
    }

    #[test]
    fn every_character_is_as_likely() {
        let random = Random { length: 62_000, alphabet: LETTERS_AND_DIGITS };
        let mut buffer = SecretBuffer::with_capacity(random.length);
        random.write(&Machine, &mut buffer);
        for letter in LETTERS_AND_DIGITS {
            let count = buffer.expose().split(|byte| byte == letter).count() - 1;
            assert!((800..1_200).contains(&count), "{} {count}", char::from(*letter));
        }
    }
}
