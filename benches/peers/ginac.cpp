// All gradients of a chain of tanh units by GiNaC, resolved, as LaTeX.
#include <cstdlib>
#include <ginac/ginac.h>
#include <iostream>
#include <string>
#include <vector>

int main(int, char **argv) {
    const int layers = std::atoi(argv[1]);
    GiNaC::symbol x("x"), y("y");
    std::vector<GiNaC::symbol> weights;
    GiNaC::ex r = x;
    for (int k = 0; k < layers; ++k) {
        weights.emplace_back("W" + std::to_string(k), "W^{(" + std::to_string(k) + ")}");
        r = tanh(weights[k] * r);
    }
    const GiNaC::ex loss = pow(y - r, 2) / 2;
    std::cout << GiNaC::latex;
    for (const GiNaC::symbol &weight : weights) std::cout << loss.diff(weight) << "\n";
}
