//! Chains of layers written out as equations, which are then read like all others.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::functions::{self, Carried, Ending, Extent, LayerForm, LayerRow};
use crate::source::{Report, Span, closest};

use super::chain::{Argument, ArgumentKind, Chain, Stage, Start};
use super::mistakes;
use super::print::print_formula;
use super::scope::Scope;
use super::tree::{Declaration, ExprKind, Range, Set};

/// What a stage says in the language, and where the stage stands.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) span: Span,
}

/// Writes a chain out; `declared` are the declarations of the network.
///
/// # Errors
/// Stages that are not known, or that do not fit what they are given.
pub(super) fn write_out(
    chain: &Chain,
    scope: &Scope<'_>,
    declared: &[(Declaration, Vec<Range>)],
) -> Result<Vec<Written>, Report> {
    let start = value_of(&chain.start, declared)?;
    let mut writer = Writer {
        scope,
        declared,
        written: Vec::new(),
        said: FxHashSet::default(),
        time: start.time,
        letters: FxHashMap::default(),
        learnt: Vec::new(),
        given: Vec::new(),
        targets: Vec::new(),
    };
    let value = writer.begin(&chain.start, start.value);
    writer.stages(&chain.stages, value, true)?;
    writer.name_roles(&chain.start);
    Ok(writer.written)
}

/// The value between two stages.
#[derive(Debug, Clone)]
struct Value {
    /// As equations read it.
    reference: String,
    /// Its number.
    layer: usize,
    carried: Carried,
    /// Its sizes.
    sizes: Vec<String>,
    /// Whether it is a pre-activation that no activation has followed yet.
    open: bool,
}

/// The steps of a sequence.
#[derive(Debug, Clone)]
struct Time {
    letter: String,
    first: String,
    last: String,
}

impl Time {
    /// `t in 1..T`
    fn range(&self) -> String {
        format!("{} in {}..{}", self.letter, self.first, self.last)
    }
}

struct Begun {
    value: Value,
    time: Option<Time>,
}

/// What goes into the chain, from its declaration there or elsewhere.
fn value_of(start: &Start, declared: &[(Declaration, Vec<Range>)]) -> Result<Begun, Report> {
    let name = &start.name.value;
    let no = |why: &str| Err(mistakes::chain_start(start.span, name, why));
    let (set, ranges) = match &start.set {
        Some(set) => (set, &start.ranges),
        None => match declared.iter().find(|(known, _)| known.name.value == *name) {
            Some((known, ranges)) => (&known.set, ranges),
            None => return no("its shape is not declared"),
        },
    };
    let time = match start.slots.as_slice() {
        [] => None,
        [slot] => match ranges.iter().find(
            |range| matches!(&slot.kind, ExprKind::Name(letter) if *letter == range.letter.value),
        ) {
            Some(range) => Some(Time {
                letter: range.letter.value.clone(),
                first: print_formula(&range.low),
                last: print_formula(&range.high),
            }),
            None => return no("its slot has no range"),
        },
        _ => return no("it has several slots"),
    };
    let (carried, sizes) = match set {
        Set::Integers(low, high) => {
            if print_formula(low) != "1" {
                return no("its classes do not begin with 1");
            }
            let carried = if time.is_some() {
                Carried::Tokens
            } else {
                Carried::Token
            };
            (carried, vec![print_formula(high)])
        }
        Set::Real(axes) => {
            let carried = match (axes.len(), &time) {
                (1, Some(_)) => Carried::Sequence,
                (1, None) => Carried::Column,
                (2, None) => Carried::Rows,
                (3, None) => Carried::Image,
                (0, _) => return no("it is a number"),
                (_, Some(_)) => return no("a sequence is one of columns"),
                _ => return no("it has more than three axes"),
            };
            (carried, axes.iter().map(print_formula).collect())
        }
    };
    let reference = match &time {
        Some(time) => format!("{name}[{}]", time.letter),
        None => name.clone(),
    };
    Ok(Begun {
        value: Value {
            reference,
            layer: 0,
            carried,
            sizes,
            open: false,
        },
        time,
    })
}

struct Writer<'a> {
    scope: &'a Scope<'a>,
    declared: &'a [(Declaration, Vec<Range>)],
    written: Vec<Written>,
    /// Lines that are said once for the whole chain.
    said: FxHashSet<String>,
    time: Option<Time>,
    letters: FxHashMap<&'static str, String>,
    learnt: Vec<&'static str>,
    given: Vec<&'static str>,
    targets: Vec<String>,
}

/// Letters of indices in the texts of layers: those of elements, those of windows and heads, and what takes their place
/// where the network uses them otherwise.
const FREE_LETTERS: &[&str] = &["i", "j", "c", "o"];
const BOUND_LETTERS: &[&str] = &["u", "v", "a"];
const SPARE: &str = "lpqsedgk";

impl Writer<'_> {
    fn say(&mut self, span: Span, text: &str) {
        let mut lines = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if self.said.insert(line.to_owned()) {
                lines.push_str(line);
                lines.push('\n');
            }
        }
        self.written.push(Written { text: lines, span });
    }

    /// Declares the input and gives it the number 0.
    fn begin(&mut self, start: &Start, given: Value) -> Value {
        let mut text = String::new();
        if let Some(set) = &start.set {
            let set = match set {
                Set::Integers(low, high) => {
                    format!("{}..{}", print_formula(low), print_formula(high))
                }
                Set::Real(_) => space(&given.sizes),
            };
            text.push_str(&format!(
                "where {} in {set}{}\n",
                given.reference,
                self.for_time(given.carried)
            ));
        }
        if matches!(given.carried, Carried::Token | Carried::Tokens) {
            self.say(start.span, &text);
            return given;
        }
        let value = self.activated(&given, 0);
        text.push_str(&self.entrywise(&value, |at| format!("{}{at}", given.reference)));
        self.say(start.span, &text);
        value
    }

    /// A value of the same shape, the activation of a layer.
    fn activated(&self, given: &Value, layer: usize) -> Value {
        Value {
            reference: self.named(given.carried, given.carried.names().1, layer),
            layer,
            open: false,
            ..given.clone()
        }
    }

    /// The value `name` of a layer, as equations read it.
    fn named(&self, carried: Carried, name: &str, layer: usize) -> String {
        match self.steps(carried) {
            Some(time) => format!("{name}[{layer},{}]", time.letter),
            None => format!("{name}[{layer}]"),
        }
    }

    /// The steps of a value that has some.
    fn steps(&self, carried: Carried) -> Option<&Time> {
        let is_sequence = matches!(carried, Carried::Sequence | Carried::Tokens);
        self.time.as_ref().filter(|_| is_sequence)
    }

    fn for_time(&self, carried: Carried) -> String {
        let time = self.steps(carried);
        time.map_or_else(String::new, |time| format!(" for {}", time.range()))
    }

    /// An equation for a value; `right` is told what stands behind the names of arrays where whole arrays have no
    /// notation: the indices of an element.
    fn entrywise(&mut self, left: &Value, right: impl Fn(&str) -> String) -> String {
        let name = &left.reference;
        if left.carried != Carried::Image {
            return format!("{name} = {}{}\n", right(""), self.for_time(left.carried));
        }
        let letters: Vec<String> = ["c", "i", "j"]
            .iter()
            .map(|letter| self.letter(letter))
            .collect();
        let at = format!("_{{{}}}", letters.join(","));
        format!(
            "index {}\nwhere {name} in {}\n{name}{at} = {}\n",
            letters.join(", "),
            space(&left.sizes),
            right(&at)
        )
    }

    /// A letter that the network does not use for anything else.
    fn letter(&mut self, wanted: &'static str) -> String {
        if let Some(letter) = self.letters.get(wanted) {
            return letter.clone();
        }
        let used = |letter: &str| {
            (self.scope.is_known(letter) && !self.scope.is_index(letter))
                || self.letters.values().any(|taken| taken == letter)
        };
        let own = std::iter::once(wanted.to_owned());
        let letter = own
            .chain(SPARE.chars().map(|letter| letter.to_string()))
            .find(|letter| !used(letter))
            .unwrap_or_else(|| format!("{wanted}_"));
        self.letters.insert(wanted, letter.clone());
        letter
    }

    fn stages(
        &mut self,
        stages: &[Stage],
        mut value: Value,
        outside: bool,
    ) -> Result<Value, Report> {
        for (number, stage) in stages.iter().enumerate() {
            match stage {
                Stage::Residual(inner, span) => value = self.residual(inner, *span, value)?,
                Stage::Named(name, arguments, span) => {
                    if let Some(row) = functions::layers().find(|row| row.name == name.value) {
                        value = self.layer(row, arguments, *span, value)?;
                        continue;
                    }
                    let function = self.scope.function(&name.value);
                    let array = function.as_deref().and_then(functions::array_row);
                    if let Some(row) = array.filter(|row| row.loss) {
                        let behind = stages.get(number + 1).map(span_of);
                        if let Some(behind) = behind.or((!outside).then_some(*span)) {
                            return Err(mistakes::behind_loss(behind));
                        }
                        self.loss(row.name, arguments, *span, &value)?;
                        return Ok(value);
                    }
                    let Some(function) = function.filter(|name| self.is_activation(name)) else {
                        return Err(self.unknown(name.span, &name.value));
                    };
                    let numbers = self.numbers(&function, arguments)?;
                    value = self.activation(&function, &numbers, *span, &value)?;
                }
            }
        }
        Ok(value)
    }

    fn unknown(&self, span: Span, name: &str) -> Report {
        let functions = self.scope.function_names();
        let known = functions::layers()
            .map(|row| row.name)
            .chain(functions.into_iter().filter(|name| {
                self.is_activation(name) || functions::array_row(name).is_some_and(|row| row.loss)
            }))
            .chain(std::iter::once("residual"));
        mistakes::unknown_layer(span, name, known)
    }

    /// The activation whose name is almost the word.
    fn near_activation(&self, word: &str) -> Option<&str> {
        let known = self.scope.function_names().into_iter();
        closest(word, known.filter(|name| self.is_activation(name)))
    }

    /// Whether a function makes of an array one of the same shape.
    fn is_activation(&self, name: &str) -> bool {
        match (functions::row(name), functions::array_row(name)) {
            (Some(row), _) => row.is_unary(),
            (None, Some(row)) => row.keeps_shape,
            (None, None) => self.scope.is_own_function(name),
        }
    }

    fn residual(&mut self, inner: &[Stage], span: Span, given: Value) -> Result<Value, Report> {
        let made = self.stages(inner, given.clone(), false)?;
        if (made.carried, &made.sizes) != (given.carried, &given.sizes) {
            let shape =
                |value: &Value| format!("{} in {}", value.carried.about(), space(&value.sizes));
            return Err(mistakes::residual_shapes(
                span,
                &shape(&given),
                &shape(&made),
            ));
        }
        let value = self.activated(&given, made.layer + 1);
        let text = self.entrywise(&value, |at| {
            format!("{}{at} + {}{at}", given.reference, made.reference)
        });
        self.say(span, &text);
        Ok(value)
    }

    /// An activation of a value: of its own layer if it is a pre-activation, else of the next.
    fn activation(
        &mut self,
        function: &str,
        numbers: &[String],
        span: Span,
        given: &Value,
    ) -> Result<Value, Report> {
        let of_arrays =
            functions::row(function).is_none() && functions::array_row(function).is_some();
        let layer = given.layer + usize::from(!given.open);
        let over = match given.carried {
            Carried::Column | Carried::Sequence => "",
            Carried::Rows if of_arrays => ", rows",
            Carried::Rows => "",
            Carried::Signal | Carried::Image if !of_arrays => "",
            other => {
                return Err(mistakes::layer_input(
                    span,
                    function,
                    other.about(),
                    "columns or rows",
                ));
            }
        };
        let numbers = behind_semicolon(numbers);
        let value = self.activated(given, layer);
        let text = self.entrywise(&value, |at| {
            format!("{function}({}{at}{over}{numbers})", given.reference)
        });
        self.say(span, &text);
        Ok(value)
    }

    /// The numbers in the brackets behind an activation, the only thing that may stand there.
    fn numbers(&self, function: &str, arguments: &[Argument]) -> Result<Vec<String>, Report> {
        let usage = || format!("{function}(…)");
        match arguments {
            [] => Ok(Vec::new()),
            [
                Argument {
                    kind: ArgumentKind::Brackets(numbers, behind),
                    ..
                },
                rest @ ..,
            ] => match rest.first() {
                Some(more) => Err(mistakes::layer_argument(more.span, &usage(), None)),
                None if behind.is_empty() => Ok(numbers.iter().map(print_formula).collect()),
                None => Err(mistakes::layer_argument(arguments[0].span, &usage(), None)),
            },
            [first, ..] => Err(mistakes::layer_argument(first.span, function, None)),
        }
    }

    fn loss(
        &mut self,
        name: &str,
        arguments: &[Argument],
        span: Span,
        given: &Value,
    ) -> Result<(), Report> {
        let usage = format!("{name}(y)");
        let (before, behind) = match arguments {
            [] => (&[][..], &[][..]),
            [
                Argument {
                    kind: ArgumentKind::Brackets(before, behind),
                    ..
                },
            ] => (before.as_slice(), behind.as_slice()),
            [_, more, ..] => return Err(mistakes::layer_argument(more.span, &usage, None)),
            [only] => return Err(mistakes::layer_argument(only.span, &usage, None)),
        };
        if given.carried == Carried::Image {
            return Err(mistakes::layer_input(
                span,
                name,
                given.carried.about(),
                "columns, rows or a sequence",
            ));
        }
        let mut text = String::new();
        let mut list = vec![given.reference.clone()];
        let time = self.for_time(given.carried);
        for argument in before {
            let mut written = print_formula(argument);
            let head = match &argument.kind {
                ExprKind::Name(name) => Some(name),
                ExprKind::Slots(base, _) => match &base.kind {
                    ExprKind::Name(name) => Some(name),
                    _ => None,
                },
                _ => None,
            };
            if let Some(head) = head.filter(|head| self.is_new(head)) {
                if let (Some(time), ExprKind::Name(_)) = (self.steps(given.carried), &argument.kind)
                {
                    written = format!("{head}[{}]", time.letter);
                }
                text.push_str(&format!(
                    "where {written} in {}{time}\n",
                    space(&given.sizes)
                ));
                self.targets.push(head.clone());
            }
            list.push(written);
        }
        let numbers: Vec<String> = behind.iter().map(print_formula).collect();
        let numbers = behind_semicolon(&numbers);
        let sum = match self.steps(given.carried) {
            Some(time) => format!("sum_{{{}}} ", time.range()),
            None => String::new(),
        };
        text.push_str(&format!(
            "loss C = {sum}{name}({}{numbers})\n",
            list.join(", ")
        ));
        self.say(span, &text);
        Ok(())
    }

    /// Whether nobody says what the name is.
    fn is_new(&self, name: &str) -> bool {
        !self
            .declared
            .iter()
            .any(|(known, _)| known.name.value == name)
            && !self.scope.is_equation(name)
    }

    fn layer(
        &mut self,
        row: &'static LayerRow,
        arguments: &[Argument],
        span: Span,
        given: Value,
    ) -> Result<Value, Report> {
        let said = self.arguments(row, arguments, span)?;
        let form = row
            .forms
            .iter()
            .find(|form| form.takes.contains(&given.carried) && form.when == said.setting);
        let Some(form) = form else {
            let mut takes: Vec<&str> = row
                .forms
                .iter()
                .flat_map(|form| form.takes)
                .map(|carried| carried.about())
                .collect();
            takes.dedup();
            let given = given.carried.about();
            return Err(mistakes::layer_input(
                span,
                row.name,
                given,
                &takes.join(" or "),
            ));
        };
        let sizes = extents(form, &said, &given, span)?;
        let layer = given.layer + 1;
        let (before, after) = form.makes.names();
        let open = row.ending == Ending::PreActivation;
        let value = Value {
            reference: self.named(form.makes, if open { before } else { after }, layer),
            layer,
            carried: form.makes,
            sizes,
            open,
        };
        let text = self.filled(form, &said, &given, &value, span)?;
        let says = |name: &&&str| {
            text.contains(&format!("where {name}[")) || text.contains(&format!(", {name}["))
        };
        for name in row.learnt.iter().filter(says) {
            if !self.learnt.contains(name) {
                self.learnt.push(name);
            }
        }
        for name in row.given {
            if !self.given.contains(name) {
                self.given.push(name);
            }
        }
        if row.ending == Ending::Access {
            return Ok(Value {
                reference: text,
                layer: given.layer,
                open: given.open,
                ..value
            });
        }
        self.say(span, &text);
        match (&said.activation, open) {
            (Some((function, numbers)), true) => self.activation(function, numbers, span, &value),
            _ => Ok(value),
        }
    }

    /// Sorts what stands behind the name of a layer.
    fn arguments(
        &self,
        row: &'static LayerRow,
        arguments: &[Argument],
        span: Span,
    ) -> Result<Said, Report> {
        let usage = row.usage();
        let mut said = Said {
            values: FxHashMap::default(),
            setting: None,
            bias: true,
            activation: None,
        };
        let takes_activation = matches!(row.ending, Ending::PreActivation | Ending::Inside(_));
        let mut wanted = row.arguments.iter();
        let mut rest = arguments.iter().peekable();
        while let Some(argument) = rest.next() {
            if let ArgumentKind::Word(word) = &argument.kind {
                if let Some(setting) = row.settings.iter().find(|setting| *setting == word) {
                    said.setting = Some(setting);
                    continue;
                }
                if let Some((option, _)) = row.options.iter().find(|(option, _)| option == word) {
                    let value = rest.next().and_then(|value| value.kind.quantity());
                    let Some(value) = value else {
                        return Err(mistakes::layer_lacks(argument.span, option, &usage));
                    };
                    said.values.insert(option, value);
                    continue;
                }
                let bias = |next: &&Argument| matches!(&next.kind, ArgumentKind::Word(word) if word == "bias");
                if word == "no" && row.has_bias() && rest.next_if(bias).is_some() {
                    said.bias = false;
                    continue;
                }
                let function = self
                    .scope
                    .function(word)
                    .filter(|name| self.is_activation(name));
                if let (Some(function), true, None) = (function, takes_activation, &said.activation)
                {
                    let numbers =
                        rest.next_if(|next| matches!(next.kind, ArgumentKind::Brackets(..)));
                    let numbers =
                        self.numbers(&function, numbers.map_or(&[], std::slice::from_ref))?;
                    said.activation = Some((function, numbers));
                    continue;
                }
            }
            match (argument.kind.quantity(), wanted.next()) {
                (Some(value), Some(name)) => {
                    said.values.insert(name, value);
                }
                _ => {
                    let near = match &argument.kind {
                        ArgumentKind::Word(word) if takes_activation => self.near_activation(word),
                        _ => None,
                    };
                    return Err(mistakes::layer_argument(argument.span, &usage, near));
                }
            }
        }
        if let Some(lacking) = wanted.next() {
            return Err(mistakes::layer_lacks(span, lacking, &usage));
        }
        for (option, default) in row.options {
            if !said.values.contains_key(option) {
                let value = said.values.get(default).cloned();
                said.values
                    .insert(option, value.unwrap_or_else(|| (*default).to_owned()));
            }
        }
        if let (Ending::Inside(default), None) = (row.ending, &said.activation) {
            said.activation = Some((default.to_owned(), Vec::new()));
        }
        Ok(said)
    }

    /// The text of a form with everything filled in.
    fn filled(
        &mut self,
        form: &LayerForm,
        said: &Said,
        given: &Value,
        made: &Value,
        span: Span,
    ) -> Result<String, Report> {
        let mut text = String::new();
        let whole = form.text.join("\n");
        let mut rest = whole.as_str();
        let mut bias = true;
        let mut indices: Vec<String> = Vec::new();
        while let Some(at) = rest.find(['$', '⟦', '⟧']) {
            if bias {
                text.push_str(&rest[..at]);
            }
            let sign = rest[at..].chars().next().unwrap_or_default();
            rest = &rest[at + sign.len_utf8()..];
            match sign {
                '⟦' => bias = said.bias,
                '⟧' => bias = true,
                _ => {
                    let length = rest
                        .find(|letter: char| !letter.is_ascii_alphanumeric())
                        .unwrap_or(rest.len());
                    let name = &rest[..length];
                    rest = &rest[length..];
                    let mut inside: Vec<String> = Vec::new();
                    if matches!(name, "at" | "inside") {
                        let end = rest.find(')').unwrap_or(0);
                        let list = rest[1..end]
                            .split(',')
                            .map(|part| part.trim_start_matches('$'));
                        inside = list
                            .map(|part| self.word(part, said, given, made))
                            .collect();
                        rest = &rest[end + 1..];
                    }
                    let word = match name {
                        "at" => window(said, &inside[0], &inside[1], span)?,
                        "inside" => match said.values.get("padding").map(String::as_str) {
                            None | Some("0") => String::new(),
                            Some(_) => {
                                let at = window(said, &inside[0], &inside[1], span)?;
                                format!(", 1 <= {at}, {at} <= {}", inside[2])
                            }
                        },
                        "share" => share(given, said, span)?,
                        _ => self.word(name, said, given, made),
                    };
                    if bias {
                        text.push_str(&word);
                    }
                    if FREE_LETTERS.contains(&name) && !indices.contains(&word) {
                        indices.push(word);
                    }
                }
            }
        }
        text.push_str(rest);
        if !indices.is_empty() {
            text.insert_str(0, &format!("index {}\n", indices.join(", ")));
        }
        Ok(text)
    }

    /// What a name behind `$` stands for.
    fn word(&mut self, name: &str, said: &Said, given: &Value, made: &Value) -> String {
        let mut letters = FREE_LETTERS.iter().chain(BOUND_LETTERS);
        if let Some(letter) = letters.find(|letter| **letter == name) {
            return self.letter(letter);
        }
        let size = |value: &Value, digits: &str| {
            let at = digits.parse::<usize>().ok()?.checked_sub(1)?;
            value.sizes.get(at).cloned()
        };
        if let Some(size) = size(given, name).or_else(|| size(made, name.strip_prefix('s')?)) {
            return size;
        }
        let time = self.time.as_ref();
        let word = match name {
            "x" => Some(given.reference.clone()),
            "y" => Some(made.reference.clone()),
            "k" => Some(given.layer.to_string()),
            "m" => Some(made.layer.to_string()),
            "t" => time.map(|time| time.letter.clone()),
            "first" => time.map(|time| time.first.clone()),
            "last" => time.map(|time| time.last.clone()),
            "before" => time.map(|time| less_one(&time.first)),
            "length" => time.map(|time| match time.first.parse::<i64>() {
                Ok(1) => time.last.clone(),
                Ok(first) if first < 1 => format!("{} + {}", time.last, 1 - first),
                Ok(first) => format!("{} - {}", time.last, first - 1),
                Err(_) => format!("{} - ({}) + 1", time.last, time.first),
            }),
            "end" => time.map(|time| {
                given
                    .reference
                    .replace(&format!(",{}]", time.letter), &format!(",{}]", time.last))
            }),
            "for" => Some(self.for_time(Carried::Sequence)),
            "f" => said
                .activation
                .as_ref()
                .map(|(function, _)| function.clone()),
            _ => said.values.get(name).cloned(),
        };
        word.unwrap_or_else(|| unreachable!("the text of a layer has `${name}`"))
    }

    /// Who is learnt, who is given, unless the network says it itself.
    fn name_roles(&mut self, start: &Start) {
        let mut text = String::new();
        let line = |role: &str, names: Vec<String>| match names.is_empty() {
            true => String::new(),
            false => format!("{role} {}\n", names.join(", ")),
        };
        let free = |name: &String| !self.scope.has_role(name);
        let learnt = self.learnt.iter().map(|name| (*name).to_owned());
        text.push_str(&line("param", learnt.filter(free).collect()));
        // Where nothing is learnt, it is the input that one would change.
        let input = (!self.learnt.is_empty()).then(|| start.name.value.clone());
        let given = self.given.iter().map(|name| (*name).to_owned());
        text.push_str(&line(
            "input",
            input.into_iter().chain(given).filter(free).collect(),
        ));
        let mut targets = self.targets.clone();
        targets.dedup();
        text.push_str(&line("target", targets.into_iter().filter(free).collect()));
        self.say(start.span, &text);
    }
}

/// What was said behind the name of a layer.
struct Said {
    values: FxHashMap<&'static str, String>,
    setting: Option<&'static str>,
    bias: bool,
    activation: Option<(String, Vec<String>)>,
}

fn span_of(stage: &Stage) -> Span {
    match stage {
        Stage::Named(_, _, span) | Stage::Residual(_, span) => *span,
    }
}

/// `R^(n x m)`
fn space(sizes: &[String]) -> String {
    format!("R^({})", sizes.join(" x "))
}

/// The numbers of a call, behind its arrays.
fn behind_semicolon(numbers: &[String]) -> String {
    match numbers {
        [] => String::new(),
        some => format!("; {}", some.join(", ")),
    }
}

fn less_one(text: &str) -> String {
    match text.parse::<i64>() {
        Ok(number) => (number - 1).to_string(),
        Err(_) => format!("{text}-1"),
    }
}

/// A number among what was said; what is not a number is refused.
fn number(said: &Said, name: &'static str, span: Span) -> Result<i64, Report> {
    let text = said.values.get(name).map_or("0", String::as_str);
    match text.parse::<i64>() {
        Ok(number) if number > 0 || (number == 0 && name == "padding") => Ok(number),
        _ => Err(mistakes::layer_size(
            span,
            format!("the {name} of a window is a positive number"),
            "write a number; windows of other kinds can be written as equations",
        )),
    }
}

/// Where the window at `place` has its entry `inside`: `s (i - 1) + u - p`.
fn window(said: &Said, place: &str, inside: &str, span: Span) -> Result<String, Report> {
    let (stride, padding) = (
        number(said, "stride", span)?,
        number(said, "padding", span)?,
    );
    let first = match stride {
        1 => place.to_owned(),
        stride => format!("{stride} {place}"),
    };
    Ok(format!("{first}+{inside}-{}", stride + padding))
}

/// The share of one head in the size of the rows.
fn share(given: &Value, said: &Said, span: Span) -> Result<String, Report> {
    let size = given.sizes.last().map_or("", String::as_str);
    let heads = said.values.get("heads").map_or("1", String::as_str);
    if heads == "1" {
        return Ok(size.to_owned());
    }
    match (size.parse::<u64>(), heads.parse::<u64>()) {
        (Ok(size), Ok(heads)) if heads > 0 && size % heads == 0 => Ok((size / heads).to_string()),
        _ => Err(mistakes::layer_size(
            span,
            format!("{heads} heads cannot share rows of size {size}"),
            "give the rows a size in numbers that the heads divide",
        )),
    }
}

/// The sizes of what a layer makes.
fn extents(
    form: &LayerForm,
    said: &Said,
    given: &Value,
    span: Span,
) -> Result<Vec<String>, Report> {
    form.extents
        .iter()
        .map(|extent| match extent {
            Extent::Same(at) => Ok(given.sizes[at - 1].clone()),
            Extent::Given(name) => Ok(said.values[name].clone()),
            Extent::Windows(at) => windows(&given.sizes[at - 1], said, span),
        })
        .collect()
}

/// How many windows there are over a size, `⌊(n + 2p - a)/s⌋ + 1` (Dumoulin and Visin 2016, relationship 6).
fn windows(over: &str, said: &Said, span: Span) -> Result<String, Report> {
    let (stride, padding) = (
        number(said, "stride", span)?,
        number(said, "padding", span)?,
    );
    let size = &said.values["size"];
    if let (Ok(over), Ok(size)) = (over.parse::<i64>(), size.parse::<i64>()) {
        let room = over + 2 * padding - size;
        if size < 1 || room < 0 {
            return Err(mistakes::layer_size(
                span,
                format!("a window of size {size} does not fit into {over}"),
                "choose a smaller window, or padding",
            ));
        }
        return Ok((room / stride + 1).to_string());
    }
    if stride != 1 {
        return Err(mistakes::layer_size(
            span,
            format!("how many windows fit into {over} depends on what remains of it"),
            "give the size in numbers",
        ));
    }
    let (letter, less) = match size.parse::<i64>() {
        Ok(size) => (over.to_owned(), 2 * padding + 1 - size),
        Err(_) => (format!("{over}-{size}"), 2 * padding + 1),
    };
    Ok(match less {
        0 => letter,
        less if less > 0 => format!("{letter}+{less}"),
        less => format!("{letter}-{}", -less),
    })
}
