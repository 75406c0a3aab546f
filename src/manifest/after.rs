//! The order that objects of a release ask for: each may name others, and is applied once these are ready.

use crate::manifest::Identity;

/// The annotation: `KIND/NAME` by the names that templates give; several are separated by commas.
pub const AFTER: &str = "cloze.dev/after";

/// The names in the annotation's text.
pub fn after_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Which of `objects`, under the names that templates give them, `name` means in the annotation of one that is in `namespace`: those of that namespace
/// and those that belong to the cluster; from an object that belongs to the cluster, all.
pub fn named_in<'a>(name: &str, namespace: &str, objects: impl IntoIterator<Item = &'a Identity>) -> Vec<usize> {
    let is_near = |object: &Identity| namespace.is_empty() || object.namespace.is_empty() || object.namespace == namespace;
    let found = objects.into_iter().enumerate().filter(|(_, object)| object.is_called(name) && is_near(object));
    found.map(|(index, _)| index).collect()
}

/// The step in which each object is applied: its stage, and which turn within it. An object whose stage is `stages[i]` comes after the objects `after[i]`; one
/// that comes after an object of a later stage is moved there. Circles are left as they are.
pub fn steps(stages: &[u8], after: &[Vec<usize>]) -> Vec<(u8, usize)> {
    let mut steps: Vec<(u8, usize)> = stages.iter().map(|stage| (*stage, 0)).collect();
    for _ in 0..stages.len() {
        let mut is_changed = false;
        for (index, before) in after.iter().enumerate() {
            let Some(last) = before.iter().map(|before| steps[*before]).max() else { continue };
            if steps[index] <= last {
                steps[index] = (last.0, last.1 + 1);
                is_changed = true;
            }
        }
        if !is_changed {
            break;
        }
    }
    steps
}

/// Objects each of which comes after the next one, and the last one after the first.
pub fn circle(after: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut is_done = vec![false; after.len()];
    for start in 0..after.len() {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((object, next)) = path.last_mut() {
            let (object, turn) = (*object, *next);
            *next += 1;
            match after[object].get(turn) {
                _ if is_done[object] => drop(path.pop()),
                None => {
                    is_done[object] = true;
                    path.pop();
                }
                Some(before) => match path.iter().position(|(one, _)| one == before) {
                    Some(begin) => return Some(path[begin..].iter().map(|(one, _)| *one).collect()),
                    None => path.push((*before, 0)),
                },
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::after_names;
    use super::circle;
    use super::named_in;
    use super::steps;
    use crate::manifest::Identity;

    #[test]
    fn names_are_separated_by_commas() {
        let names = |text| after_names(text).collect::<Vec<_>>();
        assert_eq!(names("Job/migrate"), ["Job/migrate"]);
        assert_eq!(names(" Job/a, Deployment/b ,"), ["Job/a", "Deployment/b"]);
        assert_eq!(names(" "), [""; 0]);
    }

    #[test]
    fn a_name_means_what_is_in_reach() {
        let object = |kind: &str, namespace: &str, name: &str| Identity {
            api_version: "v1".into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        let all = [object("Job", "a", "x"), object("Job", "b", "x"), object("Role", "", "x"), object("Job", "a", "y")];
        assert_eq!(named_in("Job/x", "a", &all), [0]);
        assert_eq!(named_in("job/x", "", &all), [0, 1]);
        assert_eq!(named_in("Role/x", "b", &all), [2]);
        assert_eq!(named_in("x", "a", &all), [0; 0]);
    }

    #[test]
    fn what_is_named_comes_first() {
        // 0 is a workload after 1 and 2; 1 a configuration after 2, a workload; 3 stands alone.
        let after = [vec![1, 2], vec![2], vec![], vec![]];
        assert_eq!(steps(&[3, 2, 3, 4], &after), [(3, 2), (3, 1), (3, 0), (4, 0)]);
        // What is in an earlier stage is there already.
        assert_eq!(steps(&[3, 2], &[vec![1], vec![]]), [(3, 0), (2, 0)]);
        assert_eq!(steps(&[3, 3], &[vec![1], vec![0]]).len(), 2, "a circle ends");
    }

    #[test]
    fn circles_are_found() {
        assert_eq!(circle(&[vec![1, 2], vec![2], vec![], vec![0]]), None);
        assert_eq!(circle(&[vec![1], vec![2], vec![3], vec![1]]), Some(vec![1, 2, 3]));
        assert_eq!(circle(&[vec![], vec![1]]), Some(vec![1]));
    }
}
