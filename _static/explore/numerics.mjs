// What the explorables compute: the numbers of `bptt`, once more, in the reader's browser.
// Pure functions of numbers and arrays; matrices are arrays of rows. No document, no drawing.
// tests/figures/test_explore_numerics.py holds each of them to bptt.figures.explore_numerics, to 1e-9 relative.

const { abs, exp, hypot, log, max, min, sign, sqrt, tanh } = Math;
export const sigma = (z) => 1 / (1 + exp(-z));
export const range = (n, f) => Array.from({ length: n }, (_, k) => f(k));

// ── numbers drawn by chance, the same in both languages ──────────────────────────────────────

/** n numbers of variance 1, uniform between ±√3, by Park and Miller's generator. */
export function noise(seed, n) {
  return range(n, () => {
    seed = (48271 * seed) % 2147483647; // below 2^53: exact
    return sqrt(12) * (seed / 2147483647 - 0.5);
  });
}

// ── matrices ─────────────────────────────────────────────────────────────────────────────────

const dot = (u, v) => {
  let sum = 0;
  for (let k = 0; k < u.length; k++) sum += u[k] * v[k];
  return sum;
};

export const identity = (m) => range(m, (i) => Array(m).fill(0).fill(1, i, i + 1));
const transpose = (A) => A[0].map((_, j) => A.map((row) => row[j]));
export function multiply(A, B) {
  const columns = transpose(B);
  return A.map((row) => columns.map((column) => dot(row, column)));
}
const scale = (A, s) => A.map((row) => row.map((a) => a * s));
const largest = (A) => A.reduce((most, row) => row.reduce((m, a) => max(m, abs(a)), most), 0);

/** Spectral norm, by one-sided Jacobi rotations: they make the columns orthogonal, and lengths singular values. */
export function norm(A) {
  const columns = transpose(A);
  const enough = 1e-15 * columns.reduce((sum, u) => sum + dot(u, u), 0);
  for (let turned = true; turned; ) {
    turned = false;
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++) turned = rotate(columns[p], columns[q], enough) || turned;
    }
  }
  return sqrt(max(...columns.map((u) => dot(u, u))));
}

/** Make two columns orthogonal, unless they are so up to `enough`; tell whether they were turned. */
function rotate(u, v, enough) {
  const overlap = dot(u, v);
  if (abs(overlap) <= enough) return false;
  const half = (dot(v, v) - dot(u, u)) / (2 * overlap);
  const t = (sign(half) || 1) / (abs(half) + hypot(1, half));
  const cos = 1 / hypot(1, t);
  for (let k = 0; k < u.length; k++) {
    const old = u[k];
    u[k] = cos * (old - t * v[k]);
    v[k] = cos * (t * old + v[k]);
  }
  return true;
}

/** Largest absolute value of an eigenvalue of a 2 × 2 matrix. */
export function radius([[a, b], [c, d]]) {
  const discriminant = ((a - d) / 2) ** 2 + b * c;
  return discriminant < 0 ? sqrt(a * d - b * c) : abs((a + d) / 2) + sqrt(discriminant);
}

/** The triangular matrix with both eigenvalues ρ and the norm σ ≥ ρ. */
export const triangular = (rho, sigmaMax) => [[rho, sigmaMax && sigmaMax - rho ** 2 / sigmaMax], [0, rho]];

/** Products that might leave the range of numbers: matrices of moderate size, each with the logarithm of its factor. */
const scaled = ([A, logarithm]) => {
  const s = largest(A);
  return s > 0 && (s < 1e-50 || s > 1e50) ? [scale(A, 1 / s), logarithm + log(s)] : [A, logarithm];
};
const logNorm = ([A, logarithm]) => log(norm(A)) + logarithm;

/** P_0 = I, P_m = J_m … J_1, each scaled. */
export function forwardProducts(J) {
  const products = [[identity(J[0].length), 0]];
  for (const step of J) {
    const [P, logarithm] = products.at(-1);
    products.push(scaled([multiply(step, P), logarithm]));
  }
  return products;
}

/** S J_T … J_{k+1} for k = T … 0, by distance, each scaled; S is the identity, or what to look at in the end. */
export function backwardProducts(J, S = identity(J[0].length)) {
  const products = [[S, 0]];
  for (const step of [...J].reverse()) {
    const [P, logarithm] = products.at(-1);
    products.push(scaled([multiply(P, step), logarithm]));
  }
  return products;
}

// ── 1: two units ─────────────────────────────────────────────────────────────────────────────

export const ACTIVATIONS = {
  tanh: { value: tanh, slope: (z, a) => 1 - a * a, gamma: 1 },
  relu: { value: (z) => max(z, 0), slope: (z, a) => +(a > 0), gamma: 1 },
  sigmoid: { value: sigma, slope: (z, a) => a * (1 - a), gamma: 0.25 },
  identity: { value: (z) => z, slope: () => 1, gamma: 1 },
};

/** Pre-activations that inputs hold: a unit that listens stands where its slope is steepest, a silent one at -strength. */
const listens = { held: () => [true, false], turns: (t) => [t % 2 === 0, t % 2 === 1] };

/** Slopes a'(z_t) of two units, t = 1 … T: under noise, or led by inputs. */
function slopes(W, { value, slope, gamma }, drive, strength, T, relu) {
  const xi = noise(4711, 2 * T);
  let h = [0, 0];
  return range(T, (t) => {
    const z = [0, 1].map((i) => {
      if (drive === "noise") return W[i][0] * h[0] + W[i][1] * h[1] + strength * xi[2 * t + i];
      return listens[drive](t + 1)[i] ? +relu : -strength;
    });
    h = z.map(value);
    return z.map((z_i, i) => slope(z_i, h[i]));
  });
}

/** Products of Jacobians P_m = J_m … J_1 = ∂h_m/∂h_0, m = 0 … T, the logarithms of their norms, and the two rates. */
export function twoUnit({ W, activation, drive, strength }, T = 60) {
  const a = ACTIVATIONS[activation];
  const D = slopes(W, a, drive, strength, T, activation === "relu");
  const J = D.map((d) => W.map((row, i) => row.map((w) => d[i] * w)));
  const products = forwardProducts(J);
  return {
    products,
    slopes: D,
    logNorms: products.map(logNorm),
    smallestNorm: min(...J.map(norm)),
    largestRadius: max(...J.map(radius)),
    gamma: a.gamma,
    rho: radius(W),
    sigmaMax: norm(W),
  };
}

/** The image of the unit circle under a scaled matrix, divided by e^unit. */
export function ellipse([P, logarithm], unit = 0, points = 120) {
  const factor = exp(logarithm - unit);
  return range(points + 1, (k) => {
    const [x, y] = [Math.cos((2 * Math.PI * k) / points), Math.sin((2 * Math.PI * k) / points)];
    return P.map((row) => factor * (row[0] * x + row[1] * y));
  });
}

// ── 2: the cliff ─────────────────────────────────────────────────────────────────────────────

/** Loss (σ(x_T) - 0.7)² of x_t = w σ(x_{t-1}) + b, x_0 = ½, and its derivatives by w and b. */
export function cliff(w, b, T = 50) {
  let [x, dw, db] = [0.5, 0, 0];
  for (let t = 0; t < T; t++) {
    const s = sigma(x);
    const slope = w * s * (1 - s);
    [x, dw, db] = [w * s + b, s + slope * dw, 1 + slope * db];
  }
  const s = sigma(x);
  const d = 2 * (s - 0.7) * s * (1 - s);
  return { loss: (s - 0.7) ** 2, dw: d * dw, db: d * db };
}

/** Bias at which the network starts on its unstable fixed point. */
export const wall = (w) => 0.5 - w * sigma(0.5);

/** Points [w, b, loss, ‖g‖] of gradient descent; a gradient longer than maxNorm is shortened to it, as by torch. */
export function walk({ w, b, rate, maxNorm, steps }) {
  const path = [];
  for (let k = 0; k <= steps; k++) {
    const { loss, dw, db } = cliff(w, b);
    const length = hypot(dw, db);
    path.push([w, b, loss, length]);
    const factor = min(1, maxNorm / (length + 1e-6));
    [w, b] = [w - rate * (dw * factor), b - rate * (db * factor)];
  }
  return path;
}

// ── 3: the memory of a gate ──────────────────────────────────────────────────────────────────

/** Half-life and time constant, in steps, of a cell whose forget gate stands at σ(bias). */
export function memory(bias) {
  const rate = Math.log1p(exp(-bias)); // -ln σ(bias), also where σ rounds to 1
  return { f: sigma(bias), halfLife: Math.LN2 / rate, tau: 1 / rate };
}

/** What is left of a cell state after k steps, f^k. */
export const retention = (bias, k) => exp(-k * Math.log1p(exp(-bias)));

/** Cell state after k steps of a candidate of 1, from 0: i (1 + f + … + f^{k-1}). */
export function filled(forgetBias, inputBias, k) {
  const [i, rate] = [sigma(inputBias), Math.log1p(exp(-forgetBias))];
  return (i * -Math.expm1(-k * rate)) / sigma(-forgetBias);
}

/** Forget biases of a chrono layer, evenly spread: time constants from 2 to `longest` steps. */
export const chrono = (longest, units = 9) => range(units, (j) => log(1 + ((j + 0.5) / units) * (longest - 2)));

// ── 4: paths through the LSTM ────────────────────────────────────────────────────────────────

/** A small LSTM with fixed weights, in the order i, f, g, o; `gain` scales the recurrent ones. */
export function lstm({ gain, forgetBias, companion }, H = 8, D = 2, T = 60) {
  const draws = noise(2718281, 4 * H * H + 4 * H * D + T * D);
  const rows = (n, width, by) => range(n, () => draws.splice(0, width).map((u) => u * by));
  const W_h = rows(4 * H, H, gain / sqrt(H));
  const W_x = rows(4 * H, D, 1 / sqrt(D));
  const x = rows(T, D, 1);
  const bias = [companion ? -forgetBias : 0, forgetBias, 0, 0];
  return { W_x, W_h, b: range(4 * H, (row) => bias[Math.floor(row / H)]), x, H };
}

/** One step of the cell: gates, the new state, and the slopes that its Jacobian is made of. */
function step({ W_x, W_h, b, H }, x, { h, c }) {
  const z = b.map((b_j, j) => b_j + dot(W_x[j], x) + dot(W_h[j], h));
  const gate = (q, a) => z.slice(q * H, (q + 1) * H).map(a);
  const [i, f, g, o] = [gate(0, sigma), gate(1, sigma), gate(2, tanh), gate(3, sigma)];
  const next = c.map((c_j, j) => f[j] * c_j + i[j] * g[j]);
  const squashed = next.map(tanh);
  return {
    h: squashed.map((s, j) => o[j] * s),
    c: next,
    f,
    R: squashed.map((s, j) => o[j] * (1 - s * s)),
    byGate: [
      g.map((g_j, j) => g_j * i[j] * (1 - i[j])),
      f.map((f_j, j) => c[j] * f_j * (1 - f_j)),
      i.map((i_j, j) => i_j * (1 - g[j] * g[j])),
      o.map((o_j, j) => squashed[j] * o_j * (1 - o_j)),
    ],
  };
}

/** Forward pass: the states and slopes of t = 1 … T, with the initial state before them. */
function forward(model) {
  const zero = Array(model.H).fill(0);
  const trace = [{ h: zero, c: zero, R: zero }];
  for (const x of model.x) trace.push(step(model, x, trace.at(-1)));
  return trace;
}

/** Blocks of ∂(h, c)_t/∂(h, c)_{t-1}: the ways of h_{t-1} to c_t by each gate, and to h_t by the output gate. */
function blocks({ W_h, H }, { byGate }) {
  const way = (q) => byGate[q].map((s, j) => W_h[q * H + j].map((w) => s * w));
  return { A_i: way(0), A_f: way(1), A_g: way(2), B: way(3) };
}

/** The joint Jacobian of one step, (2H, 2H), h first. */
export function joint(model, now) {
  const { A_i, A_f, A_g, B } = blocks(model, now);
  const A = A_i.map((row, i) => row.map((a, j) => a + A_f[i][j] + A_g[i][j]));
  const F = now.f.map((f, i) => now.f.map((_, j) => (i === j ? f : 0)));
  return [
    ...B.map((row, i) => [...row.map((b, j) => b + now.R[i] * A[i][j]), ...F[i].map((f) => now.R[i] * f)]),
    ...A.map((row, i) => [...row, ...F[i]]),
  ];
}

/** The article's ∂c_t/∂c_{t-1}: diag(f_t) and the routes by the input gate and the candidate. */
function article(model, now, before) {
  const { A_i, A_g } = blocks(model, now);
  return A_i.map((row, i) => row.map((a, j) => (a + A_g[i][j]) * before.R[j] + (i === j ? now.f[i] : 0)));
}

/** ln‖dc_T/dc_k‖ by distance T - k, for all routes together, for the article's chain and for the forget gates alone. */
export function paths(setting) {
  const model = lstm(setting);
  const trace = forward(model);
  const { H } = model;
  const later = trace.slice(1);
  const cell = identity(H).map((row) => [...Array(H).fill(0), ...row]); // of the state (h, c) look at c
  const steps = later.map((now) => joint(model, now));
  const whole = backwardProducts(steps, cell).map(([P, logarithm], distance) => {
    const { R } = trace[later.length - distance]; // c_k moves h_k too, by R_k
    return logNorm([P.map((row) => R.map((r, j) => row[H + j] + row[j] * r)), logarithm]);
  });
  const printed = backwardProducts(later.map((now, t) => article(model, now, trace[t]))).map(logNorm);
  const logs = [Array(H).fill(0)];
  for (const { f } of [...later].reverse()) logs.push(logs.at(-1).map((sum, j) => sum + log(f[j])));
  return { whole, printed, forget: logs.map((sums) => max(...sums)) };
}
