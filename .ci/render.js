// Renders every environment of the given files by KaTeX and by Temml, with strict errors. Both give up after a thousand
// macros in one formula, and `\operatorname` is a macro: a deep network that is resolved has more.
const fs = require("fs");
const katex = require("katex");
const temml = require("temml");

const options = { displayMode: true, throwOnError: true, trust: false, maxExpand: 100_000 };
const readers = {
  KaTeX: (formula) => katex.renderToString(formula, { ...options, strict: "error" }),
  Temml: (formula) => temml.renderToString(formula, { ...options, strict: true }),
};

let refused = 0;
const rendered = Object.fromEntries(Object.keys(readers).map((name) => [name, 0]));
for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf8");
  const macros = (text.match(/^\\newcommand.*$/gm) ?? []).join("\n");
  const environments = text.match(/\\begin\{align(\*?)\}[\s\S]*?\\end\{align\1\}/g) ?? [];
  if (environments.length === 0) {
    console.error(`${file}: no formula`);
    refused += 1;
  }
  for (const formula of environments) {
    // Pages have no cross-references by label.
    const unlabelled = `${macros}\n${formula.replace(/ \\label\{[^{}]*\}/g, "")}`;
    for (const [name, render] of Object.entries(readers)) {
      try {
        render(unlabelled);
        rendered[name] += 1;
      } catch (error) {
        console.error(`${file}: ${name}: ${error.message}\n${unlabelled}`);
        refused += 1;
      }
    }
  }
}
for (const [name, count] of Object.entries(rendered)) console.log(`${name}: ${count} rendered`);
console.log(`${refused} refused`);
process.exit(refused === 0 ? 0 : 1);
