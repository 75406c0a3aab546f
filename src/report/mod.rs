//! What commands report: one value for each, which the terminal and a JSON document are two ways to write.

mod check;
mod config;
mod deploy;
mod destroy;
mod diff;
mod doctor;
mod history;
mod init;
mod key;
mod lock;
mod object;
mod plan;
mod render;
mod schema;
mod secrets;
mod show;
mod status;
mod vault;
mod waiver;

pub use check::CheckAllReport;
pub use check::CheckReport;
pub use check::EnvironmentCheck;
pub use check::ProbedSecrets;
pub use config::ConfigReport;
pub use config::OverriddenValue;
pub use config::SettingReport;
pub use deploy::ChangedObject;
pub use deploy::DeployReport;
pub use deploy::FailedObject;
pub use deploy::FailureReport;
pub use deploy::InPlaceReport;
pub use deploy::LogReport;
pub use deploy::ObjectOutcome;
pub use deploy::TakenBack;
pub use destroy::DestroyReport;
pub use diff::DiffReport;
pub use diff::FieldChangeKind;
pub use diff::FieldDiff;
pub use diff::LiveReport;
pub use diff::ObjectDiff;
pub use diff::SecretDiff;
pub use doctor::DoctorReport;
pub use doctor::StepReport;
pub use doctor::VaultDiagnosis;
pub use history::CopyReport;
pub use history::HistoryReport;
pub use history::PruneReport;
pub use history::RecordedBy;
pub use history::ReleaseReport;
pub use history::VerifyReport;
pub use init::InitReport;
pub use key::KeyChangeReport;
pub use key::KeyEntry;
pub use key::KeyListReport;
pub use key::KeyRecipient;
pub use key::KeyReport;
pub use lock::LockReport;
pub use lock::LockState;
pub use lock::VersionChange;
pub use object::ObjectReport;
pub use object::PrunedObjects;
pub use plan::PlanReport;
pub use render::RenderReport;
pub use render::RenderedManifest;
pub use schema::schema;
pub use schema::words;
pub use secrets::SecretUsage;
pub use secrets::SecretUser;
pub use secrets::SecretsAllReport;
pub use secrets::SecretsReport;
pub use secrets::UnlistedVault;
pub use secrets::UnusedSecret;
pub use show::EventReport;
pub use show::SetValue;
pub use show::ShowReport;
pub use show::UsedSecret;
pub use status::FieldDrift;
pub use status::HealthWord;
pub use status::ObjectHealth;
pub use status::StatusReport;
pub use vault::SecretChange;
pub use vault::SecretEntry;
pub use vault::VaultChangeReport;
pub use vault::VaultChangesReport;
pub use vault::VaultListReport;
pub use waiver::WaiverReport;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The version of every document.
pub const API_VERSION: &str = "cloze.dev/v1";

/// A value that becomes one JSON document.
pub trait Report: Serialize + JsonSchema {
    /// What the document says it is, such as `CheckReport`.
    const KIND: &'static str;
}

/// The JSON document of a report: `apiVersion`, `kind` and the report's own fields.
pub fn document<R: Report>(report: &R) -> Value {
    // A struct of texts, numbers and lists always has a JSON form.
    let mut document = serde_json::to_value(report).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("apiVersion".to_owned(), API_VERSION.into());
        fields.insert("kind".to_owned(), R::KIND.into());
    }
    document
}
