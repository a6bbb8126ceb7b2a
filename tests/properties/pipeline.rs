//! From a text to confirmed formulas, with a readable complaint where anything goes wrong.

use chainrule::derive::{Derivation, Request, derive};
use chainrule::formula::{Detail, Form, Formula, Lettering, Link, View, formulate};
use chainrule::matrix::Layout;
use chainrule::numeric::{Sampling, Status, confirm};
use chainrule::present::{Confirmed, Style, present};
use chainrule::profile::Notation;
use chainrule::source::{Report, Source, render};
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::{FamilyKind, System, lower};
use chainrule::term::{Node, TermId};
use chainrule::write::{Environment, Format, write};

pub(crate) const CONVENTIONS: [StepAtZero; 4] = [
    StepAtZero::One,
    StepAtZero::Zero,
    StepAtZero::Half,
    StepAtZero::Undefined,
];

/// The results in index form; other views differ from it.
pub(crate) const RESULT: View = View {
    form: Form::Index,
    layout: Layout::Same,
    detail: Detail::Result,
    resolve: false,
    combine: false,
    lettering: Lettering::AsRead,
    examples: None,
};

/// Enough points for a network that is one of thousands.
pub(crate) const FEW_POINTS: Sampling = Sampling { points: 4, seed: 7 };

/// What is wrong, as the author would read it.
pub(crate) fn complaint(text: &str, report: &Report) -> String {
    render(report, &Source::new("network", text), false)
}

/// The system of a text that has to be legal.
pub(crate) fn system(text: &str) -> Result<System, String> {
    let source = Source::new("network", text);
    parse(&source)
        .and_then(|network| lower(&network))
        .map_err(|report| format!("refused:\n{}", complaint(text, &report)))
}

/// The derivation of a text that has to be legal.
pub(crate) fn derivation(
    text: &str,
    step_at_zero: Option<StepAtZero>,
) -> Result<Derivation, String> {
    let request = Request {
        wrt: Vec::new(),
        step_at_zero,
        ..Request::default()
    };
    derive(&system(text)?, &request)
        .map_err(|report| format!("not derived:\n{}", complaint(text, &report)))
}

/// The formulas in a view; none where the view is refused because sizes or depths are symbols.
pub(crate) fn formulas(
    text: &str,
    derivation: &mut Derivation,
    view: &View,
) -> Result<Option<Vec<Formula>>, String> {
    match formulate(derivation, view) {
        Ok(formulas) if formulas.is_empty() => Err("no formula".into()),
        Ok(formulas) => Ok(Some(formulas)),
        Err(report) => {
            let expected = ["symbolic-depth", "symbolic-size"];
            let refused = |code: &str| !expected.contains(&code);
            if report
                .diagnostics()
                .iter()
                .any(|diagnostic| refused(diagnostic.code))
            {
                return Err(format!(
                    "{view:?} is refused:\n{}",
                    complaint(text, &report)
                ));
            }
            Ok(None)
        }
    }
}

/// The formulas as LaTeX in index form, one equation a line.
pub(crate) fn latex(derivation: &Derivation, formulas: &[Formula]) -> String {
    latex_in(Form::Index, derivation, formulas)
}

/// The formulas as LaTeX, one equation a line.
pub(crate) fn latex_in(form: Form, derivation: &Derivation, formulas: &[Formula]) -> String {
    let style = Style::new(Notation::standard(), form);
    let document = present(derivation, formulas, &style, Confirmed::Skipped);
    write(&document, Format::Latex(Environment::None))
}

/// Whether the formulas are confirmed; false where there was no admissible point.
pub(crate) fn confirmed(derivation: &Derivation, formulas: &[Formula]) -> Result<bool, String> {
    let confirmation = confirm(derivation, formulas, &FEW_POINTS);
    let mut all = true;
    for (number, outcome) in confirmation.outcomes.iter().enumerate() {
        match &outcome.status {
            Status::Confirmed { .. } => {}
            Status::Unconfirmed { .. } => all = false,
            Status::Skipped => return Err("confirmation was asked for and skipped".into()),
            Status::Failed(failure) => {
                return Err(format!(
                    "formula {number} is wrong: {failure:?}\n{}",
                    latex(derivation, formulas)
                ));
            }
        }
    }
    if confirmation.functions.is_empty() {
        Ok(all)
    } else {
        Err(format!(
            "declared derivatives do not fit: {:?}",
            confirmation.functions
        ))
    }
}

/// Confirms every member of the chains of equalities, not only the last. Returns how many were compared.
pub(crate) fn confirm_chains(
    derivation: &Derivation,
    formulas: &[Formula],
) -> Result<usize, String> {
    let mut derivation = derivation.clone();
    let longest = formulas
        .iter()
        .map(|formula| formula.chain.len())
        .max()
        .unwrap_or(0);
    let mut compared = 0;
    for member in 0..longest {
        let mut shown = formulas.to_vec();
        let mut found = 0;
        for formula in &mut shown {
            let Some(Link::Term(term)) = formula.chain.get(member) else {
                continue;
            };
            let opened = locals_opened(&mut derivation, formula, *term);
            // What cannot be evaluated is replaced by the result, so that every element has a formula.
            if !mentions_local(&derivation.system, opened) {
                found += 1;
                formula.chain = vec![Link::Term(opened)];
            }
        }
        compared += found;
        if found > 0 {
            confirmed(&derivation, &shown)
                .map_err(|wrong| format!("member {member} of a chain: {wrong}"))?;
        }
    }
    Ok(compared)
}

/// The term with the local derivatives that are shown beside it in place of their symbols.
fn locals_opened(derivation: &mut Derivation, formula: &Formula, term: TermId) -> TermId {
    derivation.system.store.replace(term, &mut |_, part| {
        formula
            .locals
            .iter()
            .find(|local| local.symbol == part)
            .map(|local| local.value)
    })
}

fn mentions_local(system: &System, term: TermId) -> bool {
    let mut stack = vec![term];
    while let Some(term) = stack.pop() {
        if let Node::Access(family, _) = system.store.node(term)
            && matches!(system.family(*family).kind, FamilyKind::Local { .. })
        {
            return true;
        }
        stack.extend(system.store.node(term).children());
    }
    false
}
