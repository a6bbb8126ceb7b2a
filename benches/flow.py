"""What benches/flow.rs does, with NumPy: 100 networks of 100 layers of width 256, ReLU and He's weights."""

import time

import numpy as np


def main(width=256, depth=100, draws=100):
    random = np.random.default_rng(0)
    start = time.perf_counter()
    norms = np.zeros((draws, depth + 1))
    for draw in range(draws):
        weights = random.standard_normal((depth, width, width), dtype=np.float64) * np.sqrt(2 / width)
        h = random.standard_normal(width)
        delta = random.standard_normal(width)
        delta /= np.linalg.norm(delta)
        steps = []
        for w in weights:
            z = w @ h
            steps.append(z > 0)
            h = np.maximum(z, 0)
        for at, (w, active) in enumerate(zip(weights[::-1], steps[::-1])):
            delta = w.T @ (active * delta)
            norms[draw, at + 1] = np.log(np.linalg.norm(delta))
    np.quantile(norms, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    print(f"NumPy: {time.perf_counter() - start:.3f} s")


if __name__ == "__main__":
    main()
