// The memory of a gate: what a cell keeps, and what it gathers, with gates that stand where their biases put them.
import { scaleLinear, scaleLog } from "d3-scale";
import { chrono, filled, memory, retention } from "./numerics.mjs";
import { SETTINGS } from "./settings.mjs";
import { chart, inSteps, legend, power, short, size } from "./ui.mjs";

const { lag: LAG, forget_bias: FORGET } = SETTINGS.gate.fields;
const STEPS = Array.from({ length: 161 }, (_, k) => 10 ** (k / 40)); // 1 … 10,000
const TENS = [1, 10, 100, 1000, 10000];

const inputBias = ({ companion, forget_bias, input_bias }) => (companion ? -forget_bias : input_bias);
export const disabled = { input_bias: ({ companion }) => companion };
const layered = ({ chrono: layer, lag }) => layer && lag >= 2;
export const shown = (state) => ({ ...state, input_bias: inputBias(state) });

export function draw(parent, set) {
  const [left, right] = ["kept", "filled"].map((name) => parent.appendChild(Object.assign(document.createElement("div"), { className: name })));
  const kept = chart(left, { label: "Share of the cell state that is left, against the number of steps" });
  const gathered = chart(right, { label: "Cell state that a constant candidate of 1 builds up, against the number of steps" });
  const names = legend(left, [
    ["retention", "kept, fᵏ"],
    ["cell", "nine chrono cells"],
  ]);
  legend(right, [["filling", "filled by a candidate of 1"]]);
  let scales = null;
  const toLag = ([px]) => {
    const k = scales.x.invert(px);
    set({ lag: LAG.values.reduce((best, stop) => (Math.abs(Math.log(stop / k)) < Math.abs(Math.log(best / k)) ? stop : best)) });
  };
  kept.drag(toLag);
  gathered.drag(toLag);
  kept.drag(([px]) => set({ forget_bias: biasOf(scales.x.invert(px)) }), kept.mark("handle half", "circle", kept.svg));

  return (state) => {
    scales = retentions(kept, state);
    names.style("display", ([key]) => (key === "cell" && !layered(state) ? "none" : null));
    fillings(gathered, state);
    return describe(state);
  };
}

/** The forget bias with a given half-life, as near as the slider allows. */
function biasOf(halfLife) {
  const bias = -Math.log(Math.expm1(Math.LN2 / Math.max(halfLife, 0.5)));
  return +Math.min(FORGET.max, Math.max(FORGET.min, bias)).toFixed(1);
}

function frame(chart, y, yName) {
  return chart.frame({ x: scaleLog([1, 10000], [0, 1]), y, xName: "steps k", yName, xTicks: TENS, xFormat: (k) => (k < 1000 ? k : power(Math.log10(k))) });
}

function retentions(chart, state) {
  const { forget_bias, lag } = state;
  const scales = frame(chart, scaleLinear([0, 1], [0, 1]), "share of the cell state left");
  const biases = layered(state) ? chrono(lag) : Array(9).fill(null);
  biases.forEach((bias, j) => chart.curve(`cell cell-${j}`, bias === null ? [] : STEPS.map((k) => [k, retention(bias, k)]), scales));
  chart.rule("here", scales.x(lag), scales.y.range());
  chart.curve("half-line", [[1, 0.5], [10000, 0.5]], scales);
  chart.curve("retention", STEPS.map((k) => [k, retention(forget_bias, k)]), scales);
  const { halfLife } = memory(forget_bias);
  chart.dot("handle half", [scales.x(Math.max(1, Math.min(10000, halfLife))), scales.y(0.5)], 7);
  chart.dot("at-lag", [scales.x(lag), scales.y(retention(forget_bias, lag))], 4);
  return scales;
}

function fillings(chart, state) {
  const through = STEPS.map((k) => [k, filled(state.forget_bias, inputBias(state), k)]);
  const highest = Math.max(1.2, 1.1 * through.at(-1)[1]);
  const scales = frame(chart, scaleLinear([0, highest], [0, 1]), "cell state");
  chart.rule("here", scales.x(state.lag), scales.y.range());
  chart.curve("one", [[1, 1], [10000, 1]], scales);
  chart.curve("filling", through, scales);
  chart.dot("at-lag", [scales.x(state.lag), scales.y(filled(state.forget_bias, inputBias(state), state.lag))], 4);
}

const part = (share) => (share > 0 ? `${share > 0.0005 ? `${short(100 * share)}\u00a0%` : size(Math.log(share))} of the cell state` : "nothing");

function describe(state) {
  const { f, halfLife, tau } = memory(state.forget_bias);
  const level = filled(state.forget_bias, inputBias(state), 1e9);
  const lag = inSteps(state.lag.toLocaleString("en"));
  const layer = chrono(state.lag).map((bias) => retention(bias, state.lag));
  const chronoText = `Nine cells with chrono biases for ${lag} keep ${part(layer.reduce((a, b) => a + b, 0) / 9)} on average.`;
  return (
    `The forget gate stands at f = ${short(f)}: half-life ${inSteps(short(halfLife))}, time constant ${inSteps(short(tau))}. ` +
    `After ${lag} ${part(retention(state.forget_bias, state.lag))} is left. ` +
    `A candidate of 1 fills the cell to ${short(level)}.` +
    (layered(state) ? ` ${chronoText}` : "")
  );
}
