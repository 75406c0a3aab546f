//! What is said of one live object.

/// How far a live object is from what its manifest says. Reasons are lowercase fragments without a period; they name objects, containers, exit
/// codes and the cluster's own reasons, and repeat no free text of the cluster, which may hold values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is as its manifest says.
    Ready,
    /// It is on its way.
    Progressing {
        /// What is missing yet.
        reason: String,
    },
    /// It cannot go on by itself, but an autoscaler, an operator or a person may cure it: failed after a grace.
    Stuck {
        /// What is in its way.
        reason: String,
    },
    /// The cluster knows that it failed.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Health {
    pub(super) fn progressing(reason: impl Into<String>) -> Self {
        Self::Progressing { reason: reason.into() }
    }

    pub(super) fn stuck(reason: impl Into<String>) -> Self {
        Self::Stuck { reason: reason.into() }
    }

    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into() }
    }

    /// Why it is not ready; `None` when it is.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Progressing { reason } | Self::Stuck { reason } | Self::Failed { reason } => Some(reason),
        }
    }

    /// It in one word: `ready`, `progressing`, `stuck` or `failed`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Progressing { .. } => "progressing",
            Self::Stuck { .. } => "stuck",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether it failed.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// The same verdict with other words for its reason.
    pub(super) fn reworded(self, words: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Ready => Self::Ready,
            Self::Progressing { reason } => Self::Progressing { reason: words(reason) },
            Self::Stuck { reason } => Self::Stuck { reason: words(reason) },
            Self::Failed { reason } => Self::Failed { reason: words(reason) },
        }
    }

    /// The worse of two, `self` when they are equally bad.
    pub(super) fn or_worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Progressing { .. } => 1,
            Self::Stuck { .. } => 2,
            Self::Failed { .. } => 3,
        }
    }
}
