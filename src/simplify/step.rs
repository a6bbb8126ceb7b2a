//! Rules of ReLU, Step, exp and log.

use super::rule::{Holds, Rule};
use crate::syntax::StepAtZero::{Half, One, Zero};

/// Rules that need nothing but, for some, a value of Step(0) or the sign of a term.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "relu-step",
        left: "relu(u) step(u)",
        right: "relu(u)",
        holds: Holds::Always,
        why: "ReLU is 0 wherever Step is not 1",
    },
    Rule {
        name: "argument-step",
        left: "u step(u)",
        right: "relu(u)",
        holds: Holds::Always,
        why: "this is the definition of ReLU by Step",
    },
    Rule {
        name: "step-idempotent",
        left: "step(u)^b",
        right: "step(u)",
        holds: Holds::Under(&[Zero, One]),
        why: "0 and 1 are their own powers",
    },
    Rule {
        name: "step-scale",
        left: "step(n u)",
        right: "step(u)",
        holds: Holds::Always,
        why: "a positive number keeps the sign",
    },
    Rule {
        name: "step-of-relu",
        left: "step(relu(u))",
        right: "step(u)",
        holds: Holds::Under(&[Zero]),
        why: "ReLU is positive exactly where its argument is",
    },
    Rule {
        name: "relu-of-relu",
        left: "relu(relu(u))",
        right: "relu(u)",
        holds: Holds::Always,
        why: "ReLU leaves what is not negative as it is",
    },
    Rule {
        name: "step-reflection",
        left: "step(-u)",
        right: "1 - step(u)",
        holds: Holds::Under(&[Half]),
        why: "Step is antisymmetric about ½ only if Step(0) = ½",
    },
    Rule {
        name: "step-of-positive",
        left: "step(c)",
        right: "1",
        holds: Holds::Always,
        why: "its argument is positive",
    },
    Rule {
        name: "step-of-nonnegative",
        left: "step(p)",
        right: "1",
        holds: Holds::Under(&[One]),
        why: "its argument is not negative",
    },
    Rule {
        name: "step-of-negative",
        left: "step(m)",
        right: "0",
        holds: Holds::Always,
        why: "its argument is negative",
    },
    Rule {
        name: "step-of-nonpositive",
        left: "step(q)",
        right: "0",
        holds: Holds::Under(&[Zero]),
        why: "its argument is not positive",
    },
    Rule {
        name: "relu-of-nonnegative",
        left: "relu(p)",
        right: "p",
        holds: Holds::Always,
        why: "its argument is not negative",
    },
    Rule {
        name: "relu-of-nonpositive",
        left: "relu(q)",
        right: "0",
        holds: Holds::Always,
        why: "its argument is not positive",
    },
    Rule {
        name: "log-exp",
        left: "log(exp(u))",
        right: "u",
        holds: Holds::Always,
        why: "log undoes exp",
    },
    Rule {
        name: "exp-log",
        left: "exp(log(c))",
        right: "c",
        holds: Holds::Always,
        why: "exp undoes log where the argument is positive",
    },
];
