//! Where things lie in a store: numbered objects two folders deep, so that the newest is found by three short listings.

use crate::history::write_id::WriteId;

/// Which part of which pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId {
    /// The release that brought it.
    pub number: u64,
    /// The attempt that wrote it; the record of the release carries the same one.
    pub attempt: WriteId,
    /// Which part, from 0.
    pub part: u32,
}

/// Whose history it is.
pub(crate) const STORE: &str = "store";
/// Copies of the keyring.
pub(crate) const KEYRINGS: &str = "keyring";
/// Which of them is the newest, where another took the first one's place.
pub(crate) const KEYRING_ENTRIES: &str = "keyrings";
/// What a new store is tried with.
pub(crate) const PROBES: &str = "probe";
/// Records.
pub(crate) const RELEASES: &str = "releases";
/// Manifests.
pub(crate) const PACKS: &str = "packs";
/// What became of releases.
pub(crate) const EVENTS: &str = "events";

/// What was pruned.
pub(crate) const PRUNINGS: &str = "pruned";

/// The largest number that a release can have.
pub(crate) const LAST_NUMBER: u64 = 99_999_999;
/// The largest sequence number that an event can have.
pub(crate) const LAST_EVENT: u32 = 9_999;

/// The largest number that a keyring can have.
pub(crate) const LAST_KEYRING: u32 = 9_999;

/// The folder of `root` that `number` is in: no folder holds more than a hundred numbers.
pub(crate) fn folder(root: &str, number: u64) -> String {
    format!("{root}/{:04}/{:02}", number / 10_000, number / 100 % 100)
}

/// The record of release `number`.
pub(crate) fn release(number: u64) -> String {
    format!("{}/{number:08}", folder(RELEASES, number))
}

/// A part of a pack.
pub(crate) fn pack(id: PackId) -> String {
    format!("{}/{:08}-{}-{}", folder(PACKS, id.number), id.number, id.attempt, id.part)
}

/// The folder of a release's events.
pub(crate) fn events(number: u64) -> String {
    format!("{}/{number:08}", folder(EVENTS, number))
}

/// An event.
pub(crate) fn event(number: u64, sequence: u32) -> String {
    format!("{}/{sequence:04}", events(number))
}

/// The entry of a keyring.
pub(crate) fn keyring_entry(number: u32) -> String {
    format!("{KEYRING_ENTRIES}/{number:04}")
}

/// The marker that the releases before `first` were pruned.
pub(crate) fn pruning(first: u64) -> String {
    format!("{PRUNINGS}/{first:08}")
}

/// The number that `name` writes with exactly `digits` digits, or `None`.
pub(crate) fn number(name: &str, digits: usize) -> Option<u64> {
    (name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit())).then(|| name.parse().ok()).flatten()
}

/// The part of a pack that the object `name` in a folder of packs is, or `None`.
pub(crate) fn pack_of(name: &str) -> Option<PackId> {
    let mut pieces = name.split('-');
    let id = PackId { number: number(pieces.next()?, 8)?, attempt: WriteId::from_hex(pieces.next()?)?, part: pieces.next()?.parse().ok()? };
    (pieces.next().is_none() && pack(id).ends_with(name)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::PackId;
    use super::event;
    use super::number;
    use super::pack;
    use super::pack_of;
    use super::release;
    use crate::history::store::is_path;
    use crate::history::write_id::WriteId;

    #[test]
    fn numbers_lie_two_folders_deep() {
        assert_eq!(release(1), "releases/0000/00/00000001");
        assert_eq!(release(10_000), "releases/0001/00/00010000");
        assert_eq!(release(99_999_999), "releases/9999/99/99999999");
        assert_eq!(event(123, 4), "events/0000/01/00000123/0004");
        let id = PackId { number: 10_000, attempt: WriteId([0x1f; 16]), part: 2 };
        assert_eq!(pack(id), format!("packs/0001/00/00010000-{}-2", "1f".repeat(16)));
        assert!(is_path(&pack(id)) && is_path(&release(7)) && is_path(&event(7, 1)));
    }

    #[test]
    fn names_are_read_strictly() {
        let id = PackId { number: 7, attempt: WriteId([9; 16]), part: 0 };
        let name = pack(id).rsplit_once('/').unwrap().1.to_owned();
        assert_eq!(pack_of(&name), Some(id));
        for wrong in [format!("{name}0"), format!("{name}-0"), name.replace("-0", "-00"), name[1..].to_owned(), "x".to_owned()] {
            assert_eq!(pack_of(&wrong), None, "{wrong}");
        }
        assert_eq!(number("0012", 4), Some(12));
        assert_eq!(number("+012", 4), None);
        assert_eq!(number("12", 4), None);
    }
}
