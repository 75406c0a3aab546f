//! What a template's calls do: `secret(…)` and the lazy filters mint blanks, the checks refuse what would look at one.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tera::Kwargs;
use tera::State;
use tera::Tera;
use tera::Value;

use crate::blank::Allow;
use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::MAX_BLANKS;
use crate::render::allowed::LAZY_BUILTIN;
use crate::render::allowed::LAZY_OWN;
use crate::render::allowed::LAZY_PREFIX;
use crate::render::analysis::Site;
use crate::render::token::Tokens;
use crate::secret::Secret;

/// Places numbered from here on belong to the template that is being rendered; lower ones to the library.
pub(super) const OWN_SITES: usize = 1 << 40;

const MAX_NESTING: usize = 100;

/// What the calls of one run share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) tokens: Tokens,
    pub(super) blanks: Blanks,
    pub(super) library_sites: Vec<Site>,
    pub(super) own_sites: Vec<Site>,
    /// The template that is being rendered.
    pub(super) file: Arc<str>,
    /// Why the last call failed.
    pub(super) failed: Option<Failed>,
}

/// Why a call failed.
#[derive(Debug, Clone)]
pub(super) enum Failed {
    /// For a reason of ours.
    Problem(Problem),
    /// This expression is not defined.
    Undefined { place: Place, source: String },
}

/// A desk that the calls can reach.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<Desk>>);

impl Shared {
    pub(super) fn new(tokens: Tokens) -> Self {
        let desk =
            Desk { tokens, blanks: Blanks::default(), library_sites: Vec::new(), own_sites: Vec::new(), file: Arc::from(""), failed: None };
        Self(Arc::new(Mutex::new(desk)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Teaches Tera the calls.
    pub(super) fn register(&self, tera: &mut Tera) {
        let desk = self.clone();
        tera.register_function("secret", move |arguments: Kwargs, _: &State<'_>| desk.lock().answer(&arguments, Desk::secret));
        let desk = self.clone();
        tera.register_function("throw", move |arguments: Kwargs, _: &State<'_>| {
            desk.lock().answer(&arguments, |_, site, arguments| throw(site, arguments))
        });
        for name in LAZY_OWN {
            let desk = self.clone();
            tera.register_filter(name, move |value: Value, arguments: Kwargs, _: &State<'_>| {
                desk.lock().answer(&arguments, |desk, site, _| desk.own_filter(name, site, &value))
            });
        }
        for name in LAZY_BUILTIN {
            let desk = self.clone();
            tera.register_filter(format!("{LAZY_PREFIX}{name}"), move |value: Value, arguments: Kwargs, state: &State<'_>| {
                desk.lock().answer(&arguments, |desk, site, arguments| desk.builtin_filter(name, site, &value, arguments, state))
            });
        }
        for (name, check) in CHECKS {
            let desk = self.clone();
            tera.register_filter(name, move |value: Value, arguments: Kwargs, _: &State<'_>| {
                desk.lock().answer(&arguments, |desk, site, arguments| desk.check(check, site, value, arguments))
            });
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Defined,
    Plain,
    Whole,
    Known,
}

const CHECKS: [(&str, Check); 4] =
    [("__defined", Check::Defined), ("__plain", Check::Plain), ("__whole", Check::Whole), ("__known", Check::Known)];

impl Desk {
    fn answer(
        &mut self,
        arguments: &Kwargs,
        call: impl FnOnce(&mut Self, &Site, &Kwargs) -> Result<Value, Failed>,
    ) -> Result<Value, tera::Error> {
        let site = self.site(arguments);
        call(self, &site, arguments).map_err(|failed| {
            self.failed = Some(failed);
            tera::Error::message("refused")
        })
    }

    fn site(&self, arguments: &Kwargs) -> Site {
        let number = arguments.get::<usize>("__at").ok().flatten();
        let site = number.and_then(|number| match number.checked_sub(OWN_SITES) {
            Some(own) => self.own_sites.get(own),
            None => self.library_sites.get(number),
        });
        let unknown = || Site { place: Place::file(Arc::clone(&self.file)), source: String::new(), reason: String::new(), next: "" };
        site.cloned().unwrap_or_else(unknown)
    }

    fn mint(&mut self, place: &Place, source: Source) -> Result<Value, Failed> {
        if self.blanks.len() >= MAX_BLANKS {
            return Err(problem(place, "the templates ask for more than 1048576 blanks", "ask for each secret once, with {% set %}"));
        }
        let id = self.blanks.add(Blank { place: place.clone(), source });
        Ok(Value::from(self.tokens.mint(id)))
    }

    fn secret(&mut self, site: &Site, arguments: &Kwargs) -> Result<Value, Failed> {
        let place = &site.place;
        let text = |name: &'static str| -> Result<Option<String>, Failed> {
            let found = arguments.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value);
            match found {
                None => Ok(None),
                Some(value) => match (value.as_str(), value.as_i128()) {
                    (Some(""), _) => {
                        Err(problem(place, format!("the argument `{name}` of secret(…) is empty"), "name it, or leave it out"))
                    }
                    (Some(text), _) => Ok(Some(text.to_owned())),
                    (None, Some(number)) if name == "version" => Ok(Some(number.to_string())),
                    _ => {
                        let reason = format!("the argument `{name}` of secret(…) is of type {}, not a text", kind(value));
                        Err(problem(place, reason, format!("write {name}=\"…\"")))
                    }
                },
            }
        };
        let name = text("name")?.ok_or_else(|| problem(place, "secret(…) has no name", "write secret(name=\"…\")"))?;
        let vault = text("vault")?.unwrap_or_else(|| "default".to_owned());
        let (key, version) = (text("key")?, text("version")?);
        let mut allow = Allow::default();
        for word in text("allow")?.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "empty" => allow.empty = true,
                "expired" => allow.expired = true,
                _ => {
                    return Err(problem(
                        place,
                        "the argument `allow` of secret(…) names what is not known",
                        "write allow=\"empty\", \"expired\" or \"empty,expired\"",
                    ));
                }
            }
        }
        self.mint(place, Source::Vault { ask: SecretRef { vault, name, key, version }, allow })
    }

    fn own_filter(&mut self, name: &str, site: &Site, value: &Value) -> Result<Value, Failed> {
        defined(site, value)?;
        let filter = match name {
            "urlencode" => Filter::Urlencode,
            "b64encode" => Filter::B64encode,
            "b64decode" => Filter::B64decode,
            "json" | "json_encode" => Filter::Json,
            "sha256" => Filter::Sha256,
            "reveal" => Filter::Reveal,
            _ => Filter::Raw,
        };
        match value.as_str() {
            Some(text) if self.tokens.any_in(text) => self.derive(site, filter, text),
            Some(text) => {
                let result = filter.apply(&Secret::copy_of(text.as_bytes()));
                let result = result.ok().and_then(|secret| secret.expose_text().map(Value::from));
                result.ok_or_else(|| {
                    problem(&site.place, format!("the filter `{name}` got a text that is not base64 of a text"), "correct the value")
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

    fn builtin_filter(&mut self, name: &str, site: &Site, value: &Value, arguments: &Kwargs, state: &State<'_>) -> Result<Value, Failed> {
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

    fn derive(&mut self, site: &Site, filter: Filter, text: &str) -> Result<Value, Failed> {
        let input = self
            .tokens
            .split(text)
            .map_err(|_| problem(&site.place, "a blank was changed before this filter", "filter the blank itself"))?;
        self.mint(&site.place, Source::Derived { filter, input })
    }

    fn nested(&self, name: &str, site: &Site, value: &Value) -> Failed {
        let reason = format!("the filter `{name}` got a {} with a blank in it{}", kind(value), self.names(value));
        problem(&site.place, reason, format!("write the {} out and apply `{name}` to the blank itself", kind(value)))
    }

    fn check(&mut self, check: Check, site: &Site, value: Value, arguments: &Kwargs) -> Result<Value, Failed> {
        for (key, step) in arguments.iter() {
            if key.as_str().is_some_and(|key| key.starts_with("__p")) && self.is_blank(step) {
                let reason = format!("a blank has no parts that a template could take{}", self.names(step));
                return Err(problem(&site.place, reason, "name a field with secret(key=…), or store the parts as secrets of their own"));
            }
        }
        if check != Check::Known {
            defined(site, &value)?;
        }
        let refused = match check {
            Check::Defined => false,
            Check::Whole => self.is_blank(&value),
            Check::Plain | Check::Known => self.holds_blank(&value, 0),
        };
        if refused {
            return Err(problem(&site.place, format!("{}{}", site.reason, self.names(&value)), site.next));
        }
        Ok(value)
    }

    fn is_blank(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.tokens.any_in(text))
    }

    /// Whether a blank stands anywhere in the value; true, too, where the value is nested beyond reason.
    fn holds_blank(&self, value: &Value, depth: usize) -> bool {
        if let Some(text) = value.as_str() {
            return self.tokens.any_in(text);
        }
        let inside = |value: &Value| depth >= MAX_NESTING || self.holds_blank(value, depth + 1);
        match (value.as_array(), value.as_map()) {
            (Some(items), _) => items.iter().any(inside),
            (_, Some(map)) => map.iter().any(|(key, value)| key.as_str().is_some_and(|key| self.tokens.any_in(key)) || inside(value)),
            _ => false,
        }
    }

    /// ` (secret …)` for the first blank in the value.
    fn names(&self, value: &Value) -> String {
        match self.first(value, 0) {
            Some(id) => self.blanks.asks(id).first().map(|ask| format!(" (secret {ask})")).unwrap_or_default(),
            None => String::new(),
        }
    }

    fn first(&self, value: &Value, depth: usize) -> Option<BlankId> {
        if depth > MAX_NESTING {
            return None;
        }
        if let Some(text) = value.as_str() {
            let pieces = self.tokens.split(text).ok()?;
            return pieces.iter().find_map(|piece| match piece {
                Piece::Blank(id) => Some(*id),
                Piece::Text(_) => None,
            });
        }
        let items = value.as_array().into_iter().flatten();
        let members = value.as_map().into_iter().flat_map(|map| map.values());
        items.chain(members).find_map(|value| self.first(value, depth + 1))
    }
}

fn throw(site: &Site, arguments: &Kwargs) -> Result<Value, Failed> {
    // The analysis lets literals pass only, so the message is the template's own.
    let message = arguments.get::<&str>("message").ok().flatten().unwrap_or("no message");
    Err(problem(&site.place, format!("the template refuses: {message}"), "do what the message says"))
}

fn problem(place: &Place, reason: impl Into<String>, next: impl Into<String>) -> Failed {
    Failed::Problem(Problem::new(Fault::Check, reason, next).at(place.clone()))
}

fn defined(site: &Site, value: &Value) -> Result<(), Failed> {
    if value.is_undefined() {
        return Err(Failed::Undefined { place: site.place.clone(), source: site.source.clone() });
    }
    Ok(())
}

fn not_text(name: &str, site: &Site, value: &Value) -> Failed {
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

/// The type of a value in the words of YAML.
pub(super) fn kind(value: &Value) -> &'static str {
    match value.name() {
        "string" | "bytes" => "text",
        "bool" => "boolean",
        "array" => "list",
        "map/struct" => "map",
        "none" => "null",
        "undefined" => "undefined value",
        _ => "number",
    }
}
