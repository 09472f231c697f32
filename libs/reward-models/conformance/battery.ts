import { refusalOf } from '../model/reward-model.ts';
import type { Completion } from '../scoring/encode-pair.ts';
import type { Reply, RewardConnection } from './reward-connection.ts';

export interface CheckResult {
  readonly check: string;
  readonly outcome: 'conforms' | 'fails' | 'skipped';
  /** What was found, or why it was skipped. */
  readonly detail: string;
}

export interface BatteryOptions {
  /** The name under which the model is registered or expected. */
  readonly name: string;
  /** Tells the requests of this run from those of others. */
  readonly run: string;
  /** Restarts the service and resolves when it can be asked again; without it that check is skipped. */
  readonly restart?: (() => Promise<void>) | undefined;
  readonly onResult?: (result: CheckResult) => void;
}

type Scored = Extract<Reply, { outcome: 'scored' }>;

const CAT: Completion = { prompt: 'What is a cat?', completion: 'A small domesticated carnivore.' };
const BEGINNINGS = ['Thank you,', 'Please', 'I hate', 'A small animal', 'No'];
const BATCH: readonly Completion[] = Array.from({ length: 32 }, (_, i) => ({
  prompt: `What is thing number ${i}?`,
  completion: [
    BEGINNINGS[i % BEGINNINGS.length],
    ...Array.from({ length: (i * 7) % 19 }, (__, k) => `word${(i * k) % 23}`),
  ].join(' '),
}));
const SCRIPTS: readonly Completion[] = [
  { prompt: '什么是猫？', completion: '一种小型的家养食肉动物。' },
  { prompt: 'ما هي القطة؟', completion: 'حيوان أليف صغير.' },
  { prompt: 'बिल्ली क्या है?', completion: 'एक छोटा पालतू जानवर।' },
  { prompt: 'Τι είναι η γάτα;', completion: 'Ένα μικρό σαρκοφάγο ζώο.' },
  { prompt: '🐈‍⬛?', completion: 'ß ﬁ e\u0301 \u202Ereversed\u202C \u0000 \uFFFD 🐈' },
];
/** Scores of one completion may differ by as much where it is batched with others: float32 sums in another order. */
const TOLERANCE = 1e-3;

/** Sends a running reward model what it must bear, and says of each whether it did. Checks go on after one that fails. */
export async function runBattery(connection: RewardConnection, options: BatteryOptions): Promise<CheckResult[]> {
  const battery = new Battery(connection, options);
  const results: CheckResult[] = [];
  for (const [check, run] of battery.checks()) {
    const result = await outcomeOf(check, run);
    options.onResult?.(result);
    results.push(result);
  }
  return results;
}

class Skipped extends Error {}

async function outcomeOf(check: string, run: () => Promise<string>): Promise<CheckResult> {
  try {
    return { check, outcome: 'conforms', detail: await run() };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { check, outcome: error instanceof Skipped ? 'skipped' : 'fails', detail };
  }
}

class Battery {
  private readonly connection: RewardConnection;
  private readonly options: BatteryOptions;

  constructor(connection: RewardConnection, options: BatteryOptions) {
    this.connection = connection;
    this.options = options;
  }

  checks(): readonly (readonly [string, () => Promise<string>])[] {
    return [
      ['a single completion', () => this.single()],
      ['a batch, in its order', () => this.batch()],
      ['alone as in a batch', () => this.aloneAsInBatch()],
      ['an empty request', () => this.empty()],
      ['empty texts', () => this.emptyTexts()],
      ['long texts', () => this.long()],
      ['other scripts', () => this.scripts()],
      ['the same request twice', () => this.twice()],
      ['many requests at once', () => this.atOnce()],
      ['what breaks the contract', () => this.wrongSchema()],
      ['standardised scores', () => this.standardised()],
      ['after a restart', () => this.afterRestart()],
    ];
  }

  private async single(): Promise<string> {
    const { version, digest, range } = await this.scored('single', [CAT]);
    return `version ${version}, scores from ${figure(range.lowest)} to ${figure(range.highest)}, ${digest}`;
  }

  private async batch(): Promise<string> {
    const { scores } = await this.scored('batch', BATCH);
    const turned = await this.scored('batch, turned', BATCH.toReversed());
    const gap = largestGap(scores, turned.scores.toReversed());
    demand(gap <= TOLERANCE, `the same completions in another order score differently, by ${figure(gap)} deviations`);
    const different = new Set(scores.map(({ raw }) => raw)).size;
    return `32 scores, ${different} different`;
  }

  private async aloneAsInBatch(): Promise<string> {
    const { scores } = await this.scored('batch', BATCH);
    const alone = await Promise.all([0, 11, 31].map((i) => this.scored(`alone ${i}`, BATCH.slice(i, i + 1))));
    const gap = largestGap(
      [0, 11, 31].map((i) => scores[i]),
      alone.map((reply) => reply.scores[0]),
    );
    demand(gap <= TOLERANCE, `a completion scores differently when it comes alone, by ${figure(gap)} deviations`);
    return `the same within ${figure(gap)} deviations`;
  }

  private async empty(): Promise<string> {
    await this.scored('empty', []);
    return 'answered with an empty list';
  }

  private async emptyTexts(): Promise<string> {
    await this.scored('empty completion', [{ ...CAT, completion: '' }]);
    await this.scored('empty prompt', [{ ...CAT, prompt: '' }]);
    await this.scored('empty both', [{ prompt: '', completion: '' }]);
    return 'empty prompt, empty completion, both';
  }

  private async long(): Promise<string> {
    const words = Array.from({ length: 10_000 }, (_, i) => `word${i % 89}`)
      .join(' ')
      .slice(0, 60_000);
    await this.scored('long completion', [{ ...CAT, completion: words }]);
    await this.scored('long prompt', [{ ...CAT, prompt: words }]);
    await this.scored('one long word', [{ ...CAT, completion: 'a'.repeat(60_000) }]);
    return '60,000 characters of prompt, of completion, of one word';
  }

  private async scripts(): Promise<string> {
    await this.scored('scripts', SCRIPTS);
    return 'Chinese, Arabic, Hindi, Greek, emoji, control characters';
  }

  private async twice(): Promise<string> {
    const first = await this.scored('twice', BATCH);
    const second = await this.scored('twice', BATCH);
    demand(
      JSON.stringify(first.scores) === JSON.stringify(second.scores),
      'the second answer has other scores than the first',
    );
    return 'answered both times with the same scores';
  }

  private async atOnce(): Promise<string> {
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, i) => this.scored(`at once ${i}`, BATCH.slice(0, 1 + (i % 5)))),
    );
    const gap = Math.max(...replies.map(({ scores }) => largestGap([scores[0]], [replies[0]?.scores[0]])));
    demand(gap <= TOLERANCE, 'answers of requests that are asked at once are mixed up');
    return '16 requests, each with its own answer';
  }

  private async wrongSchema(): Promise<string> {
    const said: string[] = [];
    for (const [what, items] of [
      ['items that are no list', 'not a list'],
      ['an item without a completion', [{ prompt: 'only a prompt' }]],
      ['a completion that is a number', [{ prompt: 'a', completion: 7 }]],
    ] as const) {
      const reply = await this.connection.askWrongly(this.name(`wrong: ${what}`), items);
      demand(reply.outcome !== 'scored', `${what}: scored all the same`);
      said.push(reply.outcome);
    }
    await this.scored('after wrong ones', [CAT]);
    return `${[...new Set(said)].join(' or ')}, and the next request is answered`;
  }

  private async standardised(): Promise<string> {
    const { scores } = await this.scored('batch', BATCH);
    const points = scores.map(({ raw, standardised }) => [raw ?? NaN, standardised ?? NaN] as const);
    const sorted = points.toSorted(([a], [b]) => a - b);
    const [low, high] = [sorted[0], sorted.at(-1)];
    if (low === undefined || high === undefined || low[0] === high[0]) return 'all raw scores are equal';
    const slope = (high[1] - low[1]) / (high[0] - low[0]);
    demand(slope > 0, 'a higher raw score has a lower standardised one');
    const off = Math.max(...points.map(([x, y]) => Math.abs(low[1] + slope * (x - low[0]) - y)));
    demand(off <= TOLERANCE, 'standardised scores are no linear function of raw ones');
    return `(raw − ${figure(low[0] - low[1] / slope)}) / ${figure(1 / slope)}`;
  }

  private async afterRestart(): Promise<string> {
    if (this.options.restart === undefined)
      throw new Skipped('the service was not started here; with --command it is, and is restarted');
    const before = await this.scored('restart', BATCH);
    await this.options.restart();
    const after = await this.scored('restart', BATCH);
    demand(before.digest === after.digest, `the digest was ${before.digest} before, and is ${after.digest} after`);
    const gap = largestGap(before.scores, after.scores);
    demand(gap <= TOLERANCE, `scores differ by ${figure(gap)} deviations from those before`);
    return 'the same scores as before';
  }

  /** Asks, and demands what every answer must be. */
  private async scored(what: string, items: readonly Completion[]): Promise<Scored> {
    const reply = await this.connection.ask(this.name(what), items);
    if (reply.outcome !== 'scored') throw new Error(`${what}: ${reply.outcome}: ${reply.why}`);
    const { model, scores, range } = reply;
    demand(model === this.options.name, `${what}: it calls itself ${model}, not ${this.options.name}`);
    demand(range.lowest < range.highest, `${what}: its range is from ${range.lowest} to ${range.highest}`);
    demand(scores.length === items.length, `${what}: ${scores.length} scores for ${items.length} completions`);
    scores.forEach((score, i) => {
      const refused = refusalOf(score, range);
      demand(refused === undefined, `${what}: score ${i + 1} is ${refused ?? ''}: ${JSON.stringify(score)}`);
    });
    return reply;
  }

  private name(what: string): string {
    return `${this.options.run} ${what}`;
  }
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

type Scores = readonly (Scored['scores'][number] | undefined)[];

/** The largest difference of standardised scores. */
function largestGap(left: Scores, right: Scores): number {
  const gaps = left.map((score, i) => Math.abs((score?.standardised ?? NaN) - (right[i]?.standardised ?? NaN)));
  return gaps.some(Number.isNaN) ? Infinity : Math.max(0, ...gaps);
}

function figure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
}
