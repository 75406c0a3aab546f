//! Files that are values in ConfigMaps and Secrets: which format they have, how a blank in them is escaped, and the
//! proof that a filled file has the structure that its template had.
//!
//! A file goes through three steps. [`place`] scans it with a mark where each blank is and decides the escape for
//! that place, or refuses the place. [`FilePlan::assemble`] writes the escaped values. The filled file is then scanned by
//! the same scanner: every brace, quote, key, tag and line end must be where it was, moved only by the lengths of the
//! values before it, and none may have come out of a value.

mod env;
mod escape;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod fuzz_files;
#[cfg(test)]
mod fuzz_values;
mod ini;
mod json;
mod plan;
mod properties;
mod rewrite;
mod skeleton;
mod toml;
mod write;
mod xml;
mod yaml;

pub use escape::Escape;
pub use escape::IniQuote;
pub use plan::FilePlan;
pub use plan::place;

use std::fmt;

use crate::blank::BlankId;

/// A format whose files can have blanks in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 8259, with comments and trailing commas passed over, as .NET reads `appsettings.json`.
    Json,
    /// YAML 1.1 and 1.2, as far as they agree.
    Yaml,
    /// TOML 1.0.
    Toml,
    /// `java.util.Properties`.
    Properties,
    /// Sections, keys and values. There is no escape that all readers share.
    Ini,
    /// Assignments as a POSIX shell reads them.
    Env,
    /// XML 1.0, fifth edition.
    Xml,
}

/// What a blank asks of the file that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// To be escaped for its place.
    Escape,
    /// Its outermost filter is `json`: outside of quotes it is a value of its own, inside them it is escaped like any other.
    Json,
    /// To be put in as it is; the file's structure is then not proven.
    Raw,
}

/// Why a file cannot be filled. Says nothing of any value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedFault {
    /// The blank that is in the way, unless it is the file itself.
    pub blank: Option<BlankId>,
    /// The line in the file, from 1.
    pub line: u32,
    /// What is wrong; a lowercase fragment.
    pub reason: String,
    /// What to do; an imperative fragment.
    pub next: String,
}

impl Format {
    /// The format of the file under a ConfigMap's or Secret's key, by the key's ending in any case.
    pub fn of_key(key: &str) -> Option<Self> {
        let (_, ending) = key.rsplit_once('.')?;
        let formats = [
            ("json", Self::Json),
            // What the kubelet reads from Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`.
            ("dockerconfigjson", Self::Json),
            ("dockercfg", Self::Json),
            ("yaml", Self::Yaml),
            ("yml", Self::Yaml),
            ("toml", Self::Toml),
            ("properties", Self::Properties),
            ("ini", Self::Ini),
            ("env", Self::Env),
            ("xml", Self::Xml),
        ];
        formats.into_iter().find(|(name, _)| ending.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
            Self::Properties => "properties",
            Self::Ini => "ini",
            Self::Env => "env",
            Self::Xml => "XML",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_ending_names_the_format() {
        assert_eq!(Format::of_key("appsettings.json"), Some(Format::Json));
        assert_eq!(Format::of_key("application-prod.YML"), Some(Format::Yaml));
        assert_eq!(Format::of_key(".env"), Some(Format::Env));
        assert_eq!(Format::of_key("json"), None);
        assert_eq!(Format::of_key("tls.crt"), None);
    }
}
