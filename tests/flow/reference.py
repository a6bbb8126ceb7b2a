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


def draw(random, activation, width, depth, gain, residual, first, shared, orthogonal):
    value, slope = ACTIVATIONS[activation]
    h = random.standard_normal(width)
    delta = random.standard_normal(width)
    delta /= np.linalg.norm(delta)
    fixed = weights(random, width, gain, orthogonal) if shared else None
    steps = []
    for _ in range(depth):
        w = fixed if shared else weights(random, width, gain, orthogonal)
        pre = h if first else w @ h
        made = w @ value(h) if first else value(pre)
        steps.append((w, pre))
        h = h + made if residual else made
    for w, pre in reversed(steps):
        back = slope(pre) * (w.T @ delta) if first else w.T @ (slope(pre) * delta)
        delta = delta + back if residual else back
    return math.log(np.linalg.norm(delta)), float(np.mean(steps[0][1] ** 2))


def case(seed, draws, **setup):
    random = np.random.default_rng(seed)
    first = setup.pop("activated_first")
    logs, forward = zip(*(draw(random, first=first, **setup) for _ in range(draws)))
    logs = np.array(logs)
    squares = np.exp(2 * logs)
    deviation = float(np.std(logs))
    return setup | {
        "activated_first": first,
        "draws": draws,
        "ln_mean_square": math.log(np.mean(squares)),
        "relative_error": float(np.std(squares) / np.mean(squares) / math.sqrt(draws)),
        "ln_median": float(np.median(logs)),
        "ln_median_error": 1.3 * deviation / math.sqrt(draws),
        "ln_deviation": deviation,
        "ln_forward_first": math.log(np.mean(forward)),
    }


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
    base = dict(width=32, depth=8, gain=1.0, residual=False, activated_first=False, shared=False, orthogonal=False)
    changes = [
        dict(activation="relu", gain=2.0),
        dict(activation="relu", gain=1.0),
        dict(activation="sigmoid"),
        dict(activation="tanh", gain=1.5),
        dict(activation="gelu", gain=1.5),
        dict(activation="tanh", residual=True, gain=0.5),
        dict(activation="relu", residual=True, gain=0.5),
        dict(activation="relu", residual=True, activated_first=True, gain=0.5),
        dict(activation="relu", activated_first=True, gain=2.0),
        dict(activation="tanh", shared=True, gain=1.2),
        dict(activation="relu", orthogonal=True),
        dict(activation="tanh", orthogonal=True, residual=True),
        dict(activation="tanh", orthogonal=True, shared=True),
        dict(activation="leaky_relu", width=3, depth=4, gain=2.0),
    ]
    cases = [case(seed, 4000, **(base | change)) for seed, change in enumerate(changes)]
    means = [
        {"activation": name, "q": q, "value": mean(ACTIVATIONS[name][0], q), "slope": mean(ACTIVATIONS[name][1], q)}
        for name in ["relu", "tanh", "sigmoid", "leaky_relu"]
        for q in [0.1, 1.0, 30.0]
    ]
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps({"cases": cases, "means": means}, indent=1) + "\n")


if __name__ == "__main__":
    main()
