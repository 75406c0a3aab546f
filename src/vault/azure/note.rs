//! What went wrong on the way to a token, in our words: those of the crate that asks for it may hold whatever a server sent.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::service::ServiceError;

/// The last thing that went wrong.
#[derive(Debug, Default)]
pub(super) struct Note {
    last: Mutex<Option<ServiceError>>,
}

impl Note {
    /// Something went wrong.
    pub(super) fn write(&self, error: ServiceError) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// All is well, or begins anew; gives what was noted.
    pub(super) fn take(&self) -> Option<ServiceError> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
