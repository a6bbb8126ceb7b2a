//! Reading and printing networks: what binds tighter, spellings, layout, limits; what is printed reads back alike.

use std::fs;
use std::path::Path;

use chainrule::source::{Report, Source, render};
use chainrule::syntax::{
    Binder, Comparison, Condition, Expr, ExprKind, Join, Network, Order, Range, Sign,
    StatementKind, parse, print,
};

fn read(text: &str) -> Network {
    let source = Source::new("test", text);
    parse(&source).unwrap_or_else(|report| panic!("{}", render(&report, &source, false)))
}

fn refuse(text: &str) -> Report {
    match parse(&Source::new("test", text)) {
        Ok(network) => panic!("accepted: {}", print(&network)),
        Err(report) => report,
    }
}

/// The formula with every bracket written.
fn explicit(expr: &Expr) -> String {
    let list = |list: &[Expr]| list.iter().map(explicit).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Number(value) => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Slots(base, slots) => format!("{}[{}]", explicit(base), list(slots)),
        ExprKind::Elements(base, elements) => format!("{}_{{{}}}", explicit(base), list(elements)),
        ExprKind::Call {
            function,
            primes,
            arguments,
            extra,
        } => {
            let primes = "'".repeat(usize::from(*primes));
            let extra = if extra.is_empty() {
                String::new()
            } else {
                format!("; {}", list(extra))
            };
            format!("{}{primes}({}{extra})", function.value, list(arguments))
        }
        ExprKind::Negative(inner) => format!("(-{})", explicit(inner)),
        ExprKind::Sum(summands) => {
            let mut text = String::new();
            for (number, (sign, summand)) in summands.iter().enumerate() {
                text.push_str(match (number, sign) {
                    (0, _) => "",
                    (_, Sign::Plus) => " + ",
                    (_, Sign::Minus) => " - ",
                });
                text.push_str(&explicit(summand));
            }
            format!("({text})")
        }
        ExprKind::Product(first, rest) => {
            rest.iter().fold(explicit(first), |left, (join, factor)| {
                let sign = match join {
                    Join::Space | Join::Star | Join::Tight => "·",
                    Join::Elementwise => ".*",
                    Join::Over => "/",
                    Join::ElementwiseOver => "./",
                };
                format!("({left}{sign}{})", explicit(factor))
            })
        }
        ExprKind::Power {
            base,
            exponent,
            elementwise,
        } => {
            let sign = if *elementwise { ".^" } else { "^" };
            format!("({}{sign}{})", explicit(base), explicit(exponent))
        }
        ExprKind::Transpose(base) => format!("{}ᵀ", explicit(base)),
        ExprKind::Reduce {
            op, binder, body, ..
        } => {
            let binder: Vec<String> = binder
                .iter()
                .map(|entry| match entry {
                    Binder::Letter(letter) => letter.value.clone(),
                    Binder::Range(range) => explicit_range(range),
                    Binder::Condition(condition) => explicit_condition(condition),
                })
                .collect();
            format!("{op:?}{{{}}}({})", binder.join(", "), explicit(body))
        }
        ExprKind::Cases(branches) => {
            let branches: Vec<String> = branches
                .iter()
                .map(|(value, conditions)| match conditions {
                    None => format!("{} otherwise", explicit(value)),
                    Some(conditions) => {
                        let conditions: Vec<String> =
                            conditions.iter().map(explicit_condition).collect();
                        format!("{} if {}", explicit(value), conditions.join(" and "))
                    }
                })
                .collect();
            format!("{{{}}}", branches.join("; "))
        }
        ExprKind::Slice(None) => ":".to_owned(),
        ExprKind::Slice(Some(bounds)) => {
            format!("{}..{}", explicit(&bounds.0), explicit(&bounds.1))
        }
        ExprKind::Derivative(of, wrt) => format!("∂{}/∂{}", explicit(of), explicit(wrt)),
    }
}

fn explicit_range(range: &Range) -> String {
    format!(
        "{} in {}..{}",
        range.letter.value,
        explicit(&range.low),
        explicit(&range.high)
    )
}

fn explicit_condition(condition: &Condition) -> String {
    let sign = match condition.comparison {
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
    };
    format!(
        "{} {sign} {}",
        explicit(&condition.left),
        explicit(&condition.right)
    )
}

/// The right sides of the equations of a text.
fn right_sides(network: &Network) -> Vec<String> {
    network
        .statements
        .iter()
        .filter_map(|statement| match &statement.kind {
            StatementKind::Equation { right, .. } => Some(explicit(right)),
            _ => None,
        })
        .collect()
}

#[test]
fn precedence() {
    let readings = [
        ("-x^2", "(-(x^2))"),
        ("-a b + c", "((-(a·b)) + c)"),
        ("a - b - c", "(a - b - c)"),
        ("a - -1", ""),
        ("a -b", "(a - b)"),
        ("a/b c", "((a/b)·c)"),
        ("a/b/c", "((a/b)/c)"),
        ("a b/c d", "(((a·b)/c)·d)"),
        ("1/2 (y - r)^2", "(1/2·((y - r)^2))"),
        ("1/2/3", "(1/2/3)"),
        ("x/2/3", "((x/2)/3)"),
        ("2x", "(2·x)"),
        ("2(x + 1)(y)", "((2·(x + 1))·y)"),
        ("x^-1", "(x^(-1))"),
        ("x^{n+1} y", "((x^(n + 1))·y)"),
        ("x^n[k] y", "((x^n[k])·y)"),
        ("x^relu(z) y", "((x^relu(z))·y)"),
        ("2 x²", "(2·(x^2))"),
        ("x⁻¹", "(x^(-1))"),
        ("W[k]_ij^2", "(W[k]_{i, j}^2)"),
        ("(W x)_i", "(W·x)_{i}"),
        ("w^T x", "(wᵀ·x)"),
        ("x.^2 ./ y .* z", "(((x.^2)./y).*z)"),
        ("sum_i a_{i} b/c + d", "(Sum{i}(((a_{i}·b)/c)) + d)"),
        ("2 sum_i sum_j a - b", "((2·Sum{i}(Sum{j}(a))) - b)"),
        (
            "prod_{j in 1..i, j != c} x_{j}",
            "Product{j in 1..i, j != c}(x_{j})",
        ),
        ("sum_{i < j} x_{i}", "Sum{i < j}(x_{i})"),
        ("max_ij x", "Max{i, j}(x)"),
        ("max(a, b) max_norm", "(max(a, b)·max_norm)"),
        ("f(x)", "(f·x)"),
        ("sigma(z)_i", "sigmoid(z)_{i}"),
        ("tanh'(z)", "tanh'(z)"),
        ("0.5 x", "(1/2·x)"),
        ("1e-5", "1/100000"),
        ("1.5e1", "15"),
        ("6/4", "3/2"),
        ("2^1/2", "((2^1)/2)"),
        (
            "{ x if x > 0, i = j; -x if 0 < i < n; 0 otherwise }",
            "{x if x > 0 and i = j; (-x) if 0 < i and i < n; 0 otherwise}",
        ),
    ];
    for (text, reading) in readings {
        let network = format!("index i, j\nz = {text}\n");
        if reading.is_empty() {
            refuse(&network);
        } else {
            assert_eq!(right_sides(&read(&network)), [reading], "{text}");
        }
    }
}

#[test]
fn spellings_are_one_token() {
    let pairs = [
        (
            "δ_ij = Σ_i α·β × γ − λ₂",
            "delta_ij = sum_i alpha * beta * gamma - lambda_2",
        ),
        (
            "z = ∑_{i ≠ j, i ≤ n, i ≥ 2} A⊙B ⊘ C",
            "z = sum_{i != j, i <= n, i >= 2} A .* B ./ C",
        ),
        (
            "z = σ(x)² + ReLU(y) + ½w + Π_i v_{i}",
            "z = sigmoid(x)^2 + relu(y) + (1/2)w + prod_i v_{i}",
        ),
        ("where W ∈ R^(n × m)", "where W in R^(n x m)"),
        ("where W ∈ ℝ^{n x m}", "where W in R^(n x m)"),
        ("z = Wᵀ x + W^⊤ y", "z = W^T x + W^T y"),
        ("∂C/∂W[0]", "grad C wrt W[0]"),
        ("convention Step(0) = ½", "convention step(0) = 1/2"),
    ];
    for (left, right) in pairs {
        let network = |text: &str| read(&format!("index i, j\n{text}\n")).without_places();
        assert_eq!(network(left), network(right), "{left}");
    }
}

#[test]
fn lines_belong_together() {
    let pairs = [
        ("z = a\n  + b\n  c", "z = a + b c"),
        ("z = a\n+ b", "z = a + b"),
        ("z = (a\n+ b)", "z = (a + b)"),
        ("z = f(\na\n)", "z = f(a)"),
        ("z = a; r = b # c; d\ngrad a", "z = a\nr = b\ngrad a"),
        (
            "where x in R^n # a comment\n\n      # another\n      y in R\nz = x",
            "where x in R^n\nwhere y in R\nz = x",
        ),
        (
            "where\n  x in R\n  y, w in R^(n\n    x m)",
            "where x in R\nwhere y, w in R^(n x m)",
        ),
        (
            "where W[k] in R, b[k] in R for k in 1..L\n      V[k] in R\n      u in R",
            "where W[k] in R, b[k] in R for k in 1..L\nwhere V[k] in R for k in 1..L\nwhere u in R",
        ),
        (
            "for t in 1..T\n  a[t] = x[t]\n    + 1\n  for l in 1..L\n    b[l,t] = a[t]; c[l,t] = 2\n  d[t] = 3\ne = 4",
            "a[t] = x[t] + 1 for t in 1..T\nb[l,t] = a[t] for t in 1..T, l in 1..L\nc[l,t] = 2 for t in 1..T, l in 1..L\nd[t] = 3 for t in 1..T\ne = 4",
        ),
        (
            "assume x > 0, 0 < p < 1\n  t in {0,1}\nwrite x as \"a # b\"\n  y as \"c\"",
            "assume x > 0, 0 < p < 1\nassume t in {0,1}\nwrite x as \"a # b\"\nwrite y as \"c\"",
        ),
        ("where x in R; z = x", "where x in R\nz = x"),
    ];
    for (left, right) in pairs {
        assert_eq!(
            read(left).without_places(),
            read(right).without_places(),
            "{left}"
        );
    }
}

#[test]
fn derivatives_need_known_names() {
    let questions = |text: &str| {
        let network = read(text);
        let question = network
            .statements
            .iter()
            .find_map(|statement| match &statement.kind {
                StatementKind::Question(question) => Some(question.clone()),
                _ => None,
            });
        question.map(|question| {
            assert_eq!(question.order, Order::Gradient);
            (
                question.of.as_ref().map(explicit),
                question.wrt.iter().map(explicit).collect::<Vec<_>>(),
            )
        })
    };
    let known = "z[1] = w x\nloss C = z[1]^2\n";
    let asked = Some((Some("C".to_owned()), vec!["z[1]".to_owned()]));
    assert_eq!(questions(&format!("{known}dC/dz[1]")), asked);
    assert_eq!(questions(&format!("{known}∂C/∂z[1]")), asked);
    // `dC` is a quantity here, so this is a quotient, and a quotient is no question.
    refuse(&format!("param dC\n{known}dC/dz[1]"));
    refuse(&format!("{known}q = dC/dz"));
    read(&format!("param dC, dz\n{known}q = dC/dz"));
}

#[test]
fn several_mistakes_at_once() {
    let report = refuse("z = (a\nr = 1/2m\nwhere x\nq = b\ns = c)\n");
    let codes: Vec<&str> = report
        .diagnostics()
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    assert_eq!(
        codes,
        [
            "unclosed-bracket",
            "behind-quotient",
            "declaration-without-set",
            "unopened-bracket"
        ]
    );
}

#[test]
fn case_files_read_back_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut folders = vec![root.join("examples"), root.join("tests/cases")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of cases") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a case is text");
            if let Ok(network) = parse(&Source::new("case", text)) {
                assert_eq!(
                    read(&print(&network)).without_places(),
                    network.without_places()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "only {seen} cases were read");
}

#[test]
fn random_formulas_read_back_alike() {
    const PARTS: &[&str] = &[
        "x",
        "y",
        "W[k]",
        "relu(",
        "max(",
        "(",
        ")",
        "+",
        "-",
        "*",
        "/",
        ".*",
        "./",
        "^",
        "^T",
        ".^",
        "_ij",
        "_{i,j}",
        "2",
        "1/2",
        "0.5",
        "sum_i",
        "sum_{j in 1..n}",
        "prod_{i < j}",
        "{ x if x > 0; y otherwise }",
        "²",
        " ",
        " ",
        " ",
        ",",
        "-1",
        "n",
        "T",
        "phi'(z)",
        "½",
        "s",
        "∂",
        "e5",
        "3",
        "dC/dx",
    ];
    let mut seed: u64 = 0x2545_F491_4F6C_DD1D;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("a small number")
    };
    let mut accepted = 0;
    for _ in 0..15_000 {
        let formula: String = (0..2 + next(9)).map(|_| PARTS[next(PARTS.len())]).collect();
        let statement = match next(3) {
            0 => format!("z = {formula}"),
            1 => format!("write {formula} as \"a\""),
            _ => format!("fn s(u) = 1 with s' = {formula}"),
        };
        let text = format!("index i, j\nfn phi(u)\nC = x\n{statement}\n");
        let Ok(network) = parse(&Source::new("random", text.as_str())) else {
            continue;
        };
        accepted += 1;
        let printed = print(&network);
        assert_eq!(
            read(&printed).without_places(),
            network.without_places(),
            "{text}{printed}"
        );
    }
    assert!(accepted > 700, "only {accepted} formulas were accepted");
}

#[test]
fn nesting_is_bounded() {
    let small_stack = std::thread::Builder::new().stack_size(2 << 20);
    let thread = small_stack.spawn(|| {
        for (open, close) in [
            ("(", ")"),
            ("relu(", ")"),
            ("{ x if y > ", "; 0 otherwise }"),
            ("a[", "]"),
        ] {
            let text = format!("z = {}x{}\n", open.repeat(200), close.repeat(200));
            let network = read(&text);
            assert_eq!(
                read(&print(&network)).without_places(),
                network.without_places()
            );
            let deep = format!("z = {}x{}\n", open.repeat(100_000), close.repeat(100_000));
            assert_eq!(refuse(&deep).diagnostics()[0].code, "nested-too-deep");
        }
        let sums = "(sum_i sum_i sum_i sum_i (-x)^";
        let sums = format!("index i\nz = {}x{}\n", sums.repeat(190), ")".repeat(190));
        let network = read(&sums);
        assert_eq!(
            read(&print(&network)).without_places(),
            network.without_places()
        );
        assert_eq!(
            refuse(&format!("z = {}x", "(".repeat(1_000_000))).diagnostics()[0].code,
            "nested-too-deep"
        );
        assert_eq!(
            refuse(&")".repeat(1_000)).diagnostics()[0].code,
            "unopened-bracket"
        );
    });
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn texts_are_bounded() {
    let long = format!("z = x{}\n", " + x".repeat(1 << 18));
    assert_eq!(refuse(&long).diagnostics()[0].code, "statement-too-large");
    let large = "# comment\n".repeat(2 << 20);
    assert_eq!(refuse(&large).diagnostics()[0].code, "text-too-large");
    let many: String = (0..20_000)
        .map(|layer| format!("z[{}] = relu(w z[{layer}])\n", layer + 1))
        .collect();
    assert_eq!(read(&many).statements.len(), 20_000);
}
