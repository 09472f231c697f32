import type { Method } from './method.ts';

/** Personalised federated task tuning: common adapters, a LoRA and a head of one's own. arXiv 2404.13238, section V-B. */
export const pftt: Method = {
  name: 'pftt',
  summary: 'adapters are shared, LoRA and head stay personal',
  base: 'encoder',
  parameters: { adapters: 'shared', lora: 'personal', head: 'personal' },
  learner: 'supervised',
  aggregation: 'federated-averaging',
};
