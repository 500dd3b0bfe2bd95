// What a reader can set in each explorable, and how a setting is written into a link:
// #two-unit&W=2,2,-2,-2&drive=held names the explorable, and what differs from the default.
// No document here: the tests read this file with node.
import { GAINS } from "./fan-numerics.mjs";

const range = (label, symbol, min, max, step, value) => ({ kind: "range", label, symbol, min, max, step, value });
const choice = (label, options, value) => ({ kind: "choice", label, options, value });
const flag = (label, value) => ({ kind: "flag", label, value });
/** A slider over orders of magnitude, which stops at round numbers. */
const stops = (label, symbol, values, value) => ({ kind: "stops", label, symbol, values, min: values[0], max: values.at(-1), value });
const matrix = (label, min, max, step, value) => ({ kind: "matrix", label, min, max, step, value });

/** What an explorable has controls of its own for. */
const own = (field) => ({ ...field, own: true });

const ROUND = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
const LAGS = [1, 2, 3, 4, 5, 6, 8, ...[10, 100, 1000].flatMap((ten) => ROUND.map((digit) => digit * ten)), 10000];

export const SETTINGS = {
  fan: {
    fields: {
      guess: own(range("your guess", "", 0, 100, 1, 50)),
      run: own(flag("run", false)),
      network: own(choice("network", { vanilla: "vanilla RNN", orthogonal: "orthogonal weights", lstm: "LSTM", open: "LSTM, forget bias 5" }, "vanilla")),
      seed: own(range("draw", "", 1, 12, 1, 9)),
      gain: stops("gain of the lit line", "", GAINS, GAINS[16]),
    },
    presets: {},
  },
  "two-unit": {
    fields: {
      W: matrix("recurrent weights", -10, 10, 0.1, [0.9, 2, 0, 0.9]),
      activation: choice("activation", { tanh: "tanh", relu: "ReLU", sigmoid: "sigmoid", identity: "identity" }, "tanh"),
      drive: choice("inputs", { noise: "are noise", held: "hold unit 2", turns: "hold each in turn" }, "noise"),
      strength: range("input strength", "s", 0, 5, 0.1, 0),
      step: { ...range("step", "m", 0, 60, 1, 4), play: true },
    },
    presets: {
      "Non-normal": {},
      "A hill of 38.7": { W: [0.9, 10, 0, 0.9], step: 9 },
      "Normal": { W: [0.6, -0.6, 0.6, 0.6] },
      "Taking turns": { W: [0.9, 1.5, -1, -0.9], drive: "turns", strength: 3, step: 40 },
      "Both eigenvalues zero": { W: [2, 2, -2, -2], drive: "held", strength: 3.8, step: 20 },
    },
  },
  cliff: {
    fields: {
      w: range("start, weight", "w", 3.4, 7, 0.01, 5.05),
      b: range("start, bias", "b", -4.8, -1.4, 0.01, -2.62),
      rate: stops("learning rate", "η", [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1], 0.1),
      max_norm: stops("maximal norm", "c", [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50], 1),
      steps: { ...range("steps", "k", 0, 300, 1, 40), play: true },
    },
    presets: {
      "Beside the wall": {},
      "Thrown for good": { b: -2.58, steps: 90 },
      "At the end of the wall": { w: 4.6, b: -2.2, steps: 60 },
      "On the plain": { w: 6, b: -2, steps: 300 },
    },
  },
  gate: {
    fields: {
      forget_bias: range("forget bias", "b_f", -2, 10, 0.1, 1),
      input_bias: range("input-gate bias", "b_i", -10, 4, 0.1, 0),
      companion: flag("tie the input gate, b_i = −b_f", false),
      lag: stops("lag", "k", LAGS, 100),
      chrono: flag("a chrono layer of nine cells for this lag", false),
    },
    presets: {
      "Bias 0": { forget_bias: 0 },
      "Bias 1, as Keras": {},
      "Bias 5": { forget_bias: 5 },
      "Bias 5, tied": { forget_bias: 5, companion: true },
      "Chrono for 100 steps": { forget_bias: 4.6, companion: true, chrono: true },
    },
  },
  paths: {
    fields: {
      forget_bias: range("forget bias", "b_f", -2, 6, 0.1, 1),
      gain: range("weight scale", "g", 0, 8, 0.1, 1),
      companion: flag("tie the input gate, b_i = −b_f", false),
      distance: range("distance", "n − k", 0, 60, 1, 40),
    },
    presets: {
      "Small weights": {},
      "No recurrent weights": { gain: 0 },
      "Falls, and grows": { gain: 6 },
      "A bias of 4": { forget_bias: 4, gain: 2 },
      "A bias of 4, tied": { forget_bias: 4, gain: 2, companion: true },
    },
  },
};

export const defaults = (name) => Object.fromEntries(Object.entries(SETTINGS[name].fields).map(([key, { value }]) => [key, value]));

/** Numbers are written without the dust of floating point. */
export const plain = (value) => (typeof value === "number" ? +value.toPrecision(12) : value);

const same = (a, b) => String(a) === String(b);

/** The fragment of a link to a setting. */
export function format(name, state) {
  const parts = Object.entries(SETTINGS[name].fields)
    .filter(([key, { value }]) => !same(state[key], value))
    .map(([key]) => `${key}=${[state[key]].flat().map(plain).join(",")}`);
  return ["#" + name, ...parts].join("&");
}

/** The setting in a fragment: null if it is about something else. Throws a sentence if it cannot be read. */
export function parse(name, fragment) {
  const [head, ...parts] = fragment.replace(/^#/, "").split("&");
  if (head !== name) return null;
  const state = defaults(name);
  for (const part of parts) {
    const [key, text = ""] = part.split("=");
    const field = Object.hasOwn(state, key) ? SETTINGS[name].fields[key] : null;
    if (!field) throw new Error(`there is nothing to set by the name of ${JSON.stringify(key)}`);
    state[key] = read(key, field, text);
  }
  return state;
}

function read(key, field, text) {
  if (field.kind === "choice") {
    if (Object.hasOwn(field.options, text)) return text;
    throw new Error(`${key} is ${JSON.stringify(text)}, but needs one of ${Object.keys(field.options).join(", ")}`);
  }
  if (field.kind === "flag") {
    if (text === "true" || text === "false") return text === "true";
    throw new Error(`${key} is ${JSON.stringify(text)}, but needs true or false`);
  }
  const numbers = text.split(",").map((word) => (word.trim() ? Number(word) : NaN));
  const wanted = [field.value].flat().length;
  const whole = field.step === 1 || field.values?.every(Number.isInteger);
  const good = (n) => n >= field.min && n <= field.max && (!whole || Number.isInteger(n));
  if (numbers.length !== wanted || !numbers.every(good)) {
    const kind = whole ? "whole number" : "number";
    throw new Error(
      `${key} is ${JSON.stringify(text)}, but needs ${wanted === 1 ? `a ${kind}` : `${wanted} ${kind}s`} from ${field.min} to ${field.max}`,
    );
  }
  return field.kind === "matrix" ? numbers : numbers[0];
}
