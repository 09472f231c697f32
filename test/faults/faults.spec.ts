import { resolve } from 'node:path';
import { canStartLocalKafka } from '#local-kafka';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allFaults, type Fault } from './moments.ts';
import { type Outcome, Rig } from './rig.ts';
import { scenarioOf, type ScenarioName } from './scenarios.ts';
import { FaultTable } from './fault-table.ts';

/** `all` tries every fault there is, and writes the table; otherwise a few that are unlike each other. */
const ALL = process.env['AIRTUNE_FAULTS'] === 'all';
const QUICK: readonly Fault[] = [
  { service: 'coordinator', contract: 'upload.delivered', moment: 'receiving-blob' },
  { service: 'coordinator', contract: 'round.committed', moment: 'before-publish' },
  { service: 'channel', contract: 'download.delivered', moment: 'sending-blob' },
  { service: 'trainer', contract: 'upload.sent', moment: 'before-publish' },
];

const missing = await canStartLocalKafka(process.env);
if (missing !== undefined && process.env['AIRTUNE_REQUIRE_KAFKA'] === '1') throw new Error(missing);

(missing === undefined ? describe : describe.skip)('services that die and are started again', () => {
  const faults = ALL ? allFaults() : QUICK;
  const table = new FaultTable();
  const undisturbed = new Map<ScenarioName, Outcome>();
  let rig: Rig;

  beforeAll(async () => {
    rig = await Rig.start();
    for (const scenario of new Set(faults.map(scenarioOf)))
      undisturbed.set(scenario, (await rig.run(scenario)).outcome);
  }, 300_000);

  afterAll(async () => {
    await rig.stop();
    if (ALL) await table.write(resolve(import.meta.dirname, '../../docs/faults.md'), allFaults());
  }, 60_000);

  it.each(faults)(
    'come to the same models when the $service dies at $moment of $contract',
    async (fault) => {
      const scenario = scenarioOf(fault);
      await table.time(fault, async () => {
        const { experiment, outcome } = await rig.run(scenario, fault);
        expect(outcome).toEqual(undisturbed.get(scenario));

        expect(await rig.audit(experiment)).toMatchObject({ verdict: 'intact' });
      });
    },
    180_000,
  );

  it.each(['broker', 'database'])(
    'come to the same models when the %s is killed in mid-round',
    async (name) => {
      const running = rig.run('plain');
      await rig.untilFirstUpload();
      await rig.kill(name);
      const { experiment, outcome } = await running;
      expect(outcome).toEqual(undisturbed.get('plain'));

      expect(await rig.audit(experiment)).toMatchObject({ verdict: 'intact' });
    },
    180_000,
  );
});
