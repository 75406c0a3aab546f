//! The published JSON Schemas (draft 2020-12) of reports.

use serde_json::Value;
use serde_json::json;

use crate::report::API_VERSION;
use crate::report::CheckAllReport;
use crate::report::CheckReport;
use crate::report::ConfigReport;
use crate::report::CopyReport;
use crate::report::DeployReport;
use crate::report::DestroyReport;
use crate::report::DiffReport;
use crate::report::DoctorReport;
use crate::report::HistoryReport;
use crate::report::InitReport;
use crate::report::KeyChangeReport;
use crate::report::KeyListReport;
use crate::report::KeyReport;
use crate::report::LockReport;
use crate::report::PlanReport;
use crate::report::PruneReport;
use crate::report::RenderReport;
use crate::report::Report;
use crate::report::SecretsAllReport;
use crate::report::SecretsReport;
use crate::report::ShowReport;
use crate::report::StatusReport;
use crate::report::VaultChangeReport;
use crate::report::VaultChangesReport;
use crate::report::VaultListReport;
use crate::report::VerifyReport;

/// A word that asks for a schema, and what makes it.
type NamedSchema = (&'static str, fn() -> Value);

/// Every report by the word that asks for its schema.
const REPORTS: &[NamedSchema] = &[
    ("check", of::<CheckReport>),
    ("check-all", of::<CheckAllReport>),
    ("config", of::<ConfigReport>),
    ("deploy", of::<DeployReport>),
    ("destroy", of::<DestroyReport>),
    ("diff", of::<DiffReport>),
    ("doctor", of::<DoctorReport>),
    ("history", of::<HistoryReport>),
    ("history-copy", of::<CopyReport>),
    ("history-verify", of::<VerifyReport>),
    ("init", of::<InitReport>),
    ("key-change", of::<KeyChangeReport>),
    ("key-init", of::<KeyReport>),
    ("key-list", of::<KeyListReport>),
    ("lock", of::<LockReport>),
    ("plan", of::<PlanReport>),
    ("prune", of::<PruneReport>),
    ("render", of::<RenderReport>),
    ("secrets", of::<SecretsReport>),
    ("secrets-all", of::<SecretsAllReport>),
    ("show", of::<ShowReport>),
    ("status", of::<StatusReport>),
    ("vault-change", of::<VaultChangeReport>),
    ("vault-changes", of::<VaultChangesReport>),
    ("vault-list", of::<VaultListReport>),
];

/// The words that have a schema.
pub fn words() -> impl Iterator<Item = &'static str> {
    REPORTS.iter().map(|(word, _)| *word)
}

/// The schema of the report with that word.
pub fn schema(word: &str) -> Option<Value> {
    REPORTS.iter().find(|(known, _)| *known == word).map(|(_, of)| of())
}

/// The schema of a report's document. It is closed: a field that a later version adds comes with a later schema.
fn of<R: Report>() -> Value {
    let mut schema = schemars::schema_for!(R).to_value();
    schema["title"] = R::KIND.into();
    schema["additionalProperties"] = false.into();
    schema["properties"]["apiVersion"] = json!({ "const": API_VERSION });
    schema["properties"]["kind"] = json!({ "const": R::KIND });
    if let Some(required) = schema["required"].as_array_mut() {
        required.extend(["apiVersion".into(), "kind".into()]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::schema;
    use super::words;

    #[test]
    fn every_schema_is_one_and_names_its_kind() {
        for word in words() {
            let schema = schema(word).unwrap();
            jsonschema::validator_for(&schema).unwrap();
            assert_eq!(schema["properties"]["kind"]["const"], schema["title"], "{word}");
            assert!(schema["required"].as_array().unwrap().contains(&"kind".into()), "{word}");
        }
        assert!(words().is_sorted());
        assert_eq!(schema("nothing"), None);
    }
}
