// Lets pytest call what the explorables compute: a list of [function, arguments] comes in, a list of results goes out.
import { fan, GAINS, sizes } from "../_static/explore/fan-numerics.mjs";
import * as numerics from "../_static/explore/numerics.mjs";
import * as settings from "../_static/explore/settings.mjs";

const attempt = (f) => {
  try {
    return f();
  } catch (error) {
    return { error: error.message };
  }
};
const say = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
const fanSizes = (network, seed, gain, T) => sizes(fan(network, seed, T), gain);
const known = { ...numerics, ...settings, SETTINGS: () => settings.SETTINGS, GAINS: () => GAINS, fanSizes };

let text = "";
for await (const chunk of process.stdin) text += chunk;
const answers = JSON.parse(text).map(([name, args]) => attempt(() => known[name](...args)) ?? null);
process.stdout.write(JSON.stringify(answers, say));
