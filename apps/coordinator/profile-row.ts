import { firstProfile, type DataOf, type ExperimentSpec, type profileChanged, type ProfileInForce } from '#contracts';
import type { ClientProfile, Row } from '#storage';

type ProfileColumns = Pick<ClientProfile, 'deviceClass' | 'loraRank' | 'loraAlpha' | 'loraBlocks' | 'rewardWeights'>;

/** A profile as the record keeps it. */
export function profileColumns({ deviceClass, lora, rewards }: ProfileInForce): ProfileColumns {
  return {
    deviceClass,
    loraRank: lora.rank,
    loraAlpha: lora.alpha,
    loraBlocks: String(lora.blocks),
    rewardWeights: Object.keys(rewards).length === 0 ? null : rewards,
  };
}

/** The same back; weights that were recorded before there was a column for them are the spec's. */
export function profileOf(spec: ExperimentSpec, row: ProfileColumns & Pick<ClientProfile, 'client'>): ProfileInForce {
  return {
    deviceClass: row.deviceClass,
    lora: {
      rank: row.loraRank,
      alpha: row.loraAlpha,
      blocks: row.loraBlocks === 'all' ? 'all' : Number(row.loraBlocks),
    },
    rewards: row.rewardWeights ?? firstProfile(spec, row.client, row.deviceClass).rewards,
  };
}

/** What the client's site is told of a version. */
export function profileFact(
  spec: ExperimentSpec,
  row: Row<ClientProfile>,
  site: string,
): DataOf<typeof profileChanged> {
  const { client, version, effectiveFromRound: fromRound } = row;
  const { deviceClass, lora, rewards } = profileOf(spec, row);
  return { client, site, version, fromRound, profile: { deviceClass, lora: { ...lora }, rewards: { ...rewards } } };
}
