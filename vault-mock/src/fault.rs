//! Faults on demand: which requests go wrong, how, and how often.

use serde::Deserialize;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// An error answer with the protocol's body.
    Status {
        /// The status code.
        code: u16,
        /// The header `Retry-After`.
        #[serde(default)]
        retry_after: Option<String>,
        /// The words under `errors`; those that the server would use when absent.
        #[serde(default)]
        errors: Option<Vec<String>>,
    },
    /// The connection is reset before a byte of the answer.
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
    /// A redirect to another place.
    Redirect {
        /// The status code; 307 when absent.
        #[serde(default = "temporary")]
        code: u16,
        /// The header `Location`.
        to: String,
    },
    /// A body of one's own.
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
        Self::Status { code, retry_after: None, errors: None }
    }

    /// 429 with `Retry-After: seconds`.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self::Status { code: 429, retry_after: Some(seconds.to_string()), errors: None }
    }
}

fn temporary() -> u16 {
    307
}

/// A fault for some requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What a request's path must contain; everything when empty.
    #[serde(default)]
    pub path: String,
    /// How many requests it befalls; all of them when absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What befalls them.
    pub fault: Fault,
}

impl Script {
    /// A fault for the next `times` requests whose path contains `path`.
    #[must_use]
    pub fn new(path: &str, times: u32, fault: Fault) -> Self {
        Self { path: path.to_owned(), times: Some(times), fault }
    }

    /// A fault for all requests whose path contains `path`.
    #[must_use]
    pub fn always(path: &str, fault: Fault) -> Self {
        Self { path: path.to_owned(), times: None, fault }
    }
}

/// The scripts that are not used up.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    list: Vec<Script>,
}

impl Scripts {
    pub(crate) fn add(&mut self, script: Script) {
        self.list.push(script);
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// The fault for a request of `path`, used up by one.
    pub(crate) fn next(&mut self, path: &str) -> Option<Fault> {
        let script = self.list.iter_mut().find(|script| script.times != Some(0) && path.contains(&script.path))?;
        if let Some(times) = &mut script.times {
            *times -= 1;
        }
        Some(script.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Script, Scripts};

    #[test]
    fn a_script_is_used_up() {
        let mut scripts = Scripts::default();
        scripts.add(Script::new("a", 1, Fault::Reset));
        scripts.add(Script::always("a", Fault::Truncated));
        assert_eq!(scripts.next("/v1/b"), None);
        assert_eq!(scripts.next("/v1/a"), Some(Fault::Reset));
        assert_eq!(scripts.next("/v1/a"), Some(Fault::Truncated));
        assert_eq!(scripts.next("/v1/a"), Some(Fault::Truncated));
    }
}
