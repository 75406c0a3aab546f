//! No template can look at a blank.

use crate::bench::messages;
use crate::bench::render_with;

/// Each way to observe a blank, with a word of the refusal.
const OBSERVATIONS: [(&str, &str); 62] = [
    ("{{ S == 'a' }}", "compared with `==`"),
    ("{{ 'a' != S }}", "compared with `!=`"),
    ("{{ S < 'a' }}", "compared with `<`"),
    ("{{ 'a' >= S }}", "compared with `>=`"),
    ("{{ [S] == [1] }}", "compared with `==`"),
    ("{{ 'a' in S }}", "compared with `in`"),
    ("{{ S in hosts }}", "compared with `in`"),
    ("{{ S not in hosts }}", "compared with `in`"),
    ("{{ S | length }}", "the filter `length` does not know blanks"),
    ("{{ S | first }}", "the filter `first` does not know"),
    ("{{ S | truncate(length=3) }}", "the filter `truncate` does not know"),
    ("{{ S | reverse }}", "the filter `reverse` does not know"),
    ("{{ S | split(pat='a') }}", "the filter `split` does not know"),
    ("{{ S | title }}", "the filter `title` does not know"),
    ("{{ S | str }}", "the filter `str` does not know"),
    ("{{ S | int }}", "the filter `int` does not know"),
    ("{{ [S, 'a'] | join(sep=',') }}", "the filter `join` does not know"),
    ("{{ [S, 'a'] | sort }}", "the filter `sort` does not know"),
    ("{{ [[S]] | first }}", "the filter `first` does not know"),
    ("{{ {'a': S} | get(key='a') }}", "the filter `get` does not know"),
    ("{{ {'a': S} | values }}", "the filter `values` does not know"),
    ("{{ ('a' ~ S) | wordcount }}", "the filter `wordcount` does not know"),
    ("{{ 'a' | replace(from='a', to=S) }}", "the argument `to` of the filter `replace`"),
    ("{{ hosts | join(sep=S) }}", "the argument `sep` of the filter `join`"),
    ("{{ S | default(value='x') }}", "the filter `default` does not know"),
    ("{{ S[0:3] }}", "has no parts"),
    ("{{ S[0] }}", "has no parts"),
    ("{{ S[-1] | default(value='x') }}", "has no parts"),
    ("{{ ('a' ~ S)[0] }}", "has no parts"),
    ("{{ hosts[S] }}", "cannot be an index"),
    ("{{ app[S] | default(value='x') }}", "cannot be an index"),
    ("{% if S %}a{% endif %}{{ S }}", "decide a condition"),
    ("{% if app.debug %}{% elif S %}a{% endif %}", "decide a condition"),
    ("{{ 'a' if S else 'b' }}", "decide a condition"),
    ("{{ not S }}", "decide a `not`"),
    ("{{ S and 'a' }}", "decide an `and`"),
    ("{{ S or 'a' }}", "decide an `or`"),
    ("{% for c in S %}{{ c }}{% endfor %}", "looped over"),
    ("{% for c in 'a' ~ S %}{{ c }}{% endfor %}", "looped over"),
    ("{{ [c for c in S] }}", "looped over"),
    ("{{ [c for c in hosts if S] }}", "decide a condition"),
    ("{{ S is string }}", "the test `is string` cannot be put to a blank"),
    ("{{ S is defined }}", "the test `is defined` cannot"),
    ("{{ S is not containing(pat='a') }}", "the test `is containing` cannot"),
    ("{{ hosts is containing(pat=S) }}", "the argument `pat` of the test `containing`"),
    ("{{ 'a' is starting_with(pat=S) }}", "the argument `pat` of the test"),
    ("{{ range(end=S) }}", "the argument `end` of `range`"),
    ("{% set t = S %}{% if t %}a{% endif %}{{ t }}", "decide a condition"),
    ("{% set t = 'a' ~ S %}{{ t == 'a' }}{{ t }}", "compared with `==`"),
    ("{% set t %}a{{ S }}{% endset %}{{ t | length }}{{ t }}", "the filter `length` does not know"),
    ("{% set t | length %}{{ S }}{% endset %}{{ t }}", "the filter `length` does not know"),
    ("{% filter length %}{{ S }}{% endfilter %}", "the filter `length` does not know"),
    ("{% filter upper | reverse %}{{ S }}{% endfilter %}", "the filter `reverse` does not know"),
    ("{% set m = {'a': S} %}{{ m.a.b | default(value='x') }}{{ m.a }}", "has no parts"),
    ("{% set m = {'a': S} %}{{ m?.a?.b | default(value='x') }}{{ m.a }}", "has no parts"),
    ("{% set m = {'a': S} %}{{ m.a?.b is defined }}{{ m.a }}", "has no parts"),
    ("{% for x in [S] %}{% if x == 'a' %}{% endif %}{{ x }}{% endfor %}", "compared with `==`"),
    ("{% for k, v in {'a': S} %}{{ v | length }}{{ v }}{% endfor %}", "the filter `length` does not know"),
    ("{{ <look a={S}/> }}", "decide a condition"),
    ("{% <look a={text}> %}{{ S }}{% </look> %}", "the filter `default` does not know"),
    ("{% set x = S %}{% include '_p.yaml' %}", "compared with `==`"),
    ("{% set l = [S] %}{{ l | length }}{{ l }}", "the filter `length` does not know"),
];

#[test]
fn no_blank_can_be_observed() {
    let component = "{% component look(a) %}{% if a %}1{% endif %}{{ body | default(value='') | length }}{{ a }}{% endcomponent %}";
    for (source, expected) in OBSERVATIONS {
        let source = source.replacen('S', "secret(name='s')", 9);
        let templates = [("t.yaml", source.as_str()), ("_c.yaml", component), ("_p.yaml", "{% if x == 'a' %}{% endif %}{{ x }}")];
        match render_with(&templates) {
            Ok(text) => panic!("{source} rendered to {text}"),
            Err(problems) => {
                let message = messages(&problems);
                assert_eq!(problems.len(), 1, "{source}: {message}");
                let place = problems[0].place.as_ref().unwrap();
                assert!(message.contains(expected) && place.line == 1 && place.column > 1, "{source}: {message}");
                assert!(!problems[0].next.is_empty());
            }
        }
    }
}
