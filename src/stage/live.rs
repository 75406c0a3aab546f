//! What an apply changes of a live object, as a review shows it: what the release has, and what differs. No value that a blank filled is in it, nor one that
//! somebody typed in such a place.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::convert::Infallible;

use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;

type Tree = Node<Infallible>;

/// A part of an object of a release, and how a review shows it. Where these are not the same, a blank was filled.
#[derive(Debug, Clone, Copy)]
pub struct ReleasedValue<'n> {
    /// The part.
    pub value: &'n Tree,
    /// How it is shown; `None` where a review does not have it.
    pub shown: Option<&'n Tree>,
}

/// A live object, and what is known of it.
#[derive(Debug, Clone)]
pub struct LiveValue<'n> {
    /// As the release has it.
    pub ours: Option<ReleasedValue<'n>>,
    /// As former releases had it.
    pub former: Vec<ReleasedValue<'n>>,
    /// As it is.
    pub before: Option<&'n Tree>,
    /// As it would be.
    pub after: Option<&'n Tree>,
}

/// How values are hidden that no release shows.
#[derive(Clone, Copy)]
pub struct Hiding<'a> {
    /// Whether a text in a field of that name could be a secret.
    pub is_doubtful: &'a dyn Fn(&str, &str) -> bool,
    /// What stands in place of a text in a field.
    pub mask: &'a dyn Fn(&str, &str) -> String,
}

/// The object as it is and as it would be, of which it has what the release has and what differs. The values of a Secret are under `stringData`.
pub fn review(live: &LiveValue<'_>, hiding: Hiding<'_>) -> [Option<Tree>; 2] {
    let is_secret = [live.before, live.after].into_iter().flatten().any(|object| {
        object.get("kind").and_then(Node::as_text) == Some("Secret") && object.get("apiVersion").and_then(Node::as_text) == Some("v1")
    });
    let mut path = Vec::new();
    if !is_secret {
        return kept(live, &mut path, hiding);
    }
    // Its own values are shown under another key, and every other one is a secret.
    let data = LiveValue {
        ours: live.ours.and_then(ReleasedValue::data),
        former: live.former.iter().copied().filter_map(ReleasedValue::data).collect(),
        before: live.before.and_then(|object| object.get("data")),
        after: live.after.and_then(|object| object.get("data")),
    };
    let mut values = kept(&data, &mut path, Hiding { is_doubtful: &|_, _| true, ..hiding });
    let mut shown = kept(live, &mut path, Hiding { is_doubtful: &|_, _| true, ..hiding });
    for (object, values) in shown.iter_mut().zip(&mut values) {
        let Some(object) = object else { continue };
        object.take("data");
        if let Some(values) = values.take().filter(|values| values.as_map().is_some_and(|values| !values.is_empty())) {
            object.set("stringData", values);
        }
    }
    shown
}

impl<'n> ReleasedValue<'n> {
    fn get(self, key: &str) -> Option<Self> {
        Some(Self { value: self.value.get(key)?, shown: self.shown.and_then(|shown| shown.get(key)) })
    }

    fn items(self) -> Vec<Self> {
        let shown = |index| self.shown.and_then(|shown| shown.as_list()?.get(index));
        let items = self.value.as_list().unwrap_or_default();
        items.iter().enumerate().map(|(index, value)| Self { value, shown: shown(index) }).collect()
    }

    /// The values of a Secret, as reviews show them.
    fn data(self) -> Option<Self> {
        Some(Self { value: self.value.get("data")?, shown: self.shown.and_then(|shown| shown.get("stringData")) })
    }

    /// What stands in its place, where a blank filled it.
    fn mask(self) -> Option<&'n str> {
        match self.shown {
            Some(shown) if shown.is_same(self.value) => None,
            Some(shown) => Some(shown.as_text().unwrap_or(HIDDEN)),
            None => Some(HIDDEN),
        }
    }
}

/// What is kept of both sides.
fn kept(live: &LiveValue<'_>, path: &mut Vec<String>, hiding: Hiding<'_>) -> [Option<Tree>; 2] {
    let sides = [live.before, live.after];
    if live.ours.is_none() && is_same(live.before, live.after) {
        return [None, None];
    }
    let all = |is_it: fn(&Tree) -> bool| sides.into_iter().flatten().all(is_it);
    if all(|side| side.as_map().is_some()) {
        fields(live, path, hiding)
    } else if all(|side| side.as_list().is_some_and(|items| items.iter().all(|item| item.as_map().is_some()))) {
        items(live, path, hiding)
    } else {
        sides.map(|side| side.map(|side| shown(side, &live.known(), path, hiding)))
    }
}

impl<'n> LiveValue<'n> {
    fn known(&self) -> Vec<ReleasedValue<'n>> {
        self.ours.into_iter().chain(self.former.iter().copied()).collect()
    }

    fn get(&self, key: &str) -> Self {
        Self {
            ours: self.ours.and_then(|ours| ours.get(key)),
            former: self.former.iter().filter_map(|former| former.get(key)).collect(),
            before: self.before.and_then(|before| before.get(key)),
            after: self.after.and_then(|after| after.get(key)),
        }
    }
}

fn is_same(one: Option<&Tree>, other: Option<&Tree>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn fields(live: &LiveValue<'_>, path: &mut Vec<String>, hiding: Hiding<'_>) -> [Option<Tree>; 2] {
    let entries = |node: Option<&Tree>| -> Vec<String> {
        node.and_then(Node::as_map).unwrap_or_default().iter().map(|entry| entry.key.to_string()).collect()
    };
    // In the order of the release, then by name.
    let mut keys = entries(live.ours.map(|ours| ours.value));
    let others: BTreeSet<String> = entries(live.before).into_iter().chain(entries(live.after)).collect();
    keys.extend(others.into_iter().filter(|key| live.ours.is_none_or(|ours| ours.value.get(key).is_none())));
    let mut sides = [live.before, live.after].map(|side| side.map(|_| Vec::new()));
    for key in keys {
        path.push(key.clone());
        let found = kept(&live.get(&key), path, hiding);
        path.pop();
        for (side, node) in sides.iter_mut().zip(found) {
            if let (Some(side), Some(node)) = (side, node) {
                side.push(Entry { key: key.as_str().into(), mark: Mark::default(), node });
            }
        }
    }
    sides.map(|side| side.map(|entries| Node::made(Value::Map(entries))))
}

fn items(live: &LiveValue<'_>, path: &mut Vec<String>, hiding: Hiding<'_>) -> [Option<Tree>; 2] {
    let known = live.known();
    let lists: Vec<&[Tree]> =
        known.iter().map(|known| known.value).chain(live.before).chain(live.after).filter_map(Node::as_list).collect();
    let id = identifying(&lists);
    let name = |index: usize, item: &Tree| id.and_then(|id| scalar(item.get(id)?)).unwrap_or_else(|| index.to_string());
    let side = |list: Option<&Tree>| -> Option<Vec<String>> {
        list.and_then(Node::as_list).map(|items| items.iter().enumerate().map(|(index, item)| name(index, item)).collect())
    };
    let find = |list: Option<&'_ Tree>, wanted: &str| {
        list.and_then(Node::as_list).and_then(|items| items.iter().enumerate().position(|(index, item)| name(index, item) == wanted))
    };
    let child = |wanted: &str| LiveValue {
        ours: live.ours.and_then(|ours| Some(ours.items()[find(Some(ours.value), wanted)?])),
        former: live.former.iter().filter_map(|former| Some(former.items()[find(Some(former.value), wanted)?])).collect(),
        before: live.before.and_then(|before| before.as_list()?.get(find(Some(before), wanted)?)),
        after: live.after.and_then(|after| after.as_list()?.get(find(Some(after), wanted)?)),
    };
    let orders = [side(live.before), side(live.after)];
    let mut found: HashMap<String, [Option<Tree>; 2]> = HashMap::new();
    for wanted in orders.iter().flatten().flatten() {
        if found.contains_key(wanted) {
            continue;
        }
        let of = child(wanted);
        path.push(wanted.clone());
        let mut both = kept(&of, path, hiding);
        path.pop();
        for (node, from) in both.iter_mut().zip([of.before, of.after]) {
            // What it is known by.
            if let (Some(node), Some(id), Some(from)) = (node, id, from)
                && node.get(id).is_none()
                && let Some(entries) = node.as_map_mut()
                && let Some(named) = from.get(id)
            {
                entries.insert(0, Entry { key: id.into(), mark: Mark::default(), node: Node::made(copied(&named.value)) });
            }
        }
        found.insert(wanted.clone(), both);
    }
    let mut index = 0;
    orders.map(|order| {
        let nodes = order.map(|order| order.iter().filter_map(|name| found.get_mut(name)?[index].take()).collect());
        index += 1;
        nodes.map(|nodes| Node::made(Value::List(nodes)))
    })
}

/// The key by which the items of lists are known, as in Kubernetes' own lists: each has it, with a value of its own.
fn identifying(lists: &[&[Tree]]) -> Option<&'static str> {
    let is_one = |items: &[Tree], key: &str| {
        let values: Option<BTreeSet<String>> = items.iter().map(|item| item.get(key).and_then(scalar)).collect();
        values.is_some_and(|values| values.len() == items.len())
    };
    IDENTIFYING.into_iter().find(|key| lists.iter().all(|items| is_one(items, key)))
}

/// The keys of lists in `k8s.io/api` (`+listMapKey`), those that name before those that number.
const IDENTIFYING: [&str; 8] = ["name", "mountPath", "devicePath", "key", "ip", "type", "containerPort", "port"];

fn scalar(node: &Tree) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.to_string()),
        Value::Number(Number::Int(number)) => Some(number.to_string()),
        Value::Number(number) => Some(format!("{number:?}")),
        _ => None,
    }
}

/// A value: as its release shows it where one has it there, and hidden where a secret was there or it could be one.
fn shown(node: &Tree, known: &[ReleasedValue<'_>], path: &[String], hiding: Hiding<'_>) -> Tree {
    let items = |items: &[Tree]| -> Vec<Tree> {
        let known: Vec<ReleasedValue<'_>> = known.iter().flat_map(|known| known.items()).collect();
        items.iter().map(|item| shown(item, &known, path, hiding)).collect()
    };
    Node::made(match &node.value {
        Value::List(list) => Value::List(items(list)),
        Value::Map(entries) => {
            let one = |entry: &Entry<Infallible>| {
                let known: Vec<ReleasedValue<'_>> = known.iter().filter_map(|known| known.get(&entry.key)).collect();
                let path: Vec<String> = path.iter().cloned().chain([entry.key.to_string()]).collect();
                Entry { key: entry.key.clone(), mark: Mark::default(), node: shown(&entry.node, &known, &path, hiding) }
            };
            Value::Map(entries.iter().map(one).collect())
        }
        value => {
            let text = scalar(node);
            match known.iter().find(|known| known.value.is_same(node)).map(|known| known.mask()) {
                Some(Some(mask)) => Value::Text(mask.into()),
                Some(None) => copied(value),
                None => {
                    let was_secret = known.iter().any(|known| known.mask().is_some());
                    match text.filter(|text| !text.is_empty() && (was_secret || (hiding.is_doubtful)(name_of(path), text))) {
                        Some(text) => Value::Text((hiding.mask)(&path.join("."), &text).into()),
                        None => copied(value),
                    }
                }
            }
        }
    })
}

fn copied(value: &Value<Infallible>) -> Value<Infallible> {
    match value {
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Number(number) => Value::Number(*number),
        Value::Text(text) => Value::Text(text.clone()),
        _ => Value::Null,
    }
}

/// The name of a field: of an item's `value`, that of the item.
fn name_of(path: &[String]) -> &str {
    match path {
        [.., item, last] if last == "value" => item,
        [.., last] => last,
        [] => "",
    }
}

/// Shown in place of a value that no review has.
const HIDDEN: &str = "<hidden>";

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::Hiding;
    use super::LiveValue;
    use super::ReleasedValue;
    use super::review;
    use crate::manifest::Limits;
    use crate::manifest::Node;
    use crate::manifest::read;
    use crate::manifest::write;
    use crate::secret::SecretBuffer;

    fn tree(text: &str) -> Node<Infallible> {
        read(text, Limits::default()).unwrap().remove(0)
    }

    fn text(tree: Option<&Node<Infallible>>) -> String {
        let mut out = SecretBuffer::with_capacity(64);
        tree.inspect(|tree| write(tree, &mut out));
        String::from_utf8(out.expose().to_vec()).unwrap().replace('"', "")
    }

    /// What is shown of an object of that release, as pairs of value and review, and of that former one.
    fn shown(ours: [&str; 2], former: Option<[&str; 2]>, before: &str, after: &str) -> [String; 2] {
        let (ours, former, before, after) = (ours.map(tree), former.map(|pair| pair.map(tree)), tree(before), tree(after));
        let live = LiveValue {
            ours: Some(ReleasedValue { value: &ours[0], shown: Some(&ours[1]) }),
            former: former.iter().map(|[value, shown]| ReleasedValue { value, shown: Some(shown) }).collect(),
            before: Some(&before),
            after: Some(&after),
        };
        let hiding = Hiding { is_doubtful: &|name, _| name == "PASSWORD", mask: &|field, text| format!("<{field} {}>", text.len()) };
        review(&live, hiding).map(|side| text(side.as_ref()))
    }

    const WEB: &str = "kind: Deployment
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: web
        image: web:2
        env:
        - name: A
          value: '1'
";

    #[test]
    fn only_what_the_release_has_and_what_differs_is_shown() {
        let live = |image: &str, replicas: u32| {
            format!(
                "kind: Deployment\nspec: {{ revisionHistoryLimit: 10, replicas: {replicas}, template: {{ spec: {{ restartPolicy: Always, containers: [{{ name: side, image: s }}, {{ name: web, image: {image}, tty: false, env: [{{ name: Z, value: z }}, {{ name: A, value: '1' }}] }}] }} }} }}"
            )
        };
        let [before, after] = shown([WEB, WEB], None, &live("web:1", 5), &live("web:2", 2));
        assert_eq!(after, WEB.replace('\'', ""));
        assert_eq!(before, after.replace("web:2", "web:1").replace("replicas: 2", "replicas: 5"));
        // What somebody else added and the apply leaves is not shown; what it takes away is.
        let [before, after] = shown(["a: 1", "a: 1"], None, "{ a: 1, b: 2, c: { d: 3, e: 4 } }", "{ a: 1, b: 2, c: { e: 4 } }");
        assert_eq!((before.as_str(), after.as_str()), ("a: 1\nc:\n  d: 3\n", "a: 1\nc: {}\n"));
    }

    #[test]
    fn what_blanks_filled_is_shown_as_its_release_shows_it() {
        let ours = ["data: { pw: new, level: info }", "data: { pw: <two>, level: info }"];
        let former = ["data: { pw: old, gone: older, level: info }", "data: { pw: <one>, gone: <gone>, level: info }"];
        let [before, after] = shown(ours, Some(former), "data: { pw: old, gone: older, level: debug }", "data: { pw: new, level: info }");
        assert_eq!(before, "data:\n  pw: <one>\n  level: debug\n  gone: <gone>\n");
        assert_eq!(after, "data:\n  pw: <two>\n  level: info\n");
        // Somebody typed others: where a secret is, or was, none is shown.
        let [before, _] = shown(ours, Some(former), "data: { pw: typed, gone: typed!, level: info }", "data: { pw: new, level: info }");
        assert_eq!(before, "data:\n  pw: <data.pw 5>\n  level: info\n  gone: <data.gone 6>\n");
        let [before, after] = shown(ours, None, "data: { pw: new, level: info, x: why }", "data: { pw: new, level: info }");
        assert_eq!(
            (before.as_str(), after.as_str()),
            ("data:\n  pw: <two>\n  level: info\n  x: why\n", "data:\n  pw: <two>\n  level: info\n")
        );
    }

    #[test]
    fn a_variable_that_is_called_as_secrets_are_is_hidden_unless_the_release_shows_it() {
        let object = |value: &str| format!("env: [{{ name: PASSWORD, value: {value} }}, {{ name: PORT, value: {value} }}]");
        let ours = object("ours");
        let [before, after] = shown([&ours, &ours], None, &object("typed"), &ours);
        assert_eq!(before, "env:\n- name: PASSWORD\n  value: <env.PASSWORD.value 5>\n- name: PORT\n  value: typed\n");
        assert_eq!(after, "env:\n- name: PASSWORD\n  value: ours\n- name: PORT\n  value: ours\n");
    }

    #[test]
    fn a_list_of_texts_is_hidden_where_a_secret_is_in_it() {
        let ours = ["args: [-v, --pw=x]", "args: [-v, '--pw=<one>']"];
        let [before, after] = shown(ours, None, "args: [-q, --pw=x]", "args: [-v, --pw=x]");
        assert_eq!(before, "args:\n- <args 2>\n- --pw=<one>\n");
        assert_eq!(after, "args:\n- -v\n- --pw=<one>\n");
    }

    #[test]
    fn of_a_secret_no_value_is_shown_and_each_key_is_compared() {
        let secret = |data: &str, field: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: s }}\n{field}: {{ {data} }}\n");
        let ours = [secret("same: YQ==, new: Yg==, changed: Yw==", "data"), secret("same: <same>, new: <new>, changed: <2>", "stringData")];
        let former = [secret("same: YQ==, changed: ZA==", "data"), secret("same: <same>, changed: <1>", "stringData")];
        let [ours, former] = [&ours, &former].map(|pair| [pair[0].as_str(), pair[1].as_str()]);
        let after = secret("same: YQ==, new: Yg==, changed: Yw==, theirs: eA==", "data");
        let [before, after] = shown(ours, Some(former), &secret("same: YQ==, changed: ZA==, gone: enp6, theirs: eA==", "data"), &after);
        let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n";
        assert_eq!(before, format!("{head}  same: <same>\n  changed: <1>\n  gone: <gone 4>\n"));
        assert_eq!(after, format!("{head}  same: <same>\n  new: <new>\n  changed: <2>\n"));
    }
}
