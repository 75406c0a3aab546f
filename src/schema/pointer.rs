//! Places in a schema and in values, as JSON pointers (RFC 6901).

/// The address that the schema has while it is read. Nothing is there.
pub(super) const URL: &str = "cloze:///values/schema.json";

/// The JSON pointer (RFC 6901) in the fragment of an address.
pub(super) fn pointer_of(url: &str) -> String {
    let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment).as_bytes();
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut at = 0;
    while at < fragment.len() {
        let escaped = fragment.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let Some(byte) = escaped.filter(|_| fragment[at] == b'%') {
            bytes.push(byte);
            at += 3;
        } else {
            bytes.push(fragment[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The steps of a JSON pointer.
pub fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// Steps as people write a path, such as `hosts.0.name`, and as `--set` reads it.
pub fn dotted(steps: &[String]) -> String {
    steps.iter().map(|step| step.replace('\\', "\\\\").replace('.', "\\.")).collect::<Vec<_>>().join(".")
}

/// A step as it is written in a JSON pointer.
pub(super) fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::escaped;
    use super::pointer_of;

    #[test]
    fn pointers_are_in_the_fragments_of_addresses() {
        assert_eq!(pointer_of("cloze:///a#/b%20c/%C3%A4/d~1e"), "/b c/\u{e4}/d~1e");
        assert_eq!((pointer_of("x"), pointer_of("#%zz%4")), (String::new(), "%zz%4".to_owned()));
        assert_eq!(escaped("a/b~c"), "a~1b~0c");
    }
}
