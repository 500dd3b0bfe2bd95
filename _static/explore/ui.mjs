// What all explorables share: controls, charts, the setting in the address bar. Colours come from the style sheet.
import { axisBottom, axisLeft } from "d3-axis";
import { select } from "d3-selection";
import { line } from "d3-shape";
import { defaults, format, parse, plain, SETTINGS } from "./settings.mjs";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

// ── words for numbers ────────────────────────────────────────────────────────────────────────

const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
export const power = (n) => "10" + String(n).replace(/\d/g, (digit) => DIGITS[digit]).replace("-", "⁻");

/** A size given as its natural logarithm, in three digits: beyond what numbers hold, too. */
export function size(logarithm) {
  if (logarithm === -Infinity) return "0";
  const tens = logarithm / Math.LN10;
  if (tens > -3 && tens < 5) return short(Math.exp(logarithm));
  const n = Math.floor(tens + 1e-9);
  return `${(10 ** (tens - n)).toFixed(2)}\u00a0×\u00a0${power(n)}`;
}

/** A number in three digits. */
export const short = (x) => (Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en") : String(+x.toPrecision(3))).replace("-", "−");

/** A number of steps. */
export const inSteps = (n) => `${n} ${String(n) === "1" ? "step" : "steps"}`;

// ── charts ───────────────────────────────────────────────────────────────────────────────────

let charts = 0;
const SLOP = 8; // so many pixels a finger moves without meaning to

/** A chart as wide as its place. `frame` lays out scales and axes; marks are kept by name and drawn anew. */
export function chart(parent, { label, height = 300, left = 52, bottom = 44 }) {
  const svg = select(parent).append("svg").attr("role", "img").attr("aria-label", label).attr("height", height);
  const clip = `explore-clip-${(charts += 1)}`;
  const window_ = svg.append("clipPath").attr("id", clip).append("rect");
  const [grid, rows, columns] = ["grid", "axis", "axis"].map((name) => svg.append("g").attr("class", name));
  const marks = svg.append("g").attr("clip-path", `url(#${clip})`);
  const over = svg.append("g");
  const [under, beside] = ["middle", "start"].map((anchor) => svg.append("text").attr("class", "name").attr("text-anchor", anchor));
  const made = new Map();

  const mark = (key, tag, layer = marks) => {
    if (!made.has(key)) made.set(key, layer.append(tag).attr("class", key));
    return made.get(key);
  };

  return {
    svg,
    /** Give both scales their range, and draw the axes. */
    frame({ x, y, xName, yName, xFormat, yFormat, xTicks = 6, yTicks = 5, square = false }) {
      const width = parent.clientWidth;
      const [right, top] = [12, 26];
      const inner = { width: width - left - right, height: height - top - bottom };
      if (square) inner.width = inner.height = Math.min(inner.width, inner.height);
      const start = square ? left + (width - left - right - inner.width) / 2 : left;
      x.range([start, start + inner.width]);
      y.range([top + inner.height, top]);
      svg.attr("width", width);
      window_.attr("x", start).attr("y", top).attr("width", inner.width).attr("height", inner.height);
      const ticks = Array.isArray(xTicks) ? xTicks : x.ticks(xTicks);
      rows.attr("transform", `translate(0,${top + inner.height})`).call(axisBottom(x).tickValues(ticks).tickFormat(xFormat ?? null).tickSize(4));
      columns.attr("transform", `translate(${start},0)`).call(axisLeft(y).ticks(yTicks).tickFormat(yFormat ?? null).tickSize(4));
      grid
        .selectAll("line")
        .data(y.ticks(yTicks))
        .join("line")
        .attr("x1", start)
        .attr("x2", start + inner.width)
        .attr("y1", y)
        .attr("y2", y);
      under.attr("x", start + inner.width / 2).attr("y", height - 6).text(xName);
      beside.attr("x", start - left + 4).attr("y", 14).text(yName);
      return { x, y, inner, top };
    },
    /** A curve through points, in the pixels of the scales; what is not finite is left out. */
    curve(key, points, { x, y }) {
      const through = line()
        .defined((point) => point.every(Number.isFinite))
        .x((point) => x(point[0]))
        .y((point) => y(point[1]));
      return mark(key, "path").attr("d", through(points));
    },
    dot: (key, [px, py], radius = 5) => mark(key, "circle", over).attr("cx", px).attr("cy", py).attr("r", radius),
    rule: (key, px, [from, to]) => mark(key, "line").attr("x1", px).attr("x2", px).attr("y1", from).attr("y2", to),
    mark,
    /**
     * Call `moved` with the place of a mouse, pen or finger that presses here, until it is lifted. A finger on the chart
     * itself may only want to scroll on: it counts once it has gone sideways, or was lifted where it came down.
     */
    drag(moved, target = svg) {
      const node = target.node();
      const tell = (event) => {
        const box = svg.node().getBoundingClientRect();
        moved([event.clientX - box.left, event.clientY - box.top]);
      };
      let down = null; // where a finger came down that has not yet shown what it wants
      const way = (event) => [event.clientX - down.clientX, event.clientY - down.clientY].map(Math.abs);
      const follow = (event) => {
        const [across, along] = down ? way(event) : [Infinity, 0];
        if (across < SLOP || across < along) return;
        down = null;
        tell(event);
      };
      node.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        event.stopPropagation();
        node.setPointerCapture(event.pointerId);
        node.addEventListener("pointermove", follow);
        down = event.pointerType === "touch" && target === svg ? event : null;
        if (down) return;
        event.preventDefault();
        tell(event);
      });
      for (const end of ["pointerup", "pointercancel"])
        node.addEventListener(end, (event) => {
          node.removeEventListener("pointermove", follow);
          if (end === "pointerup" && down && Math.max(...way(event)) < SLOP) tell(event);
          down = null;
        });
      target.classed("draggable", true);
    },
  };
}

/** Names of curves beside a stroke that looks like them; returns the items. */
export function legend(parent, entries) {
  const items = select(parent).append("ul").attr("class", "legend").selectAll("li").data(entries).join("li");
  items.append("svg").attr("width", 30).attr("height", 10).attr("aria-hidden", "true").append("path").attr("d", "M1,5.5H29").attr("class", ([key]) => key);
  items.append("span").each(function ([, text]) {
    this.append(...words(text));
  });
  return items;
}

// ── controls ─────────────────────────────────────────────────────────────────────────────────

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A symbol such as `b_f`, with its index set lower. */
function symbol(text) {
  const [base, index] = text.split("_");
  return element("i", {}, base, ...(index ? [element("sub", {}, index)] : []));
}

/** Words in which every symbol with an index is set as one. */
const words = (text) => text.split(/(\p{L}_\p{L}+)/u).map((word, k) => (k % 2 ? symbol(word) : word));

/** A slider with its label and value. A slider over stops has their numbers as its positions. */
function slider(id, field, get, put) {
  const stops = field.values;
  const nearest = (value) => stops.reduce((best, stop, k) => (Math.abs(Math.log(stop / value)) < Math.abs(Math.log(stops[best] / value)) ? k : best), 0);
  const bounds = stops ? { min: 0, max: stops.length - 1, step: 1 } : field;
  const input = element("input", { type: "range", id, min: bounds.min, max: bounds.max, step: bounds.step });
  const output = element("output", { for: id });
  const label = element("label", { for: id }, field.label, ...(field.symbol ? [" ", symbol(field.symbol)] : []));
  input.addEventListener("input", () => put(stops ? stops[input.value] : plain(Number(input.value))));
  const show = (state) => {
    const value = get(state);
    const text = String(stops ? value.toLocaleString("en") : +value.toFixed(2)).replace("-", "−");
    input.value = stops ? nearest(value) : value;
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  return { node: element("div", { class: "control" }, label, input, output), input, show };
}

const kinds = {
  range: (id, key, field, set) => {
    const made = slider(id, field, (state) => state[key], (value) => set({ [key]: value }));
    if (field.play) made.node.append(player(made.input, field));
    return made;
  },
  stops: (...all) => kinds.range(...all),
  choice(id, key, { label, options }, set) {
    const input = element("select", { id }, ...Object.entries(options).map(([value, text]) => element("option", { value }, text)));
    input.addEventListener("change", () => set({ [key]: input.value }));
    const show = (state) => (input.value = state[key]);
    return { node: element("div", { class: "control choice" }, element("label", { for: id }, label), input), input, show };
  },
  flag(id, key, { label }, set) {
    const input = element("input", { type: "checkbox", id });
    input.addEventListener("change", () => set({ [key]: input.checked }));
    const show = (state) => (input.checked = state[key]);
    return { node: element("div", { class: "control flag" }, input, element("label", { for: id }, ...words(label))), input, show };
  },
  matrix(id, key, field, set, now) {
    const entries = field.value.map((_, k) => {
      const place = `${(k >> 1) + 1}${(k & 1) + 1}`;
      const put = (value) => set({ [key]: now()[key].map((old, j) => (j === k ? value : old)) });
      return slider(`${id}-${place}`, { ...field, label: "", symbol: `${key}_${place}` }, (state) => state[key][k], put);
    });
    const box = element("fieldset", { class: "control matrix" }, element("legend", {}, `${field.label} `, symbol(key)));
    box.append(element("div", {}, ...entries.map((entry) => entry.node)));
    return { node: box, show: (state) => entries.forEach((entry) => entry.show(state)) };
  },
};

/** A button that moves a slider on by itself; for a reader who wants no motion, by one step at a time. */
function player(input, { min, max }) {
  const button = element("button", { type: "button", class: "play" });
  let timer = null;
  const show = () => (button.textContent = calm.matches ? "Next" : timer ? "Pause" : "Play");
  const move = (value) => {
    input.value = value;
    input.dispatchEvent(new Event("input"));
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    show();
  };
  const tick = () => (+input.value < max ? move(+input.value + 1) : stop());
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (+input.value >= max) move(min);
    if (calm.matches) return tick();
    timer = setInterval(tick, 5000 / (max - min));
    show();
  });
  calm.addEventListener("change", stop);
  show();
  return button;
}

// ── the whole ────────────────────────────────────────────────────────────────────────────────

/** Bring an explorable to life in its box: `draw` makes charts and returns what draws a setting and describes it. */
export function mount(box, name, { draw, derived = {}, disabled = {}, shown = (state) => state }) {
  const { fields, presets } = SETTINGS[name];
  const [figures, reading, note] = [
    element("div", { class: "charts" }),
    element("p", { class: "reading", "aria-live": "polite" }),
    element("p", { class: "note", role: "status" }),
  ];
  let [state, waiting, timer, speech] = [defaults(name), false, null, null];

  const set = (change) => {
    state = { ...state, ...change };
    note.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(history.state, "", format(name, state));
      timer = null;
      rest();
    }, 250); // browsers limit how often
    show();
  };
  const show = () => {
    if (!waiting) requestAnimationFrame(render);
    waiting = true;
    box.classList.remove("resting");
  };
  const rest = () => box.classList.toggle("resting", !waiting && !timer && !speech); // all is drawn, said and in the address

  const buttons = Object.entries(presets).map(([title, preset]) => {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => set({ ...defaults(name), ...preset }));
    return { button, link: format(name, { ...defaults(name), ...preset }) };
  });
  const shared = Object.entries(fields).filter(([, { own }]) => !own);
  const controls = shared.map(([key, field]) => [key, kinds[field.kind](`${name}-${key}`, key, field, set, () => state)]);
  const others = Object.entries(derived).map(([key, field]) =>
    slider(`${name}-${key}`, field, field.get, (value) => set(field.set(state, value))),
  );
  const render = () => {
    waiting = false;
    for (const [key, control] of controls) {
      control.show(shown(state));
      if (control.input) control.input.disabled = disabled[key]?.(state) ?? false;
    }
    for (const other of others) other.show(state);
    const link = format(name, state);
    for (const each of buttons) each.button.setAttribute("aria-pressed", each.link === link);
    describe(update(state));
  };
  const describe = (sentence) => {
    clearTimeout(speech);
    if (!reading.textContent) reading.textContent = sentence;
    speech = setTimeout(() => {
      reading.textContent = sentence;
      speech = null;
      rest();
    }, 120); // said once when a slider comes to rest
  };

  const read = () => {
    try {
      const found = parse(name, decodeURIComponent(location.hash));
      if (!found) return;
      state = found;
      note.textContent = "";
    } catch (error) {
      if (!location.hash.startsWith(`#${name}`)) return;
      state = defaults(name);
      note.textContent = `This link's setting cannot be read: ${error.message}. Here is the default.`;
    }
    box.scrollIntoView();
    show();
  };

  const stage = box.querySelector(".stage");
  stage.replaceChildren(
    element("div", { class: "presets", role: "group", "aria-label": "Settings worth a look" }, ...buttons.map(({ button }) => button)),
    figures,
    reading,
    element("div", { class: "controls" }, ...controls.map(([, { node }]) => node), ...others.map(({ node }) => node)),
    note,
  );
  const update = draw(figures, set, show);
  render();
  read();
  addEventListener("hashchange", read);
  new ResizeObserver(show).observe(figures);
  box.classList.add("live");
}
