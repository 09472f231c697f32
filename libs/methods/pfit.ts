import type { Method } from './method.ts';

/**
 * Personalised federated instruction tuning: the last blocks of a decoder by reinforcement learning, sparse in attention;
 * the value head, and how much each reward counts, are each client's own. arXiv 2404.13238, section V-A.
 */
export const pfit: Method = {
  name: 'pfit',
  summary: 'the last blocks are shared, less what is sparse; value head and reward weights stay personal',
  base: 'decoder',
  parameters: { blocks: 'shared', valueHead: 'personal' },
  learner: 'ppo',
  aggregation: 'federated-averaging',
  sparse: true,
};
