import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rewardScore, scoreRange } from '#contracts';
import { writeDurably } from '#tuning';
import { z } from 'zod';

const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);

/** What one reward model answered to one request. */
export const storedAnswer = z.strictObject({
  request: digest,
  model: z.string(),
  version: z.string(),
  digest,
  range: scoreRange,
  scores: z.array(rewardScore),
});
export type StoredAnswer = z.infer<typeof storedAnswer>;

/** What of a stored request is read again. */
const storedQuestion = z.looseObject({
  request: digest,
  model: z.string(),
  items: z.array(z.object({ prompt: z.string(), completion: z.string() })),
});
export type StoredQuestion = z.infer<typeof storedQuestion>;

const identity = z.strictObject({ version: z.string(), digest });
export type ModelIdentity = z.infer<typeof identity>;

/**
 * What reward models answered, kept at the site by request, so that a restart asks nothing twice; and which version of each
 * model an experiment began with. Texts are in the requests, which are kept beside the answers and go nowhere else.
 */
export class ScoreStore {
  private readonly folder: string;

  /** One folder an experiment. */
  constructor(folder: string) {
    this.folder = folder;
  }

  async readAnswer(request: string): Promise<StoredAnswer | undefined> {
    const text = await readFile(this.path(request, 'answer'), 'utf8').catch(absent);
    return text === undefined ? undefined : storedAnswer.parse(JSON.parse(text));
  }

  /** Keeps a request before it is asked. */
  async writeRequest(request: string, asked: object): Promise<void> {
    await this.write(this.path(request, 'request'), asked);
  }

  /** The model that a request was put to from here, if it ever was. */
  async askedModel(request: string): Promise<string | undefined> {
    const text = await readFile(this.path(request, 'request'), 'utf8').catch(absent);
    return text === undefined ? undefined : storedQuestion.parse(JSON.parse(text)).model;
  }

  /** Everything that was ever asked from here, or what these requests asked. */
  async questions(only?: ReadonlySet<string>): Promise<StoredQuestion[]> {
    const names = (await readdir(this.folder).catch(absent)) ?? [];
    const wanted = only && new Set([...only].map((request) => nameOf(request, 'request')));
    const requests = names.filter((name) => name.endsWith('.request.json') && wanted?.has(name) !== false).sort();
    return Promise.all(
      requests.map(async (name) => storedQuestion.parse(JSON.parse(await readFile(join(this.folder, name), 'utf8')))),
    );
  }

  /** Takes an answer in, unless the request has one. */
  async keepAnswer(answer: StoredAnswer): Promise<void> {
    if ((await this.readAnswer(answer.request)) !== undefined) return;
    await this.write(this.path(answer.request, 'answer'), answer);
  }

  async forgetAnswer(request: string): Promise<void> {
    await rm(this.path(request, 'answer'), { force: true });
  }

  async readIdentity(model: string): Promise<ModelIdentity | undefined> {
    const text = await readFile(join(this.folder, `model.${model}.json`), 'utf8').catch(absent);
    return text === undefined ? undefined : identity.parse(JSON.parse(text));
  }

  async writeIdentity(model: string, value: ModelIdentity): Promise<void> {
    await this.write(join(this.folder, `model.${model}.json`), value);
  }

  private path(request: string, part: 'request' | 'answer'): string {
    return join(this.folder, nameOf(request, part));
  }

  private async write(path: string, value: object): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeDurably(path, Buffer.from(JSON.stringify(value)));
  }
}

function nameOf(request: string, part: 'request' | 'answer'): string {
  return `${request.replace(':', '-')}.${part}.json`;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
