//! Scalar functions: rows of the table, loaded when first used, and the author's own, on the same path.

use super::lower::{Lowering, is_greek};
use super::mistakes;
use super::scope::{FunctionScope, Scope};
use super::{Function, Primitive, SlopeRange, System};
use crate::functions::{Row, array_row, matrix_row, row};
use crate::source::{Report, Source, Span};
use crate::syntax::{
    self, Expr, FunctionDefinition, Network, StatementKind, UNSUPPORTED_FUNCTIONS,
    WHOLE_ARRAY_FUNCTIONS,
};
use crate::term::{FunctionId, Store, TermId};

impl System {
    /// The function called `name`: one in use already, or a row of the table, which is then loaded.
    pub fn function_id(&mut self, name: &str) -> Option<FunctionId> {
        let mut lowering = Lowering {
            system: std::mem::take(self),
            ..Lowering::default()
        };
        let id = lowering.function(name, Span::default());
        *self = lowering.system;
        id
    }

    /// The function called `name`, if it is in use.
    pub fn find_function(&self, name: &str) -> Option<FunctionId> {
        let name = row(name).map_or(name, |row| row.name);
        let at = self
            .functions
            .iter()
            .position(|function| function.name == name)?;
        Some(FunctionId(u32::try_from(at).expect("few functions")))
    }
}

/// The two arguments of a maximum with a number behind, however they were written: the slope of `max(0, u)` and of
/// `max(u, 0)` by `u` is `Step(u)`, at 0 too.
pub(crate) fn in_order(store: &Store, name: &str, arguments: [TermId; 2]) -> [TermId; 2] {
    let [a, b] = arguments;
    let is_number = |term: TermId| store.as_number(term).is_some();
    if name == "max" && is_number(a) && !is_number(b) {
        [b, a]
    } else {
        arguments
    }
}

/// An expression whose `variables` become [`Node::Parameter`](crate::term::Node::Parameter), in order:
/// the way rules are written. It may use the functions of the table and those of the system.
///
/// # Errors
/// What is wrong with the text, with places in it.
pub fn pattern(system: &mut System, text: &str, variables: &[&str]) -> Result<TermId, Report> {
    let formula = syntax::parse_formula(&Source::new("<pattern>", text), None)?;
    let mut lowering = Lowering {
        system: std::mem::take(system),
        ..Lowering::default()
    };
    let parameters = variables.iter().map(|name| (*name).to_owned()).collect();
    let term = lowering.body("", parameters, None, &formula);
    *system = lowering.system;
    Report::unless_empty(lowering.problems)?;
    Ok(term.unwrap_or_else(|| unreachable!("a missing term is always reported")))
}

/// Whether the name is one of a function of whole arrays.
pub(super) fn is_array_function(name: &str) -> bool {
    WHOLE_ARRAY_FUNCTIONS.contains(&name)
        || UNSUPPORTED_FUNCTIONS.contains(&name)
        || array_row(name).is_some()
        || matrix_row(name).is_some()
}

impl<'a> Lowering<'a> {
    /// The author's functions, in written order, used or not.
    pub(super) fn read_functions(&mut self, network: &'a Network) {
        for statement in &network.statements {
            if let StatementKind::Function(definition) = &statement.kind {
                let name = &definition.name;
                self.function(&name.value, name.span);
            }
        }
    }

    /// The function of a name, loaded if it is not yet in use. Complains if there is none.
    pub(super) fn function(&mut self, name: &str, span: Span) -> Option<FunctionId> {
        if self.open_functions.iter().any(|open| open == name) {
            self.problems.push(mistakes::recursive_function(name, span));
            return None;
        }
        if let Some(id) = self.system.find_function(name) {
            return Some(id);
        }
        if let Some(row) = row(name) {
            return Some(self.load(row));
        }
        if let Some(definition) = self.names.functions.get(name).copied() {
            return Some(self.define(definition));
        }
        self.problems.push({
            let near = crate::source::closest(name, self.function_names()).map(str::to_owned);
            mistakes::unknown_function(name, span, near.as_deref())
        });
        None
    }

    fn add_function(&mut self, function: Function) -> FunctionId {
        self.system.functions.push(function);
        let at = self.system.functions.len() - 1;
        FunctionId(u32::try_from(at).expect("few functions"))
    }

    /// A row of the table. Its texts are the program's own: a mistake in one is a mistake of the program.
    fn load(&mut self, row: &'static Row) -> FunctionId {
        let (parameters, extra) = row
            .parameters
            .split_once(';')
            .unwrap_or((row.parameters, ""));
        let names = |list: &str| -> Vec<String> {
            list.split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect()
        };
        let (parameters, extra) = (names(parameters), names(extra));
        let id = self.add_function(Function {
            name: row.name.to_owned(),
            latex: row.latex.to_owned(),
            letters: parameters.iter().chain(&extra).cloned().collect(),
            parameters: parameters.len(),
            extra: extra.len(),
            body: None,
            slopes: vec![None; parameters.len() + extra.len()],
            slopes_at: Vec::new(),
            slope_range: None,
            primitive: primitive(row.name),
            activation: row.activation,
            span: None,
        });
        let all: Vec<String> = parameters.into_iter().chain(extra).collect();
        let body = (!row.value.is_empty()).then(|| self.row_text(row.name, &all, None, row.value));
        let slopes: Vec<Option<TermId>> = row
            .slopes
            .iter()
            .map(|slope| Some(self.row_text(row.name, &all, Some(id), slope)))
            .collect();
        let function = &mut self.system.functions[id.0 as usize];
        function.body = body;
        for (at, slope) in slopes.into_iter().enumerate() {
            function.slopes[at] = slope;
        }
        id
    }

    fn row_text(
        &mut self,
        name: &str,
        parameters: &[String],
        own: Option<FunctionId>,
        text: &str,
    ) -> TermId {
        // In a slope the function's own name is its value.
        let source = Source::new("<table of functions>", text);
        let formula = match syntax::parse_formula(&source, own.map(|_| name)) {
            Ok(formula) => formula,
            Err(report) => unreachable!("`{text}` is read: {report:?}"),
        };
        // The table does not see the author's functions.
        let names = std::mem::take(&mut self.names);
        let problems = self.problems.len();
        let term = self.body(name, parameters.to_vec(), own, &formula);
        self.names = names;
        match term {
            Some(term) if self.problems.len() == problems => term,
            Some(_) | None => unreachable!("`{text}` is lowered: {:?}", self.problems.last()),
        }
    }

    /// A function's body, or a slope of it if `own` is given.
    fn body(
        &mut self,
        name: &str,
        parameters: Vec<String>,
        own: Option<FunctionId>,
        expr: &Expr,
    ) -> Option<TermId> {
        let mut scope = Scope::default();
        scope.function = Some(FunctionScope {
            name: name.to_owned(),
            parameters,
            own,
        });
        self.term(expr, &mut scope)
    }

    /// A function of the author.
    fn define(&mut self, definition: &'a FunctionDefinition) -> FunctionId {
        let name = &definition.name.value;
        let names: Vec<String> = definition
            .parameters
            .iter()
            .chain(&definition.extra)
            .map(|parameter| parameter.value.clone())
            .collect();
        for (at, parameter) in definition
            .parameters
            .iter()
            .chain(&definition.extra)
            .enumerate()
        {
            if super::names::is_reserved(&parameter.value) {
                self.problems
                    .push(mistakes::reserved(&parameter.value, parameter.span));
            }
            if let Some(before) = names[..at]
                .iter()
                .position(|other| *other == parameter.value)
            {
                let before = definition
                    .parameters
                    .iter()
                    .chain(&definition.extra)
                    .nth(before)
                    .map_or(parameter.span, |other| other.span);
                self.problems.push(mistakes::parameter_twice(
                    &parameter.value,
                    parameter.span,
                    before,
                ));
            }
        }
        self.open_functions.push(name.clone());
        let body = definition
            .body
            .as_ref()
            .and_then(|body| self.body(name, names.clone(), None, body));
        self.open_functions.pop();
        let id = self.add_function(Function {
            name: name.clone(),
            latex: latex_name(name),
            letters: names.clone(),
            parameters: definition.parameters.len(),
            extra: definition.extra.len(),
            body,
            slopes: vec![None; names.len()],
            slopes_at: Vec::new(),
            slope_range: None,
            primitive: None,
            activation: definition.parameters.len() == 1,
            span: Some(definition.name.span),
        });
        for slope in &definition.slopes {
            let value = self.body(name, names.clone(), Some(id), &slope.value);
            let at = slope
                .at
                .as_ref()
                .map(|at| self.body(name, names.clone(), None, at));
            let function = &mut self.system.functions[id.0 as usize];
            match (value, at) {
                (Some(value), None) => {
                    if function.slopes.first().is_some_and(Option::is_some) {
                        self.problems.push(mistakes::two_slopes(name, slope.span));
                    } else if let Some(first) = function.slopes.first_mut() {
                        *first = Some(value);
                    }
                }
                (Some(value), Some(Some(at))) => function.slopes_at.push((at, value)),
                (None, _) | (_, Some(None)) => {}
            }
        }
        for range in &definition.slope_ranges {
            let ends = [&range.low, &range.high].map(|end| {
                let term = self.term(end, &mut Scope::default());
                let number = term.and_then(|term| self.system.store.as_number(term).cloned());
                if number.is_none() {
                    self.problems.push(mistakes::slope_range_number(end.span));
                }
                number
            });
            let function = &mut self.system.functions[id.0 as usize];
            match ends {
                [Some(_), Some(_)] if function.slope_range.is_some() => {
                    self.problems
                        .push(mistakes::two_slope_ranges(name, range.span));
                }
                [Some(low), Some(high)] if low > high => {
                    self.problems
                        .push(mistakes::empty_slope_range(name, range.span));
                }
                [Some(low), Some(high)] => {
                    function.slope_range = Some(SlopeRange {
                        low,
                        high,
                        span: range.span,
                    });
                }
                _ => {}
            }
        }
        id
    }
}

fn primitive(name: &str) -> Option<Primitive> {
    Some(match name {
        "relu" => Primitive::Relu,
        "step" => Primitive::Step,
        "exp" => Primitive::Exp,
        "log" => Primitive::Log,
        "sin" => Primitive::Sin,
        "cos" => Primitive::Cos,
        "erf" => Primitive::Erf,
        _ => return None,
    })
}

/// How a function of the author is printed unless they say otherwise.
fn latex_name(name: &str) -> String {
    if is_greek(name) {
        format!("\\{name}")
    } else if name.chars().count() == 1 {
        name.to_owned()
    } else {
        format!("\\operatorname{{{}}}", name.replace('_', "\\_"))
    }
}
