import { experimentSpec, type BaseModel, type ExperimentSpec } from '#contracts';
import { digestOf } from '#parameters';
import { tinyTensors } from './stand-in-site.ts';

/** An experiment of clients that train nothing, over a link that loses nothing. */
export function benchSubmission(clients: number, rounds: number): { spec: ExperimentSpec; base: BaseModel } {
  const initial = tinyTensors(0);
  const base: BaseModel = {
    digest: digestOf(new Uint8Array()),
    config: {},
    parameters: 2,
    shared: {
      manifest: [{ name: 'adapter.0.down.bias', shape: [2] }],
      initial: { digest: digestOf(initial), bytes: initial.length },
    },
  };
  const spec = experimentSpec.parse({
    name: 'orchestration',
    method: 'pftt',
    model: 'none',
    rounds,
    clients: { count: clients },
    data: { source: 'wordnet-topics' },
    link: { meanSnrDb: 30 },
  });
  return { spec, base };
}
