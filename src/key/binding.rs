//! How a context is bound where a wrapping has no associated data: its digest is wrapped with the key.

use crate::digest::Digest;
use crate::seal::RootKey;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The root key with the digest of `context`.
pub(super) fn bound(root: &RootKey, context: &[u8]) -> Secret {
    let mut buffer = SecretBuffer::with_capacity(RootKey::LENGTH + LENGTH);
    buffer.extend(root.0.expose());
    buffer.extend(&digest(context).0);
    Secret::from(buffer)
}

/// The root key of what [`bound`] made in the same context.
pub(super) fn unbound(plain: &Secret, context: &[u8]) -> Option<RootKey> {
    let (root, rest) = plain.expose().split_at_checked(RootKey::LENGTH)?;
    let is_here = Secret::copy_of(rest).ct_eq(&Secret::copy_of(&digest(context).0));
    is_here.then(|| RootKey(Secret::copy_of(root)))
}

/// What stands for a context.
pub(super) fn digest(context: &[u8]) -> Digest {
    Digest::plain(&[b"cloze.dev/slot/v1", context])
}

/// Bytes of a digest.
const LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::bound;
    use super::unbound;
    use crate::clock::Machine;
    use crate::seal::RootKey;
    use crate::secret::Secret;

    #[test]
    fn a_key_is_given_back_in_its_context_only() {
        let root = RootKey::generate(&Machine);
        let plain = bound(&root, b"here");
        assert!(unbound(&plain, b"here").unwrap().0.ct_eq(&root.0));
        assert!(unbound(&plain, b"there").is_none() && unbound(&root.0, b"").is_none());
        assert!(unbound(&Secret::copy_of(&plain.expose()[1..]), b"here").is_none() && unbound(&Secret::copy_of(b""), b"").is_none());
    }
}
