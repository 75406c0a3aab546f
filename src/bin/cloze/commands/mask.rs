//! The log maskers of CI runners: they get each value, in the forms in which it could be in a log, before it is used.

use std::collections::HashSet;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use cloze::blank::Filter;
use cloze::digest::Digest;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::project::variable;
use cloze::secret::Secret;
use cloze::secret::SecretBuffer;
use cloze::vault::announced::Listener;

use crate::args;
use crate::args::Masking;
use crate::context::Run;
use crate::environment::Runner;

/// Why nothing is masked.
const NO_RUNNER: &str =
    "neither GitHub Actions nor Azure Pipelines was found, and no other runner takes masking commands: nothing is masked";

/// Tells a runner of values, each form once.
#[derive(Debug)]
pub(crate) struct Masker {
    runner: Runner,
    masked: Mutex<HashSet<Digest>>,
}

impl Masker {
    /// The masker that the command line or else the variable asks for, if there is a runner for it.
    pub(crate) fn of(run: &Run, masking: Masking) -> Result<Option<Arc<Self>>, Problem> {
        let word = match (masking.mask_ci, run.variables.get(variable::MASK)) {
            (Some(word), _) => Some(word),
            (None, Some("auto")) => Some(args::MaskerArg::Auto),
            (None, Some("github")) => Some(args::MaskerArg::Github),
            (None, Some("azure")) => Some(args::MaskerArg::Azure),
            (None, Some(_)) => {
                let reason = "`CLOZE_MASK` does not name a runner that masks its logs";
                return Err(Problem::new(Fault::Usage, reason, "set it to `auto`, `github` or `azure`, or unset it"));
            }
            (None, None) => None,
        };
        let runner = match word {
            None => None,
            Some(args::MaskerArg::Auto) => {
                if run.runner.is_none() {
                    run.ui.warn(&Problem::new(
                        Fault::Usage,
                        NO_RUNNER,
                        "mask the values in the runner's own settings (GitLab: masked variables)",
                    ));
                }
                run.runner
            }
            Some(args::MaskerArg::Github) => Some(Runner::GitHub),
            Some(args::MaskerArg::Azure) => Some(Runner::Azure),
        };
        if runner.is_some() && io::stderr().is_terminal() {
            let reason = "masking commands for a CI runner would go to this terminal";
            return Err(Problem::new(Fault::Usage, reason, "leave out `--mask-ci` and `CLOZE_MASK` outside a CI system"));
        }
        Ok(runner.map(|runner| Arc::new(Self { runner, masked: Mutex::default() })))
    }
}

impl Listener for Masker {
    fn hear(&self, value: &Secret) {
        let mut masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        for form in forms(value) {
            if masked.insert(Digest::plain(&[form.expose()])) {
                for line in commands(self.runner, &form) {
                    // Where stderr is gone, there is no log to keep clean.
                    let _ = io::stderr().lock().write_all(line.expose());
                }
            }
        }
    }
}

/// The forms in which a value could be in a line of a log, but for those that are too short to be told apart from other text.
fn forms(value: &Secret) -> Vec<Secret> {
    let lines = value.expose_text().into_iter().flat_map(str::lines).map(|line| Secret::copy_of(line.trim().as_bytes()));
    let encoded = [Filter::B64encode, Filter::Urlencode].into_iter().filter_map(|filter| filter.apply(value).ok());
    lines.chain(encoded).filter(|form| form.expose_text().is_some_and(|text| text.chars().count() >= SHORTEST)).collect()
}

/// Shorter ones would mask half a log.
const SHORTEST: usize = 4;

/// The lines that tell a runner of a form.
fn commands(runner: Runner, form: &Secret) -> Vec<Secret> {
    match runner {
        Runner::GitHub => vec![command(b"::add-mask::", form, b"%25", b"")],
        Runner::Azure => {
            let head = b"##vso[task.setsecret]";
            let mut lines = vec![command(head, form, b"%AZP25", b";]")];
            // An agent that does not decode percent signs takes this one.
            if form.expose().contains(&b'%') {
                lines.push(command(head, form, b"%", b""));
            }
            lines
        }
    }
}

/// A command with the form as its data: percent signs, line ends and the characters of `more` escaped.
fn command(head: &[u8], form: &Secret, percent: &[u8], more: &[u8]) -> Secret {
    let mut line = SecretBuffer::with_capacity(head.len() + form.len() * 6 + 1);
    line.extend(head);
    for &byte in form.expose() {
        match byte {
            b'%' => line.extend(percent),
            b'\r' => line.extend(b"%0D"),
            b'\n' => line.extend(b"%0A"),
            b';' if more.contains(&byte) => line.extend(b"%3B"),
            b']' if more.contains(&byte) => line.extend(b"%5D"),
            _ => line.push(byte),
        }
    }
    line.push(b'\n');
    line.into()
}

#[cfg(test)]
mod tests {
    use cloze::secret::Secret;

    use super::commands;
    use super::forms;
    use crate::environment::Runner;

    fn lines(runner: Runner, value: &str) -> Vec<String> {
        let forms = forms(&Secret::copy_of(value.as_bytes()));
        forms.iter().flat_map(|form| commands(runner, form)).map(|line| line.expose_text().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_value_is_told_raw_line_by_line_and_encoded() {
        assert_eq!(
            lines(Runner::GitHub, "pass;w%rd\r\nab\n second ]line\n"),
            [
                "::add-mask::pass;w%25rd\n",
                "::add-mask::second ]line\n",
                "::add-mask::cGFzczt3JXJkDQphYgogc2Vjb25kIF1saW5lCg==\n",
                "::add-mask::pass%253Bw%2525rd%250D%250Aab%250A%2520second%2520%255Dline%250A\n",
            ]
        );
        assert_eq!(
            lines(Runner::Azure, "a;b]%c"),
            [
                "##vso[task.setsecret]a%3Bb%5D%AZP25c\n",
                "##vso[task.setsecret]a;b]%c\n",
                "##vso[task.setsecret]YTtiXSVj\n",
                "##vso[task.setsecret]a%AZP253Bb%AZP255D%AZP2525c\n",
                "##vso[task.setsecret]a%3Bb%5D%25c\n",
            ]
        );
    }

    #[test]
    fn what_is_short_is_not_told_and_bytes_only_encoded() {
        assert_eq!(lines(Runner::GitHub, "abc"), ["::add-mask::YWJj\n"]);
        assert!(lines(Runner::GitHub, "").is_empty());
        let forms = forms(&Secret::copy_of(&[0xff, 0, 0xfe]));
        assert_eq!(forms.iter().map(|form| form.expose_text().unwrap()).collect::<Vec<_>>(), ["/wD+", "%FF%00%FE"]);
    }
}
