// All gradients of a chain of tanh units by giac, resolved, as LaTeX.
#include <cstdlib>
#include <iostream>
#include <string>

#include <giac/config.h>
#include <giac/giac.h>

int main(int, char **argv) {
    const int layers = std::atoi(argv[1]);
    giac::context context;
    std::string r = "x";
    for (int k = 0; k < layers; ++k) r = "tanh(W" + std::to_string(k) + "*" + r + ")";
    for (int k = 0; k < layers; ++k) {
        const giac::gen ask("diff(1/2*(y-" + r + ")^2,W" + std::to_string(k) + ")", &context);
        std::cout << giac::gen2tex(giac::eval(ask, 1, &context), &context) << "\n";
    }
}
