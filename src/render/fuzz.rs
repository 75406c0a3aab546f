//! The readers of the rendering process: templates before Tera sees them, tokens in what they render to, and what the process says.

use crate::blank::BlankId;
use crate::blank::Piece;
use crate::fuzz::fuzz;
use crate::render::Tokens;
use crate::render::analysis::analyse;
use crate::render::ipc::BodyReader;
use crate::render::ipc::read_frame;

/// A template is only ever added to.
#[test]
fn templates() {
    fuzz("template", Vec::new(), |bytes| {
        let Ok(source) = str::from_utf8(bytes) else { return };
        let analysis = analyse(&"t.yaml".into(), source, 0, None, false);
        if analysis.broken.is_some() {
            return;
        }
        let (mut rest, mut at, mut back) = (analysis.text.as_str(), 0, String::new());
        for (byte, length) in &analysis.added {
            let (kept, after) = rest.split_at(byte - at);
            back.push_str(kept);
            (rest, at) = (&after[*length..], *byte);
        }
        assert_eq!(back + rest, source);
        for at in 0..=analysis.text.len() {
            assert!(analysis.origin(at) <= source.len());
        }
    });
}

/// `@@` is a token of the run. What was cut, joined and changed is found whole or refused, and the pieces are the text.
#[test]
fn tokens() {
    let mut tokens = Tokens::new(&[0x5a; 16]);
    let minted: Vec<String> = (0..40).map(|id| tokens.mint(BlankId(id))).collect();
    fuzz("token", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        let text = text.replace("@@", &minted[3]).replace("@<", &minted[39][..30]).replace(">@", &minted[7][5..]);
        match (tokens.split(&text), tokens.find(&text)) {
            (Ok(pieces), Ok(found)) => {
                let text_of = |piece: &Piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Blank(id) => minted[id.0 as usize].clone(),
                };
                let back: String = pieces.iter().map(text_of).collect();
                assert_eq!(back, text);
                assert_eq!(pieces.iter().filter(|piece| matches!(piece, Piece::Blank(_))).count(), found.len());
                assert_eq!(tokens.any_in(&text), !found.is_empty());
            }
            (Err(mangled), Err(same)) => assert!(mangled == same && text.is_char_boundary(mangled.at)),
            other => panic!("{other:?} of {text:?}"),
        }
    });
}

/// What a rendering process that was taken over could say to its parent.
#[test]
fn frames() {
    fuzz("frame", Vec::new(), |bytes| {
        let mut stream = bytes;
        while let Ok((_, body)) = read_frame(&mut stream, 1 << 16) {
            assert!(body.len() <= 1 << 16);
            let _ = BodyReader(&body).problem();
            let _ = BodyReader(&body).blank(5);
            let _ = BodyReader(&body).lines();
        }
    });
}
