// Run by `clients-in-memory.ts` in a process of its own: a site hosts clients for two rounds, and says how much memory it took.
import 'reflect-metadata';
import { join } from 'node:path';
import {
  clientEnrolled,
  downloadDelivered,
  experimentSpec,
  experimentSubmitted,
  uploadSent,
  type ExperimentSpec,
} from '#contracts';
import { InProcessBroker, InProcessPublisher, InProcessServer, startService, SystemClock } from '#events';
import { digestCheckpoint, readEncoderConfig } from '#language-models';
import { methodNamed } from '#methods';
import { digestOf, encodeSafetensors, manifestOf } from '#parameters';
import { BlobStore } from '#storage';
import { clientProfile, initialTensors, tensorRecipe } from '#tuning';
import { TrainerModule } from '../apps/trainer/trainer.module.ts';
import type { ClientsMeasurement, ClientsTask } from './clients-in-memory.ts';

const ROUNDS = 2;
const EXPERIMENT = 'clients-in-memory';
const TRANSMISSION = {
  bits: 0,
  bitsDelivered: 0,
  meanSnrDb: 5,
  blocks: 0,
  attempts: 1,
  delayMs: 0,
  airtimeMs: 0,
  energyJ: 0,
  outcome: 'delivered',
} as const;

const task = JSON.parse(process.argv[2] ?? '') as ClientsTask;
const spec = experimentSpec.parse({
  method: 'pftt',
  seed: 1,
  rounds: ROUNDS,
  model: join(task.folder, 'model'),
  data: { source: 'csv', train: join(task.folder, 'train.csv'), test: join(task.folder, 'test.csv') },
  clients: { count: task.clients, partition: { dirichletAlpha: 10 } },
  training: { steps: 3, batchSize: 8, maxTokens: 64, parallel: task.workers },
  adapters: { width: 64 },
  lora: { rank: 8 },
  evaluation: { personalExamples: 32, generalExamples: 32, batchSize: 32 },
});
console.log(JSON.stringify(await host(task, spec)));

/** Plays coordinator and channel to a site until every client has answered both rounds. */
async function host({ home, clients }: ClientsTask, spec: ExperimentSpec): Promise<ClientsMeasurement> {
  const broker = new InProcessBroker();
  const [ground, blobs] = [new BlobStore(join(home, 'ground')), new BlobStore(join(home, 'site'))];
  const clock = new SystemClock();
  const voice = (source: string, store: BlobStore) => new InProcessPublisher({ broker, source, blobs: store, clock });
  const module = TrainerModule.register({ publisher: voice('trainer', blobs), blobs, clock, settings: { home } });
  const service = await startService(module, new InProcessServer(broker, { service: 'trainer', site: 'local' }, blobs));
  const speaker = voice('coordinator', ground);
  const { initial, base } = await submission(spec);
  const heard = (type: string, count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      const stop = broker.watch((fact) => {
        if (fact.type !== type || (left -= 1) > 0) return;
        stop();
        resolve();
      });
    });

  const enrolled = heard(clientEnrolled.name, clients);
  await speaker.publish(experimentSubmitted, { spec, base }, { experiment: EXPERIMENT });
  await enrolled;
  const digest = await ground.put(initial);
  const global = { digest, bytes: initial.byteLength };
  const started = performance.now();
  for (let round = 1; round <= ROUNDS; round++) {
    const sent = heard(uploadSent.name, clients);
    for (let i = 0; i < clients; i++) {
      const data = {
        round,
        client: `client-${i}`,
        site: 'local',
        transmission: TRANSMISSION,
        forEvaluation: false,
        global,
      };
      await speaker.publish(downloadDelivered, data, { experiment: EXPERIMENT, blob: digest });
    }
    await sent;
  }
  const seconds = (performance.now() - started) / 1000;
  await service.close();
  return { peakBytes: process.resourceUsage().maxRSS * 1024, secondsPerClientRound: seconds / clients / ROUNDS };
}

async function submission(spec: ExperimentSpec) {
  const config = await readEncoderConfig(spec.model);
  const profile = clientProfile(spec, 'client-0', config);
  const shape = { seed: spec.seed, width: spec.adapters.width, labels: 4 };
  const tensors = initialTensors(
    config,
    tensorRecipe(methodNamed(spec.method), 'shared', shape, { name: 'client-0', profile }),
  );
  const initial = encodeSafetensors(tensors);
  const manifest = manifestOf(tensors).map(({ name, shape: dimensions }) => ({ name, shape: [...dimensions] }));
  const shared = { manifest, initial: { digest: digestOf(initial), bytes: initial.byteLength } };
  return {
    initial,
    base: { digest: await digestCheckpoint(spec.model), config: { ...config }, parameters: 0, shared },
  };
}
