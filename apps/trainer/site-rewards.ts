import { namesService, rewardModels, scoresRecorded, type ExperimentSpec, type RewardModelSpec } from '#contracts';
import {
  completionKey,
  InSiteModels,
  ModelServices,
  openRewardModel,
  recordedScores,
  ScoreStore,
  StoredScorer,
  type AskedModel,
  type RewardModel,
} from '#reward-models';
import type { RewardKey, RewardScorer } from '#tuning';
import { findRewardModel } from './find-reward-model.ts';
import type { TrainerSettings } from './settings.ts';
import { scoresFolder } from './site-folders.ts';
import type { SiteVoice } from './site-voice.ts';
import { TrainerError } from './trainer-error.ts';

/** The reward models of an experiment as its clients at this site are judged by them. */
export interface SiteRewards {
  readonly scorer: RewardScorer;
  /** Those that are services elsewhere. */
  readonly services: ModelServices;
  /** Judges a round without these rewards: their models were away when it opened. */
  leaveOut(round: number, rewards: readonly string[]): void;
  close(): Promise<void>;
}

/** Whose completions are judged, in which experiment. */
interface JudgedClients {
  readonly id: string;
  readonly spec: ExperimentSpec;
  readonly clients: readonly string[];
  readonly voice: SiteVoice;
}

/**
 * Opens what is judged by at this site: each model that the spec names by its folder, and of those that it names as services
 * the ones that a client does not share its completions with. Rejects as `openRewardModel`, with `spec.rewards` when the
 * spec names none, and with `rewards.not-at-site` when a client that keeps its texts has nobody to judge them.
 */
export async function openSiteRewards({ id, spec, clients, voice }: JudgedClients): Promise<SiteRewards> {
  const { publisher, settings, digestKey } = voice;
  const { home, site } = settings;
  const named = Object.entries(rewardModels(spec.rewards));
  if (named.length === 0)
    throw new TrainerError(
      'spec.rewards',
      `rewards: ${spec.method} needs at least one reward model, by name: { model, weight }.`,
    );
  const sharing = new Set(clients.filter((client) => sharesCompletions(spec, settings, client)));
  const keeping = clients.find((client) => !sharing.has(client));
  const services = new ModelServices({ experiment: id, publisher, site, timeoutMs: spec.rewards.timeoutMs });
  const here = new Map<string, RewardModel>();
  const inSite = new InSiteModels(here);
  const close = async (): Promise<void> => {
    services.close();
    await Promise.all([...here.values()].map((model) => model.close()));
  };
  const atSite = new Map<string, AskedModel>();
  const shared = new Map<string, AskedModel>();
  try {
    for (const [reward, rewardModel] of named) {
      const { model } = rewardModel;
      if (namesService(model)) shared.set(reward, { model, source: services });
      if (namesService(model) && keeping === undefined) continue;
      const own = await openHere(here, rewardModel, settings, keeping);
      atSite.set(reward, { model: own, source: inSite });
      if (!namesService(model)) shared.set(reward, { model: own, source: inSite });
    }
  } catch (error) {
    await close();
    throw error;
  }
  const key = completionKey(digestKey, id);
  const leftOut = new Map<number, ReadonlySet<string>>();
  const models = ({ client, round }: RewardKey): ReadonlyMap<string, AskedModel> => {
    const without = leftOut.get(round);
    const all = sharing.has(client) ? shared : atSite;
    return new Map([...all].filter(([reward]) => without?.has(reward) !== true));
  };
  const scorer = new StoredScorer({
    experiment: id,
    models,
    store: new ScoreStore(scoresFolder(home, site, id)),
    allowVersionChange: spec.rewards.allowNewVersions,
    onJudged: (answer) => publisher.publish(scoresRecorded, recordedScores(answer, site, key), { experiment: id }),
  });
  const leaveOut = (round: number, rewards: readonly string[]): void => {
    leftOut.set(round, new Set(rewards));
  };
  return { scorer, services, leaveOut, close };
}

/**
 * Whether a client's prompts and completions may leave the site, towards reward models alone: its profile must say so, and
 * where its data are its own, its site's operator too.
 */
function sharesCompletions({ clients, profiles }: ExperimentSpec, settings: TrainerSettings, client: string): boolean {
  const mayLeave = 'names' in clients ? settings.siteFile?.shareCompletions === true : true;
  return mayLeave && profiles[client]?.shareCompletions === true;
}

/** Opens a model at this site, unless it is open; answers the name by which it calls itself. */
async function openHere(
  here: Map<string, RewardModel>,
  { model }: RewardModelSpec,
  settings: TrainerSettings,
  keeping: string | undefined,
): Promise<string> {
  if (here.has(model)) return model;
  const opened = await openRewardModel(await findRewardModel(model, settings, keeping));
  const { name, digest } = opened.card;
  const known = here.get(name);
  if (known !== undefined) await opened.close();
  else here.set(name, opened);
  if (known !== undefined && known.card.digest !== digest)
    throw new TrainerError('spec.rewards', `rewards: two different models call themselves ${name}.`);
  return name;
}
