//! What was asked, for assertions: paths, names and outcomes, never a value and never a credential.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::protocol::{Credential, Subject};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When its head had arrived.
    pub arrived: Instant,
    /// The method.
    pub method: String,
    /// The path as it came, still percent-encoded.
    pub path: String,
    /// The query as it came.
    pub query: Option<String>,
    /// What is asked for; empty until the request has been read.
    pub subject: Subject,
    /// What came as a credential; nothing until the request has been read.
    pub credential: Credential,
    /// The answer's status; `None` while there is none, and for a connection that was reset.
    pub status: Option<u16>,
}

/// The calls of a server in the order of their arrival.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    /// How many calls were forgotten.
    forgotten: usize,
    calls: Vec<Call>,
    at_once: usize,
    most_at_once: usize,
    connections: usize,
}

impl Journal {
    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How many calls there were.
    pub fn count(&self) -> usize {
        self.lock().calls.len()
    }

    /// The calls of one operation.
    pub fn of(&self, operation: &str) -> Vec<Call> {
        self.lock().calls.iter().filter(|call| call.subject.operation == operation).cloned().collect()
    }

    /// The largest number of requests that were open at the same time.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }

    /// How many connections were accepted, with or without a request on them.
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut entries = self.lock();
        entries.forgotten += entries.calls.len();
        entries.calls.clear();
        entries.most_at_once = entries.at_once;
        entries.connections = 0;
    }

    /// Notes a connection.
    pub(crate) fn connect(&self) {
        self.lock().connections += 1;
    }

    /// Notes an arrival and gives its number.
    pub(crate) fn arrive(&self, call: Call) -> usize {
        let mut entries = self.lock();
        entries.calls.push(call);
        entries.at_once += 1;
        entries.most_at_once = entries.most_at_once.max(entries.at_once);
        entries.forgotten + entries.calls.len() - 1
    }

    /// Notes what an arrival turned out to be, once it was read.
    pub(crate) fn learn(&self, number: usize, subject: Subject, credential: Credential) {
        if let Some(call) = self.lock().call(number) {
            call.subject = subject;
            call.credential = credential;
        }
    }

    /// Notes the outcome of an arrival.
    pub(crate) fn leave(&self, number: usize, status: Option<u16>) {
        let mut entries = self.lock();
        entries.at_once = entries.at_once.saturating_sub(1);
        if let Some(call) = entries.call(number) {
            call.status = status;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn call(&mut self, number: usize) -> Option<&mut Call> {
        let index = number.checked_sub(self.forgotten)?;
        self.calls.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Journal};
    use crate::protocol::{Credential, Subject};
    use crate::time::instant;

    fn call(path: &str) -> Call {
        let (subject, credential) = (Subject::default(), Credential::None);
        Call { arrived: instant(), method: "GET".to_owned(), path: path.to_owned(), query: None, subject, credential, status: None }
    }

    #[test]
    fn a_call_that_was_forgotten_leaves_no_mark_on_another() {
        let journal = Journal::default();
        let first = journal.arrive(call("/a"));
        journal.clear();
        let second = journal.arrive(call("/b"));
        journal.leave(first, Some(500));
        journal.learn(second, Subject::new("read", vec![]), Credential::Known);
        assert_eq!(journal.of("read")[0].status, None);
        journal.leave(second, Some(200));
        assert_eq!((journal.calls()[0].status, journal.most_at_once()), (Some(200), 2));
    }
}
