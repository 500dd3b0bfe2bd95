// Renders formulas for katex.py.  Reads one per line, {"latex": …, "display": …}, and answers with
// one line, {"html": …} or {"error": …}.  Ends when its input ends.
const katex = require(process.argv[2]);

function render({ latex, display }) {
  try {
    return { html: katex.renderToString(latex, { displayMode: display, strict: "error" }) };
  } catch (error) {
    return { error: error.message };
  }
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => process.stdout.write(JSON.stringify(render(JSON.parse(line))) + "\n"));
