//! However many threads work on a project, the bytes that come out and what is said are the same.

use crate::support::Sandbox;

const OBJECTS: &str = "{% for number in range(end=300) %}---
apiVersion: v1
kind: ConfigMap
metadata: { name: 'app-{{ number }}' }
data: { level: info, url: 'https://app-{{ number }}.example.com' }
---
apiVersion: v1
kind: Secret
metadata: { name: 'app-{{ number }}' }
stringData: { password: '{{ secret(name=\"db-password\") }}', number: '{{ number }}' }
---
apiVersion: v1
kind: Pod
metadata: { name: 'app-{{ number }}' }
spec:
  containers:
    - name: app
      image: app:1
      envFrom: [{ configMapRef: { name: 'app-{{ number }}' } }, { secretRef: { name: 'app-{{ number }}' } }]
{% endfor %}";

/// What a project of 900 objects renders to and what is said, on that many threads.
fn rendered(objects: &str, threads: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("RAYON_NUM_THREADS", threads);
    sandbox.write("templates/many.yaml", objects);
    let output = sandbox.command(["-C", "shop"].into_iter().chain(arguments.iter().copied())).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn assert_same(objects: &str, arguments: &[&str], code: i32) -> (String, String) {
    let one = rendered(objects, "1", arguments);
    assert_eq!(one.0, Some(code), "{}", one.2);
    for threads in ["2", "16"] {
        assert!(rendered(objects, threads, arguments) == one, "{threads} threads");
    }
    (one.1, one.2)
}

#[test]
fn manifests_and_warnings_are_the_same_on_any_number_of_threads() {
    let (out, err) = assert_same(OBJECTS, &["render", "-o", "-"], 0);
    assert!(out.matches("\nkind: Pod\n").count() >= 300 && out.contains("name: app-299-"), "{err}");
    assert!(err.contains("can never change, and it names"), "{err}");
}

#[test]
fn problems_are_the_same_on_any_number_of_threads() {
    let broken = OBJECTS
        .replace("secretRef: { name: 'app-{{ number }}' }", "secretRef: { name: 'app-{{ number }}x' }")
        .replace("level: info", "level: 1, other: '{{ secret(name=\"db-password\") }}'");
    let (_, err) = assert_same(&broken, &["check"], 4);
    assert!(err.contains("would be public in `data.other`") && err.contains("is not in the release"), "{err}");
    let unread = OBJECTS.replace("image: app:1", "image: [");
    let (_, err) = assert_same(&unread, &["check"], 4);
    assert!(err.contains("templates/many.yaml"), "{err}");
}

#[test]
fn more_values_than_a_run_may_have_are_refused_alike_on_any_number_of_threads() {
    let list = "x, ".repeat(60_000);
    let many: String =
        (0..40).map(|number| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: a{number} }}\nlist: [{list}]\n")).collect();
    let (_, err) = assert_same(&many, &["check"], 4);
    assert!(err.contains("more than 2000000 values"), "{err}");
}
