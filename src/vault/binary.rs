//! Bytes that came as text: base64 (RFC 4648 section 4, with padding), decoded into a wiped buffer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// What `text` stands for; `None` when it is no base64.
pub(crate) fn decoded(text: &Secret) -> Option<Secret> {
    let room = text.len().div_ceil(4) * 3;
    let mut buffer = SecretBuffer::with_capacity(room);
    let length = STANDARD.decode_slice(text.expose(), buffer.extend_zeroed(room)).ok()?;
    buffer.truncate(length);
    Some(Secret::from(buffer))
}

#[cfg(test)]
mod tests {
    use super::decoded;
    use crate::secret::Secret;

    #[test]
    fn is_strict() {
        let of = |text: &str| decoded(&Secret::copy_of(text.as_bytes())).map(|secret| secret.expose().to_vec());
        assert_eq!(of("aHVudGVyMg==").unwrap(), b"hunter2");
        assert_eq!(of("+/8=").unwrap(), [0xfb, 0xff]);
        assert_eq!(of("").unwrap(), b"");
        for wrong in ["aHVudGVyMg", "aHVudGVyMg==\n", "-_8=", "a", "====", "aHVudGVyMh=="] {
            assert!(of(wrong).is_none(), "{wrong}");
        }
    }
}
