import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditReport, Witness } from '#audit';
import type { BaseModel, ExperimentSpec, ProfileChange } from '#contracts';
import type {
  Client,
  ClientFigures,
  ClientProfile,
  ClosingFigures,
  DeadLetterLine,
  Experiment,
  ExperimentLine,
  RewardModel,
  RoundFigures,
  Score,
  Site,
  Transmission,
} from '#storage';
import type { Json } from '../../coordinator/rest/as-json.ts';
import type { RewardCard } from '../../coordinator/rest/requests.ts';
import { CliError } from '../cli-error.ts';

/** Where a coordinator is, and what lets one in. */
export interface CoordinatorAddress {
  readonly url: string;
  readonly token?: string | undefined;
}

interface Content {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

const PAGE = 10_000;
const AGAIN_AFTER_MS = 1000;
const PATIENCE_MS = 120_000;

/** A coordinator elsewhere, by its REST border. Rejects with CliError: the coordinator's own code, or `coordinator.unreachable`. */
export class CoordinatorClient {
  readonly address: CoordinatorAddress;
  private hasAnswered = false;

  constructor(address: CoordinatorAddress) {
    this.address = address;
  }

  async putBlob(digest: string, bytes: Uint8Array): Promise<void> {
    const body = new Uint8Array(bytes);
    await this.call('PUT', `/blobs/${digest}`, { body, headers: { 'content-type': 'application/octet-stream' } });
  }

  submit(submission: { experiment: string; spec: ExperimentSpec; base: BaseModel }): Promise<{ experiment: string }> {
    return this.post('/experiments', submission);
  }

  async cancel(experiment: string): Promise<void> {
    await this.post(`${at(experiment)}/cancel`);
  }

  async resume(experiment: string): Promise<void> {
    await this.post(`${at(experiment)}/resume`);
  }

  list(): Promise<Json<ExperimentLine>[]> {
    return this.get('/experiments');
  }

  show(experiment: string): Promise<Json<Experiment>> {
    return this.get(at(experiment));
  }

  rounds(experiment: string, round?: number): Promise<RoundFigures[]> {
    return this.get(`${at(experiment)}/rounds${round === undefined ? '' : `?round=${round}`}`);
  }

  clients(experiment: string): Promise<ClientFigures[]> {
    return this.get(`${at(experiment)}/clients`);
  }

  enrolments(experiment: string): Promise<Json<Client>[]> {
    return this.get(`${at(experiment)}/enrolments`);
  }

  figures(experiment: string): Promise<ClosingFigures> {
    return this.get(`${at(experiment)}/figures`);
  }

  profiles(experiment: string): Promise<Json<ClientProfile>[]> {
    return this.get(`${at(experiment)}/profiles`);
  }

  async changeProfile(experiment: string, client: string, change: ProfileChange): Promise<Json<ClientProfile>> {
    const path = `${at(experiment)}/profiles/${encodeURIComponent(client)}`;
    return (await this.call('PATCH', path, asJson(change))) as Json<ClientProfile>;
  }

  async transmissions(experiment: string): Promise<Json<Transmission>[]> {
    const all: Json<Transmission>[] = [];
    for (;;) {
      const query = `?offset=${all.length}&limit=${PAGE}`;
      const page = await this.get<Json<Transmission>[]>(`${at(experiment)}/transmissions${query}`);
      all.push(...page);
      if (page.length < PAGE) return all;
    }
  }

  scores(
    experiment: string,
    page: {
      readonly round: number | undefined;
      readonly client: string | undefined;
      readonly offset: number;
      readonly limit: number;
    },
  ): Promise<Json<Score>[]> {
    const fields = Object.entries(page).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as const],
    );
    return this.get(`${at(experiment)}/scores?${new URLSearchParams(Object.fromEntries(fields)).toString()}`);
  }

  audit(experiment: string, witnesses: readonly Witness[]): Promise<AuditReport> {
    return this.post(`${at(experiment)}/audit`, { witnesses });
  }

  deadLetters(all: boolean): Promise<Json<DeadLetterLine>[]> {
    return this.get(`/dead-letters${all ? '?all=true' : ''}`);
  }

  async retryDeadLetter(id: number): Promise<void> {
    await this.post(`/dead-letters/${id}/retry`);
  }

  rewardModels(): Promise<Json<RewardModel>[]> {
    return this.get('/reward-models');
  }

  async registerRewardModel(name: string, card: RewardCard): Promise<Json<RewardModel>> {
    return (await this.call('PUT', `/reward-models/${encodeURIComponent(name)}`, asJson(card))) as Json<RewardModel>;
  }

  moveRewardModel(name: string, to: 'retire' | 'reinstate'): Promise<Json<RewardModel>> {
    return this.post(`/reward-models/${encodeURIComponent(name)}/${to}`);
  }

  sites(): Promise<Json<Site>[]> {
    return this.get('/sites');
  }

  async letSiteIn(name: string, publicKey: string): Promise<Json<Site>> {
    return (await this.call('PUT', `/sites/${encodeURIComponent(name)}`, asJson({ publicKey }))) as Json<Site>;
  }

  headers(): Record<string, string> {
    const { token } = this.address;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  urlOf(path: string): string {
    return `${this.address.url.replace(/\/+$/, '')}${path}`;
  }

  private async get<T>(path: string): Promise<T> {
    return (await this.call('GET', path)) as T;
  }

  private async post<T>(path: string, value?: unknown): Promise<T> {
    return (await this.call('POST', path, value === undefined ? {} : asJson(value))) as T;
  }

  /** Every request may be made twice: a coordinator that has answered before and is away just now may be restarting. */
  private async call(method: string, path: string, content: Content = {}): Promise<unknown> {
    for (let waitedMs = 0; ; waitedMs += AGAIN_AFTER_MS) {
      try {
        const answer = await this.callOnce(method, path, content);
        this.hasAnswered = true;
        return answer;
      } catch (error) {
        const isAway = error instanceof CliError && AWAY.includes(error.code);
        if (!isAway || !this.hasAnswered || waitedMs >= PATIENCE_MS) throw error;
        await sleep(AGAIN_AFTER_MS);
      }
    }
  }

  private async callOnce(method: string, path: string, { body, headers = {} }: Content): Promise<unknown> {
    const response = await fetch(this.urlOf(path), {
      method,
      headers: { ...this.headers(), ...headers },
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      throw unreachable(this.address.url, error);
    });
    const text = await response.text().catch((error: unknown) => {
      throw unreachable(this.address.url, error);
    });
    const answer = parsed(text);
    if (response.ok) return answer;
    const { code, message } = (answer ?? {}) as { code?: unknown; message?: unknown };
    if (typeof code === 'string' && typeof message === 'string') throw new CliError(code, message);
    throw new CliError(
      'coordinator.other',
      `${this.address.url} answers ${response.status} ${response.statusText}: is it an Airtune coordinator?`,
    );
  }
}

const UNREACHABLE = 'coordinator.unreachable';
/** The coordinator, or its database. */
const AWAY: readonly string[] = [UNREACHABLE, 'storage.database-unreachable'];

function unreachable(url: string, error: unknown): CliError {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const why = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
  const cure = '`airtune up` starts the services; --coordinator or AIRTUNE_COORDINATOR says where they are';
  return new CliError(UNREACHABLE, `the coordinator at ${url} cannot be reached (${why}): ${cure}`, { cause: error });
}

function asJson(value: unknown): Content {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
}

function at(experiment: string): string {
  return `/experiments/${encodeURIComponent(experiment)}`;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
