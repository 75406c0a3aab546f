//! A project with plaintext beside everything that can be mutated.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::canary::flock::Canary;
use crate::canary::flock::Make;
use crate::canary::search::Searcher;
use crate::support::Dice;
use crate::support::Sandbox;

/// The project as it was before anything went wrong.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) sound: BTreeMap<PathBuf, Vec<u8>>,
    /// Values of the vault, and the key.
    pub(crate) secrets: Searcher,
    /// Plaintext that stands in templates, values and other files of the project.
    pub(crate) neighbours: Searcher,
    /// The plaintext itself, to mutate near it.
    pub(crate) words: Vec<Vec<u8>>,
}

impl Bench {
    /// Two releases, and a file of each kind with plaintext in it.
    pub(crate) fn new() -> Self {
        let mut dice = Dice::new(11);
        let mut word = || dice.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 24);
        let words: Vec<String> = (0..9).map(|_| word()).collect();
        let sandbox = Sandbox::shop();
        let values: Vec<String> = ["db-password", "session-key", "api-token"].map(|_| word()).to_vec();
        for (name, value) in ["db-password", "session-key", "api-token"].iter().zip(&values) {
            sandbox.feed(["vault", "set", name], value.as_bytes()).ok();
        }
        let [a, b, c, d, e, f, g, h, i] = words.iter().map(String::as_str).collect::<Vec<_>>()[..] else { unreachable!() };
        let literal = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: literal\n  annotations:\n    note: \"{a}\"\ntype: Opaque\nstringData:\n  plain: {b}\n  \
             quoted: \"{c}\"\n  mixed: 'user:{{{{ secret(name=\"db-password\") }}}}@{d}'\n  file.json: '{{\"a\": \"{e}\", \"b\": \"{{{{ secret(name=\"api-token\") }}}}\"}}'\n"
        );
        sandbox.write("templates/literal.yaml", literal);
        sandbox.write("values/dev.yaml", sandbox.read("values/dev.yaml") + &format!("password: {f}\nnested:\n  token: \"{g}\"\n"));
        sandbox.write("config/web/features.json", format!("{{\"key\": \"{h}\", \"list\": [1, 2]}}\n"));
        sandbox.write("config/secrets/more.toml", format!("key = \"{i}\"\nother = \"{{{{ secret(name=\"session-key\") }}}}\"\n"));
        sandbox.cloze(["deploy"]).ok();
        sandbox.write("values/dev.yaml", sandbox.read("values/dev.yaml").replace("logLevel: debug", "logLevel: warn"));
        sandbox.cloze(["deploy"]).ok();
        let key = sandbox.read(".cloze/dev.key");
        let key = key.lines().rfind(|line| !line.is_empty()).unwrap().rsplit(['-', ' ', ':']).next().unwrap().to_owned();
        let canary = |text: &String| Canary {
            name: text.clone(),
            value: text.clone().into_bytes(),
            parts: vec![text.clone().into_bytes()],
            make: Make::Line,
        };
        let secrets = Searcher::new(&values.iter().chain([&key]).map(canary).collect::<Vec<_>>());
        let neighbours = Searcher::new(&words.iter().map(canary).collect::<Vec<_>>());
        let sound = sandbox.files();
        let stand = sound.values().flat_map(|bytes| neighbours.find(bytes)).map(|hit| hit.canary).collect::<BTreeSet<_>>();
        assert_eq!(stand.len(), words.len(), "plaintext that is not there cannot be quoted");
        Self { sandbox, sound, secrets, neighbours, words: words.into_iter().map(String::into_bytes).collect() }
    }

    /// Where plaintext stands in a file.
    pub(crate) fn marks(&self, bytes: &[u8]) -> Vec<usize> {
        self.words.iter().filter_map(|word| bytes.windows(word.len()).position(|window| window == word)).collect()
    }

    /// Puts every file back; says which were not as they should be.
    pub(crate) fn restore(&self, but: &PathBuf) -> Vec<String> {
        let now = self.sandbox.files();
        let mut changed = Vec::new();
        for (path, bytes) in &self.sound {
            if now.get(path) != Some(bytes) {
                if path != but {
                    changed.push(format!("{} changed", path.display()));
                }
                let path = self.sandbox.root().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        for path in now.keys().filter(|path| !self.sound.contains_key(*path)) {
            changed.push(format!("{} is new", path.display()));
            fs::remove_file(self.sandbox.root().join(path)).unwrap();
        }
        changed
    }
}
