//! Faults on demand: what goes wrong.

use serde::Deserialize;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// An error answer in the protocol's own form; the request is not carried out.
    Status {
        /// The status code.
        code: u16,
        /// Which of the protocol's kinds of this status; each protocol names its own.
        #[serde(default)]
        variant: Option<String>,
        /// The header `Retry-After`.
        #[serde(default)]
        retry_after: Option<String>,
        /// Words in place of those that the server would use.
        #[serde(default)]
        words: Option<Vec<String>>,
    },
    /// The request is carried out, and the connection is reset before a byte of the answer.
    Reset,
    /// The answer comes, but only after so long.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The true answer, byte by byte.
    Slow {
        /// Milliseconds between two bytes.
        each_ms: u64,
    },
    /// The true answer's head and half of its body, then the end of the connection.
    Truncated,
    /// Half of the true answer's body, with a head that says that this is all.
    Malformed,
    /// The true answer with a checksum that is not its own, where the protocol has checksums.
    WrongCrc,
    /// A redirect to another place; the request is not carried out.
    Redirect {
        /// The status code; 307 when absent.
        #[serde(default = "temporary")]
        code: u16,
        /// The header `Location`.
        to: String,
    },
    /// A body of one's own; the request is not carried out.
    Body {
        /// The status code.
        code: u16,
        /// The body.
        text: String,
    },
}

impl Fault {
    /// An error answer with the server's usual words and no `Retry-After`.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, variant: None, retry_after: None, words: None }
    }

    /// One of the protocol's kinds of a status.
    #[must_use]
    pub fn variant(code: u16, variant: &str) -> Self {
        Self::Status { code, variant: Some(variant.to_owned()), retry_after: None, words: None }
    }

    /// An error answer with words of one's own.
    #[must_use]
    pub fn worded(code: u16, words: &str) -> Self {
        Self::Status { code, variant: None, retry_after: None, words: Some(vec![words.to_owned()]) }
    }

    /// A body of one's own.
    #[must_use]
    pub fn body(code: u16, text: &str) -> Self {
        Self::Body { code, text: text.to_owned() }
    }

    /// 429 with `Retry-After: seconds`.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self::Status { code: 429, variant: None, retry_after: Some(seconds.to_string()), words: None }
    }
}

fn temporary() -> u16 {
    307
}
