// What the fan computes: the sizes of 100 gradients on their way back through time, one network at a time.
// tests/figures/test_explore_fan.py holds them to bptt.figures.explore_fan.
import { noise, range, sigma } from "./numerics.mjs";

const [H, D] = [64, 8];
const [INPUT_SIZE, LOWEST, HIGHEST] = [0.5, 0.7, 6];
export const NETWORKS = { vanilla: null, orthogonal: null, lstm: 1, open: 5 }; // the forget bias of those that have one
export const GAINS = range(100, (k) => Math.round(1000 * LOWEST * (HIGHEST / LOWEST) ** (k / 99)) / 1000);

/** All that the networks of a fan share, of the draw with a number (neighbouring seeds would draw alike): weights by their rows, what the inputs add at each step, and the first row. */
export function fan(network, seed, T = 200) {
  const blocks = NETWORKS[network] === null ? 1 : 4;
  const draws = Float64Array.from(noise(1000003 + 7919 * seed * seed, blocks * H * (H + D) + T * D + H));
  const parts = [blocks * H * H, blocks * H * D, T * D, H];
  const [W_h, W_x, x, row] = parts.map((n, p) => draws.subarray(...[p, p + 1].map((end) => parts.slice(0, end).reduce((a, b) => a + b, 0))));
  const b = range(blocks * H, (j) => (blocks === 4 && Math.floor(j / H) === 1 ? NETWORKS[network] : 0));
  const drive = new Float64Array(T * blocks * H);
  for (let t = 0; t < T; t++)
    for (let j = 0; j < blocks * H; j++) {
      let sum = 0;
      for (let k = 0; k < D; k++) sum += x[t * D + k] * W_x[j * D + k];
      drive[t * blocks * H + j] = (INPUT_SIZE * sum) / Math.sqrt(D) + b[j];
    }
  const W = network === "orthogonal" ? orthogonal(W_h) : W_h.map((w) => w / Math.sqrt(H));
  const length = Math.hypot(...row);
  return { W, drive, row: row.map((e) => e / length), T, back: blocks === 4 ? lstm : vanilla };
}

/** ln of the size at the steps 0 … T of the gradient of the network with one gain, as a share of that at step T. */
export const sizes = ({ back, ...shared }, gain) => back({ ...shared, W: shared.W.map((w) => gain * w) });

/** Columns made orthogonal one after the other, twice over: the Q of QR, with a positive diagonal of R. */
function orthogonal(draws) {
  const columns = range(H, (j) => Float64Array.from({ length: H }, (_, i) => draws[i * H + j]));
  const dot = (u, v) => u.reduce((sum, a, i) => sum + a * v[i], 0);
  columns.forEach((column, j) => {
    for (const earlier of [...columns.slice(0, j), ...columns.slice(0, j)]) {
      const overlap = dot(earlier, column);
      for (let i = 0; i < H; i++) column[i] -= overlap * earlier[i];
    }
    const length = Math.sqrt(dot(column, column));
    for (let i = 0; i < H; i++) column[i] /= length;
  });
  return Float64Array.from({ length: H * H }, (_, k) => columns[k % H][Math.floor(k / H)]);
}

/** z_j += Σ_k W_jk h_k, in two sums that do not wait for each other. */
function apply(W, h, z) {
  for (let j = 0, w = 0; j < z.length; j++) {
    let [even, odd] = [0, 0];
    for (let k = 0; k < H; k += 2, w += 2) {
      even += W[w] * h[k];
      odd += W[w + 1] * h[k + 1];
    }
    z[j] += even + odd;
  }
}

/** The row dz W. */
function carry(W, dz) {
  const row = new Float64Array(H);
  for (let j = 0, w = 0; j < dz.length; j++) for (let k = 0; k < H; k++, w++) row[k] += dz[j] * W[w];
  return row;
}

const logSize = (...rows) => 0.5 * Math.log(rows.reduce((all, row) => row.reduce((sum, e) => sum + e * e, all), 0));

function vanilla({ W, drive, row, T }) {
  const slopes = new Float64Array(T * H);
  let h = new Float64Array(H);
  for (let t = 0; t < T; t++) {
    const z = drive.slice(t * H, (t + 1) * H);
    apply(W, h, z);
    h = z.map(Math.tanh);
    for (let j = 0; j < H; j++) slopes[t * H + j] = 1 - h[j] * h[j];
  }
  const logs = [0];
  for (let t = T - 1; t >= 0; t--) {
    row = carry(W, row.map((e, j) => e * slopes[t * H + j]));
    logs.push(logSize(row));
  }
  return logs.reverse();
}

function lstm({ W, drive, row, T }) {
  const trace = [];
  let [h, c] = [new Float64Array(H), new Float64Array(H)];
  for (let t = 0; t < T; t++) {
    const z = drive.slice(t * 4 * H, (t + 1) * 4 * H);
    apply(W, h, z);
    const gates = { before: c, i: z.subarray(0, H).map(sigma), f: z.subarray(H, 2 * H).map(sigma), g: z.subarray(2 * H, 3 * H).map(Math.tanh), o: z.subarray(3 * H).map(sigma) };
    c = c.map((c_j, j) => gates.f[j] * c_j + gates.i[j] * gates.g[j]);
    const shown = c.map(Math.tanh);
    h = shown.map((s, j) => gates.o[j] * s);
    trace.push({ ...gates, shown });
  }
  const logs = [0];
  let [dh, dc] = [row, new Float64Array(H)];
  for (const { before, i, f, g, o, shown } of trace.reverse()) {
    const dz = new Float64Array(4 * H);
    dc = dc.map((d, j) => d + dh[j] * o[j] * (1 - shown[j] * shown[j]));
    for (let j = 0; j < H; j++) {
      dz[j] = dc[j] * g[j] * i[j] * (1 - i[j]);
      dz[H + j] = dc[j] * before[j] * f[j] * (1 - f[j]);
      dz[2 * H + j] = dc[j] * i[j] * (1 - g[j] * g[j]);
      dz[3 * H + j] = dh[j] * shown[j] * o[j] * (1 - o[j]);
    }
    [dh, dc] = [carry(W, dz), dc.map((d, j) => d * f[j])];
    logs.push(logSize(dh, dc));
  }
  return logs.reverse();
}
