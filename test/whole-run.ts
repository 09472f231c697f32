import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { experimentSpec, type Envelope, type ExperimentSpec } from '#contracts';
import type { ClosingFigures } from '#storage';
import { expect } from '@jest/globals';
import { driveRun } from '../apps/cli/following/drive-run.ts';
import { RunInProcess } from '../apps/cli/following/run-in-process.ts';
import type { Reporter } from '../apps/cli/progress/reporter.ts';
import { describeBase } from '../apps/cli/spec/describe-base.ts';
import { startSystem, type System } from '../apps/cli/system/start-system.ts';

const QUIET: Reporter = {
  plan: () => undefined,
  status: () => undefined,
  round: () => undefined,
  compared: () => undefined,
  finished: () => undefined,
  note: () => undefined,
  close: () => undefined,
};

/** A spec small enough for a test and real in every part: the shipped encoder, WordNet, four clients, Rayleigh fading. */
export function smallSpec(changes: object = {}): ExperimentSpec {
  return experimentSpec.parse({
    name: 'small',
    method: 'pftt',
    seed: 3,
    rounds: 3,
    model: resolve(import.meta.dirname, '../models/tiny-encoder'),
    data: { source: 'wordnet-topics', topics: ['animal', 'food', 'person', 'plant'], limit: 400 },
    training: { steps: 3, batchSize: 8, learningRate: 5e-3, maxTokens: 32 },
    adapters: { width: 8 },
    lora: { rank: 2, alpha: 4 },
    evaluation: { personalExamples: 40, generalExamples: 40 },
    profiles: { 'client-2': { lora: { rank: 1, blocks: 2 } } },
    ...changes,
  });
}

/** Where the shipped reward models lie. */
export const REWARD_MODELS = ['helpfulness', 'safety'].map((name) =>
  resolve(import.meta.dirname, `../models/reward-${name}`),
);

/** The same for learning from rewards: the shipped decoder, instructions over WordNet, two clients. */
export function smallPfitSpec(changes: object = {}): ExperimentSpec {
  return experimentSpec.parse({
    name: 'small-pfit',
    method: 'pfit',
    seed: 5,
    rounds: 2,
    model: resolve(import.meta.dirname, '../models/tiny-gpt2'),
    data: { source: 'instructions', limit: 200 },
    clients: { count: 2 },
    rewards: {
      helpfulness: { model: REWARD_MODELS[0], weight: 0.5 },
      safety: { model: REWARD_MODELS[1], weight: 0.5 },
    },
    trainableBlocks: 1,
    ppo: { iterations: 2, ownIterations: 1, rollouts: 4, maxNewTokens: 8, epochs: 1 },
    training: { batchSize: 4, learningRate: 1e-3, maxTokens: 48 },
    evaluation: { generalExamples: 6 },
    profiles: { 'client-1': { rewards: { helpfulness: 0.9, safety: 0.1 } } },
    ...changes,
  });
}

/** All services of a run in this process, on a home of their own that is removed at the end. */
export class Laboratory {
  readonly home: string;
  readonly system: System;
  private readonly faults: Error[];
  private experiments = 0;

  private constructor(home: string, system: System, faults: Error[]) {
    this.home = home;
    this.system = system;
    this.faults = faults;
  }

  /** With site files it is a federation of those sites; with a database the record is there. */
  static async open(
    where: {
      readonly siteFiles?: readonly string[];
      readonly databaseUrl?: string;
      readonly rewardModels?: readonly string[];
      readonly threads?: number;
    } = {},
  ): Promise<Laboratory> {
    const home = await mkdtemp(join(tmpdir(), 'airtune-run-'));
    const faults: Error[] = [];
    const system = await startSystem({ home, threads: 2, ...where }, { onFault: (error) => faults.push(error) });
    return new Laboratory(home, system, faults);
  }

  /** Runs a spec to its end and answers what it came to; `watch` sees every fact on the wire. */
  async run(spec: ExperimentSpec, watch: (envelope: Envelope) => void = () => undefined): Promise<ClosingFigures> {
    this.experiments += 1;
    const experiment = `${spec.name}-${this.experiments}`;
    const { record, broker, coordinatorBlobs, experiments } = this.system;
    const { base, initialShared } = await describeBase(spec);
    const stopWatching = broker.watch(watch);
    try {
      const source = new RunInProcess({ experiment, home: this.home, broker, record, nowMs: () => performance.now() });
      const closing = await driveRun(
        { experiment, spec, base, source },
        QUIET,
        AbortSignal.timeout(120_000),
        async () => {
          await coordinatorBlobs.put(initialShared);
          await experiments.submit(experiment, spec, base);
        },
      );
      expect(this.faults).toEqual([]);
      return closing;
    } finally {
      stopWatching();
    }
  }

  async close(): Promise<void> {
    await this.system.close();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** What must be equal for two runs to be the same run. */
export function digestsOf({ globalDigest, clients }: ClosingFigures): readonly string[] {
  const own = clients.flatMap(({ client, own }) => (own === null ? [] : [`${client}'s own ${own.digest}`]));
  return [globalDigest, ...clients.map(({ client, personalDigest }) => `${client} ${personalDigest}`), ...own];
}
