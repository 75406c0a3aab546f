//! The review as HTML in a real browser (Chromium, headless), with scripts turned off.
//!
//! Where Chromium is not installed, each test says that it is skipped; with `CLOZE_REQUIRE_BROWSER=1` it fails.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]
#![allow(clippy::disallowed_methods, reason = "a test may ask whether the browser is required")]

mod chromium;
mod project;

use std::collections::BTreeSet;

use serde_json::json;

use crate::chromium::Page;
use crate::chromium::Scheme;
use crate::project::review;

const SCHEMES: [Scheme; 2] = [Scheme::Light, Scheme::Dark];
/// A desk, and a telephone.
const WIDTHS: [u32; 2] = [1200, 400];

#[test]
fn nothing_leaves_the_page_and_no_text_becomes_an_element() {
    let Some(mut page) = Page::open(&review(), Scheme::Light, WIDTHS[0]) else { return };
    assert_eq!(page.requests(), [page.address().to_owned()], "nothing but the file is asked for");
    assert_eq!(page.complaints(), Vec::<String>::new());
    let elements: BTreeSet<String> =
        serde_json::from_value(page.evaluate("[...document.body.querySelectorAll('*')].map(e => e.localName)")).unwrap();
    let known = [
        "a", "b", "caption", "del", "details", "fieldset", "h1", "h2", "input", "ins", "label", "legend", "main", "p", "pre", "section",
        "span", "strong", "summary", "table", "tbody", "td", "th", "tr",
    ];
    assert_eq!(elements.iter().map(String::as_str).filter(|name| !known.contains(name)).collect::<Vec<_>>(), [""; 0]);
    let attributes: BTreeSet<String> =
        serde_json::from_value(page.evaluate("[...document.body.querySelectorAll('*')].flatMap(e => e.getAttributeNames())")).unwrap();
    let known = ["checked", "class", "data-kind", "href", "id", "name", "open", "scope", "type"];
    assert_eq!(attributes.iter().map(String::as_str).filter(|name| !known.contains(name)).collect::<Vec<_>>(), [""; 0]);
    let text = page.evaluate("document.body.textContent");
    assert!(text.as_str().unwrap().contains(&project::MARKUP.replace('"', "\\\"")), "{text}");
}

#[test]
fn it_fits_and_is_readable_on_a_desk_and_a_telephone_in_light_and_dark() {
    for (scheme, width) in SCHEMES.into_iter().flat_map(|scheme| WIDTHS.map(|width| (scheme, width))) {
        let Some(mut page) = Page::open(&review(), scheme, width) else { return };
        let over = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth";
        assert_eq!(page.evaluate(over), json!(0), "{scheme:?} {width}");
        // On a telephone nothing at all is cut off; on a desk, long lines can be scrolled where they are.
        let over = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth && !(innerWidth > 640 && \
                    e.closest('pre'))).map(e => e.outerHTML.slice(0, 200))";
        assert_eq!(page.evaluate(over), json!([]), "{scheme:?} {width}");
        // WCAG 2.2, 1.4.3: 4.5 to 1 for text.
        let faint = "(() => {
            const parts = color => color.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
            const probe = document.createElement('div');
            probe.style.color = 'Canvas';
            document.body.append(probe);
            const ground = light(parts(getComputedStyle(probe).color));
            probe.remove();
            const contrast = e => {
                const one = light(parts(getComputedStyle(e).color));
                return (Math.max(one, ground) + 0.05) / (Math.min(one, ground) + 0.05);
            };
            return [...document.querySelectorAll('main, ins, del, b, a, .added, .removed, .changed')].filter(e => contrast(e) < 4.5)
                .map(e => e.outerHTML.slice(0, 80) + ' ' + contrast(e));
        })()";
        assert_eq!(page.evaluate(faint), json!([]), "{scheme:?} {width}");
        let dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches");
        assert_eq!(dark, json!(scheme == Scheme::Dark));
    }
}

/// What is seen of the objects: their ids.
const SEEN: &str = "[...document.querySelectorAll('section')].filter(e => e.checkVisibility()).map(e => e.id)";

#[test]
fn a_click_shows_the_objects_of_one_kind() {
    let Some(mut page) = Page::open(&review(), Scheme::Light, WIDTHS[0]) else { return };
    let all: Vec<String> = serde_json::from_value(page.evaluate(SEEN)).unwrap();
    assert!(all.len() > 4, "{all:?}");
    page.click("[...document.querySelectorAll('label')].find(e => e.textContent.includes('Secret ('))");
    let of_kind: Vec<String> = all.iter().filter(|id| id.starts_with("secret-")).cloned().collect();
    assert_eq!(page.evaluate(SEEN), json!(of_kind));
    // What a link leads to is seen though its kind is not shown.
    page.click("[...document.querySelectorAll('p a')].find(e => e.textContent.startsWith('Deployment'))");
    assert!(page.evaluate(SEEN).as_array().unwrap().contains(&json!("deployment-shop-dev-web")));
    page.click("document.querySelector('label')");
    assert_eq!(page.evaluate(SEEN), json!(all));
}

#[test]
fn links_lead_from_a_secret_to_who_uses_it_and_back() {
    for width in WIDTHS {
        let Some(mut page) = Page::open(&review(), Scheme::Light, width) else { return };
        let in_view = "(e => e && e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().top < innerHeight)(document.querySelector(':target'))";
        page.click("document.querySelector('td a[href=\"#secret-shop-dev-web-settings\"]')");
        assert_eq!(page.evaluate("document.querySelector(':target').id"), "secret-shop-dev-web-settings");
        assert_eq!(page.evaluate(in_view), json!(true));
        page.click("document.querySelector('#secret-shop-dev-web-settings p a')");
        assert_eq!(page.evaluate("document.querySelector(':target').textContent.includes('default/db-password')"), json!(true));
        assert_eq!((page.evaluate("document.querySelector(':target').localName"), page.evaluate(in_view)), (json!("tr"), json!(true)));
    }
}

#[test]
fn print_shows_what_is_folded() {
    let Some(mut page) = Page::open(&review(), Scheme::Light, WIDTHS[0]) else { return };
    let seen = "[...document.querySelectorAll('details:not([open])')].map(e => getComputedStyle(e, '::details-content').contentVisibility)";
    let folded = page.evaluate(seen).as_array().unwrap().len();
    assert!(folded > 1 && page.evaluate(seen) == json!(vec!["hidden"; folded]), "{folded}");
    page.print();
    assert_eq!(page.evaluate(seen), json!(vec!["visible"; folded]));
}
