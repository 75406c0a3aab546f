//! Properties of a node: tags, anchors, and the names of aliases.

use crate::manifest::read::cursor::Cursor;
use crate::manifest::read::fault::ReadFault;

/// Scans the name of an anchor or alias; its indicator is at the cursor.
pub(super) fn scan_name<'t>(cursor: &mut Cursor<'t>) -> Result<&'t str, ReadFault> {
    let mark = cursor.mark();
    cursor.skip(1);
    let name = word(cursor);
    let ends = cursor.gap(0) || matches!(cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
    if name.is_empty() || !ends {
        return Err(ReadFault::new(mark, "not the name of an anchor", "quote the text"));
    }
    Ok(name)
}

/// Scans a tag and writes it out; its `!` is at the cursor.
pub(super) fn scan(cursor: &mut Cursor<'_>) -> Result<Box<str>, ReadFault> {
    let mark = cursor.mark();
    let fault = |reason: &str| Err(ReadFault::new(mark, reason, "remove the tag or quote the text"));
    cursor.skip(1);
    let tag = if cursor.byte(0) == b'<' {
        cursor.skip(1);
        let tag = uri(cursor);
        if tag.is_empty() || cursor.byte(0) != b'>' {
            return fault("not a tag");
        }
        cursor.skip(1);
        tag.to_owned()
    } else {
        let name = word(cursor);
        if cursor.byte(0) == b'!' {
            cursor.skip(1);
            if !name.is_empty() {
                return fault("nothing declares the tag's handle");
            }
            let suffix = uri(cursor);
            if suffix.is_empty() {
                return fault("not a tag");
            }
            format!("tag:yaml.org,2002:{suffix}")
        } else {
            format!("!{name}{}", uri(cursor))
        }
    };
    if tag.contains('%') {
        return fault("the tag has escapes");
    }
    if !cursor.gap(0) {
        return fault("the tag does not end in white space");
    }
    Ok(tag.into())
}

fn word<'t>(cursor: &mut Cursor<'t>) -> &'t str {
    let start = cursor.at();
    while matches!(cursor.byte(0), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-') {
        cursor.skip(1);
    }
    cursor.since(start)
}

fn uri<'t>(cursor: &mut Cursor<'t>) -> &'t str {
    let start = cursor.at();
    while cursor.byte(0).is_ascii_alphanumeric() || b"_-;/?:@&=+$,.!~*'()[]%".contains(&cursor.byte(0)) {
        cursor.skip(1);
    }
    cursor.since(start)
}
