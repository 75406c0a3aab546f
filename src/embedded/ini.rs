//! Ini files. Their readers agree on sections, keys and values, and on no escape: a value that some reader would take
//! for anything else is refused.

use crate::embedded::Escape;
use crate::embedded::IniQuote;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_KEY;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::secret::SecretBuffer;

const ELSEWHERE: &str = "encode the value, such as with `| b64encode`, or give it a key of its own in the Secret";
const RAW_QUOTES: &str = "where go-ini reads the file (Grafana, Gitea), put the blank in `\"\"\"`; where `#` and `;` are known to be safe, write `| raw`; \
    or encode the value";
const PERCENT: &str = "where go-ini reads the file (Grafana, Gitea), put the blank in `\"\"\"`; where `%` is known to be safe, write `| raw`; \
    or encode the value";
const IN_SECTION: SpotRefusal =
    SpotRefusal { reason: "a blank is in the name of a section", next: "write the name out; only values can be filled" };

#[expect(clippy::unnecessary_wraps, reason = "every scanner has one signature")]
pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), ScanError> {
    let mut at = 0;
    while at < text.len() {
        let end = line_end(text, at);
        let start = at + text[at..end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let line = text[start..end].trim_ascii_end();
        match line.first() {
            None => {}
            Some(b';' | b'#') => {
                sink.token(b'#', start);
                tell(sink, line, BlankSpot::Refused(IN_COMMENT));
            }
            Some(b'[') => {
                sink.token(b'[', start);
                tell(sink, line, BlankSpot::Refused(IN_SECTION));
            }
            Some(_) => assignment(text, start, start + line.len(), sink),
        }
        sink.token(b'e', end);
        at = end + 1;
    }
    Ok(())
}

/// Appends the value, or says why an ini file cannot carry it there.
pub(super) fn write(value: &str, first: bool, last: bool, quote: IniQuote, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    let refuse = |reason| Err(SpotRefusal { reason, next: ELSEWHERE });
    if value.chars().any(|character| character.is_control() && character != '\t') {
        return refuse("the value has a newline or another control character in it, which no ini file can carry");
    }
    // go-ini and Python's configparser expand the first, Python's and Grafana the others; `%%` is one sign to configparser and two to go-ini. A
    // lone `%` is refused by configparser alone, which does not know the quotes that go-ini reads as they are.
    if ["%(", "%%", "${", "$__"].iter().any(|sign| value.contains(sign)) {
        return refuse("the value has `%(`, `%%`, `${` or `$__` in it, which some readers of ini files expand");
    }
    match quote {
        IniQuote::Raw(quote) if value.as_bytes().contains(&quote) => {
            return refuse("the value has the quote in it that it is in, and ini files have no escape for it");
        }
        IniQuote::Raw(_) => {}
        _ if value.contains('%') => {
            return Err(SpotRefusal { reason: "the value has `%` in it, which Python's configparser expands or refuses", next: PERCENT });
        }
        _ if value.contains(['#', ';']) => {
            return Err(SpotRefusal {
                reason: "the value has `#` or `;` in it, where some readers of ini files begin a comment",
                next: RAW_QUOTES,
            });
        }
        IniQuote::Pair(quote) if value.as_bytes().contains(&quote) => {
            return refuse("the value has the quote in it that it is in, and ini files have no escape for it");
        }
        IniQuote::Pair(_) if value.contains('\\') => {
            return refuse("the value has a backslash in it and is in quotes, where some readers of ini files take it for an escape");
        }
        IniQuote::Pair(_) => {}
        IniQuote::None => {
            if first && value.starts_with(char::is_whitespace) || last && value.ends_with(char::is_whitespace) {
                return refuse("the value begins or ends with white space, which readers of ini files cut off");
            }
            if first && value.starts_with(['"', '\'', '`']) {
                return refuse("the value begins with a quote, which readers of ini files take away");
            }
            if last && value.ends_with('\\') {
                return refuse("the value ends with a backslash, which readers of ini files take as a continued line");
            }
        }
    }
    out.extend(value.as_bytes());
    Ok(())
}

fn assignment(text: &[u8], start: usize, end: usize, sink: &mut dyn ScanSink) {
    sink.token(b'k', start);
    let key = text[start..end].iter().position(|byte| matches!(byte, b'=' | b':')).map_or(end, |length| start + length);
    tell(sink, &text[start..key], BlankSpot::Refused(IN_KEY));
    sink.token(b'=', key);
    if key == end {
        return;
    }
    let value = text[key + 1..end].trim_ascii();
    let quote = match value {
        [b'"', b'"', b'"', .., b'"', b'"', b'"'] => IniQuote::Raw(b'"'),
        [b'`', .., b'`'] => IniQuote::Raw(b'`'),
        [quote @ (b'"' | b'\''), .., last] if quote == last => IniQuote::Pair(*quote),
        _ => IniQuote::None,
    };
    for (index, _) in value.iter().enumerate().filter(|(_, byte)| **byte == BLANK) {
        // After white space a value counts as the first thing: a comment sign there would cut it off.
        let first = index == 0 || value[index - 1].is_ascii_whitespace();
        let last = index + 1 == value.len() || value[index + 1].is_ascii_whitespace();
        sink.blank(BlankSpot::Fits(Escape::Ini { first, last, quote }));
    }
}
