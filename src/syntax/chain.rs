//! Chains of layers, `x in R^784 -> dense 128 relu -> …`: what is written, before any layer is looked up.

use pest::iterators::{Pair, Pairs};

use crate::source::{Report, Span};

use super::grammar::Rule;
use super::item::Reader;
use super::print::print_formula;
use super::tree::{Expr, Name, Range, Set};

/// A chain.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) start: Start,
    pub(super) stages: Vec<Stage>,
}

/// What goes into a chain.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) name: Name,
    pub(super) slots: Vec<Expr>,
    /// None if the name is declared elsewhere.
    pub(super) set: Option<Set>,
    pub(super) ranges: Vec<Range>,
    pub(super) span: Span,
}

/// One stage.
#[derive(Debug)]
pub(super) enum Stage {
    /// A layer, an activation or a loss, with what stands behind its name.
    Named(Name, Vec<Argument>, Span),
    /// `residual(…)`
    Residual(Vec<Stage>, Span),
}

/// What stands behind the name of a layer.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) kind: ArgumentKind,
    pub(super) span: Span,
}

/// Its kind.
#[derive(Debug)]
pub(super) enum ArgumentKind {
    /// A number, as written.
    Number(String),
    /// A name.
    Word(String),
    /// What stands in brackets, before and behind the `;`.
    Brackets(Vec<Expr>, Vec<Expr>),
}

impl ArgumentKind {
    /// As text of the language, if it can be a size or a rate.
    pub(super) fn quantity(&self) -> Option<String> {
        match self {
            ArgumentKind::Number(text) | ArgumentKind::Word(text) => Some(text.clone()),
            ArgumentKind::Brackets(before, behind) => {
                match (before.as_slice(), behind.as_slice()) {
                    ([only], []) => Some(print_formula(only)),
                    _ => None,
                }
            }
        }
    }
}

impl Reader<'_> {
    /// The parts of a `chain_line`.
    pub(super) fn layer_chain(&mut self, pair: Pair<'_, Rule>) -> Result<Chain, Report> {
        let mut parts = pair.into_inner();
        let start = self.start(parts.next().expect("a chain has a start"))?;
        let stages = self.stages(parts)?;
        Ok(Chain { start, stages })
    }

    fn start(&mut self, pair: Pair<'_, Rule>) -> Result<Start, Report> {
        let span = self.span(&pair);
        let mut name = None;
        let mut start = (Vec::new(), None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = Some(self.new_name(&part)?),
                Rule::slots => start.0 = self.list(part)?,
                Rule::set => start.1 = Some(self.set(part)?),
                Rule::for_ranges => start.2 = self.ranges(part)?,
                _ => {}
            }
        }
        let (slots, set, ranges) = start;
        Ok(Start {
            name: name.expect("the grammar puts a name first"),
            slots,
            set,
            ranges,
            span,
        })
    }

    fn stages(&mut self, pairs: Pairs<'_, Rule>) -> Result<Vec<Stage>, Report> {
        pairs
            .filter(|part| part.as_rule() == Rule::stage)
            .map(|part| self.stage(part))
            .collect()
    }

    fn stage(&mut self, pair: Pair<'_, Rule>) -> Result<Stage, Report> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let first = parts.next().expect("a stage is not empty");
        if first.as_rule() == Rule::residual {
            return Ok(Stage::Residual(self.stages(first.into_inner())?, span));
        }
        let name = self.name(&first);
        let arguments = parts
            .map(|part| {
                let span = self.span(&part);
                let kind = match part.as_rule() {
                    Rule::brackets => {
                        let (before, behind) = self.arguments(part)?;
                        ArgumentKind::Brackets(before, behind)
                    }
                    Rule::number => ArgumentKind::Number(part.as_str().to_owned()),
                    _ => ArgumentKind::Word(self.name(&part).value),
                };
                Ok(Argument { kind, span })
            })
            .collect::<Result<Vec<_>, Report>>()?;
        Ok(Stage::Named(name, arguments, span))
    }
}
