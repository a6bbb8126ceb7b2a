// Renders every environment of the given files with strict errors.
const fs = require("fs");
const katex = require("katex");

let rendered = 0;
let refused = 0;
for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf8");
  const environments = text.match(/\\begin\{align\*\}[\s\S]*?\\end\{align\*\}/g) ?? [];
  if (environments.length === 0) {
    console.error(`${file}: no formula`);
    refused += 1;
  }
  for (const formula of environments) {
    try {
      katex.renderToString(formula, { displayMode: true, throwOnError: true, strict: "error", trust: false });
      rendered += 1;
    } catch (error) {
      console.error(`${file}: ${error.message}\n${formula}`);
      refused += 1;
    }
  }
}
console.log(`KaTeX: ${rendered} rendered, ${refused} refused`);
process.exit(refused === 0 ? 0 : 1);
