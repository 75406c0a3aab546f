//! The shapes in which a secret can leak.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// An encoding of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Encoding {
    Raw,
    /// Standard base64 of a text in which the secret begins so many bytes after a group of three.
    Base64(u8),
    Base64Url,
    HexLower,
    HexUpper,
    Percent,
    Json,
    Yaml,
    Shell,
    Utf16,
    Reversed,
    Xml,
    Debug,
    /// A plain digest of the whole value.
    Digest,
}

/// All but digests: what the canaries are searched in.
pub(crate) const ALL: [Encoding; 15] = [
    Encoding::Raw,
    Encoding::Base64(0),
    Encoding::Base64(1),
    Encoding::Base64(2),
    Encoding::Base64Url,
    Encoding::HexLower,
    Encoding::HexUpper,
    Encoding::Percent,
    Encoding::Json,
    Encoding::Yaml,
    Encoding::Shell,
    Encoding::Utf16,
    Encoding::Reversed,
    Encoding::Xml,
    Encoding::Debug,
];

impl Encoding {
    /// The forms that `part` can have in this encoding wherever it is; none where the encoding is of text and the part is not.
    pub(crate) fn forms(self, part: &[u8]) -> Vec<Vec<u8>> {
        let text = std::str::from_utf8(part).ok();
        let of_text =
            |forms: &[fn(&str) -> String]| text.map_or(Vec::new(), |text| forms.iter().map(|form| form(text).into_bytes()).collect());
        match self {
            Self::Raw => vec![part.to_vec()],
            Self::Base64(shift) => vec![shifted(part, usize::from(shift), |bytes| STANDARD_NO_PAD.encode(bytes))],
            Self::Base64Url => (0..3).map(|shift| shifted(part, shift, |bytes| URL_SAFE_NO_PAD.encode(bytes))).collect(),
            Self::HexLower => vec![bytewise(part, |byte| format!("{byte:02x}"))],
            Self::HexUpper => vec![bytewise(part, |byte| format!("{byte:02X}"))],
            Self::Percent => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                let one = |byte: u8, upper: bool| match (plain(byte), upper) {
                    (true, _) => char::from(byte).to_string(),
                    (_, true) => format!("%{byte:02X}"),
                    (_, false) => format!("%{byte:02x}"),
                };
                vec![bytewise(part, |byte| one(byte, true)), bytewise(part, |byte| one(byte, false))]
            }
            Self::Json => of_text(&[|text| json(text, false), |text| json(text, true)]),
            Self::Yaml => of_text(&[|text| yaml(text, &Style::Short), |text| yaml(text, &Style::Long), |text| yaml(text, &Style::Libyaml)]),
            Self::Shell => of_text(&[
                |text| text.replace('\'', "'\\''"),
                |text| text.replace('\'', "'\"'\"'"),
                |text| charwise(text, |c| if "\"\\$`".contains(c) { format!("\\{c}") } else { c.to_string() }),
                |text| charwise(text, |c| if c.is_alphanumeric() { c.to_string() } else { format!("\\{c}") }),
            ]),
            Self::Utf16 => text.map_or(Vec::new(), |text| vec![text.encode_utf16().flat_map(u16::to_le_bytes).collect()]),
            Self::Reversed => {
                let bytes = part.iter().rev().copied().collect();
                let chars = text.map(|text| text.chars().rev().collect::<String>().into_bytes());
                [Some(bytes), chars].into_iter().flatten().collect()
            }
            Self::Xml => of_text(&[|text| {
                let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                escaped.replace('"', "&quot;").replace('\'', "&apos;")
            }]),
            Self::Debug => match text {
                Some(text) => vec![format!("{text:?}").trim_matches('"').as_bytes().to_vec()],
                None => {
                    vec![format!("{part:?}").trim_matches(['[', ']']).as_bytes().to_vec(), part.escape_ascii().to_string().into_bytes()]
                }
            },
            Self::Digest => Vec::new(),
        }
    }

    /// How many bytes of a form in a row give the secret away: about ten bytes of `part`, and too many to be there by chance.
    pub(crate) fn window(self, form: &[u8], part: &[u8]) -> usize {
        let least = if matches!(self, Self::Base64(_) | Self::Base64Url) { 12 } else { 10 };
        least.max(10 * form.len() / part.len()).min(form.len())
    }
}

/// The characters of base64 that depend on `part` alone when it is `shift` bytes after a group of three.
fn shifted(part: &[u8], shift: usize, encode: impl Fn(Vec<u8>) -> String) -> Vec<u8> {
    let text = encode([&vec![0; shift], part].concat());
    let (first, last) = ((shift * 8).div_ceil(6), (shift + part.len()) * 8 / 6);
    text.as_bytes()[first..last].to_vec()
}

fn bytewise(part: &[u8], one: impl Fn(u8) -> String) -> Vec<u8> {
    part.iter().map(|byte| one(*byte)).collect::<String>().into_bytes()
}

fn charwise(text: &str, one: impl Fn(char) -> String) -> String {
    text.chars().map(one).collect()
}

fn json(text: &str, ascii: bool) -> String {
    charwise(text, |c| match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        c if c < ' ' || (ascii && !c.is_ascii()) => c.encode_utf16(&mut [0; 2]).iter().fold(String::new(), |mut out, unit| {
            let _ = write!(out, "\\u{unit:04x}");
            out
        }),
        c => c.to_string(),
    })
}

/// How emitters write what they escape in a double-quoted scalar.
#[derive(PartialEq)]
enum Style {
    /// The shortest escape, all but ASCII escaped.
    Short,
    /// `\u` and four digits.
    Long,
    /// What libyaml writes: what prints stays.
    Libyaml,
}

fn yaml(text: &str, style: &Style) -> String {
    let named =
        |c: char| "\u{1b}e\u{7}a\u{8}b\u{b}v\u{c}f\u{85}N\u{a0}_\u{2028}L\u{2029}P".split_once(c).and_then(|(_, rest)| rest.chars().next());
    charwise(text, |c| match (u32::from(c), c) {
        (_, '"' | '\\') => format!("\\{c}"),
        (_, '\n') => "\\n".to_owned(),
        (_, '\r') => "\\r".to_owned(),
        (_, '\t') => "\\t".to_owned(),
        (0x20..=0x7e, _) => c.to_string(),
        _ if *style != Style::Long && named(c).is_some() => format!("\\{}", named(c).unwrap()),
        (code @ 0..=0x9f, _) if *style == Style::Libyaml => format!("\\x{code:02X}"),
        _ if *style == Style::Libyaml => c.to_string(),
        (code @ 0..=0xff, _) if *style == Style::Short => format!("\\x{code:02x}"),
        (code @ 0..=0xffff, _) => format!("\\u{code:04x}"),
        (code, _) => format!("\\U{code:08x}"),
    })
}
