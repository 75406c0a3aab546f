//! Version 2 of the layout, for stores that list upwards only: each digit of a number in a name is written as its complement to 9.
//! In this way the newest release is the first name below `releases/`, and one short page finds it. Version 1, in
//! which numbers are written as they are, is that of directories.

/// The roots below which names are numbers, and how many digits the segments after the root begin with: two folders and then the number
/// itself, with something after it perhaps; or the number alone.
const NUMBERED: [(&str, &[usize]); 5] =
    [("releases", &[4, 2, 8]), ("packs", &[4, 2, 8]), ("events", &[4, 2, 8]), ("keyrings", &[4]), ("pruned", &[8])];

/// The name in such a store of what the history calls `path`, and the other way round.
pub(crate) fn mirrored(path: &str) -> String {
    let mut segments = path.split('/');
    let root = segments.next().unwrap_or_default();
    let Some((_, widths)) = NUMBERED.iter().find(|(numbered, _)| *numbered == root) else { return path.to_owned() };
    let mut name = root.to_owned();
    for (segment, digits) in segments.zip(widths.iter().copied().chain(std::iter::repeat(0))) {
        name.push('/');
        name.push_str(&complement(segment, digits));
    }
    name
}

/// The segment with its first digits as their complements, where it begins with that many.
fn complement(segment: &str, digits: usize) -> String {
    match segment.split_at_checked(digits) {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            number.bytes().map(|byte| char::from(b'9' - (byte - b'0'))).chain(rest.chars()).collect()
        }
        _ => segment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::mirrored;

    #[test]
    fn numbers_are_mirrored_and_nothing_else() {
        for (path, name) in [
            ("releases/0000/00/00000042", "releases/9999/99/99999957"),
            ("releases/0001/00/00010000", "releases/9998/99/99989999"),
            ("packs/0000/01/00000142-1f1f-0", "packs/9999/98/99999857-1f1f-0"),
            ("events/0000/00/00000042/0001", "events/9999/99/99999957/0001"),
            ("events/0000", "events/9999"),
            ("releases", "releases"),
            ("store", "store"),
            ("keyring/0123", "keyring/0123"),
            ("keyrings/0001", "keyrings/9998"),
            ("pruned/00000042", "pruned/99999957"),
            ("probe/0000/00", "probe/0000/00"),
            ("releases/stray/0", "releases/stray/0"),
            ("releases/000", "releases/000"),
        ] {
            assert_eq!(mirrored(path), name);
            assert_eq!(mirrored(name), path);
        }
    }

    #[test]
    fn a_newer_number_comes_first() {
        let names: Vec<String> = [1u64, 9, 10, 99, 100, 9_999, 10_000, 99_999_999]
            .map(|number| mirrored(&format!("releases/{:04}/{:02}/{number:08}", number / 10_000, number / 100 % 100)))
            .to_vec();
        assert!(names.windows(2).all(|pair| pair[0] > pair[1]), "{names:?}");
    }
}
