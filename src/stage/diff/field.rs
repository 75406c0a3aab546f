//! How two manifests differ, field by field.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::convert::Infallible;

use similar::DiffOp;

use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::read;
use crate::manifest::write;
use crate::secret::SecretBuffer;
use crate::stage::diff::certificate::certificates;
use crate::stage::diff::lines::Line;
use crate::stage::diff::lines::changes;
use crate::stage::diff::lines::lines;
use crate::stage::diff::pair::Pairing;
use crate::stage::path::push_key;

type Tree = Node<Infallible>;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Where it is, such as `spec.template.spec.containers[name=web].image`, and within a text that is JSON or YAML by what is in it:
    /// `data["limits.yaml"].requests`.
    pub path: String,
    /// How it differs.
    pub difference: Difference,
}

/// How a field differs. Values are written as YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Only the later manifest has it.
    Added(String),
    /// Only the earlier manifest has it.
    Removed(String),
    /// Both have it, with other values.
    Changed(String, String),
    /// A text of several lines.
    Lines(Vec<String>),
    /// The items of a list are in another order.
    Reordered,
    /// It names an object that is named by its content, which changes.
    Follows(String, String),
}

/// The fields in which `after` differs from `before`, in the order of `after`. `names` are the new names of objects that are named by their
/// contents, by their old ones.
pub fn fields(before: &Tree, after: &Tree, names: &BTreeMap<String, String>) -> Vec<FieldChange> {
    let mut walk = Walk { names, path: String::new(), found: Vec::new() };
    walk.compare(before, after);
    walk.found
}

struct Walk<'a> {
    names: &'a BTreeMap<String, String>,
    path: String,
    found: Vec<FieldChange>,
}

impl Walk<'_> {
    fn compare(&mut self, before: &Tree, after: &Tree) {
        match (&before.value, &after.value) {
            (Value::Map(old), Value::Map(new)) => {
                for entry in new {
                    let other = before.get(&entry.key);
                    self.at_key(&entry.key, |walk| match other {
                        Some(other) => walk.compare(other, &entry.node),
                        None => walk.add(Difference::Added(walk.shown(&entry.node))),
                    });
                }
                for entry in old.iter().filter(|entry| after.get(&entry.key).is_none()) {
                    self.at_key(&entry.key, |walk| walk.add(Difference::Removed(walk.shown(&entry.node))));
                }
            }
            (Value::List(old), Value::List(new)) => self.lists(old, new),
            (Value::Text(old), Value::Text(new)) => self.texts(old, new),
            _ if before.is_same(after) => {}
            _ => self.add(Difference::Changed(self.shown(before), self.shown(after))),
        }
    }

    fn lists(&mut self, before: &[Tree], after: &[Tree]) {
        let Some(pairing) = Pairing::of(self.name(), before, after) else { return self.by_position(before, after) };
        let keys = |items: &[Tree]| -> Vec<String> { items.iter().filter_map(|item| pairing.key(item)).collect() };
        let (old, new) = (keys(before), keys(after));
        let at: HashMap<&str, usize> = old.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
        let mut last = None;
        let mut in_order = true;
        for (key, item) in new.iter().zip(after) {
            let other = at.get(key.as_str()).copied();
            in_order &= other.is_none() || last < other;
            last = other.or(last);
            self.at_item(key, |walk| match other {
                Some(other) => walk.compare(&before[other], item),
                None => walk.add(Difference::Added(walk.written(item))),
            });
        }
        for (key, item) in old.iter().zip(before).filter(|(key, _)| !new.contains(key)) {
            self.at_item(key, |walk| walk.add(Difference::Removed(walk.written(item))));
        }
        if !in_order {
            self.add(Difference::Reordered);
        }
    }

    /// Items that nothing tells apart but their places: what is equal on both sides stays, the rest is compared one by one.
    fn by_position(&mut self, before: &[Tree], after: &[Tree]) {
        let texts = |items: &[Tree]| -> Vec<String> { items.iter().map(|item| self.written(item)).collect() };
        let (old, new) = (texts(before), texts(after));
        let sorted = |texts: &[String]| {
            let mut texts = texts.to_vec();
            texts.sort();
            texts
        };
        if old != new && sorted(&old) == sorted(&new) {
            return self.add(Difference::Reordered);
        }
        for op in changes(&old, &new) {
            let (removed, added) = (op.old_range(), op.new_range());
            if matches!(op, DiffOp::Equal { .. }) {
                continue;
            }
            let both = removed.len().min(added.len());
            for step in 0..both {
                let (one, other) = (removed.start + step, added.start + step);
                self.at_item(&other.to_string(), |walk| walk.compare(&before[one], &after[other]));
            }
            for at in removed.skip(both) {
                self.at_item(&at.to_string(), |walk| walk.add(Difference::Removed(old[at].clone())));
            }
            for at in added.skip(both) {
                self.at_item(&at.to_string(), |walk| walk.add(Difference::Added(new[at].clone())));
            }
        }
    }

    fn texts(&mut self, before: &str, after: &str) {
        if before == after {
            return;
        }
        if self.follows(before, after) {
            return self.add(Difference::Follows(before.to_owned(), after.to_owned()));
        }
        if self.path.starts_with("binaryData") {
            return self.add(Difference::Changed(size(before), size(after)));
        }
        if let Some((old, new)) = certificates(before).zip(certificates(after)).filter(|(old, new)| old != new) {
            return self.add(match (old.as_slice(), new.as_slice()) {
                ([old], [new]) => Difference::Changed(old.clone(), new.clone()),
                _ => Difference::Lines(lines(&(old.join("\n") + "\n"), &(new.join("\n") + "\n")).into_iter().map(line).collect()),
            });
        }
        let is_short = !before.contains('\n') && !after.contains('\n');
        let by_line = if is_short { Vec::new() } else { lines(before, after) };
        let changed = by_line.iter().filter(|line| matches!(line, Line::Added(_) | Line::Removed(_))).count();
        if let Some((before, after)) = self.is_structured().then(|| structure(before).zip(structure(after))).flatten() {
            let mut inner = Walk { names: self.names, path: self.path.clone(), found: Vec::new() };
            inner.compare(&before, &after);
            if !inner.found.is_empty() && (is_short || inner.found.len() <= changed) {
                return self.found.append(&mut inner.found);
            }
        }
        if is_short {
            let text = |text: &str| self.written(&Node::text(text));
            return self.add(Difference::Changed(text(before), text(after)));
        }
        self.add(Difference::Lines(by_line.into_iter().map(line).collect()));
    }

    /// Whether `after` is `before` with the new names of objects.
    fn follows(&self, before: &str, after: &str) -> bool {
        if self.names.get(before).is_some_and(|name| name == after) {
            return true;
        }
        if self.names.is_empty() {
            return false;
        }
        let mut rest = after;
        let mut renamed = false;
        // Names end where a character is that names do not have, or at a dot: within an address.
        for part in before.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
            let name = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            let new = self.names.get(name).filter(|new| rest.starts_with(new.as_str()));
            let Some(after_name) = rest.strip_prefix(new.map_or(name, String::as_str)) else { return false };
            let Some(after_part) = after_name.strip_prefix(&part[name.len()..]) else { return false };
            (rest, renamed) = (after_part, renamed || new.is_some());
        }
        renamed && rest.is_empty()
    }

    /// Whether the text at hand is a file of JSON or YAML, by its name.
    fn is_structured(&self) -> bool {
        [".json\"]", ".yaml\"]", ".yml\"]"].iter().any(|end| self.path.ends_with(end))
    }

    /// The last key of the path.
    fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    fn at_key(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push_key(&mut self.path, key);
        inside(self);
        self.path.truncate(length);
    }

    fn at_item(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.extend(["[", key, "]"]);
        inside(self);
        self.path.truncate(length);
    }

    fn add(&mut self, difference: Difference) {
        self.found.push(FieldChange { path: self.path.clone(), difference });
    }

    /// A value that comes or goes: as YAML, or as what the certificates in it say.
    fn shown(&self, node: &Tree) -> String {
        let certificates = node.as_text().and_then(certificates);
        certificates.map_or_else(|| self.written(node), |found| found.join("\n"))
    }

    /// A value as YAML, without a line feed at its end.
    fn written(&self, node: &Tree) -> String {
        if let (Value::Text(text), true) = (&node.value, self.path.starts_with("binaryData")) {
            return size(text);
        }
        let mut out = SecretBuffer::with_capacity(64);
        write(node, &mut out);
        String::from_utf8_lossy(out.expose()).trim_end_matches('\n').to_owned()
    }
}

/// The lists and mappings of a file of JSON or YAML.
fn structure(text: &str) -> Option<Tree> {
    let mut documents = read(text, Limits::default()).ok()?;
    documents.pop().filter(|root| documents.is_empty() && (root.as_map().is_some() || root.as_list().is_some()))
}

/// How many bytes base64 stands for.
fn size(base64: &str) -> String {
    let digits = base64.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').count();
    format!("{} bytes", digits * 3 / 4)
}

fn line(line: Line<'_>) -> String {
    match line {
        Line::Hunk(before, after) => format!("@@ -{before} +{after} @@"),
        Line::Same(text) => format!(" {text}"),
        Line::Removed(text) => format!("-{text}"),
        Line::Added(text) => format!("+{text}"),
        Line::Unended => "\\ no line feed at the end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Difference;
    use super::FieldChange;
    use super::fields;
    use crate::manifest::Limits;
    use crate::manifest::read;
    use crate::stage::diff::certificate::SAMPLE;

    fn changes(before: &str, after: &str) -> Vec<String> {
        let tree = |text: &str| read(text, Limits::default()).unwrap().remove(0);
        let names = BTreeMap::from([("db-1".to_owned(), "db-2".to_owned()), ("web-1".to_owned(), "web-2".to_owned())]);
        let shown = |FieldChange { path, difference }: FieldChange| match difference {
            Difference::Added(after) => format!("+ {path}: {after}"),
            Difference::Removed(before) => format!("- {path}: {before}"),
            Difference::Changed(before, after) => format!("~ {path}: {before} > {after}"),
            Difference::Lines(lines) => format!("~ {path}: {}", lines.join("|")),
            Difference::Reordered => format!("order {path}"),
            Difference::Follows(..) => format!("follows {path}"),
        };
        fields(&tree(before), &tree(after), &names).into_iter().map(shown).collect()
    }

    #[test]
    fn values_come_change_and_go_by_their_paths() {
        let before = "spec: {replicas: 1, paused: true, strategy: {type: Recreate}}\ndata: {a.b: \"1\"}";
        let after = "spec: {replicas: 3, strategy: {type: Recreate, x: z}, list: [1]}\ndata: {a.b: \"2\"}";
        assert_eq!(
            changes(before, after),
            ["~ spec.replicas: 1 > 3", "+ spec.strategy.x: z", "+ spec.list: - 1", "- spec.paused: true", "~ data[\"a.b\"]: \"1\" > \"2\""]
        );
        assert_eq!(changes("a: 1", "a: \"1\""), ["~ a: 1 > \"1\""]);
        assert_eq!(changes("a: null", "a: {}"), ["~ a: null > {}"]);
        assert_eq!(changes("a: {b: 1}", "a: {b: 1}"), [""; 0]);
    }

    #[test]
    fn items_are_told_apart_as_kubernetes_does() {
        let containers = |image: &str, first: &str| format!("containers: [{first}{{name: web, image: {image}}}, {{name: log, image: l}}]");
        assert_eq!(changes(&containers("a", ""), &containers("b", "")), ["~ containers[name=web].image: a > b"]);
        assert_eq!(
            changes(&containers("a", ""), &containers("b", "{name: new, image: c}, ")),
            ["+ containers[name=new]: name: new\nimage: c", "~ containers[name=web].image: a > b"]
        );
        assert_eq!(
            changes("ports: [{port: 80, name: a}, {port: 81, name: b}]", "ports: [{port: 80, name: c}]"),
            ["~ ports[port=80].name: a > c", "- ports[port=81]: port: 81\nname: b"]
        );
        let mounts = |path: &str| format!("volumeMounts: [{{name: v, mountPath: /a}}, {{name: v, mountPath: {path}}}]");
        assert_eq!(
            changes(&mounts("/b"), &mounts("/c")),
            ["+ volumeMounts[mountPath=/c]: name: v\nmountPath: /c", "- volumeMounts[mountPath=/b]: name: v\nmountPath: /b"]
        );
    }

    #[test]
    fn another_order_is_named_as_such() {
        let env = |items: &str| format!("env: [{items}]");
        assert_eq!(changes(&env("{name: a, value: x}, {name: b}"), &env("{name: b}, {name: a, value: x}")), ["order env"]);
        assert_eq!(
            changes(&env("{name: a, value: x}, {name: b}"), &env("{name: b}, {name: a, value: z}")),
            ["~ env[name=a].value: x > z", "order env"]
        );
        assert_eq!(changes("args: [a, b]", "args: [b, a]"), ["order args"]);
    }

    #[test]
    fn items_without_a_name_are_compared_by_place() {
        assert_eq!(changes("args: [a, b, c]", "args: [a, x, b, c]"), ["+ args[1]: x"]);
        assert_eq!(changes("args: [a, b, c]", "args: [a, x, c]"), ["~ args[1]: b > x"]);
        assert_eq!(changes("args: [a, b, c]", "args: [a]"), ["- args[1]: b", "- args[2]: c"]);
        assert_eq!(changes("env: [{name: a}, {name: a, value: x}]", "env: [{name: a}, {name: a, value: z}]"), ["~ env[1].value: x > z"]);
    }

    #[test]
    fn texts_differ_by_line_and_files_of_json_and_yaml_by_path() {
        assert_eq!(
            changes("data: {n.conf: \"a\\nb\\nc\\n\"}", "data: {n.conf: \"a\\nx\\nc\\n\"}"),
            ["~ data[\"n.conf\"]: @@ -1 +1 @@| a|-b|+x| c"]
        );
        assert_eq!(changes("a: \"x\\n\"", "a: x"), ["~ a: @@ -1 +1 @@|-x|+x|\\ no line feed at the end"]);
        let json = |value: &str| format!("data: {{a.json: \"{{\\n  \\\"x\\\": {{\\n    \\\"y\\\": {value}\\n  }}\\n}}\\n\"}}");
        assert_eq!(changes(&json("1"), &json("2")), ["~ data[\"a.json\"].x.y: 1 > 2"]);
        // A comment is a change of lines only.
        assert_eq!(
            changes("data: {a.yml: \"# a\\nx: 1\\n\"}", "data: {a.yml: \"# b\\nx: 1\\n\"}"),
            ["~ data[\"a.yml\"]: @@ -1 +1 @@|-# a|+# b| x: 1"]
        );
        assert_eq!(changes("data: {a.json: \"{\\n\"}", "data: {a.json: \"[\\n\"}"), ["~ data[\"a.json\"]: @@ -1 +1 @@|-{|+["]);
    }

    #[test]
    fn a_file_in_one_line_is_compared_by_path() {
        let of = |cpu: &str| format!("data: {{a.json: '{{\"requests\": {{\"cpu\": \"{cpu}\", \"memory\": \"1Gi\"}}, \"a\": \"{cpu}\"}}'}}");
        let found = changes(&of("1"), &of("2"));
        assert_eq!(
            found,
            [r#"~ data["a.json"].requests.cpu: '"1"' > '"2"'"#, r#"~ data["a.json"].a: '"1"' > '"2"'"#].map(|line| line.replace('\'', ""))
        );
        assert_eq!(changes("data: {a.json: '1'}", "data: {a.json: '2'}"), [r#"~ data["a.json"]: "1" > "2""#]);
    }

    #[test]
    fn certificates_are_compared_by_what_they_say() {
        let other = SAMPLE.replace("dnmw=", "dnmx=").replace("cVdnmx", "cVdnmw").replace("udVcNzD", "udVcNzE").replace("a+Ujuc", "a+Ujud");
        let text = |pem: &str| format!("data: {{ca.crt: {}}}", serde_json::to_string(pem).unwrap());
        let found = changes(&text(SAMPLE), &text(&other));
        let said = "certificate of CN=shop.example.com,O=Shop\\, Inc from 2026-12-01 until 2027-03-01 (SHA-256 ";
        assert!(found.len() == 1 && found[0].starts_with(&format!("~ data[\"ca.crt\"]: {said}49d1253a7805…) > {said}")), "{found:?}");
        let found = changes(&text(SAMPLE), &text(&format!("{SAMPLE}{other}")));
        assert!(found[0].starts_with(&format!("~ data[\"ca.crt\"]: @@ -1 +1 @@| {said}49d1253a7805…)|+{said}")), "{found:?}");
        assert_eq!(changes("data: {}", &text(SAMPLE)), [format!("+ data[\"ca.crt\"]: {said}49d1253a7805…)")]);
        // White space, and what is no certificate, is compared as text.
        assert!(changes(&text(SAMPLE), &text(&format!("{SAMPLE}\n")))[0].contains('|'));
        let found = changes(&text(SAMPLE), &text("none"));
        assert!(found[0].contains("-MIIBtDCCAVmg"), "{found:?}");
    }

    #[test]
    fn bytes_are_told_by_their_number() {
        assert_eq!(
            changes("binaryData: {a: aGk=}", "binaryData: {a: aGhpaQ==, b: aGk=}"),
            ["~ binaryData.a: 2 bytes > 4 bytes", "+ binaryData.b: 2 bytes"]
        );
    }

    #[test]
    fn a_name_follows_what_it_names() {
        let object = |db: &str, web: &str| {
            format!("metadata: {{name: {web}, annotations: {{all: \"{db},{web}\"}}}}\nenvFrom: [{{secretRef: {{name: {db}}}}}]")
        };
        assert_eq!(
            changes(&object("db-1", "web-1"), &object("db-2", "web-2")),
            ["follows metadata.name", "follows metadata.annotations.all", "follows envFrom[0].secretRef.name"]
        );
        assert_eq!(changes("a: db-1", "a: web-2"), ["~ a: db-1 > web-2"]);
        assert_eq!(changes("a: http://db-1.shop:80", "a: http://db-2.shop:80"), ["follows a"]);
        assert_eq!(changes("a: http://db-1.shop:80", "a: http://db-2.shop:81"), ["~ a: http://db-1.shop:80 > http://db-2.shop:81"]);
        assert_eq!(changes("a: my-db-1", "a: my-db-2"), ["~ a: my-db-1 > my-db-2"]);
    }
}
