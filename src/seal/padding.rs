//! Padding: Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019) above
//! a floor, so that a length says little and a short length nothing.

use crate::seal::OpenFault;
use crate::secret::Secret;

/// `parts` with one marker byte behind them, and the padded length, up to which zeros follow.
pub(crate) fn pad<'p>(parts: &[&'p [u8]], floor: usize) -> (Vec<&'p [u8]>, usize) {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut marked = Vec::with_capacity(parts.len() + 1);
    marked.extend_from_slice(parts);
    marked.push(&[MARKER]);
    (marked, padded_length(length, floor))
}

/// What [`pad`] was given, in the same buffer with the padding wiped. Anything that [`pad`] would not write is refused.
pub(crate) fn unpad(padded: Secret, floor: usize) -> Result<Secret, OpenFault> {
    let length = padded.expose().iter().rposition(|byte| *byte != 0).ok_or(OpenFault)?;
    if padded.expose()[length] != MARKER || padded.len() != padded_length(length, floor) {
        return Err(OpenFault);
    }
    Ok(padded.shortened(length))
}

/// Length of what is sealed for `length` bytes: Padmé's length of it, or of the floor, and one byte for the marker, so that
/// everything up to and including the floor has one length.
pub(crate) fn padded_length(length: usize, floor: usize) -> usize {
    padme(length.max(floor)) + 1
}

/// Padmé: the length, rounded up to a number whose mantissa is no longer than its exponent.
fn padme(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let kept = exponent.checked_ilog2().map_or(0, |bits| bits + 1);
    let mask = (1 << (exponent - kept)) - 1;
    (length + mask) & !mask
}

const MARKER: u8 = 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::proptest;

    use super::pad;
    use super::padded_length;
    use super::padme;
    use super::unpad;
    use crate::secret::Secret;

    fn padded(plain: &[u8], floor: usize) -> Vec<u8> {
        let (head, tail) = plain.split_at(plain.len() / 2);
        let (parts, length) = pad(&[head, tail], floor);
        let mut padded = parts.concat();
        padded.resize(length, 0);
        padded
    }

    #[test]
    fn padme_rounds_what_has_a_longer_mantissa_than_exponent() {
        assert_eq!([0, 1, 2, 8, 9, 10, 4096, 4097].map(padme), [0, 1, 2, 8, 10, 10, 4096, 4352]);
    }

    #[test]
    fn everything_up_to_the_floor_has_one_length() {
        for length in 0..=4096 {
            assert_eq!(padded_length(length, 4096), 4097);
        }
        assert!(padded_length(4097, 4096) > 4097);
    }

    #[test]
    fn what_pad_would_not_write_is_refused() {
        assert!(unpad(Secret::copy_of(&[]), 0).is_err());
        assert!(unpad(Secret::copy_of(&[0; 257]), 256).is_err());
        let mut padded = padded(b"abc", 256);
        padded[3] = 0x81;
        assert!(unpad(Secret::copy_of(&padded), 256).is_err());
        padded[3] = 0x80;
        assert!(unpad(Secret::copy_of(&padded), 256).is_ok());
        assert!(unpad(Secret::copy_of(&padded[..256]), 256).is_err());
        padded.push(0);
        assert!(unpad(Secret::copy_of(&padded), 256).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn overhead_is_at_most_an_eighth_above_the_floor(length in 0usize..1 << 40, floor in 0usize..10_000) {
            let padded = padded_length(length, floor);
            assert!(padded > length);
            assert!(padded - 1 <= length.max(floor) + length.max(floor) * 12 / 100);
        }

        #[test]
        fn longer_is_never_shorter(length in 0usize..1 << 40, more in 0usize..10_000) {
            assert!(padded_length(length, 256) <= padded_length(length + more, 256));
        }

        #[test]
        fn padding_comes_off(plain in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..700), floor in 0usize..600) {
            assert_eq!(unpad(Secret::new(padded(&plain, floor)), floor).unwrap().expose(), plain);
        }
    }
}
