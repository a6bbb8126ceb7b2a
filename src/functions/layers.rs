//! Layers of a chain `x in R^n -> dense 128 relu -> …`, each written as equations of the network language.
//!
//! In the text of a form `$` stands before what is filled in: `$x` the value that the layer is given, `$y` the value
//! that it makes, `$k` and `$m` the numbers of both, `$1`, `$2`, `$3` the sizes of what it is given and `$s1`, `$s2`,
//! `$s3` of what it makes, `$i`, `$j`, `$c`, `$o`, `$u`, `$v`, `$a` letters of indices that the network does not use,
//! `$f` the activation, and every argument, option and setting by its name. What stands in `⟦ ⟧` goes with the bias. Of a
//! sequence over `t in 1..T`, `$t` is `t`, `$first` and `$last` are 1 and T, `$before` is 0, `$length` is T, `$end` the value at T, and `$for` the
//! ` for t in 1..T` of its equations.

/// What a layer is given or makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carried {
    /// A column, `n`.
    Column,
    /// A matrix whose rows are examples or tokens, `m × n`.
    Rows,
    /// A column at each time step, `n`.
    Sequence,
    /// Channels of a signal, `channels × length`.
    Signal,
    /// Channels of an image, `channels × height × width`.
    Image,
    /// A number of a class or a word.
    Token,
    /// One at each time step.
    Tokens,
}

impl Carried {
    /// The names of its pre-activations and of its activations.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Carried::Column | Carried::Token => ("z", "r"),
            Carried::Rows => ("Z", "H"),
            Carried::Sequence | Carried::Tokens => ("a", "h"),
            Carried::Signal | Carried::Image => ("G", "F"),
        }
    }

    /// What it is called in messages.
    pub fn about(self) -> &'static str {
        match self {
            Carried::Column => "a column",
            Carried::Rows => "a matrix of rows",
            Carried::Sequence => "a sequence of columns",
            Carried::Signal => "channels × length",
            Carried::Image => "channels × height × width",
            Carried::Token => "a class number",
            Carried::Tokens => "a sequence of class numbers",
        }
    }
}

/// A size of what a layer makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// That of what it is given, counted from 1.
    Same(usize),
    /// An argument.
    Given(&'static str),
    /// What a window leaves of a size that it is moved over: of `size`, by `stride`, with `padding`.
    Windows(usize),
}

/// What a layer means for one kind of input.
#[derive(Debug)]
pub struct LayerForm {
    /// What it is given.
    pub takes: &'static [Carried],
    /// The setting under which the form holds, if it is not the plain one.
    pub when: Option<&'static str>,
    /// What it makes.
    pub makes: Carried,
    /// Its sizes.
    pub extents: &'static [Extent],
    /// Declarations and equations, in pieces that forms may share.
    pub text: &'static [&'static str],
}

/// How a layer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// In a pre-activation, which an activation may follow.
    PreActivation,
    /// In a value.
    Value,
    /// The activation, this one unless another is named, stands inside the equations.
    Inside(&'static str),
    /// The value is an access to what it is given; the text is that access.
    Access,
}

/// One layer.
#[derive(Debug)]
pub struct LayerRow {
    /// Its name in a chain.
    pub name: &'static str,
    /// What stands behind the name, in order.
    pub arguments: &'static [&'static str],
    /// What may be said by name, with what is meant otherwise.
    pub options: &'static [(&'static str, &'static str)],
    /// Words that choose a form.
    pub settings: &'static [&'static str],
    /// How it ends.
    pub ending: Ending,
    /// What is learnt.
    pub learnt: &'static [&'static str],
    /// What is given with it.
    pub given: &'static [&'static str],
    /// Its meanings.
    pub forms: &'static [LayerForm],
    /// Where it can be looked up.
    pub source: &'static str,
}

impl LayerRow {
    /// Whether it has a bias, which can be left out.
    pub fn has_bias(&self) -> bool {
        self.forms
            .iter()
            .any(|form| form.text.iter().any(|piece| piece.contains('⟦')))
    }

    /// How it is written.
    pub fn usage(&self) -> String {
        let mut text = self.name.to_owned();
        for argument in self.arguments {
            text.push_str(&format!(" {}", argument.to_uppercase()));
        }
        for (option, _) in self.options {
            text.push_str(&format!(" [{option} {}]", option.to_uppercase()));
        }
        for setting in self.settings {
            text.push_str(&format!(" [{setting}]"));
        }
        if self.has_bias() {
            text.push_str(" [no bias]");
        }
        if matches!(self.ending, Ending::PreActivation | Ending::Inside(_)) {
            text.push_str(" [ACTIVATION]");
        }
        text
    }
}

/// All layers, in the order of the documentation.
pub fn layers() -> impl Iterator<Item = &'static LayerRow> {
    LAYERS.iter()
}

/// What is added under a root so that nothing is divided by 0.
const EPSILON: &str = "where epsilon in R
    assume epsilon > 0";

/// Queries, keys and values of each head, and how well they fit.
const SCORES: &str =
    "where W_Q[$k,$a], W_K[$k,$a], W_V[$k,$a] in R^($2 x $share) for $a in 1..$heads
    where W_O[$k,$a] in R^($share x $2) for $a in 1..$heads
    Q[$k,$a] = $x W_Q[$k,$a] for $a in 1..$heads
    K[$k,$a] = $x W_K[$k,$a] for $a in 1..$heads
    V[$k,$a] = $x W_V[$k,$a] for $a in 1..$heads
    S[$k,$a] = Q[$k,$a] K[$k,$a]^T / sqrt($share) for $a in 1..$heads";

/// The heads' values, weighed and brought together.
const HEADS_TOGETHER: &str = "$y = sum_{$a in 1..$heads} P[$k,$a] V[$k,$a] W_O[$k,$a]";

const LAYERS: &[LayerRow] = &[
    LayerRow {
        name: "dense",
        arguments: &["units"],
        options: &[],
        settings: &[],
        ending: Ending::PreActivation,
        learnt: &["W", "V", "b"],
        given: &[],
        forms: &[
            LayerForm {
                takes: &[Carried::Column],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Given("units")],
                text: &["where W[$k] in R^($units x $1)⟦, b[$k] in R^($units)⟧
                    $y = W[$k] $x⟦ + b[$k]⟧"],
            },
            LayerForm {
                takes: &[Carried::Rows],
                when: None,
                makes: Carried::Rows,
                extents: &[Extent::Same(1), Extent::Given("units")],
                text: &["where W[$k] in R^($units x $2)⟦, b[$k] in R^($units)⟧
                    $y = $x W[$k]^T⟦ + ones($1) b[$k]^T⟧"],
            },
            LayerForm {
                takes: &[Carried::Sequence],
                when: None,
                makes: Carried::Sequence,
                extents: &[Extent::Given("units")],
                text: &["where W[$k] in R^($units x $1)⟦, b[$k] in R^($units)⟧
                    $y = W[$k] $x⟦ + b[$k]⟧$for"],
            },
            LayerForm {
                takes: &[Carried::Signal],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Given("units")],
                text: &["where V[$k] in R^($units x $1 x $2)⟦, b[$k] in R^($units)⟧
                    where $y in R^($units)
                    $y_{$o} = sum_{$c,$i} V[$k]_{$o,$c,$i} $x_{$c,$i}⟦ + b[$k]_{$o}⟧"],
            },
            LayerForm {
                takes: &[Carried::Image],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Given("units")],
                text: &["where V[$k] in R^($units x $1 x $2 x $3)⟦, b[$k] in R^($units)⟧
                    where $y in R^($units)
                    $y_{$o} = sum_{$c,$i,$j} V[$k]_{$o,$c,$i,$j} $x_{$c,$i,$j}⟦ + b[$k]_{$o}⟧"],
            },
        ],
        source: "Goodfellow, Bengio and Courville 2016, section 6.0",
    },
    LayerRow {
        name: "conv1d",
        arguments: &["channels", "size"],
        options: &[("stride", "1"), ("padding", "0")],
        settings: &[],
        ending: Ending::PreActivation,
        learnt: &["U", "b"],
        given: &[],
        forms: &[LayerForm {
            takes: &[Carried::Rows, Carried::Signal],
            when: None,
            makes: Carried::Signal,
            extents: &[Extent::Given("channels"), Extent::Windows(2)],
            text: &["where U[$k] in R^($channels x $1 x $size)⟦, b[$k] in R^($channels)⟧
                where $y in R^($s1 x $s2)
                $y_{$o,$i} = sum_{$c in 1..$1, $u in 1..$size$inside($i,$u,$2)} U[$k]_{$o,$c,$u} $x_{$c,$at($i,$u)}⟦ + b[$k]_{$o}⟧"],
        }],
        source: "Goodfellow, Bengio and Courville 2016, equation 9.6",
    },
    LayerRow {
        name: "conv2d",
        arguments: &["channels", "size"],
        options: &[("stride", "1"), ("padding", "0")],
        settings: &[],
        ending: Ending::PreActivation,
        learnt: &["U", "b"],
        given: &[],
        forms: &[LayerForm {
            takes: &[Carried::Image],
            when: None,
            makes: Carried::Image,
            extents: &[
                Extent::Given("channels"),
                Extent::Windows(2),
                Extent::Windows(3),
            ],
            text: &["where U[$k] in R^($channels x $1 x $size x $size)⟦, b[$k] in R^($channels)⟧
                where $y in R^($s1 x $s2 x $s3)
                $y_{$o,$i,$j} = sum_{$c in 1..$1, $u in 1..$size, $v in 1..$size$inside($i,$u,$2)$inside($j,$v,$3)} U[$k]_{$o,$c,$u,$v} $x_{$c,$at($i,$u),$at($j,$v)}⟦ + b[$k]_{$o}⟧"],
        }],
        source: "Goodfellow, Bengio and Courville 2016, equation 9.8",
    },
    LayerRow {
        name: "max_pool",
        arguments: &["size"],
        options: &[("stride", "size")],
        settings: &[],
        ending: Ending::Value,
        learnt: &[],
        given: &[],
        forms: &[
            LayerForm {
                takes: &[Carried::Image],
                when: None,
                makes: Carried::Image,
                extents: &[Extent::Same(1), Extent::Windows(2), Extent::Windows(3)],
                text: &["where $y in R^($s1 x $s2 x $s3)
                    $y_{$c,$i,$j} = max_{$u in 1..$size, $v in 1..$size} $x_{$c,$at($i,$u),$at($j,$v)}"],
            },
            LayerForm {
                takes: &[Carried::Signal],
                when: None,
                makes: Carried::Signal,
                extents: &[Extent::Same(1), Extent::Windows(2)],
                text: &["where $y in R^($s1 x $s2)
                    $y_{$c,$i} = max_{$u in 1..$size} $x_{$c,$at($i,$u)}"],
            },
        ],
        source: "Goodfellow, Bengio and Courville 2016, section 9.3",
    },
    LayerRow {
        name: "avg_pool",
        arguments: &["size"],
        options: &[("stride", "size")],
        settings: &[],
        ending: Ending::Value,
        learnt: &[],
        given: &[],
        forms: &[
            LayerForm {
                takes: &[Carried::Image],
                when: None,
                makes: Carried::Image,
                extents: &[Extent::Same(1), Extent::Windows(2), Extent::Windows(3)],
                text: &["where $y in R^($s1 x $s2 x $s3)
                    $y_{$c,$i,$j} = 1/($size)^2 sum_{$u in 1..$size, $v in 1..$size} $x_{$c,$at($i,$u),$at($j,$v)}"],
            },
            LayerForm {
                takes: &[Carried::Signal],
                when: None,
                makes: Carried::Signal,
                extents: &[Extent::Same(1), Extent::Windows(2)],
                text: &["where $y in R^($s1 x $s2)
                    $y_{$c,$i} = 1/($size) sum_{$u in 1..$size} $x_{$c,$at($i,$u)}"],
            },
        ],
        source: "LeCun, Bottou, Bengio and Haffner 1998, section II.B",
    },
    LayerRow {
        name: "mean",
        arguments: &[],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &[],
        given: &[],
        forms: &[
            LayerForm {
                takes: &[Carried::Sequence],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(1)],
                text: &["$y = 1/($length) sum_{$t in $first..$last} $x"],
            },
            LayerForm {
                takes: &[Carried::Rows],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(2)],
                text: &["$y = 1/($1) $x^T ones($1)"],
            },
            LayerForm {
                takes: &[Carried::Signal],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(1)],
                text: &["where $y in R^($1)
                    $y_{$c} = 1/($2) sum_{$i} $x_{$c,$i}"],
            },
            LayerForm {
                takes: &[Carried::Image],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(1)],
                text: &["where $y in R^($1)
                    $y_{$c} = 1/(($2) ($3)) sum_{$i,$j} $x_{$c,$i,$j}"],
            },
        ],
        source: "Lin, Chen and Yan 2014, section 3.2",
    },
    LayerRow {
        name: "embedding",
        arguments: &["units"],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &["E"],
        given: &[],
        forms: &[
            LayerForm {
                takes: &[Carried::Token],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Given("units")],
                text: &["where E[$k] in R^($units x $1)
                    $y = E[$k]_{:,$x}"],
            },
            LayerForm {
                takes: &[Carried::Tokens],
                when: None,
                makes: Carried::Sequence,
                extents: &[Extent::Given("units")],
                text: &["where E[$k] in R^($units x $1)
                    $y = E[$k]_{:,$x}$for"],
            },
        ],
        source: "Bengio, Ducharme, Vincent and Jauvin 2003, section 2",
    },
    LayerRow {
        name: "rnn",
        arguments: &["units"],
        options: &[],
        settings: &[],
        ending: Ending::Inside("tanh"),
        learnt: &["W", "U", "b"],
        given: &[],
        forms: &[LayerForm {
            takes: &[Carried::Sequence],
            when: None,
            makes: Carried::Sequence,
            extents: &[Extent::Given("units")],
            text: &["where W[$k] in R^($units x $1), U[$k] in R^($units x $units)⟦, b[$k] in R^($units)⟧
                h[$m,$before] = 0 ones($units)
                a[$m,$t] = W[$k] $x + U[$k] h[$m,$t-1]⟦ + b[$k]⟧$for
                $y = $f(a[$m,$t])$for"],
        }],
        source: "Goodfellow, Bengio and Courville 2016, equations 10.8 and 10.9",
    },
    LayerRow {
        name: "lstm",
        arguments: &["units"],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &["W_i", "W_f", "W_o", "W_g", "U_i", "U_f", "U_o", "U_g", "b_i", "b_f", "b_o", "b_g"],
        given: &[],
        forms: &[LayerForm {
            takes: &[Carried::Sequence],
            when: None,
            makes: Carried::Sequence,
            extents: &[Extent::Given("units")],
            text: &["where W_i[$k], W_f[$k], W_o[$k], W_g[$k] in R^($units x $1)
                where U_i[$k], U_f[$k], U_o[$k], U_g[$k] in R^($units x $units)
                ⟦where b_i[$k], b_f[$k], b_o[$k], b_g[$k] in R^($units)⟧
                h[$m,$before] = 0 ones($units)
                s[$m,$before] = 0 ones($units)
                i[$m,$t] = sigmoid(W_i[$k] $x + U_i[$k] h[$m,$t-1]⟦ + b_i[$k]⟧)$for
                f[$m,$t] = sigmoid(W_f[$k] $x + U_f[$k] h[$m,$t-1]⟦ + b_f[$k]⟧)$for
                o[$m,$t] = sigmoid(W_o[$k] $x + U_o[$k] h[$m,$t-1]⟦ + b_o[$k]⟧)$for
                g[$m,$t] = tanh(W_g[$k] $x + U_g[$k] h[$m,$t-1]⟦ + b_g[$k]⟧)$for
                s[$m,$t] = f[$m,$t] .* s[$m,$t-1] + i[$m,$t] .* g[$m,$t]$for
                $y = o[$m,$t] .* tanh(s[$m,$t])$for"],
        }],
        source: "Goodfellow, Bengio and Courville 2016, equations 10.40 to 10.44",
    },
    LayerRow {
        name: "gru",
        arguments: &["units"],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &["W_u", "W_v", "W_g", "U_u", "U_v", "U_g", "b_u", "b_v", "b_g"],
        given: &[],
        forms: &[LayerForm {
            takes: &[Carried::Sequence],
            when: None,
            makes: Carried::Sequence,
            extents: &[Extent::Given("units")],
            text: &["where W_u[$k], W_v[$k], W_g[$k] in R^($units x $1)
                where U_u[$k], U_v[$k], U_g[$k] in R^($units x $units)
                ⟦where b_u[$k], b_v[$k], b_g[$k] in R^($units)⟧
                h[$m,$before] = 0 ones($units)
                u[$m,$t] = sigmoid(W_u[$k] $x + U_u[$k] h[$m,$t-1]⟦ + b_u[$k]⟧)$for
                v[$m,$t] = sigmoid(W_v[$k] $x + U_v[$k] h[$m,$t-1]⟦ + b_v[$k]⟧)$for
                g[$m,$t] = tanh(W_g[$k] $x + U_g[$k] (v[$m,$t] .* h[$m,$t-1])⟦ + b_g[$k]⟧)$for
                $y = u[$m,$t] .* h[$m,$t-1] + (1 - u[$m,$t]) .* g[$m,$t]$for"],
        }],
        source: "Cho et al. 2014, equations 5 to 8",
    },
    LayerRow {
        name: "last",
        arguments: &[],
        options: &[],
        settings: &[],
        ending: Ending::Access,
        learnt: &[],
        given: &[],
        forms: &[LayerForm {
            takes: &[Carried::Sequence],
            when: None,
            makes: Carried::Column,
            extents: &[Extent::Same(1)],
            text: &["$end"],
        }],
        source: "the value at the last time step",
    },
    LayerRow {
        name: "attention",
        arguments: &[],
        options: &[("heads", "1")],
        settings: &["causal"],
        ending: Ending::Value,
        learnt: &["W_Q", "W_K", "W_V", "W_O"],
        given: &[],
        forms: &[
            LayerForm {
                takes: &[Carried::Rows],
                when: None,
                makes: Carried::Rows,
                extents: &[Extent::Same(1), Extent::Same(2)],
                text: &[SCORES, "P[$k,$a] = softmax(S[$k,$a], rows) for $a in 1..$heads", HEADS_TOGETHER],
            },
            LayerForm {
                takes: &[Carried::Rows],
                when: Some("causal"),
                makes: Carried::Rows,
                extents: &[Extent::Same(1), Extent::Same(2)],
                text: &[SCORES, "where A[$k,$a], P[$k,$a] in R^($1 x $1) for $a in 1..$heads
                    A[$k,$a]_{$i,$j} = { exp(S[$k,$a]_{$i,$j}) if $j <= $i; 0 otherwise } for $a in 1..$heads
                    P[$k,$a]_{$i,$j} = A[$k,$a]_{$i,$j} / (sum_{$c} A[$k,$a]_{$i,$c}) for $a in 1..$heads", HEADS_TOGETHER],
            },
        ],
        source: "Vaswani et al. 2017, section 3.2",
    },
    LayerRow {
        name: "layer_norm",
        arguments: &[],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &["gamma", "beta"],
        given: &["epsilon"],
        forms: &[
            LayerForm {
                takes: &[Carried::Column],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(1)],
                text: &["where gamma[$k], beta[$k] in R^($1)",
                    EPSILON,
                    "mu[$m] = mean($x)
                    rho[$m] = (mean(($x - mu[$m]).^2) + epsilon)^(-1/2)
                    x_hat[$m] = rho[$m] ($x - mu[$m])
                    $y = gamma[$k] .* x_hat[$m] + beta[$k]"],
            },
            LayerForm {
                takes: &[Carried::Rows],
                when: None,
                makes: Carried::Rows,
                extents: &[Extent::Same(1), Extent::Same(2)],
                text: &["where gamma[$k], beta[$k] in R^($2)",
                    EPSILON,
                    "mu[$m] = mean($x, rows)
                    rho[$m] = (mean(($x - mu[$m] ones($2)^T).^2, rows) + epsilon).^(-1/2)
                    X_hat[$m] = diag(rho[$m]) ($x - mu[$m] ones($2)^T)
                    $y = X_hat[$m] diag(gamma[$k]) + ones($1) beta[$k]^T"],
            },
            LayerForm {
                takes: &[Carried::Sequence],
                when: None,
                makes: Carried::Sequence,
                extents: &[Extent::Same(1)],
                text: &["where gamma[$k], beta[$k] in R^($1)",
                    EPSILON,
                    "mu[$m,$t] = mean($x)$for
                    rho[$m,$t] = (mean(($x - mu[$m,$t]).^2) + epsilon)^(-1/2)$for
                    x_hat[$m,$t] = rho[$m,$t] ($x - mu[$m,$t])$for
                    $y = gamma[$k] .* x_hat[$m,$t] + beta[$k]$for"],
            },
        ],
        source: "Ba, Kiros and Hinton 2016, equation 4",
    },
    LayerRow {
        name: "rms_norm",
        arguments: &[],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &["gamma"],
        given: &["epsilon"],
        forms: &[
            LayerForm {
                takes: &[Carried::Column],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(1)],
                text: &["where gamma[$k] in R^($1)",
                    EPSILON,
                    "rho[$m] = (mean($x.^2) + epsilon)^(-1/2)
                    x_hat[$m] = rho[$m] $x
                    $y = gamma[$k] .* x_hat[$m]"],
            },
            LayerForm {
                takes: &[Carried::Rows],
                when: None,
                makes: Carried::Rows,
                extents: &[Extent::Same(1), Extent::Same(2)],
                text: &["where gamma[$k] in R^($2)",
                    EPSILON,
                    "rho[$m] = (mean($x.^2, rows) + epsilon).^(-1/2)
                    X_hat[$m] = diag(rho[$m]) $x
                    $y = X_hat[$m] diag(gamma[$k])"],
            },
        ],
        source: "Zhang and Sennrich 2019, equation 4",
    },
    LayerRow {
        name: "batch_norm",
        arguments: &[],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &["gamma", "beta"],
        given: &["epsilon"],
        forms: &[LayerForm {
            takes: &[Carried::Rows],
            when: None,
            makes: Carried::Rows,
            extents: &[Extent::Same(1), Extent::Same(2)],
            text: &["where gamma[$k], beta[$k] in R^($2)",
                    EPSILON,
                    "mu[$m] = mean($x, columns)
                rho[$m] = (mean(($x - ones($1) mu[$m]^T).^2, columns) + epsilon).^(-1/2)
                X_hat[$m] = ($x - ones($1) mu[$m]^T) diag(rho[$m])
                $y = X_hat[$m] diag(gamma[$k]) + ones($1) beta[$k]^T"],
        }],
        source: "Ioffe and Szegedy 2015, algorithm 1",
    },
    LayerRow {
        name: "dropout",
        arguments: &["rate"],
        options: &[],
        settings: &[],
        ending: Ending::Value,
        learnt: &[],
        given: &["mask"],
        forms: &[
            LayerForm {
                takes: &[Carried::Column],
                when: None,
                makes: Carried::Column,
                extents: &[Extent::Same(1)],
                text: &["where mask[$k] in R^($1)
                    $y = 1/(1 - $rate) (mask[$k] .* $x)"],
            },
            LayerForm {
                takes: &[Carried::Rows],
                when: None,
                makes: Carried::Rows,
                extents: &[Extent::Same(1), Extent::Same(2)],
                text: &["where mask[$k] in R^($1 x $2)
                    $y = 1/(1 - $rate) (mask[$k] .* $x)"],
            },
        ],
        source: "Srivastava et al. 2014, section 4",
    },
];
