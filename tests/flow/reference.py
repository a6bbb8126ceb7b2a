"""Gradients through random networks with drawn matrices, and means over the normal law by a fine grid.

Writes reference.json, which tests/flow.rs reads. It needs NumPy, and shares nothing with the program: every weight
matrix is drawn and multiplied with, forward and backward.
"""

import json
import math
import pathlib

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])
ACTIVATIONS = {
    "identity": (lambda u: u, lambda u: np.ones_like(u)),
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u >= 0).astype(float)),
    "tanh": (np.tanh, lambda u: 1 - np.tanh(u) ** 2),
    "sigmoid": (lambda u: 1 / (1 + np.exp(-u)), lambda u: 1 / (2 + np.exp(u) + np.exp(-u))),
    "leaky_relu": (lambda u: np.where(u > 0, u, 0.01 * u), lambda u: np.where(u >= 0, 1, 0.01)),
    "gelu": (
        lambda u: u * (1 + erf(u / math.sqrt(2))) / 2,
        lambda u: (1 + erf(u / math.sqrt(2))) / 2 + u * np.exp(-u * u / 2) / math.sqrt(2 * math.pi),
    ),
}


def weights(random, width, gain, orthogonal):
    drawn = random.standard_normal((width, width))
    if not orthogonal:
        return drawn * math.sqrt(gain / width)
    q, r = np.linalg.qr(drawn)
    return q * np.sign(np.diag(r))


def sigmoid(u):
    return ACTIVATIONS["sigmoid"][0](u)


def dense(name):
    """`φ(W h)` forward, and what it makes of a gradient backward."""
    value, slope = ACTIVATIONS[name]

    def step(h, draw):
        w = draw("W")
        z = w @ h
        return value(z), z, lambda delta: w.T @ (slope(z) * delta)

    return step


def activated_first(name):
    value, slope = ACTIVATIONS[name]

    def step(h, draw):
        w = draw("W")
        return w @ value(h), h, lambda delta: slope(h) * (w.T @ delta)

    return step


def two_weights(name):
    value, slope = ACTIVATIONS[name]

    def step(h, draw):
        w, v = draw("W"), draw("V")
        z = w @ h
        return v @ value(z), z, lambda delta: w.T @ (slope(z) * (v.T @ delta))

    return step


def residual(branch):
    def step(h, draw):
        made, watched, back = branch(h, draw)
        return h + made, watched, lambda delta: delta + back(delta)

    return step


def gated(h, draw):
    """`u h + (1 - u) tanh(V h)` with the gate `u = σ(W h)`; the same backward by its own chain rule."""
    w, v = draw("W"), draw("V")
    u, g = sigmoid(w @ h), np.tanh(v @ h)
    made = u * h + (1 - u) * g

    def back(delta):
        through_gate = w.T @ ((h - g) * u * (1 - u) * delta)
        return u * delta + through_gate + v.T @ ((1 - u) * (1 - g * g) * delta)

    return made, made, back


# As the network language writes the step, and as it is computed here.
STEPS = {
    "{0}(W h[k]{1})": dense,
    "W {0}(h[k]{1})": activated_first,
    "V {0}(W h[k]{1})": two_weights,
    "h[k] + {0}(W h[k]{1})": lambda name: residual(dense(name)),
    "h[k] + W {0}(h[k]{1})": lambda name: residual(activated_first(name)),
    "h[k] + V {0}(W h[k]{1})": lambda name: residual(two_weights(name)),
    "sigmoid(W h[k]) .* h[k] + (1 - sigmoid(W h[k])) .* tanh(V h[k])": lambda _: gated,
}


def normed(z, axis):
    """`(z - mean)/deviation` along an axis, and the same on the way back."""
    s = np.std(z, axis=axis, keepdims=True)
    x = (z - np.mean(z, axis=axis, keepdims=True)) / s

    def back(delta):
        along = np.mean(delta * x, axis=axis, keepdims=True)
        return (delta - np.mean(delta, axis=axis, keepdims=True) - x * along) / s

    return x, back


def softmax(z):
    """Along the last axis, and on the way back."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return p, lambda delta: p * (delta - np.sum(delta * p, axis=-1, keepdims=True))


def norm_first(state, draw):
    (h,), w = state, draw("W")
    x, back = normed(h, -1)
    made = [h + w @ np.maximum(x, 0)]
    return made, x, lambda d: [d[0] + back((x >= 0) * (w.T @ d[0]))]


def through_softmax(state, draw):
    w = draw("W")
    p, back = softmax(w @ state[0])
    return [p], p, lambda d: [w.T @ back(d[0])]


def rows(state, draw):
    w = draw("W")
    z = state[0] @ w
    return [np.maximum(z, 0)], z, lambda d: [((z >= 0) * d[0]) @ w.T]


def normed_rows(state, draw):
    w = draw("W")
    x, back = normed(state[0] @ w, 0)
    return [np.maximum(x, 0)], x, lambda d: [back((x >= 0) * d[0]) @ w.T]


def attention(state, draw):
    (h,), q, k, v = state, draw("Q"), draw("K"), draw("V")
    root = math.sqrt(h.shape[1])
    p, back = softmax((h @ q) @ (h @ k).T / root)
    values = h @ v
    made = h + p @ values

    def gradient(d):
        (delta,) = d
        scores = back(delta @ values.T) / root
        return [delta + p.T @ delta @ v.T + scores @ (h @ k) @ q.T + scores.T @ (h @ q) @ k.T]

    return [made], made, gradient


def stacked(state, draw):
    (h1, h2), w, v, a = state, draw("W"), draw("V"), draw("A")
    n1 = np.tanh(w @ h1)
    n2 = np.tanh(v @ h2 + a @ n1)

    def back(d):
        second = (1 - n2 * n2) * d[1]
        first = (1 - n1 * n1) * (d[0] + a.T @ second)
        return [w.T @ first, v.T @ second]

    return [n1, n2], n1, back


EVEN = "where W[k] in R^(n x n) for k in 0..L-1\nwhere x, y in R^n\nh[0] = x\nh[k+1] = {} for k in 0..L-1\nloss C = 1/2 norm(h[L] - y)^2\n"
ROWS = "where W[k] in R^(n x n), X, Y in R^(m x n) for k in 0..L-1\nh[0] = X\nh[k+1] = {} for k in 0..L-1\nloss C = 1/2 norm(h[L] - Y, all)^2\n"
# Whole networks: shapes of the states, the step, and whether steps share weights. `m` is 5 in them.
WHOLE = [
    (EVEN.format("h[k] + W[k] relu(layer_norm(h[k]; 0))"), ["n"], norm_first, False),
    (EVEN.format("softmax(W[k] h[k])"), ["n"], through_softmax, False),
    (ROWS.format("relu(h[k] W[k])"), ["mn"], rows, False),
    (ROWS.format("relu(batch_norm(h[k] W[k]; 0))"), ["mn"], normed_rows, False),
    (
        "where Q[k] in R^(n x n), K[k] in R^(n x n), V[k] in R^(n x n), X, Y in R^(m x n) for k in 0..L-1\nh[0] = X\n"
        "P[k] = softmax(1/sqrt(n) (h[k] Q[k]) (h[k] K[k])^T, rows) for k in 0..L-1\n"
        "h[k+1] = h[k] + P[k] h[k] V[k] for k in 0..L-1\nloss C = 1/2 norm(h[L] - Y, all)^2\n",
        ["mn"],
        attention,
        False,
    ),
    (
        "where x, u, y in R^n, W in R^(n x n), V in R^(n x n), A in R^(n x n)\nh[0] = x\ng[0] = u\n"
        "h[t] = tanh(W h[t-1]) for t in 1..T\ng[t] = tanh(V g[t-1] + A h[t]) for t in 1..T\n"
        "loss C = 1/2 norm(g[T] - y)^2\n",
        ["n", "n"],
        stacked,
        True,
    ),
]
EXAMPLES = 5


def draw(random, step, width, depth, gain, shared, orthogonal):
    h = random.standard_normal(width)
    delta = random.standard_normal(width)
    delta /= np.linalg.norm(delta)
    kept = {}

    def once(name):
        if name not in kept:
            kept[name] = weights(random, width, gain, orthogonal)
        return kept[name]

    backs, first = [], None
    for _ in range(depth):
        if not shared:
            kept.clear()
        h, watched, back = step(h, once)
        first = watched if first is None else first
        backs.append(back)
    for back in reversed(backs):
        delta = back(delta)
    return math.log(np.linalg.norm(delta)), float(np.mean(first**2))


def draw_whole(random, step, shapes, width, depth, gain, shared):
    sizes = {"n": (width,), "mn": (EXAMPLES, width)}
    state = [random.standard_normal(sizes[shape]) for shape in shapes]
    delta = [random.standard_normal(sizes[shape]) for shape in shapes]
    norm = math.sqrt(sum(np.sum(d * d) for d in delta))
    delta = [d / norm for d in delta]
    kept = {}

    def once(name):
        if name not in kept:
            kept[name] = weights(random, width, gain, False)
        return kept[name]

    backs, first = [], None
    for _ in range(depth):
        if not shared:
            kept.clear()
        state, watched, back = step(state, once)
        first = watched if first is None else first
        backs.append(back)
    for back in reversed(backs):
        delta = back(delta)
    return math.log(math.sqrt(sum(np.sum(d * d) for d in delta))), float(np.mean(first**2))


def summary(results):
    logs, forward = map(np.array, zip(*results))
    squares = np.exp(2 * logs)
    deviation = float(np.std(logs))
    return {
        "draws": len(results),
        "ln_mean_square": math.log(np.mean(squares)),
        "relative_error": float(np.std(squares) / np.mean(squares) / math.sqrt(len(results))),
        "ln_median": float(np.median(logs)),
        "ln_median_error": 1.3 * deviation / math.sqrt(len(results)),
        "ln_deviation": deviation,
        "ln_forward_first": math.log(np.mean(forward)),
    }


def whole_case(seed, draws, network, shapes, step, shared, width=16, depth=4, gain=1.0):
    random = np.random.default_rng(seed)
    results = [draw_whole(random, step, shapes, width, depth, gain, shared) for _ in range(draws)]
    about = {"network": network, "examples": EXAMPLES, "width": width, "depth": depth, "gain": gain}
    return about | {"init": "normal"} | summary(results)


def case(seed, draws, form, activation, width, depth, gain, shared, init):
    random = np.random.default_rng(seed)
    step = STEPS[form](activation)
    orthogonal = init == "orthogonal"
    results = [draw(random, step, width, depth, gain, shared, orthogonal) for _ in range(draws)]
    return {
        "step": form.format(activation, "; 1/100" if activation == "leaky_relu" else ""),
        "width": width,
        "depth": depth,
        "gain": gain,
        "shared": shared,
        "init": init,
    } | summary(results)


def mean(f, q):
    # The trapezoidal rule is exact to rounding for smooth functions; the kink at 0 is a point of the grid.
    z = np.linspace(-12, 12, 2_400_001)
    weight = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    values = f(math.sqrt(q) * z) ** 2 * weight
    # At the kink the mean of both sides.
    middle = len(z) // 2
    step = z[1] - z[0]
    near = 1e-12
    values[middle] = weight[middle] * (f(np.array([near]))[0] ** 2 + f(np.array([-near]))[0] ** 2) / 2
    return float((values.sum() - (values[0] + values[-1]) / 2) * step)


def main():
    base = dict(form="{0}(W h[k]{1})", width=32, depth=8, gain=1.0, shared=False, init="normal")
    plain, first, both = "h[k] + {0}(W h[k]{1})", "h[k] + W {0}(h[k]{1})", "h[k] + V {0}(W h[k]{1})"
    gate = "sigmoid(W h[k]) .* h[k] + (1 - sigmoid(W h[k])) .* tanh(V h[k])"
    changes = [
        dict(activation="relu", gain=2.0),
        dict(activation="relu", gain=1.0),
        dict(activation="sigmoid"),
        dict(activation="tanh", gain=1.5),
        dict(activation="gelu", gain=1.5),
        dict(activation="tanh", form=plain, gain=0.5),
        dict(activation="relu", form=plain, gain=0.5),
        dict(activation="relu", form=first, gain=0.5),
        dict(activation="relu", form="W {0}(h[k]{1})", gain=2.0),
        dict(activation="tanh", shared=True, gain=1.2),
        dict(activation="relu", init="orthogonal"),
        dict(activation="tanh", init="orthogonal", form=plain),
        dict(activation="tanh", init="orthogonal", shared=True),
        dict(activation="leaky_relu", width=3, depth=4, gain=2.0),
        dict(activation="relu", form=both, gain=0.7),
        dict(activation="tanh", form="V {0}(W h[k]{1})", gain=1.5),
        dict(activation="tanh", form=both, gain=0.5, shared=True),
        dict(activation="tanh", form=gate, gain=1.5),
        dict(activation="tanh", form=gate, gain=1.5, shared=True),
    ]
    cases = [case(seed, 4000, **(base | change)) for seed, change in enumerate(changes)]
    cases += [whole_case(100 + at, 4000, *row) for at, row in enumerate(WHOLE)]
    means = [
        {"activation": name, "q": q, "value": mean(ACTIVATIONS[name][0], q), "slope": mean(ACTIVATIONS[name][1], q)}
        for name in ["relu", "tanh", "sigmoid", "leaky_relu"]
        for q in [0.1, 1.0, 30.0]
    ]
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps({"cases": cases, "means": means}, indent=1) + "\n")


if __name__ == "__main__":
    main()
