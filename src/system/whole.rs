//! Calls: functions of numbers, entry by entry, and functions of whole arrays.

use super::functions::{in_order, is_array_function};
use super::lower::Lowering;
use super::mistakes;
use super::scope::Scope;
use crate::array::{self, Array, Lines, Over, Shape};
use crate::functions::{ArrayRow, Takes, array_row, matrix_row};
use crate::source::{Source, Span};
use crate::syntax::{self, Expr, ExprKind, Name};
use crate::term::{Affine, Node, Reduction, Store};

/// What a function of a whole array goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    All,
    Each(Over),
}

/// What a row of the table is given, by the names of the row.
#[derive(Debug, Default)]
struct Given {
    arrays: Vec<(String, Array)>,
    /// Behind the `;`.
    numbers: Vec<(String, Array)>,
    /// Behind the `;`, where they stand as indices.
    indices: Vec<(String, Affine)>,
    /// What it goes over, one by one.
    lines: Option<Lines>,
}

impl Lowering<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        function: &Name,
        primes: u8,
        arguments: &[Expr],
        extra: &[Expr],
        scope: &mut Scope,
    ) -> Option<Array> {
        let name = function.value.as_str();
        let reduces = extremum(name).is_some() && reduces_one(arguments);
        if is_array_function(name) || reduces {
            if primes > 0 {
                self.problems
                    .push(mistakes::primes_of_several(name, function.span));
                return None;
            }
            return self.whole_call(expr, name, arguments, extra, scope);
        }
        let exprs: Vec<&Expr> = arguments.iter().chain(extra).collect();
        let arrays = self.arrays(&exprs, scope);
        let id = self.function(name, function.span)?;
        let known = self.system.function(id);
        if known.parameters != arguments.len() || known.extra != extra.len() {
            let letters: Vec<&str> = known.letters.iter().map(String::as_str).collect();
            let count = mistakes::argument_count(
                name,
                expr.span,
                (known.parameters, known.extra),
                (arguments.len(), extra.len()),
                &letters,
            );
            let usual = crate::functions::row(name).map_or(&[][..], |row| row.usual);
            self.problems
                .push(mistakes::with_usual(count, &letters, usual));
            return None;
        }
        let (body, parameters) = (known.body, known.parameters);
        let aligned = array::align(&mut self.system.store, &arrays?);
        let (frame, mut terms) = self.fitting(aligned, &exprs, "use")?;
        if let (Some(body), 0) = (body, primes)
            && crate::functions::row(name).is_some_and(|row| row.written_out)
        {
            let entry = self.system.store.instantiate(body, &terms);
            return Some(Array { entry, ..frame });
        }
        let mut orders = vec![0u8; terms.len()];
        if primes > 0 {
            if parameters != 1 {
                self.problems
                    .push(mistakes::primes_of_several(name, function.span));
                return None;
            }
            orders[0] = primes;
        }
        if let [a, b] = terms[..] {
            terms = in_order(&self.system.store, name, [a, b]).to_vec();
        }
        let entry = self.system.store.intern(Node::Apply(
            id,
            orders.into_boxed_slice(),
            terms.into_boxed_slice(),
        ));
        Some(Array { entry, ..frame })
    }

    fn whole_call(
        &mut self,
        expr: &Expr,
        name: &str,
        arguments: &[Expr],
        extra: &[Expr],
        scope: &mut Scope,
    ) -> Option<Array> {
        if syntax::UNSUPPORTED_FUNCTIONS.contains(&name) {
            self.problems
                .push(mistakes::unsupported_function(name, expr.span));
            return None;
        }
        if let Some(row) = matrix_row(name) {
            let [argument] = arguments else {
                self.problems.push(mistakes::argument_count(
                    name,
                    expr.span,
                    (1, 0),
                    (arguments.len(), extra.len()),
                    &["X"],
                ));
                return None;
            };
            let array = self.array(argument, scope)?;
            return self.matrix_function(row, array, argument.span, scope);
        }
        let row = array_row(name);
        if row.is_none() && !extra.is_empty() {
            self.problems.push(mistakes::argument_count(
                name,
                expr.span,
                (arguments.len(), 0),
                (arguments.len(), extra.len()),
                &[],
            ));
            return None;
        }
        match name {
            "ones" | "zeros" | "eye" => return self.constant_array(expr, name, arguments, scope),
            _ => {}
        }
        let wanted = match (name, row) {
            ("dot", _) => 2,
            ("concat", _) => parts_of_concat(arguments).len().max(2),
            (_, Some(row)) => row.arrays().len(),
            (_, None) => 1,
        };
        let each_column = row.is_some_and(|row| row.takes == Takes::EachColumn);
        let axis = match arguments.split_last() {
            _ if each_column => Some(Axis::Each(Over::Columns)),
            Some((last, _)) if name == "concat" => axis_of(last),
            Some((last, _)) if arguments.len() == wanted + 1 && (wanted == 1 || row.is_some()) => {
                let axis = axis_of(last);
                if axis.is_none() {
                    self.problems.push(mistakes::unknown_axis(last.span));
                    return None;
                }
                axis
            }
            _ => None,
        };
        let count = arguments.len() - usize::from(axis.is_some() && !each_column);
        let behind = row.map(ArrayRow::numbers).unwrap_or_default();
        if count != wanted || extra.len() != behind.len() {
            let arrays = row.map(ArrayRow::arrays).unwrap_or_default();
            let numbers = behind.iter().map(|(name, _)| *name);
            let letters: Vec<&str> = arrays.into_iter().chain(numbers).collect();
            self.problems.push(mistakes::argument_count(
                name,
                expr.span,
                (wanted, behind.len()),
                (count, extra.len()),
                &letters,
            ));
            return None;
        }
        let exprs: Vec<&Expr> = arguments[..count].iter().collect();
        let mut arrays = self.arrays(&exprs, scope)?;
        let inside_row = scope.is_row();
        let entries = row.is_some_and(|row| row.takes == Takes::Entries);
        // A number is one more entry of a column.
        let joins = name == "concat" && !arrays.iter().all(Array::is_number);
        let takes_numbers = inside_row || entries || joins;
        if !takes_numbers && arrays.iter().any(Array::is_number) {
            self.problems
                .push(mistakes::function_of_number(name, expr.span));
            return None;
        }
        if let Some(row) = row {
            for (at, parameter) in row.arrays().into_iter().enumerate() {
                // A formula that stands several times in the row would be repeated; a name is not.
                if row.uses(parameter) > 1 && !arrays[at].is_number() {
                    let array = arrays[at].clone();
                    arrays[at] = self.taken_out(array, "z", exprs[at].span, scope);
                }
            }
        }
        let mut given = Given::default();
        for (number, (name, is_index)) in extra.iter().zip(behind) {
            if is_index {
                let index = self.affine(number, scope)?;
                given.indices.push((name.to_owned(), index));
            } else {
                let number = Array::number(self.term(number, scope)?);
                given.numbers.push((name.to_owned(), number));
            }
        }
        match name {
            "dot" => {
                let result = array::inner(&mut self.system.store, &arrays[0], &arrays[1]);
                return self.fitting(result, &exprs, "multiply");
            }
            "concat" => {
                let store = &mut self.system.store;
                let result = match axis {
                    Some(Axis::Each(over)) => array::concatenate_lines(store, over, &arrays),
                    None if !arrays.iter().any(is_matrix) => array::concatenate(store, &arrays),
                    None | Some(Axis::All) => {
                        self.problems.push(mistakes::which_way_to_concat(expr.span));
                        return None;
                    }
                };
                let whole = self.fitting(result, &exprs, "concatenate")?;
                // What an equation says it is has a name already.
                return Some(if self.right_side == Some(expr.span) {
                    whole
                } else {
                    let wish = if is_matrix(&whole) { "V" } else { "v" };
                    self.taken_out(whole, wish, expr.span, scope)
                });
            }
            "diag" => {
                let result = array::diag(&mut self.system.store, &arrays[0]);
                return self.fitting(result, &exprs, "use");
            }
            "diagonal" => {
                let result = array::diagonal(&mut self.system.store, &arrays[0]);
                return self.fitting(result, &exprs, "use");
            }
            "trace" => {
                let result = array::trace(&mut self.system.store, &arrays[0]);
                return self.fitting(result, &exprs, "use");
            }
            _ => {}
        }
        if !entries && axis.is_none() && !inside_row && is_matrix(&arrays[0]) {
            self.problems.push(mistakes::no_axis(name, expr.span));
            return None;
        }
        let lines = match axis {
            Some(Axis::Each(over)) => {
                Some(self.fitting(Lines::of(over, &arrays[0]), &exprs, "use")?)
            }
            Some(Axis::All) | None => None,
        };
        if let Some(row) = row {
            // Whatever a row does with several arrays, it asks for equal shapes.
            let aligned = array::align(&mut self.system.store, &arrays);
            self.fitting(aligned, &exprs, "compare")?;
            let names = row.arrays().into_iter().map(str::to_owned);
            let given = Given {
                arrays: names.zip(arrays).collect(),
                lines,
                ..given
            };
            return self.apply_row(row, given, expr.span, scope);
        }
        let store = &mut self.system.store;
        let array = lines
            .as_ref()
            .map_or_else(|| arrays[0].clone(), |lines| lines.line(store, &arrays[0]));
        let done = match name {
            "sum" => array::sum(store, &array),
            "prod" => array::reduce(store, Reduction::Product, &array),
            "mean" => array::mean(store, &array),
            "max" => array::reduce(store, Reduction::Max, &array),
            "min" => array::reduce(store, Reduction::Min, &array),
            _ => unreachable!("`{name}` is no function of whole arrays"),
        };
        match lines {
            Some(lines) => self.fitting(lines.gather(done), &exprs, "use"),
            None => Some(done),
        }
    }

    /// A row of the table: its texts read with the arguments in place of its parameters, its parts under names.
    fn apply_row(
        &mut self,
        row: &'static ArrayRow,
        mut given: Given,
        span: Span,
        scope: &Scope,
    ) -> Option<Array> {
        for (name, text) in row.parts {
            let part = self.row_value(row, text, &given, span)?;
            let named = self.taken_out(part, name, span, scope);
            given.arrays.push(((*name).to_owned(), named));
        }
        self.row_value(row, row.value, &given, span)
    }

    /// A text of a row, for each of the lines if it goes over lines.
    fn row_value(
        &mut self,
        row: &'static ArrayRow,
        text: &str,
        given: &Given,
        span: Span,
    ) -> Option<Array> {
        let formula = syntax::parse_formula(&Source::new(row.name, text), None)
            .unwrap_or_else(|_| unreachable!("the row of `{}` reads well", row.name));
        let store = &mut self.system.store;
        let arrays = given.arrays.iter().map(|(name, array)| {
            let array = match &given.lines {
                Some(lines) => lines.line(store, array),
                None => array.clone(),
            };
            (name.clone(), array)
        });
        let arguments = arrays.collect::<Vec<_>>().into_iter();
        let arguments = arguments.chain(given.numbers.iter().cloned()).collect();
        let mut scope = Scope::of_row(arguments, given.indices.clone());
        let before = self.problems.len();
        let value = self.array(&formula, &mut scope);
        if self.problems.len() > before {
            // Places in the row's text mean nothing to the author.
            self.problems.truncate(before);
            self.problems.push(mistakes::row_refused(row.name, span));
            return None;
        }
        match &given.lines {
            Some(lines) => lines.clone().gather(value?).ok(),
            None => value,
        }
    }

    /// `ones(m)`, `zeros(m, n)`, `eye(n)`
    fn constant_array(
        &mut self,
        expr: &Expr,
        name: &str,
        arguments: &[Expr],
        scope: &Scope,
    ) -> Option<Array> {
        let sizes: Option<Vec<Affine>> = arguments
            .iter()
            .map(|argument| self.affine(argument, scope))
            .collect();
        let sizes = sizes?;
        let shape = match (name, sizes.as_slice()) {
            ("eye", [size]) => return Some(array::eye(&mut self.system.store, size)),
            ("ones" | "zeros", [size]) => Shape::Column(size.clone()),
            ("ones" | "zeros", [rows, columns]) => Shape::Matrix(rows.clone(), columns.clone()),
            _ => {
                self.problems.push(mistakes::argument_count(
                    name,
                    expr.span,
                    (1, 0),
                    (arguments.len(), 0),
                    &[],
                ));
                return None;
            }
        };
        let value = self.system.store.int(i64::from(name == "ones"));
        Some(array::filled(&mut self.system.store, shape, value))
    }
}

/// `max(x)` and `min(x)` of one array go over its entries; of several numbers they are functions of numbers.
fn reduces_one(arguments: &[Expr]) -> bool {
    match arguments {
        [_] => true,
        [_, last] => axis_of(last).is_some(),
        _ => false,
    }
}

fn extremum(name: &str) -> Option<Reduction> {
    match name {
        "max" => Some(Reduction::Max),
        "min" => Some(Reduction::Min),
        _ => None,
    }
}

fn axis_of(expr: &Expr) -> Option<Axis> {
    let ExprKind::Name(name) = &expr.kind else {
        return None;
    };
    match name.as_str() {
        "all" => Some(Axis::All),
        "rows" => Some(Axis::Each(Over::Rows)),
        "columns" => Some(Axis::Each(Over::Columns)),
        _ => None,
    }
}

/// The shape of a call as far as shapes tell it.
pub(super) fn shape_of_call(
    name: &str,
    arguments: &[Expr],
    shapes: &[Option<Shape>],
    sizes: &[Option<Affine>],
) -> Option<Shape> {
    let axis = arguments.last().and_then(axis_of);
    let first = || shapes.first().cloned().flatten();
    match name {
        "ones" | "zeros" => match sizes {
            [Some(size)] => Some(Shape::Column(size.clone())),
            [Some(rows), Some(columns)] => Some(Shape::Matrix(rows.clone(), columns.clone())),
            _ => None,
        },
        "eye" => match sizes {
            [Some(size)] => Some(Shape::Matrix(size.clone(), size.clone())),
            _ => None,
        },
        "dot" | "trace" => Some(Shape::Number),
        "diag" => match first()? {
            Shape::Column(size) | Shape::Row(size) => Some(Shape::Matrix(size.clone(), size)),
            Shape::Number | Shape::Matrix(..) => None,
        },
        "diagonal" => match first()? {
            Shape::Matrix(size, _) => Some(Shape::Column(size)),
            Shape::Number | Shape::Column(_) | Shape::Row(_) => None,
        },
        _ if let Some(row) = matrix_row(name) => match row.keeps_shape {
            true => first(),
            false => Some(Shape::Number),
        },
        _ => {
            let keeps = array_row(name).is_some_and(|row| row.keeps_shape);
            if keeps {
                return first();
            }
            match (axis, first()) {
                (Some(Axis::Each(Over::Rows)), Some(Shape::Matrix(rows, _))) => {
                    Some(Shape::Column(rows))
                }
                (Some(Axis::Each(Over::Columns)), Some(Shape::Matrix(_, columns))) => {
                    Some(Shape::Column(columns))
                }
                (Some(Axis::Each(_)), _) => None,
                (Some(Axis::All) | None, _) => Some(Shape::Number),
            }
        }
    }
}

/// What is put together by `concat`, without the word that says which way.
fn parts_of_concat(arguments: &[Expr]) -> &[Expr] {
    match arguments.split_last() {
        Some((last, parts)) if axis_of(last).is_some() => parts,
        _ => arguments,
    }
}

/// The shape of `concat`, as far as the shapes of its arguments tell it.
pub(super) fn shape_of_concat(
    store: &mut Store,
    arguments: &[Expr],
    mut shapes: Vec<Option<Shape>>,
) -> Option<Shape> {
    shapes.truncate(parts_of_concat(arguments).len());
    match arguments.last().and_then(axis_of) {
        Some(Axis::Each(over)) => lines_concatenated(store, over, &shapes),
        None => concatenated(store, &shapes),
        Some(Axis::All) => None,
    }
}

/// The shape of columns, rows and numbers one behind the other. What stands beside a column is a column, of a length
/// that is not known: it goes where only the kind counts.
fn concatenated(store: &mut Store, shapes: &[Option<Shape>]) -> Option<Shape> {
    let is_vector = |shape: &&Shape| matches!(shape, Shape::Column(_) | Shape::Row(_));
    let kind = shapes.iter().flatten().find(is_vector)?;
    let mut size = Affine::int(0);
    for shape in shapes {
        size = size.plus(&match shape {
            Some(Shape::Number) => Affine::int(1),
            Some(Shape::Column(own) | Shape::Row(own)) => own.clone(),
            Some(Shape::Matrix(..)) => return None,
            None => Affine::var(store.fresh_var("n")),
        });
    }
    Some(kind.map(|_| size.clone()))
}

/// The shape of matrices side by side or below one another; what is not known is a matrix.
fn lines_concatenated(store: &mut Store, over: Over, shapes: &[Option<Shape>]) -> Option<Shape> {
    let known = shapes.iter().flatten();
    let count = known.filter_map(|shape| over.count(shape)).next()?.clone();
    let mut size = Affine::int(0);
    for shape in shapes {
        size = size.plus(&match shape {
            Some(shape) => over
                .other()
                .count(shape)
                .map_or_else(|| Affine::int(1), Affine::clone),
            None => Affine::var(store.fresh_var("n")),
        });
    }
    Some(match over {
        Over::Rows => Shape::Matrix(count, size),
        Over::Columns => Shape::Matrix(size, count),
    })
}

fn is_matrix(array: &Array) -> bool {
    matches!(array.shape, Shape::Matrix(..))
}

/// Whether the call is one of whole arrays.
pub(super) fn is_whole_call(name: &str, arguments: &[Expr]) -> bool {
    is_array_function(name) || (extremum(name).is_some() && reduces_one(arguments))
}
