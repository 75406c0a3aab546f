//! Conditions in CEL (<https://cel.dev>), as a `ValidatingAdmissionPolicy` of Kubernetes writes them. Nothing here bounds what one costs.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Context;
use cel::Env;
use cel::ExecutionError;
use cel::Program;
use cel::Value;
use cel::extensions;
use cel::objects::Key;
use cel::objects::Map;
use serde_json::Value as Json;

use crate::policy::quantity;

/// Expressions that are ready to be evaluated.
pub struct Expressions {
    env: Arc<Env>,
    programs: Vec<Option<Program>>,
    variables: Vec<(String, Value)>,
}

/// What expressions are evaluated over: an object, and the variables of the run.
pub struct Subject(Context<'static, 'static>);

/// Why an expression has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong, without a subject: `is not …`.
    pub reason: String,
    /// What to do.
    pub next: String,
    /// Whether it would be so for any object.
    pub always: bool,
}

impl Expressions {
    /// None yet. `variables` are those beside `object`.
    pub fn new(variables: &serde_json::Map<String, Json>) -> Self {
        let mut env = Env::stdlib();
        for extension in [extensions::strings, extensions::lists, extensions::math, quantity::extension] {
            // It fails where something is declared twice, which is known when this is built.
            let added = env.add_extension(extension);
            debug_assert!(added.is_ok(), "{added:?}");
        }
        let variables = variables.iter().map(|(name, value)| (name.clone(), value_of(value))).collect();
        Self { env: Arc::new(env), programs: Vec::new(), variables }
    }

    /// Reads one more, which has the next number from 0 on whether it can be read or not.
    pub fn add(&mut self, source: &str) -> Result<(), Flaw> {
        let read = self.env.compile(source);
        let flaw = read.as_ref().err().map(|errors| {
            let place = errors.errors.first().map(|error| error.pos).filter(|(line, column)| *line > 0 && *column > 0);
            let place = place.map(|(line, column)| format!(" from line {line}, column {column} on")).unwrap_or_default();
            Flaw::always(format!("is not an expression in CEL{place}"), "correct it: quotes, brackets, operators and commas")
        });
        self.programs.push(read.ok());
        flaw.map_or(Ok(()), Err)
    }

    /// An object to evaluate expressions over.
    pub fn subject(&self, object: &Json) -> Subject {
        let mut context = Context::with_env(Arc::clone(&self.env));
        for (name, value) in &self.variables {
            context.add_variable_from_value(name.as_str(), value.clone());
        }
        context.add_variable_from_value("object", value_of(object));
        Subject(context)
    }

    /// Whether the expression of that number is true of a subject; what cannot be read is told when it is added, and true of everything.
    pub fn holds(&self, number: usize, subject: &Subject) -> Result<bool, Flaw> {
        let Some(program) = self.programs.get(number).and_then(Option::as_ref) else { return Ok(true) };
        match program.execute(&subject.0) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(Flaw::always(
                format!("is not a condition: it comes to a value of type {}", other.type_of()),
                "compare it with something, so that it comes to `true` or `false`",
            )),
            Err(error) => Err(flaw_of(error)),
        }
    }
}

impl Flaw {
    fn always(reason: String, next: &str) -> Self {
        Self { reason, next: next.to_owned(), always: true }
    }

    fn here(reason: String, next: &str) -> Self {
        Self { reason, next: next.to_owned(), always: false }
    }
}

/// Why an evaluation ended. The crate's own words show whole values, and so they are not used.
fn flaw_of(error: ExecutionError) -> Flaw {
    match error {
        ExecutionError::NoSuchKey(key) => Flaw::here(
            format!("reads {}, which is not there", shown(&key)),
            "ask for it with `has(…)` first, or read it as in `object.spec.?replicas.orValue(1)`",
        ),
        ExecutionError::UndeclaredReference(name) => Flaw::always(
            format!("names {}, which is neither a variable nor a function", shown(&name)),
            "write `object`, `environment`, `project`, or a function of CEL's",
        ),
        ExecutionError::NoSuchOverload(overload) => Flaw::here(
            format!(
                "gives {} what it does not take: {}",
                shown(operator(overload.function())),
                shown(&overload.argument_types().join(", "))
            ),
            "make the types equal, as in `string(…)` or `int(…)`",
        ),
        ExecutionError::FunctionError { function, .. } => {
            Flaw::here(format!("gives {} a value that it does not take", shown(&function)), "ask for the form of the value first")
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            Flaw::here("divides by zero".to_owned(), "ask whether the value is 0 first")
        }
        ExecutionError::Overflow(..) => Flaw::here("comes to a number that does not fit".to_owned(), "use smaller numbers"),
        ExecutionError::IndexOutOfBounds(_) => {
            Flaw::here("reads an item of a list that is not there".to_owned(), "ask for the list's `size()` first")
        }
        _ => Flaw::here("puts values together that do not fit".to_owned(), "make the types equal, as in `string(…)` or `int(…)`"),
    }
}

/// An operator without the placeholders that the crate writes around it.
fn operator(name: &str) -> &str {
    name.trim_matches(['_', '@'])
}

/// A name from an expression or an object, short and without control characters.
fn shown(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(MOST_SHOWN).collect();
    format!("`{kept}`")
}

/// Characters of a name that a message shows.
const MOST_SHOWN: usize = 60;

/// JSON as CEL has it: whole numbers are `int`, where they fit.
fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::UInt(number),
            (None, None) => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(value_of).collect())),
        Json::Object(entries) => {
            let map: HashMap<Key, Value> =
                entries.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), value_of(value))).collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Expressions;
    use super::Flaw;

    /// What an expression comes to over a Deployment.
    fn evaluated(source: &str) -> Result<bool, Flaw> {
        let container = |name: &str| json!({ "name": name, "image": "web:1", "resources": { "limits": { "memory": "1Gi" } } });
        let object = json!({
            "kind": "Deployment",
            "metadata": { "name": "web", "namespace": "shop", "labels": { "app.kubernetes.io/name": "web" } },
            "spec": { "replicas": 3, "template": { "spec": { "containers": [container("a"), container("b")] } } },
        });
        let mut expressions = Expressions::new(json!({ "environment": "prod" }).as_object().unwrap());
        expressions.add(source)?;
        expressions.holds(0, &expressions.subject(&object))
    }

    #[test]
    fn conditions_of_admission_policies_come_to_what_they_do_there() {
        for (source, expected) in [
            ("object.spec.replicas <= 5", true),
            ("object.spec.replicas - 1 == 2 && object.spec.replicas == 3.0", true),
            ("object.spec.template.spec.containers.all(c, has(c.resources) && has(c.resources.limits))", true),
            ("object.spec.template.spec.containers.all(c, has(c.resources.requests))", false),
            ("object.spec.template.spec.containers.exists(c, c.image.matches(':latest$'))", false),
            ("object.spec.template.spec.containers.exists_one(c, c.name == 'a')", true),
            ("object.spec.template.spec.containers.map(c, c.name).join(',') == 'a,b'", true),
            ("object.spec.template.spec.containers.filter(c, c.name == 'a').size() == 1", true),
            ("object.spec.?template.?spec.?containers.orValue([]).all(c, c.?securityContext.?privileged.orValue(false) == false)", true),
            ("object.metadata.?labels[?'app.kubernetes.io/name'].orValue('') == 'web'", true),
            ("object.metadata.?annotations.?team.hasValue()", false),
            ("'app.kubernetes.io/name' in object.metadata.labels && object.metadata.namespace == 'shop'", true),
            ("!has(object.spec.paused) || !object.spec.paused", true),
            ("object.spec.template.spec.containers.all(c, quantity(c.resources.limits.memory).isLessThan(quantity('2Gi')))", true),
            ("quantity('1500m').add(quantity('500m')).asInteger() == 2 && quantity('1k').compareTo(quantity('1Ki')) < 0", true),
            ("isQuantity('1Q') || quantity('-1').sub(1).sign() == 1 || quantity('0.5').isInteger()", false),
            ("quantity('1') == quantity('1000m') && quantity('500m').asApproximateFloat() == 0.5", true),
            ("environment == 'prod' && object.kind in ['Deployment', 'StatefulSet']", true),
            ("object.spec.absent || true", true),
            ("object.metadata.name.lowerAscii().startsWith('w') && size('héllo') == 5 && math.greatest(1, 2) == 2", true),
        ] {
            assert_eq!(evaluated(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_has_no_answer_says_why_in_words_of_its_own() {
        for (source, reason, always) in [
            ("1 +", "is not an expression in CEL from line 1, column 4 on", true),
            ("object.spec.replicas", "is not a condition: it comes to a value of type int", true),
            ("object.spec.absent == 1", "reads `absent`, which is not there", false),
            ("params.x == 1", "names `params`, which is neither a variable nor a function", true),
            ("fetch('http://x')", "names `fetch`, which is neither a variable nor a function", true),
            ("object.spec.replicas > '3'", "gives `>` what it does not take: `int, string`", false),
            ("object.metadata.name.matches('(')", "gives `matches` a value that it does not take", false),
            ("quantity('a lot').isInteger()", "gives `quantity` a value that it does not take", false),
            ("1 / (object.spec.replicas - 3) == 1", "divides by zero", false),
            ("9223372036854775807 + object.spec.replicas > 0", "comes to a number that does not fit", false),
            ("object.spec.template.spec.containers[7].name == 'a'", "reads an item of a list that is not there", false),
            ("object.metadata.name + 1 == 2", "puts values together that do not fit", false),
            ("object['a\\u001b[31m' + 'b'.replace('b', 'c')] == 1", "reads `a[31mc`, which is not there", false),
        ] {
            let flaw = evaluated(source).unwrap_err();
            assert_eq!((flaw.reason.as_str(), flaw.always), (reason, always), "{source}");
            assert!(!flaw.next.is_empty());
        }
    }
}
