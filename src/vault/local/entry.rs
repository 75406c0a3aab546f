//! One line of a local vault: a version of a secret, sealed, with its name, number, time and state in the clear.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Entropy;
use crate::clock::Timestamp;
use crate::seal::Keys;
use crate::seal::SealContext;
use crate::seal::SealedKind;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// What precedes the value under the seal: the state as one byte and the time as eight, big-endian.
const PREFIX: usize = 9;

/// A version of a secret as it is in the file: `NAME VERSION TIME STATE SEALED`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredVersion {
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) created: Timestamp,
    pub(super) state: VersionState,
    /// Standard base64.
    sealed: String,
}

/// Whether a version gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VersionState {
    Set,
    Removed,
}

/// Whose vault it is: what every entry is bound to besides its name and number.
#[derive(Debug, Clone, Copy)]
pub(super) struct VaultOwner<'a> {
    pub(super) keys: &'a Keys,
    pub(super) project: &'a str,
    pub(super) environment: &'a str,
}

impl VaultOwner<'_> {
    fn context<'c>(&'c self, name: &'c str, version: u64) -> SealContext<'c> {
        SealContext {
            store: self.keys.store(),
            project: self.project,
            environment: self.environment,
            kind: SealedKind::VaultEntry,
            identity: name,
            number: version,
            predecessor: None,
        }
    }
}

impl VersionState {
    fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Removed => "removed",
        }
    }
}

impl StoredVersion {
    /// Seals a version. State and time go under the seal too, so that neither can be changed in the clear alone.
    pub(super) fn seal(
        owner: VaultOwner<'_>,
        (name, version): (&str, u64),
        (created, state): (Timestamp, VersionState),
        value: &[u8],
        entropy: &dyn Entropy,
    ) -> Self {
        let mut plain = SecretBuffer::with_capacity(PREFIX + value.len());
        plain.extend(&prefix(created, state));
        plain.extend(value);
        let sealed = owner.keys.seal(&owner.context(name, version), plain.expose(), entropy);
        Self { name: name.to_owned(), version, created, state, sealed: STANDARD.encode(sealed) }
    }

    /// The value, or `None` when the line was changed since it was sealed or belongs elsewhere.
    pub(super) fn open(&self, owner: VaultOwner<'_>) -> Option<Secret> {
        let sealed = STANDARD.decode(&self.sealed).ok()?;
        let plain = owner.keys.open(&owner.context(&self.name, self.version), &sealed).ok()?;
        let value = plain.expose().strip_prefix(&prefix(self.created, self.state))?;
        Some(Secret::copy_of(value))
    }

    /// Whether it was sealed under a generation of keys that these have.
    pub(super) fn is_known(&self, owner: VaultOwner<'_>) -> bool {
        STANDARD.decode(&self.sealed).is_ok_and(|sealed| owner.keys.know(&sealed))
    }

    /// The entry of a line without its line end; otherwise what is wrong with it.
    pub(super) fn parse(line: &str) -> Result<Self, &'static str> {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, version, created, state, sealed] = fields[..] else { return Err("not five fields with single spaces between them") };
        crate::vault::name::check(name).map_err(|_| "the first field is not a secret's name")?;
        let version = crate::vault::name::version(version).map_err(|_| "the second field is not a version")?;
        let created = Timestamp::from_rfc3339(created).filter(|time| time.to_string() == created).ok_or("the third field is not a time")?;
        let state = [VersionState::Set, VersionState::Removed]
            .into_iter()
            .find(|known| known.word() == state)
            .ok_or("the fourth field is not a state")?;
        if sealed.is_empty() || !sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) {
            return Err("the fifth field is not base64");
        }
        Ok(Self { name: name.to_owned(), version, created, state, sealed: sealed.to_owned() })
    }
}

fn prefix(created: Timestamp, state: VersionState) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    prefix[0] = match state {
        VersionState::Set => 1,
        VersionState::Removed => 2,
    };
    prefix[1..].copy_from_slice(&created.0.to_be_bytes());
    prefix
}

impl fmt::Display for StoredVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {} {}", self.name, self.version, self.created, self.state.word(), self.sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::StoredVersion;
    use super::VaultOwner;
    use super::VersionState;
    use crate::clock::Machine;
    use crate::clock::Timestamp;
    use crate::seal::Keys;

    #[test]
    fn a_line_goes_both_ways_and_opens() {
        let keys = Keys::fresh(&Machine);
        let owner = VaultOwner { keys: &keys, project: "shop", environment: "dev" };
        let entry = StoredVersion::seal(owner, ("db/password", 3), (Timestamp(1_795_392_000), VersionState::Set), b"hunter2", &Machine);
        let line = entry.to_string();
        assert!(line.starts_with("db/password 3 2026-11-23T00:00:00Z set "));
        let read = StoredVersion::parse(&line).unwrap();
        assert_eq!(read, entry);
        assert_eq!(read.open(owner).unwrap().expose(), b"hunter2");
    }

    #[test]
    fn what_stands_in_the_clear_is_bound() {
        let keys = Keys::fresh(&Machine);
        let owner = VaultOwner { keys: &keys, project: "shop", environment: "dev" };
        let entry = StoredVersion::seal(owner, ("a", 1), (Timestamp(7), VersionState::Set), b"v", &Machine);
        assert!(entry.open(owner).is_some());
        let changed = [
            StoredVersion { name: "b".to_owned(), ..entry.clone() },
            StoredVersion { version: 2, ..entry.clone() },
            StoredVersion { created: Timestamp(8), ..entry.clone() },
            StoredVersion { state: VersionState::Removed, ..entry.clone() },
        ];
        assert!(changed.iter().all(|entry| entry.open(owner).is_none()));
        assert!(entry.open(VaultOwner { environment: "prod", ..owner }).is_none());
        assert!(entry.open(VaultOwner { project: "other", ..owner }).is_none());
    }

    #[test]
    fn a_damaged_line_says_what_is_wrong() {
        let good = "a 1 2026-11-23T00:00:00Z set AAAA";
        assert!(StoredVersion::parse(good).is_ok());
        let cases = [
            ("a 1 set AAAA", "not five fields with single spaces between them"),
            ("a  1 2026-11-23T00:00:00Z set AAAA", "not five fields with single spaces between them"),
            ("../a 1 2026-11-23T00:00:00Z set AAAA", "the first field is not a secret's name"),
            ("a 0 2026-11-23T00:00:00Z set AAAA", "the second field is not a version"),
            ("a 1 2026-11-23T00:00:00.5Z set AAAA", "the third field is not a time"),
            ("a 1 2026-11-23T00:00:00Z sett AAAA", "the fourth field is not a state"),
            ("a 1 2026-11-23T00:00:00Z set AA-A", "the fifth field is not base64"),
        ];
        for (line, reason) in cases {
            assert_eq!(StoredVersion::parse(line), Err(reason), "{line}");
        }
    }
}
