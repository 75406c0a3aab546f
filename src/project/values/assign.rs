//! Assignments on top of the values files: `--set path=value` and `--set-string path=value`.

use std::fmt;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use serde_json::Map;
use serde_json::Value;

use crate::count::count;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::values::scalar::typed;
use crate::project::values::spelling::keeps;

/// Most steps in a path.
const LONGEST: usize = 64;

/// A value for one path, in the syntax of Helm's `--set` (`pkg/strvals`): steps separated by dots, `[0]` for an item of a list,
/// a backslash before a dot, comma, bracket or equals sign that is meant, `{a,b}` for a list, null to delete.
#[derive(Clone, PartialEq)]
pub struct Assignment {
    steps: Vec<PathStep>,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathStep {
    Key(String),
    Item(usize),
}

impl Assignment {
    /// The comma-separated assignments of one `flag` (`--set`). Values are typed as in a values file, or texts as they are
    /// when `literal`. Problems never quote a value.
    pub fn parse(flag: &str, text: &str, literal: bool) -> Result<Vec<Self>, Problem> {
        let mut parser = AssignmentParser { flag, literal, number: 0, rest: text.chars().peekable() };
        let mut list = Vec::new();
        loop {
            parser.number += 1;
            list.push(parser.assignment()?);
            if parser.rest.next().is_none() {
                return Ok(list);
            }
        }
    }

    /// Carries the assignment out. What is in the way of a step is replaced, as a later values file would replace it.
    pub fn apply(&self, values: &mut Value) -> Result<(), Problem> {
        if self.value.is_null() && matches!(self.steps.last(), Some(PathStep::Key(_))) {
            self.delete(values);
            return Ok(());
        }
        let mut node = values;
        for (index, step) in self.steps.iter().enumerate() {
            node = match step {
                PathStep::Key(key) => {
                    if !node.is_object() {
                        *node = Value::Object(Map::new());
                    }
                    let Value::Object(map) = node else { return Ok(()) };
                    map.entry(key.clone()).or_insert(Value::Null)
                }
                PathStep::Item(item) => {
                    if !node.is_array() {
                        *node = Value::Array(Vec::new());
                    }
                    let Value::Array(list) = node else { return Ok(()) };
                    if *item > list.len() {
                        let reason = format!("`{}` has {}, so item {item} would leave a gap", self.path(index), count(list.len(), "item"));
                        return Err(Problem::new(Fault::Usage, reason, format!("write `[{}]` to add one", list.len())));
                    }
                    if *item == list.len() {
                        list.push(Value::Null);
                    }
                    &mut list[*item]
                }
            };
        }
        *node = self.value.clone();
        Ok(())
    }

    fn delete(&self, values: &mut Value) {
        let Some((PathStep::Key(last), steps)) = self.steps.split_last() else { return };
        let mut node = values;
        for step in steps {
            let next = match step {
                PathStep::Key(key) => node.get_mut(key.as_str()),
                PathStep::Item(item) => node.get_mut(*item),
            };
            match next {
                Some(next) => node = next,
                None => return,
            }
        }
        if let Value::Object(map) = node {
            map.remove(last);
        }
    }

    /// The first `count` steps as they are written.
    fn path(&self, count: usize) -> String {
        let mut path = String::new();
        for step in &self.steps[..count] {
            match step {
                PathStep::Item(item) => {
                    let _ = write!(path, "[{item}]");
                }
                PathStep::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    for character in key.chars() {
                        if matches!(character, '.' | ',' | '=' | '[' | ']' | '\\') {
                            path.push('\\');
                        }
                        path.push(character);
                    }
                }
            }
        }
        path
    }
}

impl fmt::Display for Assignment {
    /// The path, without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path(self.steps.len()))
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assignment({self})")
    }
}

struct AssignmentParser<'t> {
    flag: &'t str,
    literal: bool,
    number: usize,
    rest: Peekable<Chars<'t>>,
}

impl AssignmentParser<'_> {
    /// One assignment, up to the comma after it or the end.
    fn assignment(&mut self) -> Result<Assignment, Problem> {
        let mut steps = Vec::new();
        loop {
            let (key, mut end) = self.until(&['.', '=', '[', ','])?;
            if key.is_empty() {
                return Err(self.problem("has an empty step in its path", "write `path=value`, with a name between dots"));
            }
            steps.push(PathStep::Key(key));
            while end == Some('[') {
                steps.push(self.item()?);
                end = self.rest.next();
            }
            if steps.len() > LONGEST {
                return Err(self.problem("has a path of too many steps", "shorten the path"));
            }
            match end {
                Some('.') => {}
                Some('=') => return Ok(Assignment { steps, value: self.value()? }),
                Some(',') | None => {
                    return Err(self.problem("has no `=`", "write `path=value`, and `\\,` for a comma that belongs to a value"));
                }
                Some(_) => return Err(self.problem("goes on after `]`", "write `.`, `[` or `=` after `]`")),
            }
        }
    }

    fn item(&mut self) -> Result<PathStep, Problem> {
        let (digits, end) = self.until(&[']'])?;
        match digits.parse() {
            Ok(item) if end.is_some() => Ok(PathStep::Item(item)),
            _ => Err(self.problem("does not have a number between `[` and `]`", "write the item's number, from 0, such as `hosts[0]`")),
        }
    }

    fn value(&mut self) -> Result<Value, Problem> {
        if self.rest.peek() != Some(&'{') {
            let mut text = String::new();
            while let Some(character) = self.rest.next_if(|next| *next != ',') {
                text.push(if character == '\\' { self.escaped()? } else { character });
            }
            return self.scalar(text);
        }
        self.rest.next();
        let mut list = Vec::new();
        loop {
            let (text, end) = self.until(&[',', '}'])?;
            if end == Some('}') && text.is_empty() && list.is_empty() {
                break;
            }
            list.push(self.scalar(text)?);
            match end {
                Some('}') => break,
                Some(_) => {}
                None => return Err(self.problem("has a `{` that is not closed", "write `{a,b}` for a list, or `\\{` for a brace")),
            }
        }
        match self.rest.peek() {
            None | Some(',') => Ok(Value::Array(list)),
            Some(_) => Err(self.problem("goes on after `}`", "write a comma before the next assignment")),
        }
    }

    fn scalar(&self, text: String) -> Result<Value, Problem> {
        if self.literal {
            return Ok(Value::String(text));
        }
        match typed(&text) {
            None => Err(self.problem("has a number that does not fit 64 bits", "use `--set-string`")),
            Some(Value::Number(number)) if !keeps(&number, &text) => {
                Err(self.problem("has a number that a template would write in another form", "use `--set-string` to keep every character"))
            }
            Some(value) => Ok(value),
        }
    }

    /// The text up to one of `ends`, escapes resolved, and which of them ended it.
    fn until(&mut self, ends: &[char]) -> Result<(String, Option<char>), Problem> {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            if ends.contains(&character) {
                return Ok((text, Some(character)));
            }
            text.push(if character == '\\' { self.escaped()? } else { character });
        }
        Ok((text, None))
    }

    fn escaped(&mut self) -> Result<char, Problem> {
        self.rest.next().ok_or_else(|| self.problem("ends in a backslash", "write `\\\\` for a backslash"))
    }

    fn problem(&self, reason: &str, next: &str) -> Problem {
        let which = if self.number == 1 { String::new() } else { format!("assignment {} of ", self.number) };
        Problem::new(Fault::Usage, format!("{which}`{}` {reason}", self.flag), next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prop_assert_eq;
    use proptest::proptest;
    use serde_json::Value;
    use serde_json::json;

    use super::Assignment;

    fn set(mut values: Value, text: &str) -> Value {
        for assignment in Assignment::parse("--set", text, false).unwrap() {
            assignment.apply(&mut values).unwrap();
        }
        values
    }

    fn refusal(text: &str) -> String {
        let problem = Assignment::parse("--set", text, false).unwrap_err();
        format!("{problem}; {}", problem.next)
    }

    #[test]
    fn paths_reach_in() {
        let base = json!({"a": {"b": 1, "c": 2}, "l": [{"x": 1}]});
        assert_eq!(set(base.clone(), "a.b=3"), json!({"a": {"b": 3, "c": 2}, "l": [{"x": 1}]}));
        assert_eq!(set(base.clone(), "l[0].x=5,l[1].x=6"), json!({"a": {"b": 1, "c": 2}, "l": [{"x": 5}, {"x": 6}]}));
        assert_eq!(set(base.clone(), "n\\.o.p=1"), json!({"a": {"b": 1, "c": 2}, "l": [{"x": 1}], "n.o": {"p": 1}}));
        assert_eq!(set(base.clone(), "a=x"), json!({"a": "x", "l": [{"x": 1}]}));
        assert_eq!(set(base, "a.b.d=x"), json!({"a": {"b": {"d": "x"}, "c": 2}, "l": [{"x": 1}]}));
        assert_eq!(set(json!({}), "m[0][0]=1,m[0][1]=2"), json!({"m": [[1, 2]]}));
    }

    #[test]
    fn values_are_typed() {
        assert_eq!(
            set(json!({}), "a=1,b=true,c=x\\,y,d={1,b,},e=,f=1.5,g=0755,h=a=b,i={}"),
            json!({"a": 1, "b": true, "c": "x,y", "d": [1, "b", ""], "e": "", "f": 1.5, "g": "0755", "h": "a=b", "i": []})
        );
        let literal = Assignment::parse("--set-string", "a=1,b={true,~}", true).unwrap();
        let mut values = json!({});
        for assignment in &literal {
            assignment.apply(&mut values).unwrap();
        }
        assert_eq!(values, json!({"a": "1", "b": ["true", "~"]}));
    }

    #[test]
    fn null_deletes_and_creates_nothing() {
        assert_eq!(set(json!({"a": {"b": 1}}), "a.b=null"), json!({"a": {}}));
        assert_eq!(set(json!({}), "a.b.c=null,l[3].x=~"), json!({}));
        assert_eq!(set(json!({"l": [1, 2]}), "l[0]=null"), json!({"l": [null, 2]}));
    }

    #[test]
    fn refusals_say_what_to_write() {
        assert_eq!(refusal("replicas"), "`--set` has no `=`; write `path=value`, and `\\,` for a comma that belongs to a value");
        assert_eq!(
            refusal("a=1,b"),
            "assignment 2 of `--set` has no `=`; write `path=value`, and `\\,` for a comma that belongs to a value"
        );
        assert_eq!(refusal("a..b=1"), "`--set` has an empty step in its path; write `path=value`, with a name between dots");
        assert_eq!(refusal("=1"), "`--set` has an empty step in its path; write `path=value`, with a name between dots");
        assert_eq!(
            refusal("a[x]=1"),
            "`--set` does not have a number between `[` and `]`; write the item's number, from 0, such as `hosts[0]`"
        );
        assert_eq!(refusal("a[0]b=1"), "`--set` goes on after `]`; write `.`, `[` or `=` after `]`");
        assert_eq!(refusal("a={1,2"), "`--set` has a `{` that is not closed; write `{a,b}` for a list, or `\\{` for a brace");
        assert_eq!(refusal("a={1}2"), "`--set` goes on after `}`; write a comma before the next assignment");
        assert_eq!(refusal("a=x\\"), "`--set` ends in a backslash; write `\\\\` for a backslash");
        assert_eq!(refusal("a=18446744073709551616"), "`--set` has a number that does not fit 64 bits; use `--set-string`");
        for number in ["1.10", "0e12345", "1234e56", "+1", "0x1F"] {
            assert_eq!(
                refusal(&format!("a={number}")),
                "`--set` has a number that a template would write in another form; use `--set-string` to keep every character"
            );
        }
        assert_eq!(refusal(&format!("{}=1", vec!["a"; 65].join("."))), "`--set` has a path of too many steps; shorten the path");
        let gap = Assignment::parse("--set", "l[5]=1", false).unwrap();
        let problem = gap[0].apply(&mut json!({"l": [1, 2]})).unwrap_err();
        assert_eq!(format!("{problem}; {}", problem.next), "`l` has 2 items, so item 5 would leave a gap; write `[2]` to add one");
    }

    #[test]
    fn values_do_not_print() {
        let assignment = Assignment::parse("--set", "a\\.b.c[0]=CANARY", false).unwrap();
        assert_eq!(format!("{assignment:?}"), "[Assignment(a\\.b.c[0])]");
    }

    fn escape(text: &str, also: &[char]) -> String {
        text.chars().flat_map(|c| if c == '\\' || also.contains(&c) { vec!['\\', c] } else { vec![c] }).collect()
    }

    proptest! {
        #[test]
        fn what_is_set_is_found(path in proptest::collection::vec("[a-z.,=\\[\\]\\\\ ü{}]{1,6}", 1..5), value in "\\PC{0,12}") {
            let written: Vec<String> = path.iter().map(|key| escape(key, &['.', ',', '=', '['])).collect();
            let text = format!("{}={}", written.join("."), escape(&value, &[',', '{']));
            let assignments = Assignment::parse("--set-string", &text, true).unwrap();
            prop_assert_eq!(assignments.len(), 1);
            let mut values = json!({"untouched": {"by": "this"}});
            assignments[0].apply(&mut values).unwrap();
            let found = path.iter().try_fold(&values, |node, key| node.get(key.as_str()));
            prop_assert_eq!(found, Some(&Value::from(value)));
            prop_assert_eq!(&values["untouched"]["by"], &json!("this"));
            let again = Assignment::parse("--set", &format!("{}=x", assignments[0]), false).unwrap();
            prop_assert_eq!(&again[0].steps, &assignments[0].steps);
        }

        #[test]
        fn no_text_panics(text in "[a-c.=,\\[\\]{}0-9\\\\]{0,24}") {
            let mut values = json!({"a": [1], "b": {"c": 1}});
            for assignment in Assignment::parse("--set", &text, false).unwrap_or_default() {
                let _ = assignment.apply(&mut values);
            }
        }
    }
}
