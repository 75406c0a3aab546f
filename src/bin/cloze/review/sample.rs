//! Reviews that have one text wherever a text of others can be.

use cloze::report::ChangedObject;
use cloze::report::DiffReport;
use cloze::report::FieldChangeKind;
use cloze::report::FieldDiff;
use cloze::report::LiveReport;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::RecordedBy;
use cloze::report::SecretDiff;
use cloze::report::WaiverReport;
use cloze::stage::diff::ChangeKind;

/// Reports against a cluster, a release and a revision, of two objects and a secret that are called `text` and have it.
pub(super) fn reports(text: &str) -> [DiffReport; 3] {
    let recorded = RecordedBy { time: text.to_owned(), actor: text.to_owned(), revision: Some(text.to_owned()) };
    let release = DiffReport { live: None, against: Some(1), recorded: Some(recorded), ..report(text) };
    [report(text), release, DiffReport { live: None, base: Some(text.to_owned()), ..report(text) }]
}

fn report(text: &str) -> DiffReport {
    let object = |kind: &str| ObjectReport {
        api_version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: text.to_owned(),
        name: text.to_owned(),
    };
    let field = |path: String, lines: Vec<String>| FieldDiff {
        path,
        change: FieldChangeKind::Changed,
        before: lines.is_empty().then(|| text.to_owned()),
        after: lines.is_empty().then(|| format!("{text}.")),
        lines,
    };
    let change = |change, object, fields| ObjectDiff {
        object: ChangedObject { change, object },
        fields,
        before: String::new(),
        after: format!("data: {text}\n"),
    };
    let waiver = |policy: Option<String>| WaiverReport {
        place: text.to_owned(),
        rule: if policy.is_some() { "exempt" } else { "reveal" },
        object: text.to_owned(),
        field: text.to_owned(),
        blank: text.to_owned(),
        policy,
    };
    let lines = vec!["@@ -1 +1 @@".to_owned(), format!(" {text}"), format!("-{text}"), format!("+{text}")];
    DiffReport {
        project: "shop".to_owned(),
        environment: "dev".to_owned(),
        against: None,
        recorded: None,
        base: None,
        release: None,
        secrets: vec![SecretDiff {
            change: ChangeKind::Changed,
            vault: text.to_owned(),
            name: text.to_owned(),
            key: Some(text.to_owned()),
            before: vec![text.to_owned()],
            after: vec![format!("{text}.")],
            created: Some(text.to_owned()),
            expires: Some("2026-12-31T00:00:00Z".to_owned()),
            used_by: vec![object("Secret"), object("ConfigMap")],
        }],
        changes: vec![
            change(
                ChangeKind::Changed,
                object("Secret"),
                vec![field(format!("data[\"{text}\"]"), Vec::new()), field(text.to_owned(), lines)],
            ),
            change(ChangeKind::Added, object("ConfigMap"), Vec::new()),
        ],
        restarts: vec![object("Secret")],
        waivers: [None, Some(text.to_owned())].map(waiver).into(),
        live: Some(LiveReport {
            target: text.to_owned(),
            release: Some(1),
            recorded: Some(RecordedBy { time: text.to_owned(), actor: text.to_owned(), revision: None }),
            left: vec![object("Service")],
        }),
        warnings: 1,
    }
}
