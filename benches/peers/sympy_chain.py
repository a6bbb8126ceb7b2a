"""All gradients of a chain of tanh units by SymPy, resolved, as LaTeX."""

import sys

import sympy

layers = int(sys.argv[1])
x, y = sympy.symbols("x y")
weights = [sympy.Symbol("W^{(%d)}" % k) for k in range(layers)]
r = x
for weight in weights:
    r = sympy.tanh(weight * r)
loss = (y - r) ** 2 / 2
for weight in weights:
    print(sympy.latex(sympy.diff(loss, weight)))
