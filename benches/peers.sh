#!/usr/bin/env bash
# Times other systems on chains of tanh units, as whole processes, beside chainrule: all gradients, resolved, as
# LaTeX. Needs Debian with root (GiNaC and giac are installed from it) and Python (SymPy and CasADi from PyPI).
# What cannot be installed is named as not measured. Not part of CI.
set -euo pipefail
cd "$(dirname "$0")/.."
chainrule=${1:-target/release/chainrule}
patience=60
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
missing=()

apt-get install -y --no-install-recommends g++ libginac-dev libgiac-dev python3-venv >"$build/apt.log" 2>&1 || true
g++ -O2 -w -o "$build/ginac" benches/peers/ginac.cpp -lginac -lcln 2>/dev/null || missing+=(GiNaC)
g++ -O2 -w -o "$build/giac" benches/peers/giac.cpp -lgiac -lgmp 2>/dev/null || missing+=(giac)
python3 -m venv "$build/python"
for package in sympy casadi; do
    "$build/python/bin/pip" install --quiet "$package" 2>/dev/null || missing+=("$package")
done

chain() {
    echo 'r[0] = x'
    for ((k = 0; k < $1; k++)); do echo "r[$((k + 1))] = tanh(W[$k] r[$k])"; done
    echo "loss C = 1/2 (y - r[$1])^2"
    local names=()
    for ((k = 0; k < $1; k++)); do names+=("W[$k]"); done
    (IFS=,; echo "grad ${names[*]}")
}

# The shortest of three runs in milliseconds, and the length of what is written.
row() {
    local name=$1 layers=$2 best='' bytes=0 start stop
    shift 2
    for _ in 1 2 3; do
        start=$(date +%s%N)
        if ! timeout "$patience" "$@" >"$build/out" 2>/dev/null; then
            echo "| $name | $layers | none within $patience s | |"
            return
        fi
        stop=$(date +%s%N)
        bytes=$(stat -c %s "$build/out")
        if [[ -z $best || $((stop - start)) -lt $best ]]; then best=$((stop - start)); fi
    done
    echo "| $name | $layers | $((best / 1000000)) ms | $((bytes / 1000)) kB |"
}

have() { [[ " ${missing[*]-} " != *" $1 "* ]]; }

echo '| system | layers | time | text |'
echo '| --- | --- | --- | --- |'
for layers in 1 10 30 100; do
    chain "$layers" >"$build/chain.net"
    row 'chainrule --resolve' "$layers" "$chainrule" derive "$build/chain.net" --resolve --no-confirm
    if have GiNaC; then row GiNaC "$layers" "$build/ginac" "$layers"; fi
    if have giac; then row giac "$layers" "$build/giac" "$layers"; fi
    if have sympy; then row SymPy "$layers" "$build/python/bin/python" benches/peers/sympy_chain.py "$layers"; fi
done
for layers in 100 1000; do
    chain "$layers" >"$build/chain.net"
    row 'chainrule, named' "$layers" "$chainrule" derive "$build/chain.net" --no-confirm
    row 'chainrule, named, confirmed' "$layers" "$chainrule" derive "$build/chain.net"
    if have casadi; then
        row 'CasADi, named, no LaTeX' "$layers" "$build/python/bin/python" benches/peers/casadi_chain.py "$layers"
    fi
done
echo
echo "Not measured: ${missing[*]-} Symbolica, Symbolics.jl, Maxima, Wolfram (not installed here)."
