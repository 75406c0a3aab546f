//! The kinds of an API server: where the objects of each are.

use std::collections::BTreeSet;

use kube::core::ApiResource;
use serde_json::Value;

use crate::manifest::Identity;

/// A kind that an API server has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    /// Group and version, such as `apps/v1`.
    pub(super) api_version: String,
    /// The kind.
    pub(super) kind: String,
    /// Its name in URLs, such as `deployments`.
    pub(super) plural: String,
    /// Whether its objects are in namespaces.
    pub(super) namespaced: bool,
}

impl Resource {
    /// Those of an `APIResourceList` (`apimachinery/pkg/apis/meta/v1`) without subresources.
    pub(super) fn all(list: &Value) -> Vec<Self> {
        let api_version = list["groupVersion"].as_str().unwrap_or_default();
        let one = |item: &Value| {
            let plural = item["name"].as_str().filter(|name| !name.contains('/'))?;
            let (kind, namespaced) = (item["kind"].as_str()?, item["namespaced"].as_bool()?);
            Some(Self { api_version: api_version.to_owned(), kind: kind.to_owned(), plural: plural.to_owned(), namespaced })
        };
        list["resources"].as_array().into_iter().flatten().filter_map(one).collect()
    }

    /// The URL's path of all objects in a namespace, or of all that have none.
    pub(super) fn path(&self, namespace: &str) -> String {
        let root = root(&self.api_version);
        if self.namespaced { format!("{root}/namespaces/{namespace}/{}", self.plural) } else { format!("{root}/{}", self.plural) }
    }

    /// The URL's path of one object.
    pub(super) fn path_of(&self, object: &Identity) -> String {
        format!("{}/{}", self.path(&object.namespace), segment(&object.name))
    }

    /// The same for the crate.
    pub(super) fn to_api(&self) -> ApiResource {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", &self.api_version));
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            plural: self.plural.clone(),
        }
    }

    /// Its group; empty for the core group.
    pub(super) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether it is the kind of `v1` Secrets.
    pub(super) fn is_secret(&self) -> bool {
        self.kind == "Secret" && self.api_version == "v1"
    }
}

/// As the `ApplySet` specification names a kind: `Kind.group`, or `Kind` alone for the core group.
pub(super) fn group_kind(object: &Identity) -> String {
    match object.group() {
        "" => object.kind.clone(),
        group => format!("{}.{group}", object.kind),
    }
}

/// The namespaces of objects.
pub(super) fn namespaces<'a>(objects: impl Iterator<Item = &'a Identity>) -> BTreeSet<String> {
    objects.map(|object| object.namespace.clone()).filter(|namespace| !namespace.is_empty()).collect()
}

/// The URL's path of a group and version.
pub(super) fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}

/// A name as a segment of a path (RFC 3986).
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Resource;
    use super::group_kind;
    use crate::manifest::Identity;

    #[test]
    fn a_kind_says_where_its_objects_are() {
        let found = Resource::all(&json!({ "groupVersion": "apps/v1", "resources": [
            { "name": "deployments", "kind": "Deployment", "namespaced": true },
            { "name": "deployments/scale", "kind": "Scale", "namespaced": true },
        ] }));
        assert_eq!(found.len(), 1);
        let object = |namespace: &str, name: &str| Identity {
            api_version: String::new(),
            kind: String::new(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        assert_eq!(found[0].path_of(&object("shop", "web")), "/apis/apps/v1/namespaces/shop/deployments/web");
        assert_eq!(group_kind(&Identity { api_version: "apps/v1".into(), kind: "Deployment".into(), ..object("", "") }), "Deployment.apps");
        assert_eq!(group_kind(&Identity { api_version: "v1".into(), kind: "Secret".into(), ..object("", "") }), "Secret");
        let core = &Resource::all(
            &json!({ "groupVersion": "v1", "resources": [{ "name": "namespaces", "kind": "Namespace", "namespaced": false }] }),
        )[0];
        assert_eq!(core.path_of(&object("", "a/b")), "/api/v1/namespaces/a%2Fb");
    }
}
