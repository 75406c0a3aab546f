//! The Go program `tests/kubernetes-yaml`: built once, asked in bulk.

use std::env;
use std::fmt::Write as _;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloze::manifest::Leaf;
use cloze::manifest::Node;
use cloze::manifest::Number;
use cloze::manifest::Value;

/// What Kubernetes reads in each text, in the notation of `tests/kubernetes-yaml/main.go`; `None` when there is no Go.
pub(crate) fn ask(texts: &[String]) -> Option<Vec<String>> {
    let Some(program) = program() else {
        eprintln!("SKIPPED: {} texts were not given to Kubernetes' own parser, which needs Go", texts.len());
        return None;
    };
    let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the oracle starts");
    let mut input = process.stdin.take().expect("its input is piped");
    let mut output = String::new();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut lines = String::new();
            for text in texts {
                STANDARD.encode_string(text, &mut lines);
                lines.push('\n');
            }
            input.write_all(lines.as_bytes()).expect("the oracle takes its input");
        });
        process.stdout.take().expect("its output is piped").read_to_string(&mut output).expect("the oracle's output is text");
    });
    assert!(process.wait().expect("the oracle ends").success());
    let answers: Vec<String> = output.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), texts.len());
    Some(answers)
}

fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<&'static Path>> = OnceLock::new();
    *PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join("kubernetes-yaml");
        let built = Command::new("go")
            .args(["build", "-mod=readonly", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubernetes-yaml"))
            .env("GOCACHE", folder.join("go-cache"))
            .status();
        if matches!(&built, Ok(status) if status.success()) {
            return Some(Box::leak(program.into_boxed_path()));
        }
        assert!(env::var_os("CLOZE_REQUIRE_ORACLE").is_none(), "the Go oracle is required and cannot be built: {built:?}");
        None
    })
}

/// A node in the notation of the Go program, numbers as Kubernetes holds them: integers of 64 bits with sign, else floats.
pub(crate) fn notation<B: Leaf>(node: &Node<B>) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write<B: Leaf>(node: &Node<B>, out: &mut String) {
    match &node.value {
        Value::Null => out.push('n'),
        Value::Bool(flag) => out.push(if *flag { 't' } else { 'f' }),
        Value::Number(Number::Int(value)) => write!(out, "i{value}").expect("a String takes it"),
        #[expect(clippy::cast_precision_loss, reason = "Kubernetes reads it so")]
        Value::Number(Number::Uint(value)) => write!(out, "d{:016x}", (*value as f64).to_bits()).expect("a String takes it"),
        Value::Number(Number::Float(value)) => write!(out, "d{:016x}", value.to_bits()).expect("a String takes it"),
        Value::Text(text) => string(text.as_bytes(), out),
        Value::Leaf(leaf) => string(leaf.bytes(), out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|one, other| one.key.cmp(&other.key));
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                string(entry.key.as_bytes(), out);
                out.push(':');
                write(&entry.node, out);
            }
            out.push('}');
        }
    }
}

/// A string in the notation of the Go program.
pub(crate) fn string(bytes: &[u8], out: &mut String) {
    out.push('"');
    for byte in bytes {
        write!(out, "{byte:02x}").expect("a String takes it");
    }
    out.push('"');
}
