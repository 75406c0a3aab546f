//! Base64 as Kubernetes reads it: the standard alphabet, padded, line breaks ignored (Go `base64.StdEncoding`).

use base64::Engine;
use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

use crate::secret::SecretBuffer;

/// How many bytes the text stands for, or `None` when it is not base64.
pub(super) fn decoded_length(text: &[u8]) -> Option<usize> {
    let end = text.iter().rposition(|byte| !matches!(byte, b'=' | b'\n' | b'\r')).map_or(0, |last| last + 1);
    let (body, tail) = text.split_at(end);
    let (breaks, bad) = body
        .iter()
        .map(|byte| CLASSES[usize::from(*byte)])
        .fold((0, 0), |(breaks, bad), class| (breaks + usize::from(class & BREAK), bad | class));
    let characters = body.len() - breaks;
    let padding: usize = tail.iter().map(|byte| usize::from(*byte == b'=')).sum();
    let whole = (characters + padding).is_multiple_of(4) && padding <= 2 && bad & OTHER == 0;
    whole.then(|| characters * 3 / 4)
}

/// The class of each byte: 0 for the alphabet.
const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => 0,
            b'\n' | b'\r' => BREAK,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
};

const BREAK: u8 = 1;

const OTHER: u8 = 2;

/// What the text stands for, in memory that is wiped; `None` when it is not base64.
pub(super) fn decoded(text: &[u8]) -> Option<SecretBuffer> {
    let length = decoded_length(text)?;
    let mut joined = SecretBuffer::with_capacity(text.len());
    text.split(|byte| matches!(byte, b'\n' | b'\r')).for_each(|line| joined.extend(line));
    let mut bytes = SecretBuffer::with_capacity(length + 3);
    let written = STANDARD.decode_slice(joined.expose(), bytes.extend_zeroed(length + 3)).ok()?;
    bytes.truncate(written);
    Some(bytes)
}

/// Go does not mind bits that are left over.
const STANDARD: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::decoded;
    use super::decoded_length;

    #[test]
    fn knows_what_go_takes() {
        assert_eq!(decoded_length(b""), Some(0));
        assert_eq!(decoded_length(b"YQ=="), Some(1));
        assert_eq!(decoded_length(b"YR=="), Some(1));
        assert_eq!(decoded_length(b"YWJj\nZGVm\r\n"), Some(6));
        for bad in ["YQ", "YQ=", "Y===", "YQ==YQ==", "Y Q=", "YQ-_", "p@ssword", "===="] {
            assert_eq!(decoded_length(bad.as_bytes()), None, "{bad}");
            assert!(decoded(bad.as_bytes()).is_none(), "{bad}");
        }
        assert_eq!(decoded(b"YR==").unwrap().expose(), b"a");
        assert_eq!(decoded(b"YW\nJj\n").unwrap().expose(), b"abc");
    }

    proptest! {
        #[test]
        fn decodes_what_was_encoded(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let text = STANDARD.encode(&bytes);
            prop_assert_eq!(decoded_length(text.as_bytes()), Some(bytes.len()));
            let back = decoded(text.as_bytes()).unwrap();
            prop_assert_eq!(back.expose(), &bytes);
        }
    }
}
