//! How a value is quoted in a connection string.

use serde::Deserialize;
use serde::Serialize;

use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The quoting of a family of drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionStyle {
    /// `Key=value;Key=value` of .NET (`DbConnectionStringBuilder`): `SqlClient`, `Npgsql`, `MySqlConnector`, Azure Storage and others.
    AdoNet,
    /// `key=value key=value` of `PostgreSQL` (libpq, "Connection Strings").
    Libpq,
    /// `Key=value;Key=value` of ODBC ("Connection String Format and Attributes") and of Microsoft's JDBC driver ("Building the connection URL").
    Odbc,
}

impl ConnectionStyle {
    /// The style of that name in a template.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ado.net" => Some(Self::AdoNet),
            "libpq" => Some(Self::Libpq),
            "odbc" => Some(Self::Odbc),
            _ => None,
        }
    }

    /// The value as one value of a connection string: as it is where nothing in it means anything, else in quotes. `None` where it has a NUL,
    /// which no connection string can carry.
    pub(super) fn quote(self, text: &str) -> Option<Secret> {
        if text.contains('\0') {
            return None;
        }
        let (is_bare, begin, end): (fn(char) -> bool, u8, u8) = match self {
            // In double quotes always: some readers know no others.
            Self::AdoNet => (|char| !matches!(char, '"' | '\'' | '=' | ';') && !char.is_whitespace() && !char.is_control(), b'"', b'"'),
            Self::Libpq => (|char| !matches!(char, '\'' | '\\') && !char.is_whitespace(), b'\'', b'\''),
            Self::Odbc => (|char| !"[]{}(),;?*=!@".contains(char) && !char.is_whitespace() && !char.is_control(), b'{', b'}'),
        };
        if text.chars().all(is_bare) && !text.is_empty() {
            return Some(Secret::copy_of(text.as_bytes()));
        }
        let is_escaped = |byte: u8| byte == end || (self == Self::Libpq && byte == b'\\');
        let mut out = SecretBuffer::with_capacity(text.len() + 2 + text.bytes().filter(|byte| is_escaped(*byte)).count());
        out.push(begin);
        for byte in text.bytes() {
            if is_escaped(byte) {
                out.push(if self == Self::Libpq { b'\\' } else { byte });
            }
            out.push(byte);
        }
        out.push(end);
        Some(out.into())
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionStyle;

    fn quoted(style: ConnectionStyle, text: &str) -> String {
        style.quote(text).unwrap().expose_text().unwrap().to_owned()
    }

    #[test]
    fn ado_net_quotes_what_would_end_a_value() {
        for (text, expected) in [
            ("hunter2", "hunter2"),
            ("p@ss-word_/+", "p@ss-word_/+"),
            ("x;Host=evil", "\"x;Host=evil\""),
            (" a ", "\" a \""),
            ("say \"hi\";", "\"say \"\"hi\"\";\""),
            ("it's", "\"it's\""),
            ("\"'", "\"\"\"'\""),
            ("a=b", "\"a=b\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(ConnectionStyle::AdoNet, text), expected);
        }
    }

    #[test]
    fn libpq_quotes_white_space_and_escapes() {
        for (text, expected) in [("hunter2", "hunter2"), ("a;b=c\"", "a;b=c\""), ("a b", "'a b'"), ("it's \\", "'it\\'s \\\\'"), ("", "''")]
        {
            assert_eq!(quoted(ConnectionStyle::Libpq, text), expected);
        }
    }

    #[test]
    fn odbc_quotes_in_braces() {
        for (text, expected) in
            [("hunter2", "hunter2"), ("x;Host=evil", "{x;Host=evil}"), ("a}b{", "{a}}b{}"), ("it's \"", "{it's \"}"), ("", "{}")]
        {
            assert_eq!(quoted(ConnectionStyle::Odbc, text), expected);
        }
    }

    #[test]
    fn a_nul_is_refused() {
        assert!(ConnectionStyle::AdoNet.quote("a\0b").is_none());
        assert!(ConnectionStyle::Libpq.quote("a\0b").is_none());
    }
}
