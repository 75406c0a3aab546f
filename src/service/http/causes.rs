//! What an error of the network was made of.

use std::error::Error;
use std::io;

/// The causes of an error, outermost first.
pub(crate) fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| {
        let cause: &'e (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // An I/O error made of another error gives that one's source as its own, and so hides the one it is made of.
            Some(made_of) => Some(made_of),
            None => cause.source(),
        }
    })
}

/// Whether the server's certificate is not valid here. Asking again does not change that.
#[cfg(feature = "cluster")]
pub(crate) fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))))
}
