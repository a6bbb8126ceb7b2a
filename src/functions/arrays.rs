//! Functions of whole arrays, written in the network language itself.

/// What a function of whole arrays is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Columns; of matrices it has to be said over what: `softmax(S, rows)`.
    Columns,
    /// All entries of arrays of any shape, and numbers.
    Entries,
    /// A matrix, to each column of which it does the same.
    EachColumn,
}

/// One function of whole arrays.
#[derive(Debug)]
pub struct ArrayRow {
    /// Its name in the language.
    pub name: &'static str,
    /// Other names that mean it.
    pub also: &'static [&'static str],
    /// Its arrays, and behind `;` its numbers; `index c` is a number that stands as an index.
    pub parameters: &'static str,
    /// What its arrays are.
    pub takes: Takes,
    /// What gets a name of its own on the way, so that results can speak of it; each in terms of the parameters and
    /// of those before it.
    pub parts: &'static [(&'static str, &'static str)],
    /// Its value in terms of the parameters and the parts.
    pub value: &'static str,
    /// Whether the value has the shape of the first parameter; it is a number otherwise.
    pub keeps_shape: bool,
    /// Whether it is a loss.
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

    /// How often it reads a parameter.
    pub fn uses(&self, parameter: &str) -> usize {
        self.parts
            .iter()
            .map(|(_, text)| *text)
            .chain([self.value])
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| *word == parameter)
            .count()
    }

    /// The names of its numbers, and whether each stands as an index.
    pub fn numbers(&self) -> Vec<(&'static str, bool)> {
        Self::list(self.parameters.split(';').nth(1).unwrap_or_default())
            .into_iter()
            .map(|name| match name.strip_prefix("index ") {
                Some(name) => (name, true),
                None => (name, false),
            })
            .collect()
    }

    /// A call of it, as it is written.
    pub fn call(&self) -> String {
        format!("{}({})", self.name, self.parameters.replace("index ", ""))
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
        takes: Takes::Columns,
        parts: &[],
        value: "exp(x) / sum(exp(x))",
        keeps_shape: true,
        loss: false,
        source: "Bishop 2006, equation 4.62",
    },
    ArrayRow {
        name: "log_softmax",
        also: &["logsoftmax"],
        parameters: "x",
        takes: Takes::Columns,
        parts: &[],
        value: "x - log(sum(exp(x)))",
        keeps_shape: true,
        loss: false,
        source: "the logarithm of softmax",
    },
    ArrayRow {
        name: "logsumexp",
        also: &[],
        parameters: "x",
        takes: Takes::Columns,
        parts: &[],
        value: "log(sum(exp(x)))",
        keeps_shape: false,
        loss: false,
        source: "Boyd and Vandenberghe 2004, section 3.1.5",
    },
    ArrayRow {
        name: "norm",
        also: &[],
        parameters: "x",
        takes: Takes::Columns,
        parts: &[],
        value: "sqrt(sum(x.^2))",
        keeps_shape: false,
        loss: false,
        source: "Golub and Van Loan 2013, section 2.2",
    },
    ArrayRow {
        name: "layer_norm",
        also: &["layernorm"],
        parameters: "x; eps",
        takes: Takes::Columns,
        parts: &[("mu", "mean(x)"), ("v", "mean((x - mu).^2)")],
        value: "(x - mu) / sqrt(v + eps)",
        keeps_shape: true,
        loss: false,
        source: "Ba, Kiros and Hinton 2016",
    },
    ArrayRow {
        name: "batch_norm",
        also: &["batchnorm"],
        parameters: "x; eps",
        takes: Takes::EachColumn,
        parts: &[("mu", "mean(x)"), ("v", "mean((x - mu).^2)")],
        value: "(x - mu) / sqrt(v + eps)",
        keeps_shape: true,
        loss: false,
        source: "Ioffe and Szegedy 2015, algorithm 1",
    },
    ArrayRow {
        name: "rms_norm",
        also: &["rmsnorm"],
        parameters: "x; eps",
        takes: Takes::Columns,
        parts: &[("q", "mean(x.^2)")],
        value: "x / sqrt(q + eps)",
        keeps_shape: true,
        loss: false,
        source: "Zhang and Sennrich 2019",
    },
    ArrayRow {
        name: "dropout",
        also: &[],
        parameters: "x, m; p",
        takes: Takes::Entries,
        parts: &[],
        value: "x .* m / (1 - p)",
        keeps_shape: true,
        loss: false,
        source: "Srivastava et al. 2014, section 10",
    },
    ArrayRow {
        name: "cosine_similarity",
        also: &[],
        parameters: "x, y",
        takes: Takes::Columns,
        parts: &[],
        value: "sum(x .* y) / (sqrt(sum(x.^2)) sqrt(sum(y.^2)))",
        keeps_shape: false,
        loss: false,
        source: "Manning, Raghavan and Schütze 2008, equation 6.10",
    },
];

const LOSSES: &[ArrayRow] = &[
    ArrayRow {
        name: "mse",
        also: &[],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "mean((p - y).^2)",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, section 3.1",
    },
    ArrayRow {
        name: "squared_error",
        also: &[],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "1/2 sum((p - y).^2)",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 5.11",
    },
    ArrayRow {
        name: "sum_squared_error",
        also: &["sse"],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "sum((p - y).^2)",
        keeps_shape: false,
        loss: true,
        source: "Hastie, Tibshirani and Friedman 2009, equation 3.2",
    },
    ArrayRow {
        name: "absolute_error",
        also: &[],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(abs(p - y))",
        keeps_shape: false,
        loss: true,
        source: "Hastie, Tibshirani and Friedman 2009, section 10.6",
    },
    ArrayRow {
        name: "mean_absolute_error",
        also: &["mae"],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "mean(abs(p - y))",
        keeps_shape: false,
        loss: true,
        source: "Hastie, Tibshirani and Friedman 2009, section 10.6",
    },
    ArrayRow {
        name: "huber",
        also: &[],
        parameters: "p, y; d",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(huber_function(p - y; d))",
        keeps_shape: false,
        loss: true,
        source: "Huber 1964",
    },
    ArrayRow {
        name: "cross_entropy",
        also: &[],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "-sum(y .* log(p))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 4.108",
    },
    ArrayRow {
        name: "cross_entropy_with_logits",
        also: &[],
        parameters: "z, y",
        takes: Takes::Columns,
        parts: &[("p", "exp(z) / sum(exp(z))")],
        value: "-sum(y .* log(p))",
        keeps_shape: false,
        loss: true,
        source: "the cross-entropy of the softmax of z",
    },
    ArrayRow {
        name: "sparse_cross_entropy",
        also: &[],
        parameters: "p; index c",
        takes: Takes::Columns,
        parts: &[],
        value: "-log(p_{c})",
        keeps_shape: false,
        loss: true,
        source: "Goodfellow, Bengio and Courville 2016, section 6.2.2.3",
    },
    ArrayRow {
        name: "sparse_cross_entropy_with_logits",
        also: &[],
        parameters: "z; index c",
        takes: Takes::Columns,
        parts: &[("p", "exp(z) / sum(exp(z))")],
        value: "-log(p_{c})",
        keeps_shape: false,
        loss: true,
        source: "Goodfellow, Bengio and Courville 2016, equation 6.30",
    },
    ArrayRow {
        name: "binary_cross_entropy",
        also: &["bce"],
        parameters: "p, y",
        takes: Takes::Entries,
        parts: &[],
        value: "-sum(y .* log(p) + (1 - y) .* log(1 - p))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 4.90",
    },
    ArrayRow {
        name: "binary_cross_entropy_with_logits",
        also: &["bce_with_logits"],
        parameters: "z, y",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(softplus(z) - y .* z)",
        keeps_shape: false,
        loss: true,
        source: "the binary cross-entropy of the sigmoid of z",
    },
    ArrayRow {
        name: "focal",
        also: &[],
        parameters: "p, y; g",
        takes: Takes::Entries,
        parts: &[],
        value: "-sum(y .* (1 - p).^g .* log(p))",
        keeps_shape: false,
        loss: true,
        source: "Lin, Goyal, Girshick, He and Dollar 2017, equation 4",
    },
    ArrayRow {
        name: "binary_focal",
        also: &[],
        parameters: "p, y; g",
        takes: Takes::Entries,
        parts: &[],
        value: "-sum(y .* (1 - p).^g .* log(p) + (1 - y) .* p.^g .* log(1 - p))",
        keeps_shape: false,
        loss: true,
        source: "Lin, Goyal, Girshick, He and Dollar 2017, equation 4",
    },
    ArrayRow {
        name: "kl_divergence",
        also: &[],
        parameters: "p, q",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(p .* log(p ./ q))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 1.113",
    },
    ArrayRow {
        name: "gaussian_nll",
        also: &[],
        parameters: "m, y, v",
        takes: Takes::Entries,
        parts: &[],
        value: "1/2 sum(log(2 pi v) + (y - m).^2 ./ v)",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 1.54",
    },
    ArrayRow {
        name: "gaussian_nll_of_log_variance",
        also: &[],
        parameters: "m, y, s",
        takes: Takes::Entries,
        parts: &[],
        value: "1/2 sum(log(2 pi) + s + (y - m).^2 .* exp(-s))",
        keeps_shape: false,
        loss: true,
        source: "Kendall and Gal 2017, equation 8",
    },
    ArrayRow {
        name: "hinge",
        also: &[],
        parameters: "s, y",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(relu(1 - y .* s))",
        keeps_shape: false,
        loss: true,
        source: "Bishop 2006, equation 7.45",
    },
    ArrayRow {
        name: "squared_hinge",
        also: &[],
        parameters: "s, y",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(relu(1 - y .* s).^2)",
        keeps_shape: false,
        loss: true,
        source: "Rosset, Zhu and Hastie 2004",
    },
    ArrayRow {
        name: "contrastive",
        also: &[],
        parameters: "a, b; y, margin",
        takes: Takes::Columns,
        parts: &[("d", "sqrt(sum((a - b).^2))")],
        value: "1/2 (1 - y) d^2 + 1/2 y relu(margin - d)^2",
        keeps_shape: false,
        loss: true,
        source: "Hadsell, Chopra and LeCun 2006, equation 4",
    },
    ArrayRow {
        name: "triplet",
        also: &[],
        parameters: "a, p, n; margin",
        takes: Takes::Columns,
        parts: &[],
        value: "relu(sum((a - p).^2) - sum((a - n).^2) + margin)",
        keeps_shape: false,
        loss: true,
        source: "Schroff, Kalenichenko and Philbin 2015, section 3.1",
    },
    ArrayRow {
        name: "cosine_distance",
        also: &[],
        parameters: "x, y",
        takes: Takes::Columns,
        parts: &[],
        value: "1 - sum(x .* y) / (sqrt(sum(x.^2)) sqrt(sum(y.^2)))",
        keeps_shape: false,
        loss: true,
        source: "1 minus the cosine similarity",
    },
    ArrayRow {
        name: "l1_penalty",
        also: &[],
        parameters: "w",
        takes: Takes::Entries,
        parts: &[],
        value: "sum(abs(w))",
        keeps_shape: false,
        loss: true,
        source: "Tibshirani 1996",
    },
    ArrayRow {
        name: "l2_penalty",
        also: &[],
        parameters: "w",
        takes: Takes::Entries,
        parts: &[],
        value: "1/2 sum(w.^2)",
        keeps_shape: false,
        loss: true,
        source: "Hoerl and Kennard 1970",
    },
];
