import {
  type Contract,
  completionsRefused,
  completionsScored,
  completionsSubmitted,
  contracts,
  type DataOf,
  downloadDelivered,
  downloadLost,
  type Envelope,
  enrolmentRefused,
  experimentFailed,
  experimentFinished,
  profileChanged,
  rewardModelAnnounced,
  rewardModelsAwaited,
  roundAbandoned,
  roundCommitted,
  scoresRecorded,
  type topics,
  uploadDelivered,
  uploadLost,
  uploadWithheld,
} from '#contracts';
import type { Letter } from './battered-system.ts';

/** What can be read out of a letter. */
function dataOf<C extends Contract>(contract: C, letters: readonly Letter[]): DataOf<C> {
  const found = letters.find(({ type }) => type === contract.name);
  if (found === undefined) throw new Error(`there was no ${contract.name}`);
  return (JSON.parse(found.json) as Envelope).data as DataOf<C>;
}

/** Letters of the contracts that a run without losses, failures and rewards does not see, made of what it did see. */
export function lettersBeside(seen: readonly Letter[], experiment: string, model: string): Letter[] {
  const download = dataOf(downloadDelivered, seen);
  const upload = dataOf(uploadDelivered, seen);
  const committed = dataOf(roundCommitted, seen);
  const { client, site, round } = upload;
  const { digest } = upload.blob;
  const lost = { ...upload.transmission, outcome: 'lost', reason: 'deadline' } as const;
  const unreached = without(download, 'global');
  const key = { publicKey: 'A'.repeat(43), signature: upload.signature };
  const asked = { request: digest, round, iteration: 1, client, site, model };
  const range = { lowest: 0, highest: 1 };
  const points = { raw: 0.5, standardised: 0 };
  const profile = { deviceClass: 'phone', lora: { rank: 1, alpha: 4, blocks: 1 }, rewards: {} };
  const say = <C extends Contract>(contract: C, data: DataOf<C>): Letter[] => lettersOf(contract, data, experiment);
  return [
    ...say(downloadLost, { ...unreached, transmission: lost }),
    ...say(uploadLost, { round, client, site, blob: upload.blob, transmission: lost }),
    ...say(uploadWithheld, { round, client, site, reason: 'kl-limit', message: 'It went astray.' }),
    ...say(enrolmentRefused, { site, code: 'data.unreadable', message: 'There is no such file.', ...key }),
    ...say(roundAbandoned, { ...without(committed, 'contributions'), reason: 'too few', missing: [client] }),
    ...say(experimentFailed, { code: 'x', message: 'It failed.' }),
    ...say(experimentFinished, { rounds: 2, globalDigest: digest, ledger: committed.ledger }),
    ...say(profileChanged, { client, site, version: 2, fromRound: 2, profile }),
    ...say(rewardModelsAwaited, { round, models: [model] }),
    ...say(rewardModelAnnounced, {
      ...{ model, version: '1', digest, range, round },
      standardisation: { mean: 0.5, deviation: 0.25 },
    }),
    ...say(completionsSubmitted, { ...asked, items: [{ prompt: 'Say it.', completion: 'It is said.' }] }),
    ...say(completionsScored, { ...asked, version: '1', digest, range, scores: [points] }),
    ...say(completionsRefused, { ...asked, code: 'x', message: 'no', retryable: false }),
    ...say(scoresRecorded, {
      ...{ ...asked, reward: 'brevity', firstPlace: 0, version: '1', digest },
      scores: [{ ...points, prompt: digest, completion: digest }],
    }),
  ];
}

function lettersOf<C extends Contract>(contract: C, said: DataOf<C>, experiment: string): Letter[] {
  const owners = said as { readonly site?: string; readonly model?: string };
  return contract.routes.map(({ topic }) => {
    const owner = topic === 'site' ? owners.site : topic === 'reward' ? owners.model : undefined;
    const envelope = {
      ...{ specversion: '1.0', id: `of-${contract.name}`, type: contract.name, dataversion: contract.version },
      ...{ source: contract.statedBy, time: '2026-01-01T12:00:00.000Z', experiment, key: experiment, data: said },
    };
    const address = owner === undefined ? { topic } : { topic, owner };
    return { address, key: experiment, type: contract.name, json: JSON.stringify(envelope) };
  });
}

function without<T extends object, K extends keyof T>(whole: T, name: K): Omit<T, K> {
  const rest: Partial<T> = { ...whole };
  Reflect.deleteProperty(rest, name);
  return rest as Omit<T, K>;
}

/** Every contract and topic that a letter can be of. */
export function kindsOf(letters: readonly Letter[]): ReadonlySet<string> {
  return new Set(letters.map(({ type, address }) => `${type} to ${address.topic}`));
}

export const allKinds: readonly string[] = contracts.flatMap(({ name, routes }) =>
  routes.map(({ topic }: { readonly topic: keyof typeof topics }) => `${name} to ${topic}`),
);
