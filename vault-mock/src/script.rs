//! Which requests go wrong, how, how often and for how long.

use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::fault::Fault;
use crate::protocol::Subject;

/// A fault for some requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// A piece of the request's path, of its operation or of a name that it asks for; every request when empty.
    #[serde(default)]
    pub on: String,
    /// How many requests it befalls; all of them when absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many milliseconds it lasts from the first request that it befalls; for ever when absent.
    #[serde(default)]
    pub until_ms: Option<u64>,
    /// What befalls them.
    pub fault: Fault,
}

impl Script {
    /// A fault for the next `times` requests for `on`.
    #[must_use]
    pub fn new(on: &str, times: u32, fault: Fault) -> Self {
        Self { on: on.to_owned(), times: Some(times), until_ms: None, fault }
    }

    /// A fault for all requests for `on`.
    #[must_use]
    pub fn always(on: &str, fault: Fault) -> Self {
        Self { on: on.to_owned(), times: None, until_ms: None, fault }
    }

    /// A fault for all requests for `on`, for so long from the first of them.
    #[must_use]
    pub fn throttling(on: &str, length: Duration, fault: Fault) -> Self {
        let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self { on: on.to_owned(), times: None, until_ms: Some(length), fault }
    }

    fn matches(&self, path: &str, subject: &Subject) -> bool {
        let on = self.on.as_str();
        path.contains(on) || subject.operation.contains(on) || subject.names.iter().any(|name| name.contains(on))
    }
}

/// The scripts that are not used up.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    list: Vec<Armed>,
}

/// A script and the time of the first request that it befell.
#[derive(Debug)]
struct Armed {
    script: Script,
    began: Option<Instant>,
}

impl Armed {
    fn holds(&self, now: Instant) -> bool {
        let length = self.script.until_ms.map(Duration::from_millis);
        let over = self.began.zip(length).is_some_and(|(began, length)| now.saturating_duration_since(began) >= length);
        self.script.times != Some(0) && !over
    }
}

impl Scripts {
    pub(crate) fn add(&mut self, script: Script) {
        self.list.push(Armed { script, began: None });
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// The fault for a request that arrived at `now`, used up by one.
    pub(crate) fn next(&mut self, path: &str, subject: &Subject, now: Instant) -> Option<Fault> {
        let armed = self.list.iter_mut().find(|armed| armed.holds(now) && armed.script.matches(path, subject))?;
        armed.began.get_or_insert(now);
        if let Some(times) = &mut armed.script.times {
            *times -= 1;
        }
        Some(armed.script.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Script, Scripts};
    use crate::fault::Fault;
    use crate::protocol::Subject;
    use crate::time::instant;

    #[test]
    fn a_script_is_used_up() {
        let (mut scripts, subject, now) = (Scripts::default(), Subject::default(), instant());
        scripts.add(Script::new("a", 1, Fault::Reset));
        scripts.add(Script::always("a", Fault::Truncated));
        assert_eq!(scripts.next("/v1/b", &subject, now), None);
        assert_eq!(scripts.next("/v1/a", &subject, now), Some(Fault::Reset));
        assert_eq!(scripts.next("/v1/a", &subject, now), Some(Fault::Truncated));
        assert_eq!(scripts.next("/v1/a", &subject, now), Some(Fault::Truncated));
    }

    #[test]
    fn an_operation_and_a_name_match() {
        let (mut scripts, now) = (Scripts::default(), instant());
        scripts.add(Script::always("GetSecret", Fault::Reset));
        scripts.add(Script::always("shop", Fault::Truncated));
        assert_eq!(scripts.next("/", &Subject::new("GetSecretValue", vec![]), now), Some(Fault::Reset));
        assert_eq!(scripts.next("/", &Subject::new("List", vec!["a".to_owned(), "shop/db".to_owned()]), now), Some(Fault::Truncated));
        assert_eq!(scripts.next("/", &Subject::new("List", vec![]), now), None);
    }

    #[test]
    fn a_storm_lasts_from_its_first_request() {
        let (mut scripts, subject, start) = (Scripts::default(), Subject::default(), instant());
        let after = |ms| start + Duration::from_millis(ms);
        scripts.add(Script::throttling("", Duration::from_millis(100), Fault::Reset));
        assert_eq!(scripts.next("/", &subject, after(500)), Some(Fault::Reset));
        assert_eq!(scripts.next("/", &subject, after(599)), Some(Fault::Reset));
        assert_eq!(scripts.next("/", &subject, after(600)), None);
    }
}
