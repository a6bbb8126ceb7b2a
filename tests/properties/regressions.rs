//! Networks that once went wrong, each with what went wrong.

use chainrule::formula::{Detail, Form, Lettering, View};
use chainrule::matrix::Layout;
use chainrule::syntax::StepAtZero;

use crate::counters::Counters;
use crate::pipeline::CONVENTIONS;
use crate::random::{Tally, VIEWS, try_network};

const NETWORKS: &[(&str, &str)] = &[
    (
        "a kink that only rounding tells from its neighbourhood",
        "h1 = a ((1 + ((1 + (a)^2)^(3/2))^2)^(3/2))\nh2 = h1 + min(h1, (-(3 b)))\nloss C = 1/2 (y - h2)^2\ngrad a, b, h2\n",
    ),
    (
        "two reads of one family by neighbours, stated as one",
        "index i, j\nwhere x, b, y in R^n\n\
         z_i = b_i + { x_{i-1} if i >= 2; 0 otherwise } + { x_{i+1} if i < n; 0 otherwise }\nr_i = tanh(z_i)\n\
         loss C = 1/2 sum_i (r_i - y_i)^2\ngrad x, b, z\n",
    ),
    (
        "letters of sums inside a definition, summed outside of its local derivative",
        "index i, j, k\nwhere A in R^(p x q), x in R^q, y in R^p\nm_i = sum_j x_j prod_{k != j} (x_k + A_ik)\n\
         r_i = tanh(m_i)\nloss C = 1/2 sum_i (r_i - y_i)^2\ngrad A, x, m\n",
    ),
    (
        "a range of which one end follows from another condition",
        "index r, s, t\nwhere v, o, y in R^n, a in R^(n x n)\no_t = sum_{s < t} a_{t,s} v_s + v_t\n\
         loss C = sum_{s < t} o_s o_t y_s\ngrad v, a, o\n",
    ),
    (
        "a common factor that exists only where the guards hold",
        "index i\nwhere x in R^10, z, y in R^3\nz_i = x_{3 i} x_{10 - 3 i}\nloss C = sum_i (z_i - y_i)^2\ngrad x\n",
    ),
    (
        "divisibility by multiples that mean the same",
        "index i\nwhere x in R^(3 n), A in R^(n x n), z, y in R^n\nz_i = x_{3 i} A_{i,n+1-i}\n\
         loss C = sum_i (z_i - y_i)^2\ngrad x, A\n",
    ),
    (
        "a token read in the domain of the sum that bounds its index",
        "index i\nwhere E in R^(K x 2), w in R^2\n      c[t] in 1..K for t in 1..T\n      y[t] in R for t in 1..T\n\
         h[t]_i = tanh(E_{c[t],i}) for t in 1..T\nloss C = sum_{t in 1..T} (sum_i w_i h[t]_i - y[t])^2\ngrad E, w\n",
    ),
    (
        "an activation opened at a slot that is a letter",
        "h[0] = x0\nh[-1] = x1\nh[t] = tanh(u h[t-2] + w h[t-1] x[t]) for t in 1..3\nloss C = (h[3] - v)^2 + v h[1]\n\
         grad w, u, x[t], h[t]\n",
    ),
    (
        "a loss that reads one element, shown as if it read all",
        "index i\nwhere p in R^K, c in 1..K\nassume p > 0\nloss C = -log(p_{c})\ngrad p\n",
    ),
    (
        "sums put into each other with the same letter",
        "index i, j\nwhere W[k] in R^(n[k] x n[k+1]) for k in 0..2\n      x in R^(n[0]), y in R^(n[3])\nr[0]_i = x_i\n\
         z[k+1]_j = sum_i W[k]_ij r[k]_i for k in 0..2\nr[k+1]_j = softplus(z[k+1]_j) for k in 0..2\n\
         loss C = 1/2 sum_j (y_j - r[3]_j)^2\ngrad W[k], z[k], r[k], x\n",
    ),
];

#[test]
fn what_went_wrong_once_stays_right() {
    let full = View {
        form: Form::Index,
        layout: Layout::Same,
        detail: Detail::Full,
        resolve: false,
        combine: false,
        lettering: Lettering::AsRead,
        examples: None,
    };
    let mut tally = Tally::default();
    for (title, text) in NETWORKS {
        for view in VIEWS.into_iter().chain([full]) {
            for convention in CONVENTIONS
                .into_iter()
                .filter(|c| *c != StepAtZero::Undefined)
            {
                try_network(text, convention, view, &mut tally, &mut Counters::default())
                    .unwrap_or_else(|wrong| panic!("{title}:\n{text}{wrong}"));
            }
        }
    }
}
