//! Text within HTML.

use crate::ui::clean;

/// The text on one line, as it is in elements and quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_is_text() {
        assert_eq!(escaped("<img src=\"x\" onerror='y'>&\n"), "&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;\\n");
    }
}
