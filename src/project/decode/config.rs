//! The entries of `templates`, `config` and `external`.

use crate::manifest::ConfigKind;
use crate::project::check;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::shape;
use crate::project::decode::word;
use crate::project::document::ConfigEntry;
use crate::project::document::ExternalEntry;
use crate::project::document::ManifestFiles;
use crate::project::spanned::Spanned;

/// The entries of `templates`: patterns, or mappings that say more of one.
pub(super) fn manifests(decoder: &mut Decoder, fields: &Fields<'_>) -> Option<Vec<ManifestFiles>> {
    let path = fields.path("templates");
    let items = decoder.items(fields.get("templates")?, &path, "a list of strings")?;
    let entry = |(index, item): (usize, &ProjectNode)| -> Vec<ManifestFiles> {
        let path = format!("{path}[{index}]");
        if item.as_map().is_none() {
            return decoder.text(item, &path, check::pattern).into_iter().map(|files| ManifestFiles { files, template: true }).collect();
        }
        let Some(fields) = decoder.fields(item, &path, &shape::MANIFEST_FILES) else { return Vec::new() };
        let template = fields.flag(decoder, "template").is_none_or(|said| said.value);
        let patterns = fields.text_or_texts(decoder, "files", check::pattern).unwrap_or_default();
        patterns.into_iter().map(|files| ManifestFiles { files, template }).collect()
    };
    Some(items.iter().enumerate().flat_map(entry).collect())
}

/// The entries of `config`.
pub(super) fn config(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<ConfigEntry> {
    let entries = list(decoder, fields, "config", config_entry);
    report_doubles(decoder, entries.iter().map(|entry| (&entry.kind, &entry.name, &entry.namespace)));
    entries
}

/// The entries of `external`.
pub(super) fn externals(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<ExternalEntry> {
    let entries = list(decoder, fields, "external", external);
    report_doubles(decoder, entries.iter().map(|entry| (&entry.kind, &entry.name, &entry.namespace)));
    entries
}

pub(super) fn list<T>(
    decoder: &mut Decoder,
    fields: &Fields<'_>,
    key: &str,
    entry: fn(&mut Decoder, &ProjectNode, &str) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let path = fields.path(key);
    let items = decoder.items(node, &path, "a list of mappings").unwrap_or_default();
    items.iter().enumerate().filter_map(|(index, item)| entry(decoder, item, &format!("{path}[{index}]"))).collect()
}

fn config_entry(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<ConfigEntry> {
    let fields = decoder.fields(node, path, &shape::CONFIG)?;
    let kind = fields.word(decoder, "kind", word::OBJECT_KINDS);
    let name = fields.text(decoder, "name", check::subdomain);
    let namespace = fields.text(decoder, "namespace", check::label);
    let secret_type = fields.text(decoder, "type", check::secret_type);
    let names = fields.word(decoder, "names", word::NAMES);
    let files = fields.text_or_texts(decoder, "files", check::pattern).unwrap_or_default();
    let keys = fields.text_map(decoder, "keys", check::data_key, check::path);
    let env_file = fields.text(decoder, "env-file", check::path);
    let template = fields.flag(decoder, "template").is_none_or(|said| said.value);
    let labels = fields.text_map(decoder, "labels", check::some, check::any);
    let annotations = fields.text_map(decoder, "annotations", check::some, check::any);
    if let (Some(Spanned { value: ConfigKind::ConfigMap, .. }), Some(secret_type)) = (&kind, &secret_type) {
        let place = secret_type.place.clone().unwrap_or_else(|| decoder.place(node.mark));
        decoder.report(place, format!("`{path}` is a ConfigMap, which has no `type`"), "remove `type`, or write `kind: Secret`");
    }
    if ["files", "keys", "env-file"].iter().all(|key| fields.get(key).is_none()) {
        decoder.report(decoder.place(node.mark), format!("`{path}` names no file"), "add `files: [\"config/*\"]` or `keys: {KEY: FILE}`");
    }
    let place = decoder.place(node.mark);
    Some(ConfigEntry {
        place,
        kind: kind?,
        name: name?,
        namespace,
        secret_type,
        names,
        files,
        keys,
        env_file,
        template,
        labels,
        annotations,
    })
}

fn external(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<ExternalEntry> {
    let fields = decoder.fields(node, path, &shape::EXTERNAL)?;
    let kind = fields.word(decoder, "kind", word::OBJECT_KINDS);
    let name = fields.text(decoder, "name", check::subdomain);
    let namespace = fields.text(decoder, "namespace", check::label);
    let keys = fields.texts(decoder, "keys", check::data_key);
    Some(ExternalEntry { place: decoder.place(node.mark), kind: kind?, name: name?, namespace, keys })
}

type NamedConfig<'e> = (&'e Spanned<ConfigKind>, &'e Spanned<String>, &'e Option<Spanned<String>>);

fn report_doubles<'e>(decoder: &mut Decoder, entries: impl Iterator<Item = NamedConfig<'e>>) {
    let mut seen: Vec<(ConfigKind, &str, Option<&str>)> = Vec::new();
    for (kind, name, namespace) in entries {
        let identity = (kind.value, name.value.as_str(), namespace.as_ref().map(|namespace| namespace.value.as_str()));
        if seen.contains(&identity) {
            let reason = format!("{} `{}` is listed twice", kind.value.word(), name.value);
            if let Some(place) = &name.place {
                decoder.report(place.clone(), reason, "remove one, or join the two");
            }
        }
        seen.push(identity);
    }
}
