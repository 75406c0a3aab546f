//! How a value has to be written at the place of its blank.

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
        /// The quote that the value is in.
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
