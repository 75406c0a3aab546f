//! The text of a local vault: a header, then one line for each version of each secret, sorted by name and version.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;
use crate::vault::local::entry::StoredVersion;
use crate::vault::local::entry::VersionState;

/// The format's name and version; the keyring's id follows it.
const HEADER: &str = "cloze-vault 1 ";

/// What a local vault holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    keyring: String,
    secrets: BTreeMap<String, Vec<StoredVersion>>,
}

impl Sheet {
    /// An empty vault of a keyring.
    pub(super) fn new(keyring: &str) -> Self {
        Self { keyring: keyring.to_owned(), secrets: BTreeMap::new() }
    }

    /// Reads `bytes`, which are in `file` and must belong to `keyring`. The order of lines is free, so that a merge by hand is
    /// forgiven; the numbers of a secret's versions must run from 1 without a gap or a repetition.
    pub(super) fn parse(bytes: &[u8], file: &str, keyring: &str) -> Result<Self, ServiceError> {
        let damaged = |line: usize, reason: &str, next: &str| {
            ServiceError::new(ServiceFault::Unavailable, format!("the local vault is damaged at {file}:{line}: {reason}"), next)
        };
        let restore = "restore the line from version control";
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            damaged(line, "not text", restore)
        })?;
        if let Some(at) = text.split('\n').position(|line| line.ends_with('\r')) {
            return Err(damaged(at + 1, "a carriage return at its end", "keep line ends as they are: `*.vault -text` in .gitattributes"));
        }
        let Some(lines) = text.strip_suffix('\n') else {
            let reason = if text.is_empty() { "the file is empty" } else { "the last line is cut" };
            return Err(damaged(text.split('\n').count(), reason, restore));
        };
        let mut lines = lines.split('\n').zip(1..);
        let header = lines.next().map_or("", |(line, _)| line);
        if is_marker(header) {
            return Err(damaged(1, CONFLICT, RESOLVE));
        }
        let Some(owner) = header.strip_prefix(HEADER) else {
            return Err(damaged(1, &format!("the header is not `{HEADER}…`"), "restore it, or use the cloze that wrote this file"));
        };
        if owner != keyring {
            let reason = format!("{file} belongs to keyring `{}`, not to this environment's `{keyring}`", words::tame(owner, 64));
            let next = "restore the keyring and the vault from the same commit";
            return Err(ServiceError::new(ServiceFault::Denied, reason, next));
        }
        let mut found: BTreeMap<String, BTreeMap<u64, (StoredVersion, usize)>> = BTreeMap::new();
        for (line, number) in lines {
            if is_marker(line) {
                return Err(damaged(number, CONFLICT, RESOLVE));
            }
            let entry = StoredVersion::parse(line).map_err(|reason| damaged(number, reason, restore))?;
            let (name, version) = (entry.name.clone(), entry.version);
            if let Some((_, earlier)) = found.entry(name.clone()).or_default().insert(version, (entry, number)) {
                let reason = format!("version {version} of `{name}` is on line {earlier}, too");
                return Err(damaged(number, &reason, "keep one of the two lines and set the other value again"));
            }
        }
        let mut secrets = BTreeMap::new();
        for (name, versions) in found {
            for (expected, (version, (_, number))) in (1..).zip(&versions) {
                if *version != expected {
                    return Err(damaged(*number, &format!("version {expected} of `{name}` is missing before this one"), restore));
                }
            }
            secrets.insert(name, versions.into_values().map(|(entry, _)| entry).collect());
        }
        Ok(Self { keyring: keyring.to_owned(), secrets })
    }

    /// The versions of a secret in order, the first of them number 1; none when it was never set.
    pub(super) fn versions(&self, name: &str) -> &[StoredVersion] {
        self.secrets.get(name).map_or(&[], Vec::as_slice)
    }

    /// The current version of each secret, by name.
    pub(super) fn current(&self) -> impl Iterator<Item = &StoredVersion> {
        self.secrets.values().filter_map(|versions| versions.last())
    }

    /// Each version of each secret.
    pub(super) fn entries(&mut self) -> impl Iterator<Item = &mut StoredVersion> {
        self.secrets.values_mut().flatten()
    }

    /// Adds the next version of a secret.
    pub(super) fn push(&mut self, entry: StoredVersion) {
        self.secrets.entry(entry.name.clone()).or_default().push(entry);
    }
}

const CONFLICT: &str = "a merge conflict";
const RESOLVE: &str = "keep the lines of both sides; where both have the same version of a secret, keep one and set the other value again";

/// The names of the secrets in the text of a local vault that were not removed. No key is needed, so nothing of it is proven: for completions.
pub fn names_in(text: &[u8]) -> Vec<String> {
    let mut names = BTreeMap::new();
    for line in String::from_utf8_lossy(text).lines().skip(1) {
        if let Ok(entry) = StoredVersion::parse(line) {
            let latest = names.entry(entry.name).or_insert((entry.version, entry.state));
            *latest = (*latest).max((entry.version, entry.state));
        }
    }
    names.into_iter().filter(|(_, (_, state))| *state == VersionState::Set).map(|(name, _)| name).collect()
}

/// Whether git wrote the line into a merge conflict.
fn is_marker(line: &str) -> bool {
    ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker))
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        f.write_str(&self.keyring)?;
        f.write_char('\n')?;
        self.secrets.values().flatten().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;
    use crate::service::ServiceError;

    const A1: &str = "a 1 2026-11-23T00:00:00Z set AAAA\n";
    const A2: &str = "a 2 2026-11-23T00:00:00Z removed AAAA\n";
    const B1: &str = "b 1 2026-11-23T00:00:00Z set AAAA\n";

    fn parse(lines: &[&str]) -> Result<Sheet, ServiceError> {
        Sheet::parse(("cloze-vault 1 ring\n".to_owned() + &lines.concat()).as_bytes(), "dev.vault", "ring")
    }

    fn reason(lines: &[&str]) -> String {
        parse(lines).unwrap_err().reason
    }

    #[test]
    fn text_is_sorted_whatever_the_order_was() {
        let sorted = ["cloze-vault 1 ring\n", A1, A2, B1].concat();
        assert_eq!(parse(&[B1, A2, A1]).unwrap().to_string(), sorted);
        assert_eq!(Sheet::new("ring").to_string(), "cloze-vault 1 ring\n");
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let at = "the local vault is damaged at dev.vault:";
        assert_eq!(reason(&[A1, "<<<<<<< HEAD\n", B1]), format!("{at}3: a merge conflict"));
        assert_eq!(reason(&[A1, "=======\n"]), format!("{at}3: a merge conflict"));
        assert_eq!(reason(&[A1, B1, A1]), format!("{at}4: version 1 of `a` is on line 2, too"));
        assert_eq!(reason(&[B1, A2]), format!("{at}3: version 1 of `a` is missing before this one"));
        assert_eq!(reason(&["x\n"]), format!("{at}2: not five fields with single spaces between them"));
        assert_eq!(reason(&["\n"]), format!("{at}2: not five fields with single spaces between them"));
        assert_eq!(reason(&[A1.trim_end()]), format!("{at}2: the last line is cut"));
        assert_eq!(reason(&[A1, "b\r\n"]), format!("{at}3: a carriage return at its end"));
        let whole = |bytes: &[u8]| Sheet::parse(bytes, "dev.vault", "ring").unwrap_err().reason;
        assert_eq!(whole(b""), format!("{at}1: the file is empty"));
        assert_eq!(whole(b"cloze-vault 2 ring\n"), format!("{at}1: the header is not `cloze-vault 1 …`"));
        assert_eq!(whole(b"<<<<<<< HEAD\n"), format!("{at}1: a merge conflict"));
        assert_eq!(whole(b"cloze-vault 1 ring\n\xff\n"), format!("{at}2: not text"));
        let foreign = "dev.vault belongs to keyring `other`, not to this environment's `ring`";
        assert_eq!(whole(b"cloze-vault 1 other\n"), foreign);
    }
}
