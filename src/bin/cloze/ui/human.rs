//! Facts and problems as sentences for people.

use cloze::event::Event;
use cloze::problem::Problem;

use crate::ui::clean;

/// A problem as `level: place: reason`, then the next step.
pub(crate) fn problem(level: &str, problem: &Problem, color: bool) -> String {
    let (on, off) = match (color, level) {
        (false, _) => ("", ""),
        (true, "error") => ("\u{1b}[1;31m", "\u{1b}[0m"),
        (true, _) => ("\u{1b}[1;33m", "\u{1b}[0m"),
    };
    format!("{on}{level}:{off} {}\n  {}", clean(&problem.to_string()), clean(&problem.next))
}

/// What to say of an event to everybody, if it is worth saying.
pub(crate) fn status(event: &Event) -> Option<String> {
    Some(match event {
        Event::Recorded { number, fresh, manifests } => {
            format!("recorded release {number}: {}, {fresh} of them new", count(*manifests, "manifest"))
        }
        Event::Unchanged { number } => format!("nothing changes: release {number} is current, nothing was recorded"),
        Event::Resumed { number } => format!("release {number} was recorded by a run that did not finish; carried on"),
        Event::Emitted { manifests, bytes, target } => format!("wrote {} ({bytes} bytes) to {target}", count(*manifests, "manifest")),
        Event::Prepared { .. } | Event::Filled { .. } | Event::Swept { .. } | Event::Warned(_) => return None,
    })
}

/// What to say of an event to the curious.
pub(crate) fn detail(event: &Event) -> String {
    match event {
        Event::Prepared { templates, objects, blanks } => {
            format!("rendered {}: {}, {}", count(*templates, "template"), count(*objects, "object"), count(*blanks, "blank"))
        }
        Event::Filled { secrets, vaults } => format!("fetched {} from {}", count(*secrets, "secret"), count(*vaults, "vault")),
        Event::Swept { objects } => format!("removed {} of interrupted runs", count(*objects, "leftover")),
        _ => String::new(),
    }
}

/// `1 dog`, `2 dogs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use cloze::place::Place;
    use cloze::problem::Fault;
    use cloze::problem::Problem;

    use super::count;
    use super::problem;

    #[test]
    fn a_problem_is_place_reason_and_next_step() {
        let one = Problem::new(Fault::Check, "no \u{1b}such thing", "name another").at(Place::new("a.yaml", 3, 7));
        assert_eq!(problem("error", &one, false), "error: a.yaml:3:7: no \\u{1b}such thing\n  name another");
    }

    #[test]
    fn one_dog_two_dogs() {
        assert_eq!([count(1, "dog"), count(2, "dog")], ["1 dog", "2 dogs"]);
    }
}
