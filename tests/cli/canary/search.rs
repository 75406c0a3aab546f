//! The searcher: any few bytes in a row of any canary in any encoding.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::canary::canaries::Canary;
use crate::canary::encoding::ALL;
use crate::canary::encoding::Encoding;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Which canary.
    pub(crate) canary: String,
    /// In which encoding; where two have the same form, the first of them.
    pub(crate) encoding: Encoding,
}

/// Every run of bytes that gives a canary away.
#[derive(Debug)]
pub(crate) struct Searcher {
    names: Vec<String>,
    runs: HashMap<[u8; 8], Vec<Run>>,
    likely: Vec<bool>,
}

#[derive(Debug)]
struct Run {
    bytes: Box<[u8]>,
    canary: usize,
    encoding: Encoding,
}

impl Searcher {
    /// Of the canaries' parts in every encoding, and of plain digests of their values.
    pub(crate) fn new(canaries: &[Canary]) -> Self {
        let names = canaries.iter().map(|canary| canary.name.clone()).collect();
        let mut searcher = Self { names, runs: HashMap::new(), likely: vec![false; 1 << 20] };
        for (number, canary) in canaries.iter().enumerate() {
            for encoding in ALL {
                for part in &canary.parts {
                    for form in encoding.forms(part) {
                        searcher.learn(&form, encoding.window(&form, part), (encoding, number));
                    }
                }
            }
        }
        for (number, form) in digests(canaries) {
            searcher.learn(&form, form.len(), (Encoding::Digest, number));
        }
        searcher
    }

    fn learn(&mut self, form: &[u8], window: usize, (encoding, canary): (Encoding, usize)) {
        assert!(window >= 8, "{encoding:?} is too short");
        for run in form.windows(window) {
            let head = run[..8].try_into().unwrap();
            self.likely[slot(head)] = true;
            let known = match self.runs.entry(head) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(room) => room.insert(Vec::new()),
            };
            if !known.iter().any(|known| known.bytes.starts_with(run) || run.starts_with(&known.bytes)) {
                known.push(Run { bytes: run.into(), canary, encoding });
            }
        }
    }

    /// How many runs of bytes are searched for.
    pub(crate) fn size(&self) -> usize {
        self.runs.values().map(Vec::len).sum()
    }

    /// What of the canaries is in `bytes`, sorted.
    pub(crate) fn find(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (at, head) in bytes.windows(8).enumerate() {
            let head = head.try_into().unwrap();
            if !self.likely[slot(head)] {
                continue;
            }
            for run in self.runs.get(&head).into_iter().flatten().filter(|run| bytes[at..].starts_with(&run.bytes)) {
                hits.push(Hit { canary: self.names[run.canary].clone(), encoding: run.encoding });
            }
        }
        hits.sort();
        hits.dedup();
        hits
    }
}

fn slot(head: [u8; 8]) -> usize {
    (u64::from_le_bytes(head).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as usize
}

/// SHA-256, SHA-1 and MD5 of every value, of it with a newline and of its parts, in hexadecimal and base64, as coreutils say.
fn digests(canaries: &[Canary]) -> Vec<(usize, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let mut owners = Vec::new();
    for (number, canary) in canaries.iter().enumerate() {
        let line = [canary.value.as_slice(), b"\n"].concat();
        for text in [&canary.value, &line].into_iter().chain(&canary.parts) {
            std::fs::write(folder.path().join(format!("{:06}", owners.len())), text).unwrap();
            owners.push(number);
        }
    }
    let mut forms = Vec::new();
    for program in ["sha256sum", "sha1sum", "md5sum"] {
        let mut sum = Command::new("xargs")
            .args(["-0", program])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let names: String = (0..owners.len()).map(|index| format!("{index:06}\0")).collect();
        sum.stdin.take().unwrap().write_all(names.as_bytes()).unwrap();
        let sums = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(sums.lines().count(), owners.len(), "{program}");
        for (line, owner) in sums.lines().zip(&owners) {
            let hex = line.split(' ').next().unwrap();
            let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
            for form in [hex.to_owned(), hex.to_uppercase(), STANDARD_NO_PAD.encode(&bytes)] {
                // What is cut short still tells: its first twenty characters.
                forms.push((*owner, form.as_bytes()[..20].to_vec()));
            }
            forms.push((*owner, bytes));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use crate::canary::canaries::Canary;
    use crate::canary::canaries::generate;
    use crate::canary::encoding::ALL;
    use crate::canary::encoding::Encoding;
    use crate::canary::search::Searcher;
    use crate::support::Random;

    #[test]
    fn finds_each_canary_in_each_encoding_and_nothing_in_noise() {
        let canaries = generate(7);
        let searcher = Searcher::new(&canaries);
        let mut random = Random::new(8);
        let mut found = 0;
        for canary in &canaries {
            for encoding in ALL {
                for part in &canary.parts {
                    for form in encoding.forms(part) {
                        let text = [random.bytes(300), form, random.bytes(300)].concat();
                        let hits = searcher.find(&text);
                        assert!(hits.iter().any(|hit| hit.canary == canary.name), "{} {encoding:?}: {hits:?}", canary.name);
                        assert!(hits.iter().all(|hit| hit.canary == canary.name), "{} {encoding:?}: {hits:?}", canary.name);
                        found += 1;
                    }
                }
            }
        }
        assert_eq!(searcher.find(&random.bytes(200_000)), []);
        println!("{} runs of bytes, {found} leaks planted and found", searcher.size());
    }

    #[test]
    fn finds_a_fragment_in_real_encoders_output() {
        let canaries = generate(7);
        let searcher = Searcher::new(&canaries);
        let sees = |canary: &Canary, bytes: &[u8]| searcher.find(bytes).iter().any(|hit| hit.canary == canary.name);
        let check = |canary: &Canary, bytes: &[u8], what: &str| assert!(sees(canary, bytes), "{} in {what}", canary.name);
        for canary in &canaries {
            let part = &canary.parts[0];
            check(canary, &part[1..11.min(part.len())], "ten bytes");
            if let Ok(text) = std::str::from_utf8(part) {
                check(canary, serde_json::to_string(text).unwrap().as_bytes(), "JSON");
                check(canary, serde_yaml::to_string(text).unwrap().as_bytes(), "YAML");
                check(canary, format!("{text:?}").as_bytes(), "Debug");
            }
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let digest: &[u8] = &<sha2::Sha256 as sha2::Digest>::digest(&canary.value);
            check(canary, hex(digest).as_bytes(), "SHA-256");
            assert!(searcher.find(hex(digest).as_bytes()).iter().all(|hit| hit.encoding == Encoding::Digest));
        }
    }
}
