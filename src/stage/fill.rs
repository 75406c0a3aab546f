//! Fill: the blanks' values are fetched, filtered, escaped and put into their nodes. They are never text of a template
//! or of a manifest, and nothing looks for blanks in them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::parallel::map;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::stage::ask::Answers;
use crate::stage::derivation::Derivations;
use crate::stage::fetch::fetch;
use crate::stage::fetch::warnings_of;
use crate::stage::leaf::LeafAnalysis;
use crate::stage::leaf::LeafPlan;
use crate::stage::leaf::PlannedLeaf;
use crate::stage::leaf::analyse;
use crate::stage::leaf::problem_of;
use crate::stage::taint::Waiver;
use crate::stage::value::BlankValues;
use crate::vault::SecretValue;
use crate::vault::Vault;

/// Objects whose blanks are filled. Only [`fill`] makes one.
///
/// Under a Secret's `data` and `stringData` and a ConfigMap's `binaryData` every filled leaf is the value itself, bytes
/// that are not encoded yet.
#[derive(Debug)]
pub struct Filled {
    objects: Vec<Object<Secret>>,
    used: Vec<Used>,
    waivers: Vec<Waiver>,
    warnings: Vec<Problem>,
}

/// A secret that went into a release, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What was asked for.
    pub ask: SecretRef,
    /// The version that the vault gave; empty where it has none.
    pub version: String,
    /// Whether that is the vault's current version, where the vault said so.
    pub current: Option<bool>,
    /// The keyed fingerprint over vault, name, key (empty without one) and value.
    pub fingerprint: Digest,
    /// Until when it is meant to be used, where the vault said so.
    pub expires: Option<Timestamp>,
    /// When the version was made, where the vault said so.
    pub created: Option<Timestamp>,
    /// Where the templates ask for it, sorted.
    pub places: Vec<Place>,
}

impl Filled {
    /// The objects.
    pub fn objects(&self) -> &[Object<Secret>] {
        &self.objects
    }

    /// What was used, vault by vault, in the order in which the templates ask.
    pub fn used(&self) -> &[Used] {
        &self.used
    }

    /// What the templates waive.
    pub fn waivers(&self) -> &[Waiver] {
        &self.waivers
    }

    /// What is worth a look and no reason to stop.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    pub(super) fn into_parts(self) -> (Vec<Object<Secret>>, Vec<Used>, Vec<Waiver>, Vec<Problem>) {
        (self.objects, self.used, self.waivers, self.warnings)
    }
}

/// Fills every blank of `objects`. What the templates do wrong is reported before any vault is asked; then every ask is
/// fetched once, and all that is wrong with any value is reported at once, at each blank that asks for it.
///
/// `fingerprint` is [`crate::seal::Keys::fingerprint`].
pub async fn fill(
    objects: Vec<Object<BlankText>>,
    blanks: &Blanks,
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    clock: &dyn Clock,
    fingerprint: &(dyn Fn(&[&[u8]]) -> Digest + Sync),
) -> Result<Filled, Problems> {
    let derivations = Derivations::of(blanks);
    let LeafAnalysis { leaves, waivers, needed, untrimmed, textual } = analyse(&objects, &derivations)?;

    let now = clock.now();
    let (answers, mut problems) = fetch(blanks, &needed, &textual, vaults, now).await;
    let (values, unfiltered) = BlankValues::make(blanks, &needed, &answers);
    problems.extend(unfiltered);

    let mut warnings = warnings_of(&answers, blanks, &untrimmed, now);
    let filling = Filler { derivations: &derivations, values: &values };
    let mut done = Vec::with_capacity(objects.len());
    let mut missing = false;
    let planned = objects.into_iter().zip(leaves).collect();
    for mut filled in map(planned, |(object, leaves)| filling.fill_object(object, leaves)) {
        problems.append(&mut filled.problems);
        warnings.append(&mut filled.warnings);
        missing |= filled.missing;
        done.push(filled.object);
    }
    if missing && problems.is_empty() {
        problems.push(Problem::new(Fault::Internal, "a blank has no value and no reason for it", "report this as a bug of cloze"));
    }
    Problems::or((), problems)?;
    warnings.sort_by(|a, b| (&a.place, &a.reason).cmp(&(&b.place, &b.reason)));
    warnings.dedup();
    Ok(Filled { objects: done, used: used_of(answers, blanks, fingerprint), waivers, warnings })
}

struct Filler<'a> {
    derivations: &'a Derivations<'a>,
    values: &'a BlankValues<'a>,
}

/// An object, filled as far as its values are there.
struct FilledObject {
    object: Object<Secret>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Whether a value is not there, for which there is a reason already.
    missing: bool,
}

impl Filler<'_> {
    fn fill_object(&self, object: Object<BlankText>, leaves: Vec<PlannedLeaf>) -> FilledObject {
        let Object { file, identity, root } = object;
        let (mut problems, mut warnings, mut missing) = (Vec::new(), Vec::new(), false);
        let mut leaves = leaves.into_iter();
        let filled = root.map_leaves(&mut |cloze, _| {
            let Some(leaf) = leaves.next() else { unreachable!("every text with blanks was planned") };
            Ok::<_, Infallible>(match self.fill_leaf(&cloze, &leaf) {
                Ok(Some(value)) => {
                    warnings.extend(self.warning_of(&cloze, &leaf, &value));
                    Value::Leaf(value)
                }
                Ok(None) => {
                    missing = true;
                    Value::Null
                }
                Err(problem) => {
                    problems.push(problem);
                    Value::Null
                }
            })
        });
        let Ok(root) = filled;
        FilledObject { object: Object { file, identity, root }, problems, warnings, missing }
    }

    /// The leaf's value, or `None` where a value that it needs has a problem already.
    fn fill_leaf(&self, cloze: &BlankText, leaf: &PlannedLeaf) -> Result<Option<Secret>, Problem> {
        let value = match &leaf.plan {
            LeafPlan::Whole(id) => self.values.get(*id).map(Secret::duplicate),
            LeafPlan::Decoded(id) => match self.derivations.outermost(*id) {
                Some((_, input)) => self.values.join(input).map_err(|problem| self.at_first(problem, cloze))?,
                None => None,
            },
            LeafPlan::Joined => {
                let binary = cloze.blanks().find(|id| self.values.get(*id).is_some_and(|value| value.expose_text().is_none()));
                if let Some(id) = binary {
                    return Err(binary_in_text().at(self.derivations.blanks().get(id).place.clone()));
                }
                self.values.join(&cloze.pieces).map_err(|problem| self.at_first(problem, cloze))?
            }
            LeafPlan::File(plan, key) => {
                if plan.blanks().iter().any(|(id, _)| self.values.get(*id).is_none()) {
                    return Ok(None);
                }
                let missing = Secret::new(Vec::new());
                let value_of = |id: BlankId| self.values.get(id).unwrap_or(&missing);
                let filled =
                    plan.assemble(&value_of).map_err(|fault| problem_of(fault, Fault::Vault, key, self.derivations.blanks(), None))?;
                Some(filled)
            }
        };
        match value {
            Some(value) if !leaf.takes_bytes && value.expose_text().is_none() => Err(self.at_first(binary_in_text(), cloze)),
            value => Ok(value),
        }
    }

    /// Says where a value looks like base64 and will be encoded again.
    fn warning_of(&self, cloze: &BlankText, leaf: &PlannedLeaf, value: &Secret) -> Option<Problem> {
        let whole = matches!(leaf.plan, LeafPlan::Whole(_) | LeafPlan::Decoded(_));
        (whole && leaf.is_encoded && is_base64(value.expose())).then(|| {
            let reason = "the value is base64 already and a Secret's values are encoded by cloze";
            self.at_first(Problem::new(Fault::Vault, reason, "write `| b64decode` at the blank, or leave it if it is meant"), cloze)
        })
    }

    fn at_first(&self, problem: Problem, cloze: &BlankText) -> Problem {
        match cloze.blanks().next() {
            Some(id) => problem.at(self.derivations.blanks().get(id).place.clone()),
            None => problem,
        }
    }
}

fn binary_in_text() -> Problem {
    Problem::new(
        Fault::Vault,
        "the value is not UTF-8 and only text is allowed here",
        "give a binary value a key of its own in a Secret, or write `| b64encode` at the blank",
    )
}

/// Whether the bytes are base64 of something that people encode: it is padded, or it decodes to readable text.
fn is_base64(bytes: &[u8]) -> bool {
    if bytes.len() < 8 || !bytes.len().is_multiple_of(4) {
        return false;
    }
    let mut decoded = Zeroizing::new(vec![0; bytes.len() / 4 * 3]);
    let Ok(length) = STANDARD.decode_slice(bytes, &mut decoded) else { return false };
    bytes.ends_with(b"=") || std::str::from_utf8(&decoded[..length]).is_ok_and(|text| !text.chars().any(|c| c.is_control() && c != '\n'))
}

fn used_of(answers: Answers<SecretValue>, blanks: &Blanks, fingerprint: &(dyn Fn(&[&[u8]]) -> Digest + Sync)) -> Vec<Used> {
    let used = answers.into_list().filter_map(|(ask, asked)| {
        let SecretValue { value, version, current, expires, created, .. } = asked.answer?;
        let key = ask.key.as_deref().unwrap_or_default();
        let fingerprint = fingerprint(&[ask.vault.as_bytes(), ask.name.as_bytes(), key.as_bytes(), value.expose()]);
        let mut places: Vec<Place> = asked.blanks.iter().map(|id| blanks.get(*id).place.clone()).collect();
        places.sort();
        places.dedup();
        Some(Used { ask, version, current, fingerprint, expires, created, places })
    });
    used.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use crate::blank::Allow;
    use crate::blank::Blank;
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::blank::Source;
    use crate::clock::Timestamp;
    use crate::digest::Digest;
    use crate::manifest::Node;
    use crate::manifest::Object;
    use crate::manifest::Value;
    use crate::place::Place;
    use crate::problem::Problem;
    use crate::secret::Secret;
    use crate::stage::fill::fill;
    use crate::stage::sample::Chest;
    use crate::stage::sample::NOON;
    use crate::stage::sample::SampleValue;
    use crate::stage::sample::ask;
    use crate::stage::sample::ask_of;
    use crate::stage::sample::cloze;
    use crate::stage::sample::derive;
    use crate::stage::sample::map;
    use crate::stage::sample::object;
    use crate::vault::Vault;

    fn value<'a>(object: &'a Object<Secret>, path: &[&str]) -> &'a [u8] {
        match object.root.at(path).map(|node| &node.value) {
            Some(Value::Leaf(value)) => value.expose(),
            _ => panic!("no leaf at {path:?}"),
        }
    }

    fn reasons(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn values_land_in_their_nodes_and_each_ask_is_fetched_once() {
        let mut blanks = Blanks::default();
        let (one, two) = (ask(&mut blanks, "pw"), ask(&mut blanks, "pw"));
        let other = ask_of(&mut blanks, "other", "pw", Allow::default());
        let url = derive(&mut blanks, Filter::Urlencode, two);
        let text = vec![("a", cloze("_", &[one])), ("b", cloze("p://_:_@", &[other, url])), ("c.json", cloze("[\"_\"]", &[two]))];
        let (chest, second) = (Arc::new(Chest::with(&[("pw", b"a\"/{{ _")])), Arc::new(Chest::with(&[("pw", b"o")])));
        let vaults: BTreeMap<String, Arc<dyn Vault>> =
            BTreeMap::from([("default".to_owned(), Arc::clone(&chest) as Arc<dyn Vault>), ("other".to_owned(), second as Arc<dyn Vault>)]);
        let filled = fill(vec![object("Secret", vec![("stringData", map(text))])], &blanks, &vaults, &NOON, &Digest::plain).await.unwrap();
        let secret = &filled.objects()[0];
        assert_eq!(value(secret, &["stringData", "a"]), b"a\"/{{ _");
        assert_eq!(value(secret, &["stringData", "b"]), b"p://o:a%22%2F%7B%7B%20_@");
        assert_eq!(value(secret, &["stringData", "c.json"]), b"[\"a\\\"/{{ _\"]");
        assert_eq!(chest.asked.lock().unwrap().len(), 1);
        let used = filled.used();
        assert_eq!(used.len(), 2);
        assert_eq!((used[0].ask.to_string().as_str(), used[0].version.as_str(), used[0].places.len()), ("default/pw", "1", 2));
        assert_eq!(used[0].fingerprint, Digest::plain(&[b"default", b"pw", b"", b"a\"/{{ _"]));
        assert_eq!(reasons(filled.warnings()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn files_of_registry_credentials_are_json() {
        let hostile: &[u8] = b"x\",\"email\":\"e\\b";
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let pieces = |template: &str| match cloze(template, &[id]).value {
            Value::Leaf(text) => text.pieces,
            _ => panic!("no text with blanks"),
        };
        let file = "{\"auths\":{\"r\":{\"password\":\"_\"}}}";
        let source = Source::Derived { filter: Filter::B64encode, input: pieces(file) };
        let encoded = blanks.add(Blank { place: Place::new("t.yaml", 9, 1), source });
        let text = vec![(".dockerconfigjson", cloze(file, &[id])), ("old.DOCKERCFG", cloze("{\"r\":{\"auth\":\"_\"}}\n", &[id]))];
        let data = vec![(".dockercfg", cloze("_", &[encoded])), ("settings.json", cloze("_", &[encoded]))];
        let secret = object("Secret", vec![("stringData", map(text)), ("data", map(data))]);
        let vaults = Chest::with(&[("pw", hostile)]).into_default();
        let filled = fill(vec![secret], &blanks, &vaults, &NOON, &Digest::plain).await.unwrap();
        let read = |path: &[&str]| serde_json::from_slice::<serde_json::Value>(value(&filled.objects()[0], path)).unwrap();
        let password = str::from_utf8(hostile).unwrap();
        let expected = serde_json::json!({"auths": {"r": {"password": password}}});
        assert_eq!(read(&["stringData", ".dockerconfigjson"]), expected);
        assert_eq!(read(&["data", ".dockercfg"]), expected);
        assert_eq!(read(&["data", "settings.json"]), expected);
        assert_eq!(read(&["stringData", "old.DOCKERCFG"]), serde_json::json!({"r": {"auth": password}}));
    }

    #[tokio::test]
    async fn every_failure_is_reported_at_its_blank() {
        let mut blanks = Blanks::default();
        let held = |value: &[u8], not_before, expires| SampleValue { value: value.to_vec(), not_before, expires, ..SampleValue::default() };
        let mut chest = Chest::default();
        chest.values.insert("empty".into(), held(b"", None, None));
        chest.values.insert("old".into(), held(b"x", None, Some(NOON)));
        chest.values.insert("early".into(), held(b"x", Some(Timestamp(NOON.0 + 1)), None));
        chest.values.insert("long".into(), held(&vec![b'x'; (1 << 20) + 1], None, None));
        chest.values.insert("bytes".into(), held(b"\xff", None, None));
        let mut ids: Vec<_> = ["gone", "empty", "old", "early", "long", "gone"].iter().map(|name| ask(&mut blanks, name)).collect();
        ids.push(ask_of(&mut blanks, "defualt", "x", Allow::default()));
        ids.push(ask_of(&mut blanks, "nowhere", "x", Allow::default()));
        ids.push(ask(&mut blanks, "a b"));
        let bytes = ask(&mut blanks, "bytes");
        ids.extend([derive(&mut blanks, Filter::Upper, bytes), derive(&mut blanks, Filter::B64decode, bytes), bytes]);
        let text = cloze(&"_,".repeat(ids.len()), &ids);
        let secret = object("Secret", vec![("stringData", map(vec![("a", text)]))]);
        let problems = fill(vec![secret], &blanks, &chest.into_default(), &NOON, &Digest::plain).await.unwrap_err();
        assert_eq!(
            reasons(problems.list()),
            [
                "t.yaml:1:1: default/gone of the chest: there is no such secret",
                "t.yaml:2:1: default/empty is empty",
                "t.yaml:3:1: default/old expired at 2026-09-21T14:13:20Z",
                "t.yaml:4:1: default/early is not valid before 2026-09-21T14:13:21Z",
                "t.yaml:5:1: default/long is longer than a whole Secret may be (1 MiB)",
                "t.yaml:7:1: the environment has no vault `defualt`",
                "t.yaml:8:1: the environment has no vault `nowhere`",
                "t.yaml:9:1: default/a b cannot be asked of the chest: a space is in the name",
                "t.yaml:10:1: `| b64decode` works on base64, and the value is not base64",
                "t.yaml:10:1: `| upper` works on text and the value is not UTF-8",
                "t.yaml:10:1: the value is not UTF-8 and only text is allowed here",
            ]
        );
        assert_eq!(problems.list()[0].also, [Place::new("t.yaml", 6, 1)]);
        assert_eq!(problems.list()[5].next, "write `default` if that is meant, or add the vault under `vaults:`");
        assert_eq!(problems.list()[6].next, "add it under `vaults:` in the project file");
    }

    #[tokio::test]
    async fn a_vault_that_forgets_an_answer_is_a_bug() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let chest = Chest { forgets: true, ..Chest::with(&[("pw", b"x")]) };
        let secret = object("Secret", vec![("stringData", map(vec![("a", cloze("_", &[id]))]))]);
        let problems = fill(vec![secret], &blanks, &chest.into_default(), &NOON, &Digest::plain).await.unwrap_err();
        assert_eq!(reasons(problems.list()), ["the chest gave 0 answers to 1 questions"]);
    }

    #[tokio::test]
    async fn a_template_allows_at_the_blank() {
        let mut blanks = Blanks::default();
        let empty = ask_of(&mut blanks, "default", "empty", Allow { empty: true, expired: false });
        let old = ask_of(&mut blanks, "default", "old", Allow { empty: false, expired: true });
        let mut chest = Chest::with(&[("empty", b"")]);
        chest.values.insert("old".into(), SampleValue { value: b"x".to_vec(), expires: Some(NOON), ..SampleValue::default() });
        let secret = object("Secret", vec![("stringData", map(vec![("a", cloze("_-_", &[empty, old]))]))]);
        let filled = fill(vec![secret], &blanks, &chest.into_default(), &NOON, &Digest::plain).await.unwrap();
        assert_eq!(value(&filled.objects()[0], &["stringData", "a"]), b"-x");
    }

    #[tokio::test]
    async fn what_people_seldom_mean_is_warned_about() {
        let mut blanks = Blanks::default();
        let names = ["newline", "mark", "space", "base64", "near", "pinned", "fine"];
        let ids: Vec<_> = names.iter().map(|name| ask(&mut blanks, name)).collect();
        let trimmed_source = ask(&mut blanks, "newline2");
        let trimmed = derive(&mut blanks, Filter::Trim, trimmed_source);
        let mut chest = Chest::with(&[
            ("newline", b"x\n"),
            ("mark", b"\xef\xbb\xbfx"),
            ("space", b" x"),
            ("base64", b"aHVudGVyMg=="),
            ("fine", b"0123456789abcdef"),
            ("newline2", b"x\n"),
        ]);
        chest.values.insert(
            "near".into(),
            SampleValue { value: b"x".to_vec(), expires: Some(Timestamp(NOON.0 + 86_400)), ..SampleValue::default() },
        );
        chest.values.insert("pinned".into(), SampleValue { value: b"x".to_vec(), current: Some(false), ..SampleValue::default() });
        let mut data: Vec<(&str, Node<_>)> = names.iter().zip(&ids).map(|(name, id)| (*name, cloze("_", &[*id]))).collect();
        data.push(("trimmed", cloze("_", &[trimmed])));
        let filled =
            fill(vec![object("Secret", vec![("data", map(data))])], &blanks, &chest.into_default(), &NOON, &Digest::plain).await.unwrap();
        assert_eq!(
            reasons(filled.warnings()),
            [
                "t.yaml:1:1: default/newline ends with a newline",
                "t.yaml:2:1: default/mark begins with a byte-order mark",
                "t.yaml:3:1: default/space begins or ends with white space",
                "t.yaml:4:1: the value is base64 already and a Secret's values are encoded by cloze",
                "t.yaml:5:1: default/near expires at 2026-09-22T14:13:20Z",
                "t.yaml:6:1: default/pinned is not the vault's current version",
            ]
        );
    }

    fn structured() -> Chest {
        let mut chest = Chest::with(&[("text", b"a\"b")]);
        let mut hold = |name: &str, json: &str, kind| {
            chest.values.insert(name.into(), SampleValue { value: json.into(), json: Some(kind), ..SampleValue::default() });
        };
        hold("port", "5432.0", "a number");
        hold("map", "{\"b\": \"canary 1\",\n \"a\": [1, 2]}", "an object");
        hold("bare", "{ }", "an object");
        chest
    }

    #[tokio::test]
    async fn what_is_no_text_goes_right_through_json() {
        let mut blanks = Blanks::default();
        let ids = ["port", "map", "bare", "text"].map(|name| {
            let id = ask(&mut blanks, name);
            derive(&mut blanks, Filter::Json, id)
        });
        let [port, map_id, bare, text] = ids;
        let encoded = derive(&mut blanks, Filter::B64encode, map_id);
        let raw = derive(&mut blanks, Filter::Raw, map_id);
        let data = vec![
            ("port", cloze("_", &[port])),
            ("all", cloze("_ _ _", &[map_id, bare, text])),
            ("a.json", cloze("{\"port\": _, \"map\": \"_\"}", &[port, map_id])),
            ("b.json", cloze("_\n", &[map_id])),
            ("encoded", cloze("_", &[encoded])),
            ("c.json", cloze("{\"map\": _}", &[raw])),
        ];
        let secret = object("Secret", vec![("stringData", map(data))]);
        let filled = fill(vec![secret], &blanks, &structured().into_default(), &NOON, &Digest::plain).await.unwrap();
        let of = |key| str::from_utf8(value(&filled.objects()[0], &["stringData", key])).unwrap().to_owned();
        assert_eq!(of("port"), "5432.0");
        assert_eq!(of("all"), "{\"b\":\"canary 1\",\"a\":[1,2]} {} \"a\\\"b\"");
        assert_eq!(of("a.json"), "{\"port\": 5432.0, \"map\": \"{\\\"b\\\":\\\"canary 1\\\",\\\"a\\\":[1,2]}\"}");
        assert_eq!(of("b.json"), "{\"b\":\"canary 1\",\"a\":[1,2]}\n");
        assert_eq!(of("c.json"), "{\"map\": {\"b\":\"canary 1\",\"a\":[1,2]}}");
        assert_eq!(of("encoded"), "eyJiIjoiY2FuYXJ5IDEiLCJhIjpbMSwyXX0=");
    }

    #[tokio::test]
    async fn an_object_in_a_file_has_a_structure_of_its_own() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "map");
        let json = derive(&mut blanks, Filter::Json, id);
        let secret = object("Secret", vec![("stringData", map(vec![("a.json", cloze("{\"map\": _}", &[json]))]))]);
        let problems = fill(vec![secret], &blanks, &structured().into_default(), &NOON, &Digest::plain).await.unwrap_err();
        assert_eq!(reasons(problems.list()), ["t.yaml:1:1: the value would change the structure of this JSON file (line 1 of `a.json`)"]);
    }

    #[tokio::test]
    async fn what_is_no_text_goes_nowhere_else() {
        let mut blanks = Blanks::default();
        let ids = ["port", "map", "bare"].map(|name| ask(&mut blanks, name));
        let port = ask(&mut blanks, "port");
        let trimmed = derive(&mut blanks, Filter::Trim, port);
        let late = derive(&mut blanks, Filter::Json, trimmed);
        let both = ask(&mut blanks, "port");
        let fine = derive(&mut blanks, Filter::Json, both);
        let data = vec![("a", cloze("_ _ _", &ids)), ("b", cloze("_", &[late])), ("c", cloze("_ _", &[both, fine]))];
        let secret = object("Secret", vec![("stringData", map(data))]);
        let problems = fill(vec![secret], &blanks, &structured().into_default(), &NOON, &Digest::plain).await.unwrap_err();
        assert_eq!(
            reasons(problems.list()),
            [
                "t.yaml:1:1: default/port holds a number, not text",
                "t.yaml:2:1: default/map is a map with `a`, `b`, and no key was asked for",
                "t.yaml:3:1: default/bare is a map without keys",
                "t.yaml:4:1: default/port holds a number, not text",
                "t.yaml:7:1: default/port holds a number, not text",
            ]
        );
        let next: Vec<&str> = problems.list().iter().map(|problem| problem.next.as_str()).collect();
        assert_eq!(next[0], "write `| json` at the blank, name a `key`, or store it as text");
        assert_eq!(next[1], "name the key, as in `secret(name=…, key=…)`, or write `| json` at the blank");
        assert_eq!(next[2], "store a key, or write `| json` at the blank");
        assert!(!format!("{problems:?}").contains("canary"));
    }

    #[tokio::test]
    async fn a_wrong_template_asks_no_vault() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let chest = Arc::new(Chest::with(&[("pw", b"x")]));
        let vaults: BTreeMap<String, Arc<dyn Vault>> = BTreeMap::from([("default".to_owned(), Arc::clone(&chest) as Arc<dyn Vault>)]);
        let config = object("ConfigMap", vec![("data", map(vec![("a", cloze("_", &[id]))]))]);
        fill(vec![config], &blanks, &vaults, &NOON, &Digest::plain).await.unwrap_err();
        assert!(chest.asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn no_problem_holds_a_value() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let decoded = derive(&mut blanks, Filter::B64decode, id);
        let text = vec![
            ("a.ini", cloze("k = _\n", &[id])),
            ("b.yaml", cloze("k: |-\n  _\n", &[id])),
            ("c.xml", cloze("<![CDATA[_]]>", &[id])),
            ("d", cloze("_", &[decoded])),
        ];
        let chest = Chest::with(&[("pw", b" canary\r\n")]);
        let secret = object("Secret", vec![("stringData", map(text))]);
        let problems = fill(vec![secret], &blanks, &chest.into_default(), &NOON, &Digest::plain).await.unwrap_err();
        assert_eq!(problems.list().len(), 4);
        assert!(!format!("{problems:?}{problems}").contains("canary"));
    }

    #[tokio::test]
    async fn filters_cannot_blow_a_value_up() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let wide = derive(&mut blanks, Filter::Indent { width: u16::MAX, first: true }, id);
        let long = derive(&mut blanks, Filter::Replace { from: "\n".into(), to: "x".repeat(100_000) }, id);
        let chest = Chest::with(&[("pw", "\n".repeat(1000).as_bytes())]);
        let secret = object("Secret", vec![("stringData", map(vec![("a", cloze("_ _", &[wide, long]))]))]);
        let problems = fill(vec![secret], &blanks, &chest.into_default(), &NOON, &Digest::plain).await.unwrap_err();
        assert_eq!(reasons(problems.list()), ["t.yaml:1:1: the blank's filters make a text of more than 4 MiB"]);
    }
}
