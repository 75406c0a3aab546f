//! Ini files. Their readers agree on sections, keys and values, and on no escape: a value that some reader would take
//! for anything else is refused.

use crate::embedded::Escape;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::Broken;
use crate::embedded::skeleton::IN_COMMENT;
use crate::embedded::skeleton::IN_KEY;
use crate::embedded::skeleton::ScanSink;
use crate::embedded::skeleton::SpotRefusal;
use crate::embedded::skeleton::line_end;
use crate::embedded::skeleton::tell;
use crate::secret::SecretBuffer;

const ELSEWHERE: &str = "encode the value, such as with `| b64encode`, or give it a key of its own in the Secret";
const IN_SECTION: SpotRefusal =
    SpotRefusal { reason: "a blank stands in the name of a section", next: "write the name out; only values can be filled" };

#[expect(clippy::unnecessary_wraps, reason = "every scanner has one signature")]
pub(super) fn scan(text: &[u8], sink: &mut dyn ScanSink) -> Result<(), Broken> {
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
pub(super) fn write(value: &str, first: bool, last: bool, quote: Option<u8>, out: &mut SecretBuffer) -> Result<(), SpotRefusal> {
    let refuse = |reason| Err(SpotRefusal { reason, next: ELSEWHERE });
    if value.chars().any(|character| character.is_control() && character != '\t') {
        return refuse("the value has a newline or another control character in it, which no ini file can carry");
    }
    if let Some(quote) = quote {
        if value.as_bytes().contains(&quote) {
            return refuse("the value has the quote in it that it stands in, and ini files have no escape for it");
        }
    } else {
        if first && value.starts_with(char::is_whitespace) || last && value.ends_with(char::is_whitespace) {
            return refuse("the value begins or ends with white space, which readers of ini files cut off");
        }
        if first && value.starts_with(['"', '\'', ';', '#']) {
            return refuse("the value begins with a quote or a comment sign, which readers of ini files take away");
        }
        if value.contains([' ', '\t']) && [" ;", " #", "\t;", "\t#"].iter().any(|sign| value.contains(sign)) {
            return refuse("the value has white space and a comment sign in it, where readers of ini files cut it off");
        }
        if last && value.ends_with('\\') {
            return refuse("the value ends with a backslash, which readers of ini files take as a continued line");
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
        [quote @ (b'"' | b'\''), .., last] if quote == last => Some(*quote),
        _ => None,
    };
    for (index, _) in value.iter().enumerate().filter(|(_, byte)| **byte == BLANK) {
        // After white space a value counts as the first thing: a comment sign there would cut it off.
        let first = index == 0 || value[index - 1].is_ascii_whitespace();
        let last = index + 1 == value.len() || value[index + 1].is_ascii_whitespace();
        sink.blank(BlankSpot::Fits(Escape::Ini { first, last, quote }));
    }
}
