//! How a field of the tables names what it names.

use crate::manifest::ConfigKind;
use crate::reference::Presence;

/// The third column of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceRule {
    /// The field is a name, or a list of names.
    Name(ConfigKind, Presence),
    /// The field is a name beside a `kind` and a `group` or `apiGroup`; the kind when it is absent.
    Typed(Option<ConfigKind>, Presence),
    /// The field is a list of names that a permission is cut down to, beside `apiGroups` and `resources`.
    Permission,
    /// The field is the name of an admission policy's parameters.
    Parameters,
}

impl ReferenceRule {
    /// The same for an object that may be absent.
    pub(super) fn optional(self) -> Self {
        match self {
            Self::Name(referent, _) => Self::Name(referent, Presence::Optional),
            Self::Typed(default, _) => Self::Typed(default, Presence::Optional),
            Self::Permission | Self::Parameters => self,
        }
    }

    /// A rule as the tables write it: a kind, `typed:KIND`, `typed:-`, a `?` behind either when it may be absent, `rbac:KIND`, `param`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, presence) = match text.strip_suffix('?') {
            Some(text) => (text, Presence::Optional),
            None => (text, Presence::Required),
        };
        match text.split_once(':') {
            Some(("typed", default)) => Some(Self::Typed(ConfigKind::of(default), presence)),
            Some(("rbac", kind)) => ConfigKind::of(kind).map(|_| Self::Permission),
            None if text == "param" => Some(Self::Parameters),
            None => ConfigKind::of(text).map(|referent| Self::Name(referent, presence)),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ReferenceRule;
    use crate::manifest::ConfigKind;
    use crate::reference::Presence;

    #[test]
    fn reads_what_the_tables_write() {
        assert_eq!(ReferenceRule::parse("Secret"), Some(ReferenceRule::Name(ConfigKind::Secret, Presence::Required)));
        assert_eq!(ReferenceRule::parse("Secret?"), Some(ReferenceRule::Name(ConfigKind::Secret, Presence::Optional)));
        assert_eq!(ReferenceRule::parse("typed:ConfigMap"), Some(ReferenceRule::Typed(Some(ConfigKind::ConfigMap), Presence::Required)));
        assert_eq!(ReferenceRule::parse("typed:-?"), Some(ReferenceRule::Typed(None, Presence::Optional)));
        assert_eq!(ReferenceRule::parse("rbac:Secret"), Some(ReferenceRule::Permission));
        assert_eq!(ReferenceRule::parse("param"), Some(ReferenceRule::Parameters));
        assert_eq!(ReferenceRule::parse("Pod"), None);
        assert_eq!(ReferenceRule::parse("odd:Secret"), None);
    }
}
