// The fan of the first page: a guess, then 100 gradients that run from the last step back to the first.
import { scaleLinear } from "d3-scale";
import { fan, GAINS, sizes } from "./fan-numerics.mjs";
import { SETTINGS } from "./settings.mjs";
import { chart, power, size } from "./ui.mjs";

const T = 200;
const DECADES = 55;
const START = 184; // how far the lines are drawn before they run
const RUN = 3000; // milliseconds
const FRAME = 12; // milliseconds of computing between two pictures
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export const disabled = { gain: ({ run }) => !run };

const nearest = (gain) => GAINS.reduce((best, g, k) => (Math.abs(Math.log(g / gain)) < Math.abs(Math.log(GAINS[best] / gain)) ? k : best), 0);
const fate = (tens) => (tens <= -1 ? "faded" : tens >= 1 ? "blown" : "level");
const tally = (lines, k) => lines.reduce((all, tens) => ({ ...all, [fate(tens[k])]: all[fate(tens[k])] + 1 }), { faded: 0, level: 0, blown: 0 });

/** The lines of one kind of network: computed in pieces, so that the page stays awake. */
function lines() {
  const known = new Map();
  let model = null;
  return ({ network, seed }) => {
    const key = `${network} ${seed}`;
    if (!known.has(key)) {
      known.set(key, []);
      model = null;
    }
    const found = known.get(key);
    const until = performance.now() + FRAME;
    while (found.length < GAINS.length && performance.now() < until) {
      if (model?.key !== key) model = { key, shared: fan(network, seed) };
      found.push(sizes(model.shared, GAINS[found.length]).map((nats) => nats / Math.LN10));
    }
    return found;
  };
}

export function draw(parent, set, again) {
  const compute = lines();
  let [state, scales, front, began, at, asked] = [null, null, START, null, "guess", null];
  const begin = (change) => {
    [front, began] = [T, null];
    set({ run: true, ...change });
  };
  const panel = guessing(parent, set, begin);
  const place = parent.appendChild(made("div", { className: "wide" }));
  const networks = switches(parent, (network) => begin({ network }));
  const label = "Sizes of 100 gradients at each step, drawn from the last step on the right back to the first on the left";
  const picture = chart(place, { label, height: 310, bottom: 40 });
  const paint = painter(picture.svg);
  picture.drag((pixel) => at === "done" && set({ gain: GAINS[closest(compute(state), scales, pixel)] }));

  const tick = (now) => {
    const [found, before] = [compute(state), at];
    const ready = found.length === GAINS.length;
    if (state.run && ready) {
      began ??= calm.matches || front <= START ? -Infinity : now;
      front = Math.max(0, Math.min(T, T * (1 - (now - began) / RUN)));
    }
    at = !state.run ? "guess" : !ready || front > 0 ? "running" : "done";
    panel.show({ state, found, front, at });
    paint({ state, found, front, at, scales });
    parent.dataset.at = at;
    asked = at === "running" || !ready ? requestAnimationFrame(tick) : null;
    if (at === "done" && before !== at) again();
  };

  return (wanted) => {
    state = wanted;
    if (!state.run) [front, began] = [START, null];
    const [x, y] = [scaleLinear([0, T], [0, 1]), scaleLinear([-DECADES, DECADES], [0, 1])];
    scales = picture.frame({ x, y, xName: "step k", yName: "gradient at step k, as a share of that at step 200", yFormat: (n) => (n ? power(n) : "1") });
    networks.show(state);
    cancelAnimationFrame(asked);
    tick(performance.now());
    return describe(state, compute(state), at);
  };
}

/** The line that passes closest to a pixel. */
function closest(found, { x, y }, [px, py]) {
  const k = Math.round(Math.min(T, Math.max(0, x.invert(px))));
  return found.reduce((best, tens, j) => (Math.abs(y(tens[k]) - py) < Math.abs(y(found[best][k]) - py) ? j : best), 0);
}

function made(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** The guess, and then what became of it. */
function guessing(parent, set, begin) {
  const input = made("input", { type: "range", id: "fan-guess", min: 0, max: 100, step: 1 });
  const output = made("output", {});
  const label = made("label", { htmlFor: "fan-guess" }, "Your guess: of 100 networks, ", output, " keep their gradient within a factor of ten.");
  const count = made("p", { className: "count" });
  const run = made("button", { type: "button", className: "run", textContent: "Let the gradients run" });
  const others = made("button", { type: "button", textContent: "Draw 100 others" });
  const box = parent.appendChild(made("div", { className: "wide guessing" }, made("div", { className: "guess" }, label, input), count, made("div", { className: "buttons" }, run, others)));
  let seed = null;
  input.addEventListener("input", () => set({ guess: +input.value }));
  run.addEventListener("click", () => begin({}));
  others.addEventListener("click", () => begin({ seed: (seed % SETTINGS.fan.fields.seed.max) + 1 }));
  const show = ({ state, found, front, at }) => {
    seed = state.seed;
    box.dataset.at = at;
    input.value = output.textContent = state.guess;
    input.setAttribute("aria-valuetext", `${state.guess} of 100`);
    run.textContent = at === "guess" ? "Let the gradients run" : "Run again";
    run.disabled = others.disabled = at === "running";
    const k = Math.ceil(front);
    const level = found.length === GAINS.length ? tally(found, k).level : "…";
    count.replaceChildren(made("b", { textContent: level }), ` of 100 within a factor of ten at step ${k}. You guessed ${state.guess}.`);
  };
  return { show };
}

/** Four networks to choose from. */
function switches(parent, choose) {
  const { label, options } = SETTINGS.fan.fields.network;
  const inputs = Object.entries(options).map(([value, text]) => {
    const input = made("input", { type: "radio", name: "fan-network", value });
    input.addEventListener("change", () => choose(value));
    return made("label", {}, input, made("span", { textContent: text }));
  });
  const box = parent.appendChild(made("fieldset", { className: "wide switches" }, made("legend", { textContent: label }), ...inputs));
  const show = ({ network, run }) => {
    box.disabled = !run;
    for (const { firstChild } of inputs) firstChild.checked = firstChild.value === network;
  };
  return { show };
}

/** Draws the lines as far as they have come, the lit one, and how many ended where. */
function painter(svg) {
  const front = svg.append("clipPath").attr("id", "fan-front").append("rect");
  const ramp = svg.append("linearGradient").attr("id", "fan-ramp").attr("gradientUnits", "userSpaceOnUse").attr("x1", 0).attr("x2", 0);
  for (const [offset, name] of [[0, "blown"], [0.5, "level"], [1, "faded"]]) ramp.append("stop").attr("offset", offset).attr("class", name);
  const band = svg.append("rect").attr("class", "band");
  const many = svg.append("g").attr("clip-path", "url(#fan-front)").attr("class", "lines");
  const over = svg.append("g");
  const words = (key, text, px, py) => {
    const there = over.selectAll(`.${key}`).data([text]).join("text").attr("class", `label ${key}`);
    there.attr("x", px).attr("y", py).text(text);
  };
  let drawn = null;
  return ({ state, found, front: step, at, scales: { x, y } }) => {
    const path = (tens) => "M" + tens.map((l, k) => `${x(k).toFixed(1)},${y(l).toFixed(1)}`).join("L");
    const room = String([x.range(), y.range()]);
    if (drawn?.found !== found || drawn.room !== room) many.selectAll("path").remove();
    drawn = { found, room };
    many.selectAll("path").data(found).enter().append("path").attr("d", path);
    const [top, bottom] = [y(40), y(-40)];
    ramp.attr("y1", top).attr("y2", bottom);
    front.attr("x", x(step)).attr("y", y.range()[1]).attr("width", x(T) - x(step) + 2).attr("height", y.range()[0] - y.range()[1]);
    band.attr("x", x(0)).attr("width", x(T) - x(0)).attr("y", y(1)).attr("height", y(-1) - y(1));
    const ends = at === "done" ? tally(found, 0) : null;
    const beside = x(0) + 8;
    words("blown", ends ? `${ends.blown} blown up` : "", beside, y(46));
    words("level", at === "running" ? "" : `${ends ? ends.level + " " : ""}within a factor of ten`, beside, y(0) - 6);
    words("faded", ends ? `${ends.faded} faded` : "", beside, y(-50));
    words("hint", at === "guess" ? "← they set out here" : "", x(START) - 8, y(0) + 4);
    const lit = ends ? found[nearest(state.gain)] : null;
    for (const key of ["halo lit-halo", "lit"]) over.selectAll(`path.${key.split(" ").at(-1)}`).data([lit]).join((enter) => enter.insert("path", "text")).attr("class", key).attr("d", lit && path(lit));
    over.selectAll("circle").data([lit]).join("circle").attr("class", "lit-end").attr("r", 4.5).attr("cx", x(0)).attr("cy", lit ? y(lit[0]) : 0).attr("display", lit ? null : "none");
  };
}

const NAMES = { vanilla: "vanilla networks", orthogonal: "networks with orthogonal weights", lstm: "LSTMs", open: "LSTMs with the forget bias 5" };
const WHY = {
  vanilla: "",
  orthogonal: " An orthogonal matrix keeps every length, but the slopes of tanh do not.",
  lstm: " The cell state carries a part of the gradient, so that fading takes longer. But both fates remain.",
  open: " Nearly open forget gates let hardly any fade. Many still blow up, by the other gates.",
};
const FATES = {
  faded: "it fades, and the first inputs count for almost nothing",
  level: "it holds, and the first inputs count about as much as the last",
  blown: "it blows up, and the first inputs drown the last",
};

function describe({ run, network, gain }, found, at) {
  if (!run) return "Choose a number, then let the gradients run.";
  if (at !== "done") return "The gradients run from step 200 back to step 0.";
  const [{ faded, level, blown }, k] = [tally(found, 0), nearest(gain)];
  return (
    `Of 100 ${NAMES[network]}, ${level} ${level === 1 ? "keeps its gradient" : "keep their gradients"} within a factor of ten; ${faded} fade and ${blown} blow up.${WHY[network]} ` +
    `The lit one has the gain ${GAINS[k]}: over 200 steps its gradient is multiplied by ${size(found[k][0] * Math.LN10)}. So ${FATES[fate(found[k][0])]}.`
  );
}
