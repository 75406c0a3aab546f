//! What a template may call. The lists are frozen: nothing here reads a file, the environment, a clock or randomness, and
//! nothing depends on the order of a hash table.

/// Tera's own filters that work on ordinary values only.
pub(super) const FILTERS: [&str; 26] = [
    "abs",
    "capitalize",
    "default",
    "escape_xml",
    "first",
    "float",
    "get",
    "int",
    "join",
    "keys",
    "last",
    "length",
    "nth",
    "pairs",
    "reverse",
    "round",
    "sort",
    "split",
    "str",
    "title",
    "trim_end",
    "trim_start",
    "truncate",
    "unique",
    "values",
    "wordcount",
];

/// Filters that know blanks and are Tera's own on ordinary text.
pub(super) const LAZY_BUILTIN: [&str; 5] = ["indent", "lower", "replace", "trim", "upper"];

/// Filters that know blanks and that Tera does not have.
pub(super) const LAZY_OWN: [&str; 9] = ["b64decode", "b64encode", "connstr", "json", "json_encode", "raw", "reveal", "sha256", "urlencode"];

/// Tests (`is …`).
pub(super) const TESTS: [&str; 17] = [
    "array",
    "bool",
    "containing",
    "defined",
    "divisible_by",
    "ending_with",
    "even",
    "float",
    "integer",
    "iterable",
    "map",
    "none",
    "number",
    "odd",
    "starting_with",
    "string",
    "undefined",
];

/// Functions.
pub(super) const FUNCTIONS: [&str; 4] = ["range", "secret", "super", "throw"];

/// The names of the arguments of a filter, test or function.
pub(super) fn arguments(name: &str) -> &'static [&'static str] {
    match name {
        "secret" => &["allow", "key", "name", "vault", "version"],
        "throw" => &["message"],
        "range" => &["end", "start", "step_by"],
        "containing" | "ending_with" | "split" | "starting_with" | "trim" | "trim_end" | "trim_start" => &["pat"],
        "connstr" => &["style"],
        "default" => &["boolean", "value"],
        "divisible_by" => &["divisor"],
        "get" => &["default", "key"],
        "indent" => &["blank", "first", "indentation", "width"],
        "int" => &["base"],
        "join" => &["sep"],
        "nth" => &["n"],
        "replace" => &["from", "to"],
        "round" => &["method", "precision"],
        "sort" => &["attribute"],
        "truncate" => &["end", "length"],
        _ => &[],
    }
}

/// What is before the name of a [`LAZY_BUILTIN`] filter in the text that Tera gets.
pub(super) const LAZY_PREFIX: &str = "__lazy_";

/// Every filter by name.
pub(super) fn filters() -> impl Iterator<Item = &'static str> {
    FILTERS.into_iter().chain(LAZY_BUILTIN).chain(LAZY_OWN)
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;
    use super::TESTS;
    use super::filters;

    #[test]
    fn the_list_is_frozen() {
        let mut all: Vec<String> = filters().map(|name| format!("filter {name}")).collect();
        all.extend(TESTS.iter().map(|name| format!("test {name}")));
        all.extend(FUNCTIONS.iter().map(|name| format!("function {name}")));
        all.sort();
        let frozen = "function range, function secret, function super, function throw, filter abs, filter b64decode, filter b64encode, \
            filter capitalize, filter connstr, filter default, filter escape_xml, filter first, filter float, filter get, filter indent, filter int, \
            filter join, filter json, filter json_encode, filter keys, filter last, filter length, filter lower, filter nth, filter pairs, \
            filter raw, filter replace, filter reveal, filter reverse, filter round, filter sha256, filter sort, filter split, filter str, \
            filter title, filter trim, filter trim_end, filter trim_start, filter truncate, filter unique, filter upper, filter urlencode, \
            filter values, filter wordcount, test array, test bool, test containing, test defined, test divisible_by, test ending_with, \
            test even, test float, test integer, test iterable, test map, test none, test number, test odd, test starting_with, \
            test string, test undefined";
        let mut frozen: Vec<&str> = frozen.split(", ").collect();
        frozen.sort_unstable();
        assert_eq!(all, frozen);
    }
}
