//! The project's policy: which objects do not keep to its rules. Needs no vault.

mod containers;
mod secrets;
mod shown;
mod violation;

pub use shown::shown;
pub use violation::Violation;

use std::collections::HashMap;
use std::sync::Arc;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::manifest::Identity;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::policy::Demand;
use crate::policy::Rule;
use crate::policy::Severity;
use crate::policy::Source;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::taint;
use crate::stage::taint::Waiver;

/// The annotation of an object that exempts it from rules: their names, separated by commas.
pub const EXEMPT: &str = "cloze.dev/exempt";

/// What came of a policy.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Where a rule of severity `error` is not kept to.
    pub problems: Vec<Problem>,
    /// Where one of severity `warning` is not.
    pub warnings: Vec<Problem>,
    /// The objects that do not keep to a rule and are exempted from it.
    pub waivers: Vec<Waiver>,
}

/// Holds every object to every rule.
pub fn judge(objects: &[Object<BlankText>], blanks: &Blanks, rules: &[Rule]) -> Judgement {
    let mut judgement = Judgement::default();
    for rule in rules {
        if rule.demand == Demand::NoReveal {
            judgement.reveals(objects, blanks, rule);
            continue;
        }
        for object in objects {
            let violations = match &rule.demand {
                Demand::NoLiteralInSecret => secrets::literals(object),
                Demand::RestrictSecrets { vaults, prefixes } => secrets::others(object, blanks, vaults, prefixes),
                Demand::DisallowLatestTag => containers::images(object),
                Demand::RequireRequestsLimits(amounts) => containers::amounts(object, amounts),
                // What is evaluated is added by who has an engine.
                Demand::NoReveal | Demand::Condition(_) => Vec::new(),
            };
            for violation in violations {
                judgement.add(rule, object, violation);
            }
        }
    }
    judgement
}

impl Judgement {
    /// Notes what an object has that `rule` forbids.
    pub fn add(&mut self, rule: &Rule, object: &Object<BlankText>, violation: Violation) {
        let identity = &object.identity;
        if is_exempt(rule, object) {
            let place = object.place(object.root.mark);
            let (object, field) = (identity.clone(), String::new());
            self.waivers.push(Waiver { rule: taint::Rule::Policy, object, field, mask: rule.name.clone(), place });
            self.waivers.dedup();
            return;
        }
        let Violation { place, reason, next } = violation;
        let out = match rule.source {
            Source::Project => format!("or exempt the object with the annotation `{EXEMPT}: {}`", rule.name),
            Source::Owner => "or ask who keeps `CLOZE_POLICY` to exempt the object".to_owned(),
            Source::Base => "or change the policy in a change of its own, since that of the other revision counts here".to_owned(),
        };
        let problem = Problem::new(Fault::Check, format!("{identity}: {reason} (rule `{}`)", rule.name), format!("{next}, {out}"));
        let list = if rule.severity == Severity::Error { &mut self.problems } else { &mut self.warnings };
        list.push(Problem { rule: Some(Arc::new(rule.name.clone())), ..problem }.at(place));
    }

    fn reveals(&mut self, objects: &[Object<BlankText>], blanks: &Blanks, rule: &Rule) {
        let Ok(waivers) = taint::check(objects, blanks) else { return };
        let objects: HashMap<&Identity, &Object<BlankText>> = objects.iter().map(|object| (&object.identity, object)).collect();
        for waiver in waivers.into_iter().filter(|waiver| waiver.rule == taint::Rule::Taint) {
            let Some(object) = objects.get(&waiver.object) else { continue };
            let reason = format!("`{}` reveals {}", waiver.field, waiver.mask);
            let next = "put the value into a Secret and refer to it".to_owned();
            self.add(rule, object, Violation { place: waiver.place, reason, next });
        }
    }
}

/// Whether an object need not keep to a rule.
fn is_exempt(rule: &Rule, object: &Object<BlankText>) -> bool {
    let listed = rule.exempt.iter().any(|named| object.identity.is_called(named));
    listed || (rule.source == Source::Project && exemptions(object).any(|name| name == rule.name))
}

/// The rules from which an object's annotation exempts it.
pub fn exemptions<B>(object: &Object<B>) -> impl Iterator<Item = &str> {
    let said = object.root.at(&["metadata", "annotations", EXEMPT]).and_then(Node::as_text).unwrap_or_default();
    said.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use serde_json::json;

    use crate::blank::Allow;
    use crate::blank::BlankText;
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::manifest::Node;
    use crate::manifest::Object;
    use crate::place::Place;
    use crate::policy::Amount;
    use crate::policy::Demand;
    use crate::policy::Rule;
    use crate::policy::Severity;
    use crate::policy::Source;
    use crate::problem::Problem;
    use crate::reference::sample;
    use crate::stage::policy::EXEMPT;
    use crate::stage::policy::Judgement;
    use crate::stage::policy::judge;
    use crate::stage::sample::ask_of;
    use crate::stage::sample::cloze;
    use crate::stage::sample::derive;
    use crate::stage::sample::map;
    use crate::stage::sample::object;

    fn rule(name: &str, demand: Demand) -> Rule {
        let place = Place::new("cloze.yaml", 4, 5);
        Rule { place, name: name.to_owned(), demand, severity: Severity::Error, exempt: Vec::new(), source: Source::Project }
    }

    fn node(json: &Json) -> Node<BlankText> {
        sample::node(json)
    }

    fn workload(kind: &str, spec: &Json) -> Object<BlankText> {
        object(kind, vec![("metadata", node(&json!({ "annotations": {} }))), ("spec", node(spec))])
    }

    /// What is wrong, without objects, rules and next steps.
    fn reasons(judgement: &Judgement) -> Vec<String> {
        let reason = |problem: &Problem| problem.reason.split_once(": ").unwrap().1.rsplit_once(" (rule").unwrap().0.to_owned();
        judgement.problems.iter().map(reason).collect()
    }

    #[test]
    fn images_are_pinned_in_every_container_of_every_kind_that_carries_pods() {
        let pod = json!({
            "initContainers": [{ "name": "a", "image": "busybox" }],
            "containers": [{ "name": "b", "image": "reg:5000/web:latest" }, { "name": "c", "image": "web:1.2" }, { "name": "d", "image": "web@sha256:ab" }, { "name": "e" }],
            "ephemeralContainers": [{ "name": "f", "image": "sh:latest@sha256:ab" }],
        });
        let rules = [rule("disallow-latest-tag", Demand::DisallowLatestTag)];
        let specs = [
            ("Pod", pod.clone()),
            ("Deployment", json!({ "template": { "spec": pod } })),
            ("CronJob", json!({ "jobTemplate": { "spec": { "template": { "spec": pod } } } })),
            ("Rollout", json!({ "steps": [{ "template": { "spec": pod } }] })),
        ];
        for (kind, spec) in specs {
            let found = judge(&[workload(kind, &spec)], &Blanks::default(), &rules);
            assert_eq!(
                reasons(&found),
                [
                    "the image `busybox` of container `a` has no tag",
                    "the image `reg:5000/web:latest` of container `b` has the tag `latest`"
                ],
                "{kind}"
            );
        }
    }

    #[test]
    fn a_blank_in_an_image_may_be_its_tag_but_not_stand_for_one() {
        let mut blanks = Blanks::default();
        let asked = ask_of(&mut blanks, "default", "tag", Allow::default());
        let id = derive(&mut blanks, Filter::Reveal, asked);
        let with = |image: &str| {
            let container = map(vec![("name", Node::text("a")), ("image", cloze(image, &[id]))]);
            let containers = Node::made(crate::manifest::Value::List(vec![container]));
            object("Pod", vec![("spec", map(vec![("containers", containers)]))])
        };
        let rules = [rule("disallow-latest-tag", Demand::DisallowLatestTag)];
        assert_eq!(reasons(&judge(&[with("web:_"), with("_")], &blanks, &rules)), Vec::<String>::new());
        assert_eq!(reasons(&judge(&[with("_/web")], &blanks, &rules)), ["the image `blank/web` of container `a` has no tag"]);
    }

    #[test]
    fn a_request_that_is_left_out_is_its_limit_and_a_pod_may_say_it_for_all() {
        let judged = |pod: Json, wanted: &[Amount]| {
            reasons(&judge(&[workload("Pod", &pod)], &Blanks::default(), &[rule("x", Demand::RequireRequestsLimits(wanted.to_vec()))]))
        };
        let container = |resources: Json| json!({ "containers": [{ "name": "a", "resources": resources }] });
        let whole = json!({ "limits": { "cpu": 1, "memory": "1Gi" } });
        assert_eq!(judged(container(whole.clone()), &Amount::USUAL), Vec::<String>::new());
        assert_eq!(
            judged(container(json!({ "requests": { "cpu": "1", "memory": null } })), &Amount::USUAL),
            ["container `a` sets no `requests.memory`, `limits.memory`"]
        );
        assert_eq!(judged(json!({ "containers": [{ "name": "a" }] }), &Amount::USUAL[..1]), ["container `a` sets no `requests.cpu`"]);
        assert_eq!(judged(json!({ "resources": whole, "containers": [{ "name": "a" }] }), &Amount::USUAL), Vec::<String>::new());
        let init = json!({ "initContainers": [{ "name": "i" }], "containers": [{ "name": "a", "resources": whole }] });
        assert_eq!(judged(init, &Amount::USUAL[2..]), ["container `i` sets no `limits.memory`"]);
    }

    #[test]
    fn secrets_come_from_the_vaults_and_names_that_are_allowed_filters_or_not() {
        let mut blanks = Blanks::default();
        let ids: Vec<_> = [("default", "shop/a"), ("other", "shop/a"), ("default", "b")]
            .map(|(vault, name)| ask_of(&mut blanks, vault, name, Allow::default()))
            .into_iter()
            .collect();
        let hashed = derive(&mut blanks, Filter::Sha256, ids[2]);
        let objects = [object("Secret", vec![("stringData", map(vec![("k", cloze("_ _ _", &[ids[0], ids[1], hashed]))]))])];
        let judged = |vaults: &[&str], prefixes: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let demand = Demand::RestrictSecrets { vaults: owned(vaults), prefixes: owned(prefixes) };
            judge(&objects, &blanks, &[rule("restrict-secrets", demand)])
        };
        let both = judged(&["default"], &["shop/", "web/"]);
        assert_eq!(
            reasons(&both),
            ["the secret other/shop/a is in a vault that is not allowed", "the secret default/b has a name that is not allowed"]
        );
        assert!(both.problems[0].next.starts_with("ask for one of vault `default`, or exempt"), "{}", both.problems[0].next);
        assert!(
            both.problems[1].next.starts_with("ask for one whose name begins with `shop/` or `web/`, or exempt"),
            "{}",
            both.problems[1].next
        );
        assert_eq!(both.problems[1].place.as_ref().unwrap().line, 3, "at the blank");
        assert_eq!(judged(&["default"], &[]).problems.len(), 1);
        assert_eq!(judged(&[], &["s"]).problems.len(), 1);
    }

    #[test]
    fn literals_and_reveals_are_found_where_they_are() {
        let mut blanks = Blanks::default();
        let asked = ask_of(&mut blanks, "default", "url", Allow::default());
        let revealed = derive(&mut blanks, Filter::Reveal, asked);
        let secret = object("Secret", vec![("stringData", map(vec![("a", Node::text("hunter2")), ("b", cloze("_", &[asked]))]))]);
        let config = object("ConfigMap", vec![("data", map(vec![("u", cloze("_", &[revealed]))]))]);
        let rules = [rule("no-literal-in-secret", Demand::NoLiteralInSecret), rule("no-reveal", Demand::NoReveal)];
        let judged = judge(&[secret, config], &blanks, &rules);
        assert_eq!(
            reasons(&judged),
            [
                "the value of `a` is written out, and anyone who reads the project can read it",
                "`data.u` reveals <secret default/url | reveal>"
            ]
        );
        assert_eq!(
            judged.problems[1].next,
            "put the value into a Secret and refer to it, or exempt the object with the annotation `cloze.dev/exempt: no-reveal`"
        );
        assert!(!format!("{judged:?}").contains("hunter2"));
    }

    #[test]
    fn an_object_is_exempt_by_its_annotation_or_by_the_rules_list_and_a_waiver_says_so() {
        let exempted = |names: &str| {
            let spec = json!({ "containers": [{ "name": "a", "image": "web" }, { "name": "b", "image": "web" }] });
            object("Pod", vec![("metadata", node(&json!({ "annotations": { EXEMPT: names } }))), ("spec", node(&spec))])
        };
        let own = rule("disallow-latest-tag", Demand::DisallowLatestTag);
        let listed = Rule { exempt: vec!["pod/pod".to_owned()], ..own.clone() };
        let imposed = Rule { source: Source::Owner, ..own.clone() };
        let judged = |names: &str, rule: &Rule| {
            let Judgement { problems, warnings, waivers } = judge(&[exempted(names)], &Blanks::default(), std::slice::from_ref(rule));
            (problems.len(), warnings.len(), waivers.into_iter().map(|waiver| waiver.mask).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(judged("no-reveal, disallow-latest-tag", &own), (0, 0, "disallow-latest-tag".to_owned()), "once for both containers");
        assert_eq!(judged("", &listed), (0, 0, "disallow-latest-tag".to_owned()));
        assert_eq!(judged("latest", &own), (2, 0, String::new()));
        assert_eq!(judged("disallow-latest-tag", &imposed), (2, 0, String::new()), "the project does not exempt from what is not its own");
        assert_eq!(judged("", &Rule { severity: Severity::Warning, ..own.clone() }), (0, 2, String::new()));
        let kept = judge(&[workload("Pod", &json!({ "containers": [{ "name": "a", "image": "web:1" }] }))], &Blanks::default(), &[listed]);
        assert!(kept.waivers.is_empty(), "what keeps to the rule waives nothing");
        let next = &judge(&[exempted("")], &Blanks::default(), &[imposed]).problems[0].next;
        assert!(next.ends_with(", or ask who keeps `CLOZE_POLICY` to exempt the object"), "{next}");
    }
}
