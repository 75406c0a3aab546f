//! A review as one HTML file, which asks for nothing from elsewhere and runs no script.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fmt::Write as _;

use cloze::count::count;
use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::SecretDiff;
use cloze::stage::diff::ChangeKind;

use crate::review::Detail;
use crate::review::escape::escaped;
use crate::review::field;
use crate::review::gist;

const STYLE: &str = include_str!("review.css");

/// The review. Its objects can be linked to by kind, namespace and name: `#configmap-shop-web`.
pub(crate) fn html(report: &DiffReport) -> String {
    let DiffReport { project, environment, secrets, changes, restarts, waivers, .. } = report;
    let title = format!("{project}/{environment}: {}", gist::heading(report));
    let kinds: BTreeSet<&str> = changes.iter().map(|object| object.object.object.kind.as_str()).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let ids = ids(changes);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" \
         content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        filters(kinds.len()),
        title = escaped(&title),
    );
    let link = |object: &ObjectReport| match ids.get(object) {
        Some(id) => format!("<a href=\"#{id}\">{}</a>", escaped(&object.to_string())),
        None => escaped(&object.to_string()),
    };
    let links = |objects: &[ObjectReport]| objects.iter().map(link).collect::<Vec<_>>().join(", ");
    if !secrets.is_empty() {
        page.push_str("<table>\n<caption>Secrets</caption>\n<tr><td></td><th scope=\"col\">Secret</th><th scope=\"col\">Version</th><th scope=\"col\">Used by</th></tr>\n");
        for (at, secret) in secrets.iter().enumerate() {
            let (sign, class) = sign(secret.change);
            let (name, version) = (escaped(&gist::secret(secret)), escaped(&gist::dated_versions(secret)));
            let _ = writeln!(
                page,
                "<tr class=\"{class}\" id=\"secret-{at}\"><td>{sign}</td><td>{name}</td><td>{version}</td><td>{}</td></tr>",
                links(&secret.used_by)
            );
        }
        page.push_str("</table>\n");
    }
    for (words, objects) in [("Restarts", restarts.as_slice()), ("In the cluster, and not in the release", gist::left(report))] {
        if !objects.is_empty() {
            let _ = writeln!(page, "<p><strong>{words}:</strong> {}</p>", links(objects));
        }
    }
    for waiver in waivers {
        let _ = writeln!(page, "<p><strong>Waived:</strong> {}</p>", escaped(&waiver.to_string()));
    }
    if report.warnings > 0 {
        let _ = writeln!(page, "<p><strong>{}</strong>, in the log of the run.</p>", count(report.warnings, "warning"));
    }
    if kinds.len() > 1 {
        page.push_str("<fieldset>\n<legend>Show</legend>\n<label><input type=\"radio\" name=\"kind\" id=\"all\" checked> all</label>\n");
        for (at, kind) in kinds.iter().enumerate() {
            let objects = changes.iter().filter(|object| object.object.object.kind == *kind).count();
            let _ = writeln!(page, "<label><input type=\"radio\" name=\"kind\" id=\"kind-{at}\"> {} ({objects})</label>", escaped(kind));
        }
        page.push_str("</fieldset>\n");
    }
    for object in changes {
        let kind = kinds.binary_search(&object.object.object.kind.as_str()).unwrap_or_default();
        let id = ids.get(&object.object.object).map_or("", String::as_str);
        section(object, (kind, id), &used(secrets, &object.object.object), &mut page);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn sign(change: ChangeKind) -> (char, &'static str) {
    match change {
        ChangeKind::Added => ('+', "added"),
        ChangeKind::Changed => ('~', "changed"),
        ChangeKind::Removed => ('−', "removed"),
    }
}

/// The rules that show the objects of one kind alone.
fn filters(kinds: usize) -> String {
    let rule = |at| format!("main:has(#kind-{at}:checked) section:not([data-kind=\"{at}\"]) {{ display: none; }}\n");
    (0..kinds).map(rule).collect()
}

/// A name for each object that is good in a link, and no other's.
fn ids(changes: &[ObjectDiff]) -> HashMap<ObjectReport, String> {
    let (mut ids, mut taken) = (HashMap::new(), BTreeSet::new());
    for object in changes.iter().map(|change| &change.object.object) {
        let words = format!("{}-{}-{}", object.kind, object.namespace, object.name).to_ascii_lowercase();
        let plain: String = words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mut id = plain.replace("--", "-");
        while !taken.insert(id.clone()) {
            id.push_str("-2");
        }
        ids.insert(object.clone(), id);
    }
    ids
}

/// The secrets with other values that an object has, with their rows in the table.
fn used<'s>(secrets: &'s [SecretDiff], object: &ObjectReport) -> Vec<(usize, &'s SecretDiff)> {
    secrets.iter().enumerate().filter(|(_, secret)| secret.used_by.contains(object)).collect()
}

fn section(object: &ObjectDiff, (kind, id): (usize, &str), secrets: &[(usize, &SecretDiff)], page: &mut String) {
    let (sign, class) = sign(object.object.change);
    let what = match object.object.change {
        ChangeKind::Changed if gist::is_names_only(object) => "only names that follow".to_owned(),
        ChangeKind::Changed => gist::of_object(object),
        ChangeKind::Added | ChangeKind::Removed => class.to_owned(),
    };
    let open = if object.object.change == ChangeKind::Changed && !gist::is_names_only(object) { " open" } else { "" };
    let _ = writeln!(
        page,
        "<section data-kind=\"{kind}\" id=\"{id}\">\n<details{open}>\n<summary><h2><span class=\"{class}\">{sign}</span> {}</h2> <span>{}</span></summary>",
        escaped(&object.object.object.to_string()),
        escaped(&what)
    );
    let links: Vec<String> =
        secrets.iter().map(|(at, secret)| format!("<a href=\"#secret-{at}\">{}</a>", escaped(&gist::secret(secret)))).collect();
    if !links.is_empty() {
        let _ = writeln!(page, "<p>Secrets: {}</p>", links.join(", "));
    }
    let (follow, own): (Vec<String>, Vec<String>) = match object.object.change {
        ChangeKind::Changed => (field::follow(object), field::of_object(object, Detail::Usual)),
        ChangeKind::Added | ChangeKind::Removed => (Vec::new(), field::of_object(object, Detail::All)),
    };
    lines(&own, page);
    if !follow.is_empty() {
        let _ = writeln!(page, "<details>\n<summary>names that only follow ({})</summary>", follow.len());
        lines(&follow, page);
        page.push_str("</details>\n");
    }
    page.push_str("</details>\n</section>\n");
}

fn lines(lines: &[String], page: &mut String) {
    if lines.is_empty() {
        return;
    }
    page.push_str("<pre>");
    for line in lines {
        let element = match line.chars().next() {
            Some('+') => "ins",
            Some('-') => "del",
            Some('~') => "b",
            _ => "span",
        };
        let _ = writeln!(page, "<{element}>{}</{element}>", escaped(line));
    }
    page.push_str("</pre>\n");
}

#[cfg(test)]
mod tests {
    use super::html;
    use crate::review::sample::reports;

    /// The elements of a page, with their attributes but for what they are called by.
    fn elements(page: &str) -> Vec<String> {
        let element =
            |part: &str| part.split_once('>').map(|(element, _)| element.split([' ', '\n']).next().unwrap_or_default().to_owned());
        page.split('<').skip(1).filter_map(element).collect()
    }

    #[test]
    fn no_text_becomes_markup() {
        let attributes = |page: &str| page.matches('"').count();
        let plain = reports("plain").map(|report| html(&report)).map(|page| (elements(&page), attributes(&page)));
        for text in naughty_strings::BLNS.iter().filter(|text| !text.is_empty()) {
            // A long one has lines of its own.
            let text: String = text.chars().take(150).collect();
            let found = reports(&text).map(|report| html(&report)).map(|page| (elements(&page), attributes(&page)));
            assert_eq!(found, plain, "{text:?}");
        }
    }
}
