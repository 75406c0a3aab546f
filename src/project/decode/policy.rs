//! The rules of `policy`.

use crate::policy::Amount;
use crate::policy::Condition;
use crate::policy::Demand;
use crate::policy::Rule;
use crate::policy::Severity;
use crate::policy::Source;
use crate::project::check;
use crate::project::check::BadText;
use crate::project::decode::config::list;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::decoder::join;
use crate::project::decode::decoder::one_of;
use crate::project::decode::reference::kind;
use crate::project::decode::shape;
use crate::project::decode::shape::Shape;
use crate::project::quote::quote;
use crate::project::spanned::Spanned;

/// The rules at `policy`.
pub(super) fn policy(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<Rule> {
    let rules = list(decoder, fields, "policy", rule);
    for (index, rule) in rules.iter().enumerate() {
        if rules[..index].iter().any(|before| before.name == rule.name) {
            let reason = format!("the rule `{}` is listed twice", rule.name);
            decoder.report(rule.place.clone(), reason, "remove one, or join the two");
        }
    }
    rules
}

/// The word of a rule that is built in, with its mapping.
type BuiltIn = (&'static str, &'static Shape<'static>);

const BUILT_IN: [(&str, BuiltIn); 5] = [
    ("no-literal-in-secret", ("no-literal-in-secret", &shape::PLAIN_RULE)),
    ("no-reveal", ("no-reveal", &shape::PLAIN_RULE)),
    ("restrict-secrets", ("restrict-secrets", &shape::SECRETS_RULE)),
    ("disallow-latest-tag", ("disallow-latest-tag", &shape::PLAIN_RULE)),
    ("require-requests-limits", ("require-requests-limits", &shape::RESOURCES_RULE)),
];

fn rule(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<Rule> {
    decoder.mapping(node, path)?;
    let Some(said) = node.get("rule") else {
        if node.get("name").is_some() || node.get("expression").is_some() {
            return condition(decoder, node, path);
        }
        let next = format!("add `name` and `expression`, or `rule: …`, and {}", one_of(&Rule::BUILT_IN));
        decoder.report(decoder.place(node.mark), format!("`{path}` has no `rule`"), next);
        return None;
    };
    let (name, shape) = decoder.word(said, &join(path, "rule"), &BUILT_IN, &Rule::BUILT_IN)?.value;
    let fields = decoder.fields(node, path, shape)?;
    let demand = match name {
        "no-literal-in-secret" => Demand::NoLiteralInSecret,
        "no-reveal" => Demand::NoReveal,
        "disallow-latest-tag" => Demand::DisallowLatestTag,
        "restrict-secrets" => restrict_secrets(decoder, &fields),
        _ => Demand::RequireRequestsLimits(amounts(decoder, &fields)),
    };
    Some(common(decoder, &fields, name.to_owned(), demand))
}

/// A rule of the project's own.
fn condition(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<Rule> {
    let fields = decoder.fields(node, path, &shape::EXPRESSION_RULE)?;
    let name = fields.text(decoder, "name", own_name);
    let expression = fields.text(decoder, "expression", check::some);
    let message = fields.text(decoder, "message", check::some).map(|said| said.value);
    let meant = fields.path("match");
    let meant = fields.get("match").and_then(|node| decoder.fields(node, &meant, &shape::RULE_MATCH));
    let kinds = meant.and_then(|meant| meant.texts(decoder, "kinds", kind)).unwrap_or_default();
    let demand = Demand::Condition(Condition { expression: expression?.value, message, kinds: values(kinds) });
    Some(common(decoder, &fields, name?.value, demand))
}

fn own_name(text: &str) -> Result<(), BadText> {
    check::label(text)?;
    if Rule::BUILT_IN.contains(&text) {
        return Err(BadText { reason: "is a rule that is built in".to_owned(), next: "give it another name".to_owned() });
    }
    Ok(())
}

/// What every rule has.
fn common(decoder: &mut Decoder, fields: &Fields<'_>, name: String, demand: Demand) -> Rule {
    let severity = fields.word(decoder, "severity", Severity::WORDS).map_or(Severity::Error, |said| said.value);
    let exempt = fields.texts(decoder, "exempt", object).unwrap_or_default();
    let place = decoder.place(fields.mark());
    Rule { place, name, demand, severity, exempt: values(exempt), source: Source::Project }
}

fn restrict_secrets(decoder: &mut Decoder, fields: &Fields<'_>) -> Demand {
    let vaults = fields.texts(decoder, "vaults", check::label);
    let prefixes = fields.texts(decoder, "prefixes", check::some);
    if [&vaults, &prefixes].into_iter().all(|said| said.as_ref().is_none_or(Vec::is_empty)) {
        let place = decoder.place(fields.mark());
        decoder.report(place, "`restrict-secrets` names neither vaults nor prefixes", "add `vaults: [default]` or `prefixes: [NAME-]`");
    }
    Demand::RestrictSecrets { vaults: values(vaults.unwrap_or_default()), prefixes: values(prefixes.unwrap_or_default()) }
}

fn amounts(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<Amount> {
    let Some(node) = fields.get("resources") else { return Amount::USUAL.to_vec() };
    let path = fields.path("resources");
    let offered: Vec<&str> = Amount::WORDS.iter().map(|(word, _)| *word).collect();
    let items = decoder.items(node, &path, "a list of strings").unwrap_or_default();
    let word = |(index, item)| Some(decoder.word(item, &format!("{path}[{index}]"), Amount::WORDS, &offered)?.value);
    items.iter().enumerate().filter_map(word).collect()
}

fn values(said: Vec<Spanned<String>>) -> Vec<String> {
    said.into_iter().map(|said| said.value).collect()
}

/// An object as `KIND/NAME`.
fn object(text: &str) -> Result<(), BadText> {
    let is_object = |(kind, name): (&str, &str)| !kind.is_empty() && check::subdomain(name).is_ok();
    if text.split_once('/').is_some_and(is_object) {
        return Ok(());
    }
    Err(BadText { reason: "is not an object".to_owned(), next: format!("write its kind and name, such as {}", quote("Deployment/web")) })
}
