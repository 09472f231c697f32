import type { NamedTensors } from '#parameters';
import { numbersOf, zerosLike, type Optimiser, type OptimiserState } from './optimiser.ts';

/** PyTorch's defaults; `decays` says which tensors shrink, by default all of them, as torch.optim.AdamW does. */
export interface AdamWSettings {
  readonly weightDecay?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly decays?: (name: string) => boolean;
}

const FIRST = 'first.';
const SECOND = 'second.';

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), step for step as torch.optim.AdamW: decay first, then the bias-corrected step. */
export function adamW(settings: AdamWSettings = {}): Optimiser {
  const { weightDecay = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decays = () => true } = settings;
  return {
    initial: (parameters) => ({
      step: 0,
      averages: new Map([...zerosLike(parameters, FIRST), ...zerosLike(parameters, SECOND)]),
    }),
    update(gradients: NamedTensors, state: OptimiserState, parameters: NamedTensors, learningRate: number) {
      state.step += 1;
      const stepSize = learningRate / (1 - beta1 ** state.step);
      const rootCorrection = Math.sqrt(1 - beta2 ** state.step);
      for (const [name, { data: values }] of parameters) {
        const gradient = numbersOf(gradients, name);
        const first = numbersOf(state.averages, FIRST + name);
        const second = numbersOf(state.averages, SECOND + name);
        const kept = decays(name) ? 1 - learningRate * weightDecay : 1;
        for (let at = 0; at < values.length; at++) {
          const g = gradient[at] ?? 0;
          const m = (first[at] ?? 0) * beta1 + (1 - beta1) * g;
          const v = (second[at] ?? 0) * beta2 + (1 - beta2) * g * g;
          first[at] = m;
          second[at] = v;
          values[at] = (values[at] ?? 0) * kept - (stepSize * m) / (Math.sqrt(v) / rootCorrection + epsilon);
        }
      }
    },
  };
}
