//! What a template's calls share: the blanks that they mint, the places that they are at, why the last one failed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tera::Kwargs;
use tera::Value;

use crate::blank::Allow;
use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Piece;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::MAX_BLANKS;
use crate::render::examination::Examination;
use crate::render::findings::OWN_SITES;
use crate::render::findings::TemplateSite;
use crate::render::token::Tokens;

const MAX_NESTING: usize = 100;

/// What the calls of one run share.
#[derive(Debug)]
pub(super) struct Functions {
    pub(super) tokens: Tokens,
    pub(super) blanks: Blanks,
    pub(super) library_sites: Vec<TemplateSite>,
    pub(super) own_sites: Vec<TemplateSite>,
    /// The template that is being rendered.
    pub(super) file: Arc<str>,
    /// Why the last call failed.
    pub(super) failed: Option<CallFailure>,
    /// What an examination finds out.
    pub(super) examination: Examination,
}

/// Why a call failed.
#[derive(Debug, Clone)]
pub(super) enum CallFailure {
    /// For a reason of ours.
    Problem(Problem),
    /// This expression is not defined.
    Undefined { place: Place, source: String },
}

/// A functions that the calls can reach.
#[derive(Debug, Clone)]
pub(super) struct SharedFunctions(Arc<Mutex<Functions>>);

impl SharedFunctions {
    pub(super) fn new(tokens: Tokens) -> Self {
        let functions = Functions {
            tokens,
            blanks: Blanks::default(),
            library_sites: Vec::new(),
            own_sites: Vec::new(),
            file: Arc::from(""),
            failed: None,
            examination: Examination::default(),
        };
        Self(Arc::new(Mutex::new(functions)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Functions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Functions {
    /// Answers a call at the site that its arguments name; keeps why it failed.
    pub(super) fn answer(
        &mut self,
        arguments: &Kwargs,
        call: impl FnOnce(&mut Self, &TemplateSite, &Kwargs) -> Result<Value, CallFailure>,
    ) -> Result<Value, tera::Error> {
        let site = self.site(arguments);
        call(self, &site, arguments).map_err(|failed| {
            self.failed = Some(failed);
            tera::Error::message("refused")
        })
    }

    fn site(&self, arguments: &Kwargs) -> TemplateSite {
        let site = number(arguments).and_then(|number| self.site_at(number));
        let unknown =
            || TemplateSite { place: Place::file(Arc::clone(&self.file)), source: String::new(), reason: String::new(), next: "" };
        site.cloned().unwrap_or_else(unknown)
    }

    /// The place of that number.
    pub(super) fn site_at(&self, number: usize) -> Option<&TemplateSite> {
        match number.checked_sub(OWN_SITES) {
            Some(own) => self.own_sites.get(own),
            None => self.library_sites.get(number),
        }
    }

    pub(super) fn mint(&mut self, place: &Place, source: Source) -> Result<Value, CallFailure> {
        if self.blanks.len() >= MAX_BLANKS {
            return Err(problem(place, "the templates ask for more than 1048576 blanks", "ask for each secret once, with {% set %}"));
        }
        let id = self.blanks.add(Blank { place: place.clone(), source });
        Ok(Value::from(self.tokens.mint(id)))
    }

    pub(super) fn secret(&mut self, site: &TemplateSite, arguments: &Kwargs) -> Result<Value, CallFailure> {
        let place = &site.place;
        let text = |name: &'static str| -> Result<Option<String>, CallFailure> {
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

    pub(super) fn is_blank(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.tokens.any_in(text))
    }

    /// Whether a blank is anywhere in the value; true, too, where the value is nested beyond reason.
    pub(super) fn holds_blank(&self, value: &Value, depth: usize) -> bool {
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
    pub(super) fn names(&self, value: &Value) -> String {
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

/// The number of the place that a call's arguments name.
pub(super) fn number(arguments: &Kwargs) -> Option<usize> {
    arguments.get::<usize>("__at").ok().flatten()
}

pub(super) fn throw(site: &TemplateSite, arguments: &Kwargs) -> Result<Value, CallFailure> {
    // The analysis lets literals pass only, so the message is the template's own.
    let message = arguments.get::<&str>("message").ok().flatten().unwrap_or("no message");
    Err(problem(&site.place, format!("the template refuses: {message}"), "do what the message says"))
}

pub(super) fn problem(place: &Place, reason: impl Into<String>, next: impl Into<String>) -> CallFailure {
    CallFailure::Problem(Problem::new(Fault::Check, reason, next).at(place.clone()))
}

pub(super) fn defined(site: &TemplateSite, value: &Value) -> Result<(), CallFailure> {
    if value.is_undefined() {
        return Err(CallFailure::Undefined { place: site.place.clone(), source: site.source.clone() });
    }
    Ok(())
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
