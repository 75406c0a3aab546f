//! What an examination of a template finds out while it is rendered: what is not defined, and what that makes unknown.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use tera::Kwargs;
use tera::Value;

/// What stands in for a value that something undefined makes unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandIn {
    /// An empty text.
    Text,
    /// A value that makes all unknown that it comes into.
    Value,
    /// Both truth values, one after the other.
    Condition,
    /// A list of one unknown value.
    List,
    /// A map of one unknown value.
    Map,
}

impl StandIn {
    /// All, by the word that the text for Tera calls them by.
    pub(super) const WORDS: [(&str, Self); 5] =
        [("text", Self::Text), ("value", Self::Value), ("condition", Self::Condition), ("list", Self::List), ("map", Self::Map)];
}

/// A value that is not known. No values file holds such a text.
const UNKNOWN: &str = "\u{10ffff}unknown\u{10ffff}";

/// An examination of one template.
#[derive(Debug, Default)]
pub(super) struct Examination {
    /// Places of what is not defined, by number.
    pub(super) undefined: BTreeSet<usize>,
    /// Places of expressions that are not evaluated any more, since they fail.
    given_up: BTreeSet<usize>,
    /// What a condition comes to that is not known.
    choice: bool,
    /// There was such a condition.
    pub(super) chosen: bool,
    /// The expressions that are being evaluated, from the outermost on.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    site: usize,
    known: bool,
}

impl Examination {
    /// One where an unknown condition comes to `choice`.
    pub(super) fn new(choice: bool) -> Self {
        Self { choice, ..Self::default() }
    }

    /// Before the template is rendered once more.
    pub(super) fn begin(&mut self) {
        self.open.clear();
    }

    /// Begins the expression of that place. Whether it can be evaluated.
    pub(super) fn names(&mut self, site: usize, arguments: &Kwargs) -> bool {
        self.open.push(Open { site, known: true });
        let known = !self.given_up.contains(&site);
        known && self.branch(arguments)
    }

    /// Whether a branch of an expression can be evaluated.
    pub(super) fn branch(&mut self, arguments: &Kwargs) -> bool {
        let known = self.all_known(arguments);
        if !known && let Some(open) = self.open.last_mut() {
            open.known = false;
        }
        known
    }

    /// Ends an expression: its value, or what stands in for it.
    pub(super) fn settle(&mut self, value: Value, arguments: &Kwargs) -> Value {
        let open = self.open.pop();
        if open.is_some_and(|open| open.known && !self.given_up.contains(&open.site)) {
            return value;
        }
        let word = arguments.get::<&str>("__as").ok().flatten();
        let unknown = || Value::from(UNKNOWN);
        match StandIn::WORDS.iter().find(|(known, _)| Some(*known) == word).map(|(_, stand_in)| stand_in) {
            Some(StandIn::Text) => Value::from(""),
            Some(StandIn::Condition) => {
                self.chosen = true;
                Value::from(self.choice)
            }
            Some(StandIn::List) => Value::from(vec![unknown()]),
            Some(StandIn::Map) => Value::from(BTreeMap::from([("unknown", unknown())])),
            Some(StandIn::Value) | None => unknown(),
        }
    }

    /// The place of the expression that just failed, which is given up; whether all that it is made of was known. `None` when it was given up before,
    /// or when what failed is no such expression.
    pub(super) fn give_up(&mut self) -> Option<bool> {
        let open = self.open.pop()?;
        self.given_up.insert(open.site).then_some(open.known)
    }

    /// Notes the first undefined step of each path in the arguments, `__nPATH_SITE` or, where it may be absent, `__oPATH_SITE`.
    fn all_known(&mut self, arguments: &Kwargs) -> bool {
        let mut steps: Vec<(usize, usize, bool, &Value)> = Vec::new();
        for (key, value) in arguments.iter() {
            let Some((path, site)) = key.as_str().and_then(|key| key.get(3..)?.split_once('_')) else { continue };
            if let (Ok(path), Ok(site)) = (path.parse(), site.parse()) {
                steps.push((path, site, key.as_str().is_some_and(|key| key.starts_with("__o")), value));
            }
        }
        steps.sort_by_key(|(path, site, ..)| (*path, *site));
        let mut known = true;
        let mut ended = None;
        for (path, site, may_be_absent, value) in steps {
            if ended == Some(path) {
                continue;
            }
            let undefined = value.is_undefined();
            if undefined && !may_be_absent {
                self.undefined.insert(site);
            }
            if undefined || value.as_str() == Some(UNKNOWN) {
                ended = Some(path);
                known &= undefined && may_be_absent;
            }
        }
        known
    }
}
