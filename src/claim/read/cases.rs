//! Distinctions of cases: in rows behind a brace, and in a line of their own, `a if x > 0, b otherwise`.

use super::*;

/// What a word among the cases says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// A condition follows.
    If,
    /// In all other cases.
    Otherwise,
    And,
}

/// Words in front of a condition.
const IF: &[&str] = &[
    "if",
    "for",
    "when",
    "where",
    "whenever",
    "in case",
    "else if",
    "otherwise if",
    "and if",
    "or if",
    "and for",
    "and when",
];

/// Words for all other cases.
const OTHERWISE: &[&str] = &[
    "otherwise",
    "else",
    "o.w",
    "o/w",
    "elsewhere",
    "in all other cases",
    "or else",
    "and otherwise",
];

/// Words of a case in which nothing is claimed.
const UNDEFINED: &[&str] = &["undefined", "not defined", "does not exist", "DNE", "undef"];

/// A text without the stops and spaces around it.
fn said(noad: &Noad) -> Option<&str> {
    match &noad.kind {
        Kind::Word(word) if noad.is_bare() => {
            Some(word.trim_matches([' ', ',', ';', ':', '.', '~']))
        }
        _ => None,
    }
}

/// What a word says of the cases, if it says something.
fn lead(noad: &Noad) -> Option<Lead> {
    let word = said(noad)?.to_lowercase();
    let among = |words: &[&str]| words.contains(&word.as_str());
    if among(IF) {
        Some(Lead::If)
    } else if among(OTHERWISE) {
        Some(Lead::Otherwise)
    } else {
        (word == "and").then_some(Lead::And)
    }
}

/// Whether it parts two cases of a line.
fn parts(noad: &Noad) -> bool {
    noad.is_sign(",") || noad.is_sign(";") || lead(noad) == Some(Lead::And)
}

/// A list without what parts cases around it.
fn stripped(list: &[Noad]) -> &[Noad] {
    let empty = |noad: &Noad| parts(noad) || noad.is_sign(".") || said(noad) == Some("");
    let mut list = list;
    while let [first, rest @ ..] = list
        && empty(first)
    {
        list = rest;
    }
    while let [rest @ .., last] = list
        && empty(last)
    {
        list = rest;
    }
    list
}

/// A row of cells as a value and the words and conditions behind it: those may stand in the cell of the value.
fn row(cells: &[List]) -> Option<(List, List)> {
    let mut cells = cells.iter().filter(|cell| !cell.is_empty());
    let first = cells.next()?;
    let behind: List = cells.flatten().cloned().collect();
    let comma = || {
        let at = first.iter().position(|noad| noad.is_sign(","))?;
        first[at..].iter().any(is_condition).then_some(at)
    };
    let led = first
        .iter()
        .position(|noad| matches!(lead(noad), Some(Lead::If | Lead::Otherwise)));
    let at = led.or_else(|| comma().filter(|_| behind.is_empty()));
    let (value, condition) = first.split_at(at.unwrap_or(first.len()));
    let mut condition = condition.to_vec();
    condition.extend(behind);
    Some((value.to_vec(), condition))
}

/// A value with what is said of when it counts.
type Branch<'l> = (&'l [Noad], Option<&'l [Noad]>);

/// The cases of a line, `a if x > 0, b otherwise`, each with its condition; none behind the value of all other cases.
fn of_line(list: &[Noad]) -> Option<Vec<Branch<'_>>> {
    let leads: Vec<usize> = (0..list.len())
        .filter(|&at| matches!(lead(&list[at]), Some(Lead::If | Lead::Otherwise)))
        .collect();
    let (first, last) = (*leads.first()?, *leads.last()?);
    let mut cases = Vec::new();
    let mut value = stripped(&list[..first]);
    for (number, &at) in leads.iter().enumerate() {
        let end = leads.get(number + 1).copied().unwrap_or(list.len());
        let behind = &list[at + 1..end];
        if lead(&list[at]) == Some(Lead::Otherwise) {
            let before = !value.is_empty();
            let own = if before { value } else { stripped(behind) };
            if at == last {
                cases.push((own, None));
                value = if before { stripped(behind) } else { &[] };
            } else {
                // `else b if …`
                value = if before { return None } else { own };
            }
            continue;
        }
        // What stands in front of the next word is its value, but for `else b`.
        let next_has_value = match list.get(end).and_then(lead) {
            None => false,
            Some(Lead::Otherwise) => stripped(&list[end + 1..]).is_empty(),
            Some(_) => true,
        };
        let (condition, next): (&[Noad], &[Noad]) = if next_has_value {
            let part = behind.iter().rposition(parts)?;
            (&behind[..part], &behind[part + 1..])
        } else {
            (behind, &[])
        };
        cases.push((value, Some(stripped(condition))));
        value = stripped(next);
    }
    let whole = |(value, condition): &(&[Noad], Option<&[Noad]>)| {
        let states = value.iter().any(Noad::is_equality);
        !value.is_empty()
            && !states
            && condition.is_none_or(|condition| condition.iter().any(is_condition))
    };
    (cases.len() > 1 && value.is_empty() && cases.iter().all(whole)).then_some(cases)
}

/// A formula whose last side distinguishes cases in the line, with that side as rows behind a brace.
pub(crate) fn gathered(list: &[Noad]) -> Option<List> {
    let first = list.iter().position(|noad| lead(noad) == Some(Lead::If))?;
    let sign = list[..first].iter().rposition(Noad::is_equality);
    let (before, side) = list.split_at(sign.map_or(0, |sign| sign + 1));
    let mut formula = before.to_vec();
    formula.push(table(side)?);
    Some(formula)
}

/// The cases of a line as rows behind a brace.
fn table(list: &[Noad]) -> Option<Noad> {
    let span = span_of(list)?;
    let otherwise = || vec![Noad::new(Kind::Word(OTHERWISE[0].into()), span)];
    let rows = of_line(list)?
        .into_iter()
        .map(|(value, condition)| {
            let condition = condition.map_or_else(otherwise, <[Noad]>::to_vec);
            vec![value.to_vec(), condition]
        })
        .collect();
    Some(Noad::new(Kind::Table(Table::Cases, rows), span))
}

impl Reader<'_, '_> {
    /// The cases that a bracket holds in a line, `\{a if x > 0, b otherwise\}`.
    pub(super) fn cases_of_line(&mut self, inside: &[Noad]) -> Option<Result<Expr, Report>> {
        let table = table(inside)?;
        match &table.kind {
            Kind::Table(_, rows) => Some(self.cases(rows, table.span)),
            _ => None,
        }
    }

    /// Rows of values and conditions.
    pub(super) fn cases(&mut self, rows: &[Vec<List>], span: Span) -> Result<Expr, Report> {
        let mut branches = Vec::new();
        for cells in rows {
            let Some((value, rest)) = row(cells) else {
                continue;
            };
            if rest.is_empty() && cells.len() < 2 {
                return Err(error("missing-condition", "a case has no condition", span));
            }
            let value = self.case_value(trimmed(&value))?;
            branches.push((value, self.case_condition(&rest)?));
        }
        if branches.is_empty() {
            return Err(error("missing-condition", "there are no cases", span));
        }
        Ok(Expr::new(ExprKind::Cases(branches), span))
    }

    /// The value of a case; where there is none, that of no cases at all.
    fn case_value(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        match list {
            [only] if said(only).is_some_and(|word| UNDEFINED.contains(&word)) => {
                Ok(Expr::new(ExprKind::Cases(Vec::new()), only.span))
            }
            _ => self.whole(list),
        }
    }

    /// What stands behind the value of a case.
    fn case_condition(&mut self, list: &[Noad]) -> Result<Option<Vec<Condition>>, Report> {
        let otherwise = list.iter().any(|noad| lead(noad) == Some(Lead::Otherwise));
        let says_nothing = |noad: &Noad| {
            lead(noad).is_some_and(|lead| lead != Lead::And) || said(noad) == Some("")
        };
        let condition: List = list
            .iter()
            .filter(|noad| !says_nothing(noad))
            .cloned()
            .map(|mut noad| {
                if lead(&noad) == Some(Lead::And) {
                    noad.kind = Kind::Sign(",");
                }
                noad
            })
            .collect();
        let condition = match stripped(&condition) {
            [only] => match &only.kind {
                Kind::Fence('(', inside) if only.is_bare() && inside.iter().any(is_condition) => {
                    inside
                }
                _ => stripped(&condition),
            },
            condition => condition,
        };
        match condition {
            [] => Ok(None),
            [first, ..] if otherwise => Err(error(
                "unexpected",
                "all other cases have no condition of their own",
                first.span,
            )),
            condition => self.conditions(condition).map(Some),
        }
    }
}
