// The cliff: the loss of a network of one unit, and two walks down from the same place, one of them clipped.
import { contours } from "d3-contour";
import { scaleLinear } from "d3-scale";
import { cliff, walk, wall } from "./numerics.mjs";
import { SETTINGS } from "./settings.mjs";
import { chart, inSteps, legend, short } from "./ui.mjs";

const { w: W, b: B } = SETTINGS.cliff.fields;
const [COLUMNS, ROWS] = [70, 140];
const LEVELS = Array.from({ length: 24 }, (_, k) => 0.02 * (k + 1));

/** Bands of equal loss, as rings of points [w, b]: on a grid that runs along the wall, which so stays straight. */
function levels() {
  const [low, high] = [B.min - wall(W.min), B.max - wall(W.max)];
  const place = (column, row) => {
    const w = W.min + ((W.max - W.min) * column) / (COLUMNS - 1);
    return [w, wall(w) + low + ((high - low) * row) / (ROWS - 1)];
  };
  const losses = Array.from({ length: COLUMNS * ROWS }, (_, k) => cliff(...place(k % COLUMNS, Math.floor(k / COLUMNS))).loss);
  const bands = contours().size([COLUMNS, ROWS]).thresholds(LEVELS)(losses);
  return bands.map(({ coordinates }) => coordinates.flat().map((ring) => ring.map(([x, y]) => place(x - 0.5, y - 0.5))));
}

export function draw(parent, set) {
  const [left, right] = ["map", "loss"].map((name) => parent.appendChild(Object.assign(document.createElement("div"), { className: name })));
  const map = chart(left, { label: "The loss over weight and bias, with two walks" });
  const fall = chart(right, { label: "Loss after each step of both walks" });
  const both = [
    ["held", "clipped"],
    ["free", "unclipped"],
  ];
  legend(left, [...both, ["start", "start: drag it"], ["shade", "loss, from 0 to 0.5"]]);
  legend(right, both);
  const bands = levels();
  let scales = null;
  const snap = (value, { min, max, step }) => +(Math.round(Math.min(max, Math.max(min, value)) / step) * step).toFixed(2);
  map.drag(([px, py]) => set({ w: snap(scales.x.invert(px), W), b: snap(scales.y.invert(py), B) }));

  return ({ w, b, rate, max_norm, steps }) => {
    const [free, held] = [Infinity, max_norm].map((maxNorm) => walk({ w, b, rate, maxNorm, steps }));
    scales = map.frame({ x: scaleLinear([W.min, W.max], [0, 1]), y: scaleLinear([B.min, B.max], [0, 1]), xName: "weight w", yName: "bias b" });
    shade(map, bands, scales);
    walks(map, free, held, ([v, a]) => [v, a], scales);
    map.dot("handle start", [scales.x(w), scales.y(b)], 6);

    const [highest, k] = [Math.max(0.1, ...free.map((p) => p[2]), ...held.map((p) => p[2])), Math.max(1, steps)];
    const plot = { x: scaleLinear([0, k], [0, 1]), y: scaleLinear([0, 1.05 * highest], [0, 1]) };
    fall.frame({ ...plot, xName: "steps", yName: "loss", xTicks: Math.min(6, k) });
    walks(fall, free, held, (point, n) => [n, point[2]], plot);
    return describe(free, held);
  };
}

/** Draw the bands, unless they are there in the same size. */
function shade(map, bands, { x, y }) {
  const size = String([x.range(), y.range()]);
  if (map.svg.attr("data-shade") === size) return;
  const outline = (ring) => "M" + ring.map(([v, a]) => `${x(v).toFixed(1)},${y(a).toFixed(1)}`).join("L") + "Z";
  bands.forEach((rings, k) => map.mark(`level level-${k}`, "path").attr("d", rings.map(outline).join("")));
  map.svg.attr("data-shade", size);
}

function walks(chart, free, held, place, scales) {
  for (const [key, path] of [["free", free], ["held", held]]) {
    const points = path.map(place);
    chart.curve(`halo ${key}-halo`, points, scales);
    chart.curve(key, points, scales);
    const [x, y] = points.at(-1);
    const inside = [x, y].every((v, axis) => {
      const [low, high] = [scales.x, scales.y][axis].domain();
      return v >= low && v <= high;
    });
    chart.dot(`end ${key}-end`, [scales.x(x), scales.y(y)], 4.5).attr("display", inside ? null : "none");
  }
}

const lengths = (path) => path.slice(1).map(([w, b], k) => Math.hypot(w - path[k][0], b - path[k][1]));
const at = ([w, b]) => `(${w.toFixed(2)}, ${b.toFixed(2)})`.replaceAll("-", "−");

function describe(free, held) {
  const jumps = lengths(free);
  const first = jumps.findIndex((length) => length > 1);
  const thrown = first >= 0 ? `Step ${first + 1} of the unclipped walk has length ${short(jumps[first])}: it is thrown to ${at(free[first + 1])}. ` : "";
  const longest = Math.max(0, ...lengths(held));
  const [after, end] = [`${thrown}After ${inSteps(free.length - 1)}`, (path) => `the loss ${short(path.at(-1)[2])}, at ${at(path.at(-1))}`];
  if (String(free) === String(held))
    return `${after} both walks have ${end(free)}; their longest step is ${short(longest)}. No gradient was long enough to be clipped, so they are the same.`;
  return `${after} the unclipped walk has ${end(free)}. The clipped walk has ${end(held)}; its longest step is ${short(longest)}.`;
}
