//! What the history of the project `shop` says, and whether what lies on the disk agrees.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use super::Sandbox;

/// A release as `cloze history` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) number: u64,
    pub(crate) note: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
}

impl Sandbox {
    /// The releases of `shop`, oldest first; their numbers are proven to be 1, 2, 3, ….
    #[track_caller]
    pub(crate) fn releases(&self) -> Vec<Listed> {
        let text = self.cloze(["history", "--format", "json", "--limit", "1000000"]).ok();
        let list: Value = serde_json::from_str(&text).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |value: &Value| Listed {
            number: value["release"].as_u64().unwrap(),
            note: text(&value["note"]),
            action: text(&value["action"]),
            outcome: text(&value["outcome"]),
        };
        let mut releases: Vec<Listed> = list["releases"].as_array().unwrap().iter().map(one).collect();
        releases.reverse();
        let numbers: Vec<u64> = releases.iter().map(|release| release.number).collect();
        assert_eq!(numbers, (1..=releases.len() as u64).collect::<Vec<_>>(), "each number once, and none missing");
        releases
    }

    /// The bytes of a release's manifests, secrets included.
    #[track_caller]
    pub(crate) fn shown(&self, number: u64) -> Vec<u8> {
        let outcome = self.cloze(["show", &number.to_string(), "--reveal"]);
        let bytes = outcome.stdout.clone();
        outcome.ok();
        bytes
    }

    /// The manifests in `dist/dev` as one stream, or `None` when there is no such directory.
    pub(crate) fn emitted(&self) -> Option<Vec<u8>> {
        let folder = self.shop_path("dist/dev");
        let list = fs::read_to_string(folder.join(".cloze-output")).ok()?;
        let names: Vec<String> = list.lines().map(|line| serde_json::from_str::<[String; 6]>(line).unwrap()[0].clone()).collect();
        let mut stream = Vec::new();
        for name in &names {
            stream.extend_from_slice(b"---\n");
            stream.extend(fs::read(folder.join(name)).unwrap());
        }
        let there: BTreeSet<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let listed: BTreeSet<String> = names.into_iter().chain([".cloze-output".to_owned()]).collect();
        assert_eq!(there, listed, "the list and the directory agree");
        Some(stream)
    }

    /// Asserts that every object of the history proves, and gives the number of releases.
    #[track_caller]
    pub(crate) fn proved(&self) -> u64 {
        let text = self.cloze(["history", "--verify", "--format", "json"]).ok();
        let report: Value = serde_json::from_str(&text).unwrap();
        report["releases"].as_u64().unwrap()
    }

    /// What killed runs left in the work folder: side files and folders, staging files, packs without a record.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.work()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                let side = name.contains(".cloze-") && name != ".cloze-output";
                if side || name.contains('#') || name.ends_with(".new") || is_litter(&path, name) {
                    found.push(path.strip_prefix(self.work()).unwrap().to_owned());
                } else if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

/// Whether it is a pack that the record of its number does not own.
fn is_litter(path: &Path, name: &str) -> bool {
    let mut pieces = name.split('-');
    let (Some(number), Some(attempt)) = (pieces.next(), pieces.next()) else { return false };
    let Some(hundred) = path.parent().filter(|_| number.len() == 8 && attempt.len() == 32) else { return false };
    let record = hundred.to_str().unwrap().replace("/packs/", "/releases/");
    match fs::read(Path::new(&record).join(number)) {
        Ok(bytes) => !bytes.split(|byte| *byte == b'\n').next().unwrap().windows(32).any(|part| part == attempt.as_bytes()),
        Err(_) => true,
    }
}
