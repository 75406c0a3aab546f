//! Where a secret value is allowed: only in a Secret, or where its template says `| reveal`. Needs no vault.

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::manifest::Identity;
use crate::manifest::Object;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::check::slip;
use crate::stage::derivation::Derivations;
use crate::stage::destination::Destination;
use crate::stage::destination::Occurrence;
use crate::stage::destination::visit;

/// How many blanks and filters one blank may be made of.
const HEAVIEST: u32 = 1_000;

/// A rule that a template waives; every review shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiver {
    /// Which rule.
    pub rule: Rule,
    /// The object that the blank is in, or that is exempted.
    pub object: Identity,
    /// The field in it, such as `data.url`; empty where the whole object is exempted.
    pub field: String,
    /// What the blank asks for, as a review shows it; the name of the policy's rule where an object is exempted from that.
    pub mask: String,
    /// Where the template has the blank or the object.
    pub place: Place,
}

/// The rules that can be waived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A secret lands in a Secret only; `| reveal` waives it.
    Taint,
    /// A value in a file is escaped and the file's structure is proven; `| raw` waives it.
    Escape,
    /// A rule of the policy; the annotation `cloze.dev/exempt` waives it for an object, and the list `exempt` of the rule.
    Policy,
}

/// Checks that every blank may be where it is. Returns what the templates waive, sorted.
pub fn check(objects: &[Object<BlankText>], blanks: &Blanks) -> Result<Vec<Waiver>, Problems> {
    let derivations = Derivations::of(blanks);
    let (mut waivers, mut problems) = (Vec::new(), Vec::new());
    for object in objects {
        visit(object, &mut |occurrence| look(occurrence, &derivations, &mut waivers, &mut problems));
    }
    waivers.sort();
    Problems::or(waivers, problems)
}

/// Whether a blank is derived from more than is shown or filled.
pub(super) fn is_too_heavy(derivations: &Derivations<'_>, id: BlankId) -> bool {
    derivations.weight(id) > HEAVIEST
}

/// Notes what the blanks of one text waive, and which of them may not be there.
pub(super) fn look(occurrence: &Occurrence<'_>, derivations: &Derivations<'_>, waivers: &mut Vec<Waiver>, problems: &mut Vec<Problem>) {
    for id in occurrence.cloze.blanks() {
        let place = || derivations.blanks().get(id).place.clone();
        if is_too_heavy(derivations, id) {
            let problem = Problem::new(
                Fault::Check,
                format!("one text is derived from more than {HEAVIEST} blanks and filters"),
                "derive it from fewer, or ask for one secret that holds the whole text",
            );
            problems.push(problem.at(place()));
            continue;
        }
        let waiver = |rule| Waiver {
            rule,
            object: occurrence.object.identity.clone(),
            field: occurrence.field(),
            mask: derivations.blanks().mask(id),
            place: place(),
        };
        if derivations.is_revealed(id) {
            waivers.push(waiver(Rule::Taint));
        } else if !occurrence.destination.is_secret() {
            // A slip explains all that is wrong beneath it.
            let tainted = || tainted(occurrence, &derivations.blanks().mask(id)).at(place());
            problems.push(slip(occurrence.object, occurrence.root_field()).unwrap_or_else(tainted));
        }
        if derivations.is_raw(id) {
            waivers.push(waiver(Rule::Escape));
        }
    }
}

fn tainted(occurrence: &Occurrence<'_>, mask: &str) -> Problem {
    let reason = format!("{mask} would be public in `{}` of {}", occurrence.field(), occurrence.object.identity);
    let next = match occurrence.destination {
        Destination::ConfigText(_) | Destination::ConfigBytes(_) => "move the key to a Secret, or write `| reveal` if it is not a secret",
        // What kubeseal made of a value is public, and so it is not a secret.
        _ if occurrence.field().starts_with("spec.encryptedData") => {
            "write `| reveal` if the vault holds what `kubeseal` made of the value; cloze does not encrypt it"
        }
        _ => "put the value into a Secret and refer to it, or write `| reveal` if it is not a secret",
    };
    Problem::new(Fault::Check, reason, next)
}

#[cfg(test)]
mod tests {
    use crate::blank::Blank;
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::blank::Piece;
    use crate::blank::Source;
    use crate::manifest::Node;
    use crate::manifest::Value;
    use crate::place::Place;
    use crate::stage::sample::ask;
    use crate::stage::sample::cloze;
    use crate::stage::sample::derive;
    use crate::stage::sample::map;
    use crate::stage::sample::object;
    use crate::stage::taint::Rule;
    use crate::stage::taint::check;

    #[test]
    fn a_secret_lands_in_a_secret_only() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let fine =
            object("Secret", vec![("stringData", map(vec![("a", cloze("x_", &[id]))])), ("data", map(vec![("b", cloze("_", &[id]))]))]);
        assert_eq!(check(&[fine], &blanks).unwrap(), []);
        let label = object("Secret", vec![("metadata", map(vec![("labels", map(vec![("a.b/c", cloze("_", &[id]))]))]))]);
        let config = object("ConfigMap", vec![("data", map(vec![("a", cloze("_", &[id]))]))]);
        let list = Node::made(Value::List(vec![cloze("--password=_", &[id])]));
        let args = object("Pod", vec![("spec", map(vec![("args", list)]))]);
        let sealed = vec![("encryptedData", map(vec![("a", cloze("_", &[id]))]))];
        let mut sealed = object("SealedSecret", vec![("spec", map(sealed))]);
        sealed.identity.api_version = "bitnami.com/v1alpha1".into();
        let problems = check(&[label, config, args, sealed], &blanks).unwrap_err();
        let texts: Vec<String> = problems.list().iter().map(|problem| format!("{problem}; {}", problem.next)).collect();
        assert_eq!(
            texts,
            [
                "t.yaml:1:1: <secret default/pw> would be public in `data.a` of ConfigMap shop/configmap; \
                 move the key to a Secret, or write `| reveal` if it is not a secret",
                "t.yaml:1:1: <secret default/pw> would be public in `metadata.labels[\"a.b/c\"]` of Secret shop/secret; \
                 put the value into a Secret and refer to it, or write `| reveal` if it is not a secret",
                "t.yaml:1:1: <secret default/pw> would be public in `spec.args[0]` of Pod shop/pod; \
                 put the value into a Secret and refer to it, or write `| reveal` if it is not a secret",
                "t.yaml:1:1: <secret default/pw> would be public in `spec.encryptedData.a` of SealedSecret shop/sealedsecret; \
                 write `| reveal` if the vault holds what `kubeseal` made of the value; cloze does not encrypt it",
            ]
        );
    }

    #[test]
    fn a_slip_is_one_problem_and_not_one_more_for_each_blank() {
        let mut blanks = Blanks::default();
        let ids = [ask(&mut blanks, "one"), ask(&mut blanks, "two")];
        let said = |kind: &str, section: &str| {
            let values = map(vec![("a", cloze("_", &ids[..1])), ("b", cloze("_", &ids[1..]))]);
            check(&[object(kind, vec![(section, values)])], &blanks).unwrap_err().into_list()
        };
        for (kind, section, reason, next) in [
            ("Secret", "stringdata", "a Secret has no `stringdata`", "write `stringData`"),
            ("Secret", "Data", "a Secret has no `Data`", "write `data`"),
            ("Secret", "string_data", "a Secret has no `string_data`", "write `stringData`"),
            ("Secret", "binaryData", "a Secret has no `binaryData`", "write its entries under `data`"),
            ("Secert", "stringData", "Kubernetes has no kind `Secert` in `v1`", "write `Secret`"),
            ("secret", "data", "Kubernetes has no kind `secret` in `v1`", "write `Secret`"),
        ] {
            let problems = said(kind, section);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!((problems[0].reason.as_str(), problems[0].next.as_str()), (reason, next));
        }
        for (kind, section) in [("Secret", "typ"), ("ConfigMap", "Data"), ("ConfigMop", "data"), ("Secret", "spec")] {
            assert_eq!(said(kind, section).len(), 2, "{kind} {section}");
        }
    }

    #[test]
    fn every_waiver_is_listed() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "id");
        let revealed = derive(&mut blanks, Filter::Reveal, id);
        let upper = derive(&mut blanks, Filter::Upper, revealed);
        let raw = derive(&mut blanks, Filter::Raw, id);
        let config = object("ConfigMap", vec![("data", map(vec![("a", cloze("_", &[upper]))]))]);
        let secret = object("Secret", vec![("stringData", map(vec![("a.json", cloze("[_]", &[raw]))]))]);
        let waivers = check(&[config, secret], &blanks).unwrap();
        let seen: Vec<(Rule, &str, &str)> =
            waivers.iter().map(|waiver| (waiver.rule, waiver.field.as_str(), waiver.mask.as_str())).collect();
        assert_eq!(
            seen,
            [
                (Rule::Taint, "data.a", "<secret default/id | reveal | upper>"),
                (Rule::Escape, "stringData[\"a.json\"]", "<secret default/id | raw>")
            ]
        );
    }

    #[test]
    fn a_blank_that_doubles_itself_over_and_over_is_refused() {
        let mut blanks = Blanks::default();
        let mut id = ask(&mut blanks, "pw");
        for _ in 0..60 {
            let input = vec![Piece::Blank(id), Piece::Blank(id)];
            id = blanks.add(Blank { place: Place::new("t.yaml", 1, 1), source: Source::Derived { filter: Filter::Upper, input } });
        }
        let secret = object("Secret", vec![("stringData", map(vec![("a", cloze("_", &[id]))]))]);
        let problems = check(&[secret], &blanks).unwrap_err();
        assert_eq!(problems.to_string(), "t.yaml:1:1: one text is derived from more than 1000 blanks and filters");
    }
}
