//! Functions of whole arrays, written in the network language itself.

/// One function of whole arrays: columns, or with `all` the entries of a matrix.
#[derive(Debug)]
pub struct ArrayRow {
    /// Its name in the language.
    pub name: &'static str,
    /// Other names that mean it.
    pub also: &'static [&'static str],
    /// Its arrays, and behind `;` its numbers.
    pub parameters: &'static str,
    /// Its value in terms of the parameters.
    pub value: &'static str,
    /// Whether the value has the shape of the first parameter; it is a number otherwise.
    pub keeps_shape: bool,
    /// Whether it is a loss: it takes all entries of an array of any shape, and numbers too.
    pub loss: bool,
    /// Where it can be looked up.
    pub source: &'static str,
}

impl ArrayRow {
    fn list(text: &'static str) -> Vec<&'static str> {
        text.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// The names of its arrays.
    pub fn arrays(&self) -> Vec<&'static str> {
        Self::list(self.parameters.split(';').next().unwrap_or_default())
    }

    /// How often its value reads a parameter.
    pub fn uses(&self, parameter: &str) -> usize {
        let words = self.value.split(|c: char| !c.is_alphanumeric());
        words.filter(|word| *word == parameter).count()
    }

    /// The names of its numbers.
    pub fn numbers(&self) -> Vec<&'static str> {
        Self::list(self.parameters.split(';').nth(1).unwrap_or_default())
    }
}

/// All rows, in the order of the documentation.
pub fn array_rows() -> impl Iterator<Item = &'static ArrayRow> {
    FUNCTIONS.iter().chain(LOSSES)
}

/// The row of a name or of one of its aliases.
pub fn array_row(name: &str) -> Option<&'static ArrayRow> {
    array_rows().find(|row| row.name == name || row.also.contains(&name))
}

const FUNCTIONS: &[ArrayRow] = &[
    ArrayRow {
        name: "softmax",
        also: &[],
        parameters: "x",
        value: "exp(x) / sum(exp(x))",
        keeps_shape: true,
        loss: false,
        source: "Bishop 2006, equation 4.62",
    },
    ArrayRow {
        name: "log_softmax",
        also: &["logsoftmax"],
        parameters: "x",
        value: "x - log(sum(exp(x)))",
        keeps_shape: true,
        loss: false,
        source: "the logarithm of softmax",
    },
    ArrayRow {
        name: "logsumexp",
        also: &[],
        parameters: "x",
        value: "log(sum(exp(x)))",
        keeps_shape: false,
        loss: false,
        source: "Boyd and Vandenberghe 2004, section 3.1.5",
    },
    ArrayRow {
        name: "norm",
        also: &[],
        parameters: "x",
        value: "sqrt(sum(x.^2))",
        keeps_shape: false,
        loss: false,
        source: "Golub and Van Loan 2013, section 2.2",
    },
    ArrayRow {
        name: "layer_norm",
        also: &["layernorm"],
        parameters: "x; eps",
        value: "(x - mean(x)) / sqrt(mean((x - mean(x)).^2) + eps)",
        keeps_shape: true,
        loss: false,
        source: "Ba, Kiros and Hinton 2016",
    },
    ArrayRow {
        name: "rms_norm",
        also: &["rmsnorm"],
        parameters: "x; eps",
        value: "x / sqrt(mean(x.^2) + eps)",
        keeps_shape: true,
        loss: false,
        source: "Zhang and Sennrich 2019",
    },
];

const LOSSES: &[ArrayRow] = &[
    ArrayRow {
        name: "mse",
        also: &[],
        parameters: "p, y",
        value: "mean((p - y).^2)",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, section 3.1",
    },
    ArrayRow {
        name: "squared_error",
        also: &[],
        parameters: "p, y",
        value: "1/2 sum((p - y).^2)",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 5.11",
    },
    ArrayRow {
        name: "cross_entropy",
        also: &[],
        parameters: "p, y",
        value: "-sum(y .* log(p))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 4.108",
    },
    ArrayRow {
        name: "binary_cross_entropy",
        also: &["bce"],
        parameters: "p, y",
        value: "-sum(y .* log(p) + (1 - y) .* log(1 - p))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 4.90",
    },
    ArrayRow {
        name: "binary_cross_entropy_with_logits",
        also: &["bce_with_logits"],
        parameters: "z, y",
        value: "sum(softplus(z) - y .* z)",
        keeps_shape: false,
        loss: true,
        source: "the binary cross-entropy of the sigmoid of z",
    },
    ArrayRow {
        name: "hinge",
        also: &[],
        parameters: "s, y",
        value: "sum(relu(1 - y .* s))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 7.45",
    },
    ArrayRow {
        name: "squared_hinge",
        also: &[],
        parameters: "s, y",
        value: "sum(relu(1 - y .* s).^2)",
        keeps_shape: false,
        loss: true,
        source: "Rosset, Zhu and Hastie 2004",
    },
    ArrayRow {
        name: "absolute_error",
        also: &[],
        parameters: "p, y",
        value: "sum(abs(p - y))",
        keeps_shape: false,
        loss: true,
        source: "Hastie, Tibshirani and Friedman 2009, section 10.6",
    },
    ArrayRow {
        name: "kl_divergence",
        also: &[],
        parameters: "p, q",
        value: "sum(p .* log(p ./ q))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 1.113",
    },
    ArrayRow {
        name: "l1_penalty",
        also: &[],
        parameters: "w",
        value: "sum(abs(w))",
        keeps_shape: false,
        loss: true,
        source: "Tibshirani 1996",
    },
    ArrayRow {
        name: "l2_penalty",
        also: &[],
        parameters: "w",
        value: "1/2 sum(w.^2)",
        keeps_shape: false,
        loss: true,
        source: "Hoerl and Kennard 1970",
    },
];
