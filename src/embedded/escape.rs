//! How a value is written at the place where its blank stands.

use crate::embedded::env;
use crate::embedded::ini;
use crate::embedded::json;
use crate::embedded::properties;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::toml;
use crate::embedded::xml;
use crate::embedded::yaml;
use crate::secret::SecretBuffer;

/// The place where a blank is, as far as it decides how a value is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    None,
    /// As a whole value that brings its own JSON quotes.
    JsonValue,
    /// Inside a JSON string.
    JsonString,
    /// Inside a double-quoted YAML scalar.
    YamlDouble,
    /// Inside a literal YAML block.
    YamlBlock {
        /// The block's indentation in columns.
        indent: u16,
        /// Whether the value decides the indentation, because it is the first thing in a block without an indicator.
        first: bool,
        /// What happens to newlines at the value's end, where the value ends the block.
        tail: Option<Tail>,
    },
    /// Inside a basic TOML string, of one line or several.
    TomlBasic,
    /// In a value of a properties file.
    Properties,
    /// In a value of an ini file.
    Ini {
        /// Whether the value begins with the blank.
        first: bool,
        /// Whether the value ends with the blank.
        last: bool,
        /// The quote that the value stands in.
        quote: IniQuote,
    },
    /// As a whole value of an assignment, or as a part of one outside of quotes.
    EnvUnquoted,
    /// Inside single quotes of an assignment.
    EnvSingle,
    /// Inside double quotes of an assignment.
    EnvDouble,
    /// In the text of an XML element.
    XmlText,
    /// In the value of an XML attribute, in quotes of either kind.
    XmlAttribute,
    /// In a CDATA section.
    XmlCdata,
}

/// The quotes that a value of an ini file is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IniQuote {
    /// Without quotes.
    None,
    /// In one quote of this kind at each end, which some readers take away and none lets carry everything.
    Pair(u8),
    /// In what go-ini reads as it is: three of this quote, or backquotes.
    Raw(u8),
}

/// What a YAML block does with newlines at its end (YAML 1.2.2, 8.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// How many it keeps: none, one or all.
    pub chomp: Chomp,
    /// Whether the file ends with the block, without a newline.
    pub bare: bool,
}

/// The chomping indicator of a YAML block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chomp {
    /// `-`
    Strip,
    /// No indicator.
    Clip,
    /// `+`
    Keep,
}

impl Escape {
    /// Appends `value`, or says why the place cannot carry it.
    pub(super) fn write(self, value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
        match self {
            Self::None => {
                out.extend(value.as_bytes());
                Ok(())
            }
            Self::JsonValue => {
                yaml::write_json(value, out);
                Ok(())
            }
            Self::JsonString => {
                json::escape(value, out);
                Ok(())
            }
            Self::YamlDouble => {
                yaml::escape_double(value, out);
                Ok(())
            }
            Self::YamlBlock { indent, first, tail } => yaml::write_block(value, indent, first, tail, out),
            Self::TomlBasic => {
                toml::escape(value, out);
                Ok(())
            }
            Self::Properties => {
                properties::escape(value, out);
                Ok(())
            }
            Self::Ini { first, last, quote } => ini::write(value, first, last, quote, out),
            Self::EnvUnquoted => env::write_unquoted(value, out),
            Self::EnvSingle => env::write_single(value, out),
            Self::EnvDouble => env::write_double(value, out),
            Self::XmlText => xml::write_text(value, out),
            Self::XmlAttribute => xml::write_attribute(value, out),
            Self::XmlCdata => xml::write_cdata(value, out),
        }
    }
}
