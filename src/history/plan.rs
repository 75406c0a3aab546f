//! Where a release's bytes go: what an earlier pack holds stays there, the rest goes into the release's own.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::hash_map::Entry;

use crate::digest::Digest;
use crate::history::body::BlobRef;
use crate::history::body::Body;
use crate::history::layout::PackId;
use crate::history::pack;
use crate::history::pack::PackEntry;
use crate::history::write_id::WriteId;

/// A release opens at most this many packs; one that would need more writes all that it has into its own.
pub(crate) const PACKS_LIMIT: usize = 5;

/// Where everything is, and what is to be written.
pub(crate) struct WritePlan<'a> {
    places: HashMap<Digest, BlobRef>,
    parts: Vec<PackPart<'a>>,
}

/// A part to write.
pub(crate) struct PackPart<'a> {
    pub(crate) id: PackId,
    pub(crate) entries: Vec<PackEntry<'a>>,
}

impl<'a> WritePlan<'a> {
    /// The plan for `contents`, after a release whose body is `before`.
    pub(crate) fn new(number: u64, attempt: WriteId, contents: &[PackEntry<'a>], before: Option<&Body>) -> Self {
        let known: HashMap<Digest, BlobRef> = before.into_iter().flat_map(Body::blobs).map(|stored| (stored.digest, *stored)).collect();
        let mut places = HashMap::with_capacity(contents.len());
        let mut packs = BTreeSet::new();
        let mut fresh = false;
        for PackEntry { digest, .. } in contents {
            match known.get(digest) {
                Some(stored) => {
                    packs.insert((stored.pack.number, stored.pack.attempt));
                    places.insert(*digest, *stored);
                }
                None => fresh = true,
            }
        }
        if packs.len() + usize::from(fresh) > PACKS_LIMIT {
            places.clear();
        }
        let mut plan = Self { places, parts: Vec::new() };
        plan.fill(number, attempt, contents);
        plan
    }

    /// Where the bytes with that digest are.
    pub(crate) fn place(&self, digest: Digest) -> BlobRef {
        self.places.get(&digest).copied().unwrap_or_else(|| unreachable!("the plan was made of all of them"))
    }

    /// What is to be written.
    pub(crate) fn into_parts(self) -> Vec<PackPart<'a>> {
        self.parts
    }

    fn fill(&mut self, number: u64, attempt: WriteId, contents: &[PackEntry<'a>]) {
        let hidden: HashSet<Digest> = contents.iter().filter(|entry| !entry.is_shown).map(|entry| entry.digest).collect();
        let mut fresh = Vec::new();
        for &PackEntry { digest, bytes, .. } in contents {
            let stored = BlobRef { digest, length: bytes.len() as u64, pack: PackId { number, attempt, part: 0 }, index: 0 };
            if let Entry::Vacant(place) = self.places.entry(digest) {
                place.insert(stored);
                // Bytes that are there twice are shown where both are.
                fresh.push(PackEntry { digest, bytes, is_shown: !hidden.contains(&digest) });
            }
        }
        let mut rest = fresh.as_slice();
        for part in 0.. {
            if rest.is_empty() {
                break;
            }
            let id = PackId { number, attempt, part };
            let (entries, others) = rest.split_at(pack::fitting(rest.iter().map(|entry| entry.bytes.len())).max(1));
            for (index, PackEntry { digest, .. }) in (0..).zip(entries) {
                if let Some(stored) = self.places.get_mut(digest) {
                    stored.pack = id;
                    stored.index = index;
                }
            }
            self.parts.push(PackPart { id, entries: entries.to_vec() });
            rest = others;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::PACKS_LIMIT;
    use super::WritePlan;
    use crate::digest::Digest;
    use crate::history::body::Body;
    use crate::history::body::RecordedManifest;
    use crate::history::pack::PackEntry;
    use crate::history::write_id::WriteId;
    use crate::manifest::Identity;

    fn contents(texts: &[String]) -> Vec<PackEntry<'_>> {
        texts.iter().map(|text| PackEntry { digest: Digest::plain(&[text.as_bytes()]), bytes: text.as_bytes(), is_shown: true }).collect()
    }

    fn body(plan: &WritePlan<'_>, contents: &[PackEntry<'_>]) -> Body {
        let manifests = contents.iter().map(|PackEntry { digest, .. }| RecordedManifest {
            identity: Identity { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: String::new(), name: "a".into() },
            base: "a".into(),
            file: Arc::from("a.yaml"),
            content: plan.place(*digest),
            recipe: None,
        });
        Body { manifests: manifests.collect(), ..Body::default() }
    }

    #[test]
    fn what_is_known_stays_and_the_packs_stay_few() {
        let mut texts: Vec<String> = (0..10).map(|index| format!("manifest {index}")).collect();
        let mut before: Option<Body> = None;
        let mut whole = 0;
        for number in 1..=30u64 {
            let index = usize::try_from(number).unwrap() % 10;
            texts[index] = format!("manifest {index} of {number}");
            let contents = contents(&texts);
            let plan = WritePlan::new(number, WriteId([7; 16]), &contents, before.as_ref());
            let written: usize = plan.parts.iter().map(|part| part.entries.len()).sum();
            assert!(written == 1 || written == 10, "{written}");
            whole += usize::from(written == 10);
            let after = body(&plan, &contents);
            let packs: BTreeSet<u64> = after.blobs().map(|stored| stored.pack.number).collect();
            assert!(packs.len() <= PACKS_LIMIT, "{packs:?}");
            before = Some(after);
        }
        assert_eq!(whole, 6, "every fifth release is whole");
    }

    #[test]
    fn equal_bytes_are_written_once_and_nothing_new_needs_no_pack() {
        let texts = ["a".to_owned(), "a".to_owned(), "b".to_owned()];
        let contents = contents(&texts);
        let plan = WritePlan::new(1, WriteId([7; 16]), &contents, None);
        assert_eq!(plan.parts.len(), 1);
        assert_eq!(plan.parts[0].entries.len(), 2);
        assert_eq!(plan.place(contents[0].digest), plan.place(contents[1].digest));
        let again = WritePlan::new(2, WriteId([8; 16]), &contents[..1], Some(&body(&plan, &contents)));
        assert!(again.parts.is_empty());
    }

    #[test]
    fn bytes_that_are_hidden_once_are_hidden() {
        let texts = ["a".to_owned(), "a".to_owned(), "b".to_owned()];
        let mut contents = contents(&texts);
        contents[1].is_shown = false;
        let parts = WritePlan::new(1, WriteId([7; 16]), &contents, None).into_parts();
        assert_eq!(parts[0].entries.iter().map(|entry| entry.is_shown).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn more_than_a_part_holds_becomes_parts() {
        let texts: Vec<String> = (0..5).map(|index| format!("{index}").repeat(5 << 19)).collect();
        let contents = contents(&texts);
        let plan = WritePlan::new(1, WriteId([7; 16]), &contents, None);
        let sizes: Vec<usize> = plan.parts.iter().map(|part| part.entries.len()).collect();
        assert_eq!(sizes, [3, 2]);
        let last = plan.place(contents[4].digest);
        assert_eq!((last.pack.part, last.index), (1, 1));
    }
}
