//! Files of every format with blanks in them, and values that nobody meant.

use crate::blank::BlankId;
use crate::blank::Piece;
use crate::embedded::Format;
use crate::embedded::Treatment;
use crate::embedded::place;
use crate::fuzz::CANARY;
use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::secret::Secret;

const FORMATS: [Format; 7] = [Format::Json, Format::Yaml, Format::Toml, Format::Properties, Format::Ini, Format::Env, Format::Xml];

/// The first line says the format, the second is the value; in what follows, `@@` is a blank.
#[test]
fn embedded_files() {
    fuzz("embedded", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        let mut lines = text.splitn(3, '\n');
        let (Some(name), Some(value), Some(file)) = (lines.next(), lines.next(), lines.next()) else { return };
        let format = Format::of_key(name).unwrap_or(FORMATS[name.len() % FORMATS.len()]);
        let secret = Secret::copy_of(format!("{CANARY}{value}").as_bytes());
        for treatment in [Treatment::Escape, Treatment::Json, Treatment::Raw] {
            let pieces = pieces(file);
            match place(format, &pieces, &|_| treatment) {
                Ok(plan) => match plan.assemble(&|_| &secret) {
                    Ok(filled) => assert!(filled.expose_text().is_some(), "text became bytes"),
                    Err(fault) => assert_silent(&format!("{fault:?}")),
                },
                Err(faults) => {
                    assert!(!faults.is_empty());
                    for fault in faults {
                        assert_silent(&format!("{fault:?}"));
                    }
                }
            }
        }
    });
}

fn pieces(file: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, text) in file.split("@@").enumerate() {
        if index > 0 {
            pieces.push(Piece::Blank(BlankId(u32::try_from(index - 1).unwrap())));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
    }
    pieces
}
