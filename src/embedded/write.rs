//! Writes a value for the place of its blank.

use crate::embedded::Escape;
use crate::embedded::env;
use crate::embedded::ini;
use crate::embedded::json;
use crate::embedded::properties;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::toml;
use crate::embedded::xml;
use crate::embedded::yaml;
use crate::secret::SecretBuffer;

/// Appends `value` as `escape` says, or says why the place cannot carry it.
pub(super) fn write(escape: Escape, value: &str, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    match escape {
        Escape::None => out.extend(value.as_bytes()),
        Escape::JsonValue => yaml::write_json(value, out),
        Escape::JsonString => json::escape(value, out),
        Escape::YamlDouble => yaml::escape_double(value, out),
        Escape::YamlBlock { indent, first, tail } => return yaml::write_block(value, indent, first, tail, out),
        Escape::TomlBasic => toml::escape(value, out),
        Escape::Properties => properties::escape(value, out),
        Escape::Ini { first, last, quote } => return ini::write(value, first, last, quote, out),
        Escape::EnvUnquoted => return env::write_unquoted(value, out),
        Escape::EnvSingle => return env::write_single(value, out),
        Escape::EnvDouble => return env::write_double(value, out),
        Escape::XmlText => return xml::write_text(value, out),
        Escape::XmlAttribute => return xml::write_attribute(value, out),
        Escape::XmlCdata => return xml::write_cdata(value, out),
    }
    Ok(())
}
