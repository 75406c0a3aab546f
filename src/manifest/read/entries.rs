//! The entries of a mapping while it is read: which keys are in it already, and which of them a merge key brought.

use std::collections::HashMap;
use std::convert::Infallible;

use crate::manifest::Entry;
use crate::manifest::Mark;

/// From how many entries on keys are looked up in a table.
const MANY: usize = 24;

/// Entries in the order of the source.
#[derive(Debug, Default)]
pub(super) struct Entries {
    list: Vec<Entry<Infallible>>,
    merged: Vec<bool>,
    table: HashMap<String, usize>,
}

impl Entries {
    /// No entries yet, and room for `count`: a list that grows leaves copies of its short texts behind, which may be secret.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { list: Vec::with_capacity(count), merged: Vec::with_capacity(count), table: HashMap::new() }
    }

    /// The finished list.
    pub(super) fn into_list(mut self) -> Vec<Entry<Infallible>> {
        self.list.shrink_to_fit();
        self.list
    }

    /// Sets an entry that the mapping has of its own; one that a merge brought gives way.
    ///
    /// # Errors
    /// The place of the same key, when the mapping has that of its own too.
    pub(super) fn set(&mut self, entry: Entry<Infallible>) -> Result<(), Mark> {
        match self.find(&entry.key) {
            Some(at) if self.merged[at] => {
                self.list[at] = entry;
                self.merged[at] = false;
                Ok(())
            }
            Some(at) => Err(self.list[at].mark),
            None => {
                self.push(entry, false);
                Ok(())
            }
        }
    }

    /// Adds the entries that are not there yet.
    pub(super) fn fill(&mut self, more: Self) {
        for entry in more.list {
            if self.find(&entry.key).is_none() {
                self.push(entry, false);
            }
        }
    }

    /// Adds what a merge key brings. Where the key is there already, go-yaml would replace its value and the YAML
    /// specification keep it.
    ///
    /// # Errors
    /// The place of the first key that is there already.
    pub(super) fn merge(&mut self, brought: Self) -> Result<(), Mark> {
        for entry in brought.list {
            if let Some(at) = self.find(&entry.key) {
                return Err(self.list[at].mark);
            }
            self.push(entry, true);
        }
        Ok(())
    }

    fn find(&self, key: &str) -> Option<usize> {
        if self.list.len() < MANY { self.list.iter().position(|entry| entry.key == key) } else { self.table.get(key).copied() }
    }

    fn push(&mut self, entry: Entry<Infallible>, merged: bool) {
        let at = self.list.len();
        if at + 1 == MANY {
            self.table = self.list.iter().enumerate().map(|(at, entry)| (entry.key.to_string(), at)).collect();
        }
        if at + 1 >= MANY {
            self.table.insert(entry.key.to_string(), at);
        }
        self.list.push(entry);
        self.merged.push(merged);
    }
}
