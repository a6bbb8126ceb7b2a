//! Which commands say what.

/// Fonts, which say nothing.
pub(super) const FONTS: &[&str] = &[
    "mathbf",
    "boldsymbol",
    "bm",
    "mathcal",
    "mathbb",
    "mathsf",
    "mathit",
    "mathscr",
    "mathfrak",
    "vec",
    "overrightarrow",
    "underline",
    "textbf",
    "textit",
    "pmb",
];

/// Commands around a word.
pub(super) const WORDS: &[&str] = &[
    "operatorname",
    "operatorname*",
    "text",
    "mathrm",
    "textrm",
    "mbox",
    "textsc",
    "texttt",
];

/// Sizes that an opening bracket may have.
pub(super) const OPENING: &[&str] = &[
    "left", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl",
];

/// Signs between two factors.
pub(super) const JOINS: &[&str] = &[
    "cdot", "times", "odot", "circ", "otimes", "oslash", "bullet", "ast", "div", "mid",
];

/// Signs between two factors that need both.
pub(super) const OPERATORS: &[&str] = &["cdot", "odot", "oslash", "times", "otimes", "div"];

/// Spaces that set formulas apart.
pub(super) const WIDE: &[&str] = &["quad", "qquad"];

/// Spaces and hints for the typesetter.
pub(super) const NOTHING: &[&str] = &[
    ",",
    ";",
    ":",
    "!",
    " ",
    "quad",
    "qquad",
    "left",
    "right",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "biggl",
    "biggr",
    "Biggl",
    "Biggr",
    "middle",
    "limits",
    "nolimits",
    "displaystyle",
    "textstyle",
    "nonumber",
    "notag",
    "thinspace",
    "enspace",
    "null",
    "scriptstyle",
    "mathstrut",
    "allowbreak",
    "qty",
    "hfill",
    "rm",
    "bf",
    "it",
    "cal",
    "sf",
    "qed",
    "blacksquare",
    "square",
    "Box",
    "checkmark",
];

/// Commands whose argument is for the typesetter alone.
pub(super) const IGNORED: &[&str] = &[
    "label", "hspace", "vspace", "phantom", "hphantom", "vphantom", "color",
];

/// Commands around a formula that say nothing of its value.
pub(super) const FRAMES: &[&str] = &[
    "boxed",
    "cancel",
    "bcancel",
    "xcancel",
    "fbox",
    "ensuremath",
    "smash",
    "mathop",
    "mathord",
    "mathrel",
];

/// Signs between two sides that do not say that they are equal, and what they say.
const RELATIONS: &[(&str, &str)] = &[
    ("approx", NEAR),
    ("simeq", NEAR),
    ("cong", NEAR),
    ("sim", NEAR),
    ("propto", NEAR),
    ("succeq", NEAR),
    ("preceq", NEAR),
    ("succ", NEAR),
    ("prec", NEAR),
    ("gg", NEAR),
    ("ll", NEAR),
    ("leftarrow", UPDATE),
    ("gets", UPDATE),
    ("mapsto", UPDATE),
    ("rightarrow", UPDATE),
    ("longrightarrow", UPDATE),
    ("longleftarrow", UPDATE),
];

/// What a command says of two sides, if it does not say that they are equal.
pub(super) fn relation(command: &str) -> Option<&'static str> {
    let found = RELATIONS.iter().find(|(name, _)| *name == command);
    found.map(|(_, sign)| *sign)
}

/// Both sides are alike in some way.
pub(crate) const NEAR: &str = r"\approx";
/// The left side becomes the right one.
pub(crate) const UPDATE: &str = r"\leftarrow";

/// Accents that make another name.
pub(super) const ACCENTS: &[&str] = &[
    "hat",
    "widehat",
    "tilde",
    "widetilde",
    "bar",
    "overline",
    "dot",
    "check",
    "breve",
];

/// Functions with a command of their own.
pub(super) const FUNCTIONS: &[&str] = &[
    "log", "ln", "exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "max", "min", "det", "arg",
    "lim",
];

/// Symbols that are no Greek letters.
pub(super) const SYMBOLS: &[&str] = &[
    "ell", "partial", "nabla", "sum", "prod", "cdot", "odot", "oslash", "circ", "otimes", "times",
    "bullet", "ast", "star", "div", "top", "intercal", "infty", "forall", "in", "dots", "ldots",
    "cdots", "vdots", "dotsc", "dotsb", "dotsm", "prime", "mid", "dagger", "hbar", "setminus",
    "to", "quad", "varsigma", "varrho", "varpi", "varkappa", "imath", "jmath", "Re", "Im",
];
