//! Which names a vault's secrets can have: by the vault's own rule and by the prefixes that the project allows. Needs no network.

use std::fmt;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;
use crate::vault::name;

/// A vault's own rule: `Ok`, or why a text cannot be a secret's name there.
type Own = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Which names a vault's secrets can have.
pub struct NameRule {
    own: Own,
    cover: Cover,
    prefixes: Vec<String>,
}

/// Which names a prefix covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "which kinds of vaults there are depends on the features")]
pub(crate) enum Cover {
    /// Itself and what is below it, whole segments between slashes.
    Segments,
    /// The same where a slash before a name means nothing.
    Hierarchy,
    /// What begins with it.
    Start,
    /// What begins with it in whichever case.
    StartAnyCase,
}

impl NameRule {
    /// The rule of a vault whose own rule is `own`. Without prefixes, every name by that rule is allowed.
    ///
    /// # Errors
    /// A prefix that is not a name by the vault's own rule.
    pub(crate) fn new(
        own: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
        cover: Cover,
        prefixes: &[String],
    ) -> Result<Self, ServiceError> {
        let bare = |prefix: &String| match cover {
            Cover::Segments | Cover::Hierarchy => prefix.trim_matches('/').to_owned(),
            Cover::Start | Cover::StartAnyCase => prefix.clone(),
        };
        let prefixes: Vec<String> = prefixes.iter().map(bare).collect();
        prefixes.iter().try_for_each(|prefix| own(prefix)).map_err(|reason| {
            let reason = format!("a prefix cannot be used: {reason}");
            ServiceError::new(ServiceFault::BadName, reason, "correct the vault's `prefixes` in the project file")
        })?;
        Ok(Self { own: Box::new(own), cover, prefixes })
    }

    /// Whether `name` can be asked for; otherwise why not.
    pub fn check(&self, name: &str) -> Result<(), String> {
        (self.own)(name)?;
        if self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| self.cover.covers(prefix, name)) {
            return Ok(());
        }
        let allowed = words::names(self.prefixes.iter().cloned());
        Err(format!("`{}` is outside the prefixes that the project allows: {allowed}", words::tame(name, 64)))
    }

    /// The error of asking for `name`, if it cannot be asked for.
    pub(crate) fn checked(&self, name: &str) -> Result<(), ServiceError> {
        self.check(name).map_err(name::refused)
    }

    /// The prefixes, for a list that is asked for below each; everything where there are none.
    pub(crate) fn prefixes(&self) -> &[String] {
        &self.prefixes
    }
}

impl Cover {
    fn covers(self, prefix: &str, name: &str) -> bool {
        let name = if self == Self::Hierarchy { name.trim_start_matches('/') } else { name };
        let Some((start, rest)) = name.split_at_checked(prefix.len()) else { return false };
        match self {
            Self::Segments | Self::Hierarchy => start == prefix && (rest.is_empty() || rest.starts_with('/')),
            Self::Start => start == prefix,
            Self::StartAnyCase => start.eq_ignore_ascii_case(prefix),
        }
    }
}

impl fmt::Debug for NameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameRule").field("cover", &self.cover).field("prefixes", &self.prefixes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Cover;
    use super::NameRule;
    use crate::vault::name;

    fn rule(cover: Cover, prefixes: &[&str]) -> NameRule {
        let prefixes: Vec<String> = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        NameRule::new(|name| if name.is_empty() { Err("empty".to_owned()) } else { Ok(()) }, cover, &prefixes).unwrap()
    }

    #[test]
    fn a_prefix_covers_segments_or_how_a_name_begins() {
        let covered = |cover, name: &str| rule(cover, &["apps/shop/", "é"]).check(name).is_ok();
        for name in ["apps/shop", "apps/shop/db", "é/x"] {
            assert!(covered(Cover::Segments, name) && covered(Cover::Hierarchy, name), "{name}");
        }
        for name in ["apps", "apps/shopping", "other/apps/shop", "apps/shop2/db", "e\u{301}", ""] {
            assert!(!covered(Cover::Segments, name) && !covered(Cover::Hierarchy, name), "{name}");
        }
        assert!(covered(Cover::Hierarchy, "/apps/shop/db") && !covered(Cover::Segments, "/apps/shop/db"));
        let starts = |cover, name: &str| rule(cover, &["shop-"]).check(name).is_ok();
        assert!(starts(Cover::Start, "shop-db") && !starts(Cover::Start, "SHOP-db") && !starts(Cover::Start, "shop"));
        assert!(starts(Cover::StartAnyCase, "SHOP-db") && !starts(Cover::StartAnyCase, "shop"));
    }

    #[test]
    fn a_reason_names_what_is_allowed_and_the_vaults_own_rule_is_first() {
        let own = NameRule::new(name::check, Cover::Segments, &["shop".to_owned(), "shared".to_owned()]).unwrap();
        assert_eq!(own.check("other/db").unwrap_err(), "`other/db` is outside the prefixes that the project allows: `shared`, `shop`");
        assert_eq!(own.check("a//b").unwrap_err(), "`a//b` has an empty segment");
        assert_eq!(own.checked("other").unwrap_err().next, "correct the name");
        let wrong = NameRule::new(name::check, Cover::Segments, &["a/../b".to_owned()]).unwrap_err();
        assert_eq!(wrong.reason, "a prefix cannot be used: `a/../b` contains `..`, or `.` as a segment");
        assert_eq!(wrong.next, "correct the vault's `prefixes` in the project file");
    }
}
