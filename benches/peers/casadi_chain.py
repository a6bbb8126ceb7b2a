"""All gradients of a chain of tanh units by CasADi, named intermediates, as its own text (it writes no LaTeX)."""

import sys

import casadi

layers = int(sys.argv[1])
x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
weights = casadi.SX.sym("W", layers)
r = x
for k in range(layers):
    r = casadi.tanh(weights[k] * r)
print(casadi.gradient((y - r) ** 2 / 2, weights))
