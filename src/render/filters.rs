//! Filters that wait for the value when they get a blank, and work at once on ordinary text.

use tera::Kwargs;
use tera::State;
use tera::Value;

use crate::blank::ConnectionStyle;
use crate::blank::Filter;
use crate::blank::Source;
use crate::render::findings::TemplateSite;
use crate::render::functions::CallFailure;
use crate::render::functions::Functions;
use crate::render::functions::defined;
use crate::render::functions::kind;
use crate::render::functions::problem;
use crate::secret::Secret;

impl Functions {
    /// A filter that Tera does not have.
    pub(super) fn own_filter(&mut self, name: &str, site: &TemplateSite, value: &Value, arguments: &Kwargs) -> Result<Value, CallFailure> {
        defined(site, value)?;
        let filter = match name {
            "urlencode" => Filter::Urlencode,
            "b64encode" => Filter::B64encode,
            "b64decode" => Filter::B64decode,
            "json" | "json_encode" => Filter::Json,
            "sha256" => Filter::Sha256,
            "connstr" => {
                let style = match arguments.get::<&str>("style") {
                    Ok(None) => Some(ConnectionStyle::AdoNet),
                    Ok(Some(style)) => ConnectionStyle::named(style),
                    Err(_) => None,
                };
                let reason = "the argument `style` of the filter `connstr` is not \"ado.net\", \"libpq\" or \"odbc\"";
                Filter::Connstr(style.ok_or_else(|| problem(&site.place, reason, "write one of them"))?)
            }
            "reveal" => Filter::Reveal,
            _ => Filter::Raw,
        };
        match value.as_str() {
            Some(text) if self.tokens.any_in(text) => self.derive(site, filter, text),
            Some(text) => {
                let result = filter.apply(&Secret::copy_of(text.as_bytes()));
                let result = result.ok().and_then(|secret| secret.expose_text().map(Value::from));
                result.ok_or_else(|| {
                    let reason = match filter {
                        Filter::Connstr(_) => format!("the filter `{name}` got a text with a NUL character"),
                        _ => format!("the filter `{name}` got a text that is not base64 of a text"),
                    };
                    problem(&site.place, reason, "correct the value")
                })
            }
            None if self.holds_blank(value, 0) => Err(self.nested(name, site, value)),
            None if matches!(filter, Filter::Json) => match serde_json::to_string(value) {
                Ok(text) => Ok(Value::from(text)),
                Err(_) => Err(problem(&site.place, "this value cannot be written as JSON", "use a value of text, numbers, lists and maps")),
            },
            None if matches!(filter, Filter::Reveal | Filter::Raw) => Ok(value.clone()),
            None => Err(not_text(name, site, value)),
        }
    }

    /// A filter of Tera that works on blanks, too.
    pub(super) fn builtin_filter(
        &mut self,
        name: &str,
        site: &TemplateSite,
        value: &Value,
        arguments: &Kwargs,
        state: &State<'_>,
    ) -> Result<Value, CallFailure> {
        defined(site, value)?;
        match value.as_str() {
            Some(text) if self.tokens.any_in(text) => {
                let filter = lazy_builtin(name, arguments).map_err(|(reason, next)| problem(&site.place, reason, next))?;
                self.derive(site, filter, text)
            }
            Some(_) => state.call_filter(name, value, arguments.clone()).map_err(|_| {
                problem(&site.place, format!("the filter `{name}` cannot use an argument that it was given"), "correct the arguments")
            }),
            None if self.holds_blank(value, 0) => Err(self.nested(name, site, value)),
            None => Err(not_text(name, site, value)),
        }
    }

    fn derive(&mut self, site: &TemplateSite, filter: Filter, text: &str) -> Result<Value, CallFailure> {
        let input = self
            .tokens
            .split(text)
            .map_err(|_| problem(&site.place, "a blank was changed before this filter", "filter the blank itself"))?;
        self.mint(&site.place, Source::Derived { filter, input })
    }

    fn nested(&self, name: &str, site: &TemplateSite, value: &Value) -> CallFailure {
        let reason = format!("the filter `{name}` got a {} with a blank in it{}", kind(value), self.names(value));
        problem(&site.place, reason, format!("write the {} out and apply `{name}` to the blank itself", kind(value)))
    }
}

fn not_text(name: &str, site: &TemplateSite, value: &Value) -> CallFailure {
    problem(&site.place, format!("the filter `{name}` works on text and got a {}", kind(value)), "put `| str` before it")
}

fn lazy_builtin(name: &str, arguments: &Kwargs) -> Result<Filter, (String, &'static str)> {
    let known: &[&str] = match name {
        "indent" => &["__at", "width", "first"],
        "replace" => &["__at", "from", "to"],
        _ => &["__at"],
    };
    if let Some(key) = arguments.iter().filter_map(|(key, _)| key.as_str()).find(|key| !known.contains(key)) {
        return Err((format!("the filter `{name}` takes no `{key}` on a blank"), "leave it out, or change the value in the vault"));
    }
    let wrong = |argument: &str, wanted: &str| (format!("the argument `{argument}` of the filter `{name}` is not {wanted}"), "correct it");
    match name {
        "trim" => Ok(Filter::Trim),
        "upper" => Ok(Filter::Upper),
        "lower" => Ok(Filter::Lower),
        "indent" => Ok(Filter::Indent {
            // Tera's default and ceiling.
            width: arguments.get::<u16>("width").map_err(|_| wrong("width", "a number"))?.unwrap_or(4).min(1000),
            first: arguments.get::<bool>("first").map_err(|_| wrong("first", "true or false"))?.unwrap_or(false),
        }),
        _ => {
            let text =
                |argument| arguments.get::<&str>(argument).ok().flatten().map(str::to_owned).ok_or_else(|| wrong(argument, "a text"));
            let (from, to) = (text("from")?, text("to")?);
            if from.is_empty() {
                return Err(wrong("from", "at least one character"));
            }
            Ok(Filter::Replace { from, to })
        }
    }
}
