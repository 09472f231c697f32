import { resolve } from 'node:path';
import { contracts } from '#contracts';
import { canStartLocalKafka } from '#local-kafka';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultTable, nameOf } from './fault-table.ts';
import { allFaults, type Fault } from './moments.ts';
import type { Outcome } from './outcome.ts';
import { expectIntact, processFaults } from './process-faults.ts';
import { Rig } from './rig.ts';
import { scenarioOf, type ScenarioName } from './scenarios.ts';

/** `all` tries every fault there is, and writes the table; otherwise a few that are unlike each other. */
const ALL = process.env['AIRTUNE_FAULTS'] === 'all';
const QUICK: readonly Fault[] = [
  { service: 'coordinator', contract: 'upload.delivered', moment: 'receiving-blob' },
  { service: 'coordinator', contract: 'round.committed', moment: 'before-publish' },
  { service: 'channel', contract: 'download.delivered', moment: 'sending-blob' },
  { service: 'trainer', contract: 'upload.sent', moment: 'before-publish' },
];
const QUICK_PROCESSES = processFaults.filter(({ quick }) => quick);

const missing = await canStartLocalKafka(process.env);
if (missing !== undefined && process.env['AIRTUNE_REQUIRE_KAFKA'] === '1') throw new Error(missing);

it('has every contract in its matrix, at each moment of those who state and hear it', () => {
  const faults = allFaults();
  expect(new Set(faults.map(({ contract }) => contract))).toEqual(new Set(contracts.map(({ name }) => name)));
  expect(new Set(faults.map(({ service }) => service))).toEqual(new Set(contracts.map(({ statedBy }) => statedBy)));
  expect(new Set(faults.map(nameOf)).size).toBe(faults.length);
});

(missing === undefined ? describe : describe.skip)('services come to the same models', () => {
  const faults = ALL ? allFaults() : QUICK;
  const processes = ALL ? processFaults : QUICK_PROCESSES;
  const table = new FaultTable(faults, processes);
  const undisturbed = new Map<ScenarioName, Outcome>();
  let rig: Rig;

  beforeAll(async () => {
    rig = await Rig.start();
  }, 120_000);

  afterAll(async () => {
    await rig.stop();
    if (ALL) await table.write(resolve(import.meta.dirname, '../../docs/faults.md'));
  }, 60_000);

  async function withoutFault(scenario: ScenarioName): Promise<Outcome> {
    const known = undisturbed.get(scenario);
    if (known !== undefined) return known;
    const { outcome } = await rig.run(scenario);
    undisturbed.set(scenario, outcome);
    return outcome;
  }

  it.each(processes.map((fault) => [fault.what, fault] as const))(
    'when %s',
    async (what, { scenario, come }) => {
      const expected = await withoutFault(scenario);
      await table.time(what, () => come(rig, expected));
    },
    240_000,
  );

  it.each(faults.map((fault) => [nameOf(fault), fault] as const))(
    'when %s',
    async (name, fault) => {
      const scenario = scenarioOf(fault);
      const expected = await withoutFault(scenario);
      await table.time(name, async () => {
        const { experiment, outcome } = await rig.run(scenario, fault);
        expect(outcome).toEqual(expected);
        await expectIntact(rig, experiment);
      });
    },
    240_000,
  );
});
