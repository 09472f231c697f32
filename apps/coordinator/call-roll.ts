import { Clock } from '#events';
import { allowEnrolment, countSites, ExperimentRecord, isWaitingUntil, listEnrolling, listRoll } from '#storage';
import { Injectable } from '@nestjs/common';
import { askQuestion } from './ask-question.ts';
import { DeadlineWatch } from './deadline-watch.ts';
import { endExperiment } from './end-experiment.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

/** Names in a message; the ledger has them all. */
const NAMED = 20;

/**
 * Nobody is waited for without a word: when clients have not enrolled in time the experiment fails and names them, or names
 * them and waits on, as its spec says. Sites that an operator has let in meanwhile are asked again.
 */
@Injectable()
export class CallRoll {
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;
  readonly #enrolling: DeadlineWatch;
  #letIn: number | undefined;

  constructor(record: ExperimentRecord, turns: Turns, clock: Clock) {
    this.#record = record;
    this.#turns = turns;
    this.#enrolling = new DeadlineWatch(clock);
  }

  /** Does what is due; `at` does it where this process cares for the experiment. */
  async look(at: (experiment: string, go: () => Promise<void>) => Promise<void>): Promise<void> {
    const enrolling = await this.#record.use(listEnrolling);
    for (const { id, until } of this.#enrolling.over(enrolling, (wait) => wait.id))
      await at(id, () => this.#turns.take(id, (turn) => callRoll(turn, until)));
    const letIn = await this.#record.use(countSites);
    const before = (this.#letIn ??= letIn);
    if (letIn === before) return;
    for (const { id } of enrolling) await at(id, () => this.#turns.take(id, (turn) => askQuestion(turn)));
    this.#letIn = letIn;
  }
}

async function callRoll(turn: Turn, until: string): Promise<void> {
  const { id, spec, clients } = turn.submission;
  if (turn.progress.state !== 'enrolling' || !(await isWaitingUntil(turn.db, id, until))) return;
  const present = new Set(await listRoll(turn.db, id));
  const missing = [...clients].filter((client) => !present.has(client)).sort();
  const { timeoutMs, whenMissing } = spec.enrolment;
  await turn.note('enrolment.missing', { missing, waited_ms: timeoutMs, then: whenMissing });
  if (whenMissing === 'wait') {
    await allowEnrolment(turn.db, id, timeoutMs);
    return;
  }
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  await endExperiment(turn, {
    code: 'enrolment.missing',
    message: `No site has enrolled ${missing.slice(0, NAMED).join(', ')}${more} within ${timeoutMs / 1000} s (enrolment.timeoutMs). Start the sites that host them; then \`airtune resume ${id}\`.`,
  });
}
