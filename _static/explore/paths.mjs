// Paths through a small LSTM: how much of a change of c_k reaches c_n, by which routes.
import { scaleLinear } from "d3-scale";
import { paths } from "./numerics.mjs";
import { chart, inSteps, legend, power, size } from "./ui.mjs";
import { integers } from "./two-unit.mjs";

const ROUTES = [
  ["whole", "all routes: the gradient"],
  ["printed", "the article's chain"],
  ["forget", "diag(f) alone"],
];

export function draw(parent, set) {
  const place = parent.appendChild(document.createElement("div"));
  place.className = "wide";
  const sizes = chart(place, { label: "Size of the derivative of the last cell state by an earlier one, against distance", height: 340 });
  legend(place, ROUTES);
  let scales = null;
  sizes.drag(([px]) => set({ distance: Math.round(Math.min(60, Math.max(0, scales.x.invert(px)))) }));

  return ({ forget_bias, gain, companion, distance }) => {
    const found = paths({ forgetBias: forget_bias, gain, companion });
    const tens = Object.fromEntries(ROUTES.map(([key]) => [key, found[key].map((l) => l / Math.LN10)]));
    const all = Object.values(tens).flat();
    const [low, high] = [Math.min(-3, ...all) - 0.5, Math.max(1, ...all) + 1];
    scales = sizes.frame({
      x: scaleLinear([0, 60], [0, 1]),
      y: scaleLinear([low, high], [0, 1]),
      xName: "distance n − k (steps)",
      yName: "norm of dcₙ/dcₖ",
      yFormat: power,
      yTicks: integers(low, high),
    });
    sizes.rule("here", scales.x(distance), scales.y.range());
    for (const [key] of [...ROUTES].reverse()) {
      sizes.curve(key, tens[key].map((l, d) => [d, l]), scales);
      sizes.dot(`handle ${key}-dot`, [scales.x(distance), scales.y(tens[key][distance])], 4);
    }
    return describe(found, distance);
  };
}

function describe({ whole, printed, forget }, distance) {
  const apart = (whole.at(-1) - forget.at(-1)) / Math.LN10;
  return (
    `Over ${inSteps(distance)} the gradient has norm ${size(whole[distance])}. ` +
    `The article's chain gives ${size(printed[distance])}, the forget gates alone ${size(forget[distance])}. ` +
    `Over 60 steps the gradient has norm ${size(whole.at(-1))}, and the forget gates alone are ` +
    (apart < 0.05 ? "the whole of it." : `${apart.toFixed(1)} powers of ten below.`)
  );
}
