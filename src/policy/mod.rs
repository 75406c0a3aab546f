//! The rules of `policy:`: what each asks of the objects that a project describes.

mod expression;
mod quantity;

pub use expression::Expressions;
pub use expression::Flaw;
pub use expression::Subject;

use crate::place::Place;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where it is said.
    pub place: Place,
    /// Its name, a DNS label.
    pub name: String,
    /// What it asks for.
    pub demand: Demand,
    /// What an object is that does not keep to it.
    pub severity: Severity,
    /// The objects that need not keep to it, each as `KIND/NAME`.
    pub exempt: Vec<String>,
    /// Whose it is.
    pub source: Source,
}

/// Whose a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The project's. An annotation of an object exempts from it.
    Project,
    /// The owner's of the run, whom no change of the project overrules.
    Owner,
    /// That of the revision that the project is compared with.
    Base,
}

/// What a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// No Secret has a value, or a part of one, that its template writes out.
    NoLiteralInSecret,
    /// No template says `| reveal`.
    NoReveal,
    /// Secrets come from these vaults only, and their names begin with one of these prefixes; an empty list allows all.
    RestrictSecrets {
        /// The vaults by name.
        vaults: Vec<String>,
        /// The beginnings of names.
        prefixes: Vec<String>,
    },
    /// Every image has a digest, or a tag other than `latest`.
    DisallowLatestTag,
    /// Every container says what it needs and may use.
    RequireRequestsLimits(Vec<Amount>),
    /// The condition is true of every object that it is about.
    Condition(Condition),
}

/// A condition on objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// In CEL.
    pub expression: String,
    /// What to say where it is not true.
    pub message: Option<String>,
    /// The kinds of objects that it is about; all where it is empty.
    pub kinds: Vec<String>,
}

/// What an object is that does not keep to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A problem: nothing is deployed.
    Error,
    /// Worth a look.
    Warning,
}

/// An amount of a resource that a container can say, as the two keys below its `resources`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// `requests` or `limits`.
    pub kind: &'static str,
    /// `cpu` or `memory`.
    pub resource: &'static str,
}

impl Severity {
    /// The words for it.
    pub const WORDS: &'static [(&'static str, Self)] = &[("error", Self::Error), ("warning", Self::Warning)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Amount {
    /// The words for all of them.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("requests.cpu", Self { kind: "requests", resource: "cpu" }),
        ("requests.memory", Self { kind: "requests", resource: "memory" }),
        ("limits.cpu", Self { kind: "limits", resource: "cpu" }),
        ("limits.memory", Self { kind: "limits", resource: "memory" }),
    ];

    /// What `require-requests-limits` asks for where it says nothing: what Kyverno's policy of that name does. A limit on processor time is not
    /// among it, since it slows down what nobody else needs.
    pub const USUAL: [Self; 3] = [Self::WORDS[0].1, Self::WORDS[1].1, Self::WORDS[3].1];
}

impl Rule {
    /// Whether both ask for the same of the same objects, in the same way.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.demand, self.severity, &self.exempt) == (&other.name, &other.demand, other.severity, &other.exempt)
    }
}

impl Condition {
    /// Whether it is about objects of a kind.
    pub fn is_about(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|known| known == kind)
    }

    /// What to say where it is not true.
    pub fn words(&self) -> String {
        let expression = || self.expression.split_whitespace().collect::<Vec<_>>().join(" ");
        self.message.clone().unwrap_or_else(|| format!("failed expression: {}", expression()))
    }
}

impl Rule {
    /// The names of the rules that are built in.
    pub const BUILT_IN: [&'static str; 5] =
        ["no-literal-in-secret", "no-reveal", "restrict-secrets", "disallow-latest-tag", "require-requests-limits"];
}
