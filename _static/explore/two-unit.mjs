// Two units: what their Jacobians make of a circle, step by step, and how large the product is beside its bounds.
import { scaleLinear } from "d3-scale";
import { ellipse, norm, radius, triangular, twoUnit } from "./numerics.mjs";
import { chart, inSteps, legend, power, size, short } from "./ui.mjs";

const matrix = ([a, b, c, d]) => [
  [a, b],
  [c, d],
];
const rounded = (W) => W.flat().map((w) => +w.toFixed(2));
const ROWS = { kind: "range", min: 0, step: 0.01 };

/** Two more sliders, which make a triangular matrix. */
export const derived = {
  rho: {
    ...ROWS,
    label: "spectral radius",
    symbol: "ρ",
    max: 3,
    get: ({ W }) => radius(matrix(W)),
    set: ({ W }, rho) => ({ W: rounded(triangular(rho, Math.max(rho, Math.min(10, norm(matrix(W)))))) }),
  },
  sigma_max: {
    ...ROWS,
    label: "norm",
    symbol: "σ_max",
    max: 10,
    get: ({ W }) => norm(matrix(W)),
    set: ({ W }, sigma) => ({ W: rounded(triangular(Math.min(radius(matrix(W)), sigma), sigma)) }),
  },
};

export function draw(parent, set) {
  const [plane, sizes] = ["plane", "sizes"].map((name) => parent.appendChild(Object.assign(document.createElement("div"), { className: name })));
  const circle = chart(plane, { label: "The ellipse that the product of Jacobians makes of the unit circle" });
  const decay = chart(sizes, { label: "Norm of the product of Jacobians against the number of steps, with two bounds" });
  legend(plane, [
    ["circle", "unit circle"],
    ["now", "after m steps"],
    ["trail", "earlier steps"],
  ]);
  legend(sizes, [
    ["actual", "the product"],
    ["bound", "(γ σ_max)ᵐ, norm"],
    ["promise", "(γ ρ)ᵐ, eigenvalue"],
  ]);
  let scales = null;
  decay.drag(([px]) => set({ step: Math.round(Math.min(60, Math.max(0, scales.x.invert(px)))) }));

  return (state) => {
    const found = twoUnit({ ...state, W: matrix(state.W) });
    ellipses(circle, found, state.step);
    scales = curves(decay, found, state.step);
    return describe(found, state);
  };
}

function ellipses(chart, { products, logNorms }, step) {
  const reach = Math.max(0, ...logNorms.slice(0, step + 1));
  const unit = reach > 5 * Math.LN10 ? Math.floor(reach / Math.LN10) : 0;
  const edge = 1.12 * Math.exp(reach - unit * Math.LN10);
  const scales = chart.frame({
    x: scaleLinear([-edge, edge], [0, 1]),
    y: scaleLinear([-edge, edge], [0, 1]),
    xName: "change of unit 1" + (unit ? ` (× ${power(unit)})` : ""),
    yName: "change of unit 2",
    xTicks: 4,
    square: true,
  });
  const outline = (key, m) => chart.curve(key, ellipse(products[m], unit * Math.LN10), scales);
  for (let age = 8; age > 0; age--) outline(`trail trail-${age}`, Math.max(0, step - age));
  outline("circle", 0);
  outline("now", step);
}

function curves(chart, { logNorms, gamma, rho, sigmaMax }, step) {
  const tens = logNorms.map((l) => l / Math.LN10);
  const seen = tens.filter(Number.isFinite);
  const [low, high] = [Math.min(-2, ...seen) - 0.5, Math.max(2, ...seen) + 1];
  const scales = chart.frame({
    x: scaleLinear([0, 60], [0, 1]),
    y: scaleLinear([low, high], [0, 1]),
    xName: "steps m",
    yName: "norm of the product",
    yFormat: power,
    yTicks: integers(low, high),
  });
  const straight = (rate) => (rate > 0 ? [0, 60].map((m) => [m, (m * Math.log(rate)) / Math.LN10]) : []);
  chart.curve("bound", straight(gamma * sigmaMax), scales);
  chart.curve("promise", straight(gamma * rho), scales);
  chart.curve("actual", tens.map((l, m) => [m, l]), scales);
  chart.rule("here", scales.x(step), scales.y.range());
  chart.dot("handle", [scales.x(step), scales.y(Math.max(low, tens[step]))]).attr("display", tens[step] === -Infinity ? "none" : null);
  return scales;
}

/** How many ticks a scale of powers of ten can have without fractions. */
export const integers = (low, high) => Math.min(6, Math.floor(high - low));

function describe({ logNorms, gamma, rho, sigmaMax, smallestNorm, largestRadius }, { step }) {
  const top = logNorms.reduce((best, l, m) => (l > logNorms[best] ? m : best), 0);
  return (
    `After ${inSteps(step)} the product has norm ${size(logNorms[step])}, after 60 steps ${size(logNorms[60])}. ` +
    `Its largest norm is ${size(logNorms[top])}, after ${inSteps(top)}. γρ is ${short(gamma * rho)} and γσ ${short(gamma * sigmaMax)}. ` +
    `On the way no Jacobian has a norm below ${short(smallestNorm)} or a spectral radius above ${short(largestRadius)}.`
  );
}
