import { describe, expect, it } from '@jest/globals';

import {
  compileModel,
  countNodes,
  gather,
  GraphBuilder,
  gradients,
  matMul,
  reduceSum,
  reshape,
  Session,
  tanh,
  type Value,
} from './index.ts';

/** `depth` layers tanh(x w), of which those in `trained` are trainable. */
function layers(depth: number, trained: readonly number[]) {
  const g = new GraphBuilder();
  let x = g.input('x', 'float32', ['rows', 2]);
  const wrt: Value[] = [];
  for (let i = 0; i < depth; i += 1) {
    const weight = trained.includes(i) ? g.trainable(`w${i}`, [2, 2]) : frozen(g, `w${i}`);
    if (trained.includes(i)) wrt.push(weight);
    x = tanh(g, matMul(g, x, weight));
  }
  const loss = reduceSum(g, x, [0, 1]);
  const before = g.nodes.length;
  const slopes = gradients(g, loss, wrt);
  return { g, loss, slopes, emitted: g.nodes.length - before };
}

const frozen = (g: GraphBuilder, name: string): Value =>
  g.frozen(name, { shape: [2, 2], data: Float32Array.of(1, 0.5, -0.5, 1) });

describe('reverse mode', () => {
  it('emits nothing below the lowest trainable tensor', () => {
    const top = layers(1, [0]).emitted;
    expect(layers(8, [7]).emitted).toBe(top);
    const perLayer = layers(8, [6]).emitted - top;
    expect(perLayer).toBeGreaterThan(0);
    expect(layers(8, [2]).emitted).toBe(top + 5 * perLayer);
  });

  it('adds no gradient of what is frozen', () => {
    const { g, slopes } = layers(3, [0]);
    const products = g.nodes.filter(({ operator }) => operator.endsWith('MatMul')).length;
    expect(products).toBe(3 + 2 + 1);
    expect(countNodes(g, slopes)).toBeLessThanOrEqual(g.nodes.length);
  });

  it('adds up every use of a tensor', async () => {
    const g = new GraphBuilder();
    const w = g.trainable('w', [2, 2]);
    const loss = reduceSum(g, matMul(g, w, matMul(g, w, w)), [0, 1]);
    const [slope] = gradients(g, loss, [w]);
    const session = await Session.open(compileModel(g, { always: { slope: slope! } }));
    const { slope: found } = await session.run({ w: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } });
    // d Σ w³ = 1·(w²)ᵀ + wᵀ·1·wᵀ + (w²)ᵀ·1, where 1 is full of ones.
    expect(found!.data as Float32Array).toBeAllClose([17 + 12 + 22, 37 + 28 + 22, 17 + 18 + 32, 37 + 42 + 32]);
    await session.close();
  });

  it('counts an id as often as it occurs, the same on any number of threads', async () => {
    const [rows, width, uses] = [50, 64, 4000];
    const g = new GraphBuilder();
    const table = g.trainable('table', [rows, width]);
    const ids = g.input('ids', 'int64', ['uses']);
    const [slope] = gradients(g, reduceSum(g, gather(g, table, ids), [0, 1]), [table]);
    const session = await Session.open(compileModel(g, { always: { slope: slope! } }), { threads: 2 });
    const data = BigInt64Array.from({ length: uses }, (_, i) => BigInt((i * i) % rows));
    const counts = new Array<number>(rows).fill(0);
    for (const id of data) counts[Number(id)]! += 1;
    const expected = counts.flatMap((count) => new Array<number>(width).fill(count));
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const out = await session.run({
        ids: { type: 'int64', shape: [uses], data },
        table: { shape: [rows, width], data: new Float32Array(rows * width) },
      });
      expect(out['slope']!.data as Float32Array).toBeAllClose(expected);
    }
    await session.close();
  });

  it('names what it cannot do', () => {
    const g = new GraphBuilder();
    const w = g.trainable('w', [2, 3]);
    const other = g.trainable('other', [2]);
    expect(() => gradients(g, w, [w])).toThrow('A gradient needs a scalar loss; w has shape [2, 3].');
    expect(() => gradients(g, reduceSum(g, reshape(g, w, [6]), [0]), [other])).toThrow('does not depend on other');
  });
});
