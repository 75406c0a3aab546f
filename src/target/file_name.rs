//! The names of the files that hold one object each.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Syntax;

/// The names of the files of `set`, in its order: `30_configmap_shop_app-config.yaml` is made of phase, kind, namespace and the name that
/// the template gives. The same object has the same name in every release. Names consist of lower-case letters, digits, `_`, `-` and `.`,
/// at most 200 of them.
pub fn file_names(set: &ManifestSet<'_>) -> Vec<String> {
    let extension = match set.syntax {
        Syntax::Yaml => ".yaml",
        Syntax::Json => ".json",
    };
    let stems: Vec<String> = set.manifests.iter().map(stem).collect();
    let mut count: HashMap<&str, usize> = HashMap::with_capacity(stems.len());
    for stem in &stems {
        *count.entry(stem).or_default() += 1;
    }
    let name = |(stem, manifest): (&String, &Manifest<'_>)| {
        // Only what no API server has: names that differ in what a file's name leaves out.
        let twin = if count[stem.as_str()] > 1 { format!("-{}", &digest(manifest)[..TWIN]) } else { String::new() };
        format!("{stem}{twin}{extension}")
    };
    stems.iter().zip(&set.manifests).map(name).collect()
}

fn stem(manifest: &Manifest<'_>) -> String {
    let identity = manifest.identity;
    let group = if manifest.phase.needs_group() { identity.group() } else { "" };
    let dot = if group.is_empty() { "" } else { "." };
    let mut name = format!("{:02}", manifest.phase.number());
    for word in [&format!("{}{dot}{group}", identity.kind), &identity.namespace, manifest.base] {
        if !word.is_empty() {
            name.push('_');
            name.extend(word.chars().map(safe));
        }
    }
    name.truncate(LONGEST);
    name
}

fn safe(letter: char) -> char {
    if letter.is_ascii_alphanumeric() || letter == '.' { letter.to_ascii_lowercase() } else { '-' }
}

fn digest(manifest: &Manifest<'_>) -> String {
    let identity = manifest.identity;
    Digest::plain(&[&identity.api_version, &identity.kind, &identity.namespace, manifest.base].map(|text: &str| text.as_bytes()))
        .to_string()
}

/// The most characters before what tells twins apart and the extension.
const LONGEST: usize = 200 - ".yaml".len() - TWIN - 1;
/// The characters that tell twins apart.
const TWIN: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::ProptestConfig;
    use proptest::prop_assert;
    use proptest::proptest;

    use super::file_names;
    use crate::manifest::Identity;
    use crate::target::Manifest;
    use crate::target::ManifestSet;
    use crate::target::Syntax;

    fn identity(api_version: &str, kind: &str, namespace: &str, name: &str) -> Identity {
        Identity { api_version: api_version.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    fn names(syntax: Syntax, identities: &[(Identity, &str)]) -> Vec<String> {
        let manifests = identities.iter().map(|(identity, base)| Manifest::new(identity, base, b"")).collect();
        file_names(&ManifestSet { syntax, manifests })
    }

    #[test]
    fn a_name_is_phase_kind_namespace_and_base_name() {
        let identities = [
            (identity("v1", "Namespace", "", "shop"), "shop"),
            (identity("v1", "ConfigMap", "shop", "app-config-3f9a11c2d7"), "app-config"),
            (identity("example.com/v1", "Widget", "shop", "web"), "web"),
            (identity("apps/v1", "Deployment", "shop", "web"), "web"),
            (identity("coordination.k8s.io/v1", "Lease", "shop", "web"), "web"),
            (identity("rbac.authorization.k8s.io/v1", "Role", "shop", "system:../Über/x"), "system:../Über/x"),
        ];
        assert_eq!(
            names(Syntax::Yaml, &identities),
            [
                "00_namespace_shop.yaml",
                "30_configmap_shop_app-config.yaml",
                "60_widget.example.com_shop_web.yaml",
                "74_deployment_shop_web.yaml",
                "99_lease.coordination.k8s.io_shop_web.yaml",
                "22_role_shop_system-..--ber-x.yaml",
            ]
        );
        assert_eq!(names(Syntax::Json, &identities[1..2]), ["30_configmap_shop_app-config.json"]);
    }

    #[test]
    fn names_that_a_file_would_share_are_told_apart() {
        let role = |name| (identity("rbac.authorization.k8s.io/v1", "Role", "shop", name), name);
        let long = ["a", "b"].map(|end| "x".repeat(250) + end);
        let twins = [role("a:b"), role("a-b"), role(&long[0]), role(&long[1]), role("c")];
        let names = names(Syntax::Yaml, &twins);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 5);
        assert!(names[0].starts_with("22_role_shop_a-b-") && names[0].len() == "22_role_shop_a-b-12345678.yaml".len());
        assert_eq!(names[2].len(), 200);
        assert_eq!(names[4], "22_role_shop_c.yaml");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn names_are_plain_and_differ(words in proptest::collection::hash_set(".{0,300}", 0..30)) {
            let identities: Vec<_> = words.iter().map(|word| (identity("v1", "Secret", "a", word), word.as_str())).collect();
            let names = names(Syntax::Yaml, &identities);
            prop_assert!(names.iter().collect::<HashSet<_>>().len() == names.len());
            prop_assert!(names.iter().all(|name| name.len() <= 200));
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
            prop_assert!(names.iter().all(|name| name.bytes().all(plain)));
        }
    }
}
