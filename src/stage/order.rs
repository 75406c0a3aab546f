//! The order in which objects are applied.

use std::cmp::Ordering;

use crate::manifest::Identity;
use crate::manifest::Object;
use crate::manifest::Phase;
use crate::parallel::map_with;

/// Sorts objects so that what others need comes first: namespaces, definitions, quotas and policies, service accounts and permissions,
/// configuration, storage, services, custom resources, workloads, the rest. Within that by kind, namespace and name.
pub fn sort<B>(objects: &mut [Object<B>]) {
    let ranked = |(index, object): (usize, &Object<B>)| (Phase::of(&object.identity), index);
    let mut order: Vec<(Phase, usize)> = objects.iter().enumerate().map(ranked).collect();
    order.sort_unstable_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| compare(&objects[*one].identity, &objects[*other].identity)).then_with(|| one.cmp(other))
    });
    // Whatever belongs in a place that is done already was moved on from there.
    for place in 0..objects.len() {
        let mut from = order[place].1;
        while from < place {
            from = order[from].1;
        }
        objects.swap(place, from);
    }
}

/// What `change` makes of each object, in the order of `objects`; each thread has a `scratch` of its own. It is asked in the order in which the objects were
/// read: so the memory of trees comes free in whole stretches, and what is made of them finds room there.
pub fn change_all<B: Send, S, T: Send>(
    objects: Vec<Object<B>>,
    scratch: impl Fn() -> S + Sync,
    change: impl Fn(&mut S, Object<B>) -> T + Sync,
) -> Vec<T> {
    let mut objects: Vec<(usize, Object<B>)> = objects.into_iter().enumerate().collect();
    objects.sort_unstable_by(|(_, one), (_, other)| (&one.file, one.root.mark).cmp(&(&other.file, other.root.mark)));
    let mut changed = map_with(objects, scratch, |scratch, (place, object)| (place, change(scratch, object)));
    changed.sort_unstable_by_key(|(place, _)| *place);
    changed.into_iter().map(|(_, made)| made).collect()
}

fn compare(a: &Identity, b: &Identity) -> Ordering {
    fn key(identity: &Identity) -> [&str; 4] {
        [&identity.kind, &identity.namespace, &identity.name, &identity.api_version]
    }
    key(a).cmp(&key(b))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::change_all;
    use super::sort;
    use crate::manifest::Identity;
    use crate::manifest::Node;
    use crate::manifest::Object;

    fn identity(api_version: &str, kind: &str, namespace: &str, name: &str) -> Identity {
        Identity { api_version: api_version.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    fn objects(places: &[(u8, u32)]) -> Vec<Object<Infallible>> {
        let object = |(number, (file, line)): (usize, &(u8, u32))| {
            let mut root = Node::text(number.to_string());
            root.mark.line = *line;
            // One name for several: what is equal keeps its order.
            Object { file: file.to_string().into(), identity: identity("v1", "Pod", "", &(line % 5).to_string()), root }
        };
        places.iter().enumerate().map(object).collect()
    }

    fn numbers(objects: &[Object<Infallible>]) -> Vec<usize> {
        objects.iter().map(|object| object.root.as_text().unwrap().parse().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn sorting_is_stable(places in proptest::collection::vec((0..3u8, 0..20u32), 0..60)) {
            let mut list = objects(&places);
            let mut expected: Vec<usize> = (0..places.len()).collect();
            expected.sort_by_key(|number| places[*number].1 % 5);
            sort(&mut list);
            prop_assert_eq!(numbers(&list), expected);
        }

        #[test]
        fn objects_are_changed_as_they_were_read_and_stay_in_order(places in proptest::collection::vec((0..3u8, 0..20u32), 0..60)) {
            let asked = Mutex::new(Vec::new());
            let made = change_all(objects(&places), || (), |(), object| {
                asked.lock().unwrap().push((object.file.to_string(), object.root.mark.line));
                numbers(&[object])[0]
            });
            prop_assert!(made.into_iter().eq(0..places.len()));
            prop_assert!(asked.into_inner().unwrap().is_sorted());
        }
    }

    fn sorted(identities: &[Identity]) -> Vec<String> {
        let object = |identity: &Identity| Object::<Infallible> { file: "x".into(), identity: identity.clone(), root: Node::text("") };
        let mut objects: Vec<_> = identities.iter().map(object).collect();
        sort(&mut objects);
        objects.iter().map(|object| object.identity.to_string()).collect()
    }

    #[test]
    fn what_others_need_comes_first() {
        let shuffled = [
            identity("networking.k8s.io/v1", "Ingress", "shop", "web"),
            identity("apps/v1", "Deployment", "shop", "web"),
            identity("coordination.k8s.io/v1", "Lease", "shop", "web"),
            identity("example.com/v1", "Widget", "shop", "web"),
            identity("v1", "Service", "shop", "web"),
            identity("v1", "PersistentVolumeClaim", "shop", "web"),
            identity("v1", "Secret", "shop", "web"),
            identity("v1", "ConfigMap", "shop", "web"),
            identity("v1", "ConfigMap", "shop", "app"),
            identity("v1", "ConfigMap", "aaa", "web"),
            identity("rbac.authorization.k8s.io/v1", "RoleBinding", "shop", "web"),
            identity("rbac.authorization.k8s.io/v1", "Role", "shop", "web"),
            identity("v1", "ServiceAccount", "shop", "web"),
            identity("v1", "ResourceQuota", "shop", "web"),
            identity("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "widgets.example.com"),
            identity("v1", "Namespace", "", "shop"),
        ];
        let expected = [
            "Namespace shop",
            "CustomResourceDefinition widgets.example.com",
            "ResourceQuota shop/web",
            "ServiceAccount shop/web",
            "Role shop/web",
            "RoleBinding shop/web",
            "ConfigMap aaa/web",
            "ConfigMap shop/app",
            "ConfigMap shop/web",
            "Secret shop/web",
            "PersistentVolumeClaim shop/web",
            "Service shop/web",
            "Widget shop/web",
            "Deployment shop/web",
            "Ingress shop/web",
            "Lease shop/web",
        ];
        assert_eq!(sorted(&shuffled), expected);
    }
}
