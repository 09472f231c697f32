import type { NamedTensors } from '#parameters';
import { numbersOf, zerosLike, type Optimiser, type OptimiserState } from './optimiser.ts';

/** `weightDecay` is L2: it joins the gradient, as in torch.optim.SGD. */
export interface SgdSettings {
  readonly momentum?: number;
  readonly weightDecay?: number;
}

const VELOCITY = 'velocity.';

/** Stochastic gradient descent with heavy-ball momentum (none by default); no dampening, no Nesterov. */
export function sgd({ momentum = 0, weightDecay = 0 }: SgdSettings = {}): Optimiser {
  return {
    initial: (parameters) => ({
      step: 0,
      averages: new Map(momentum === 0 ? [] : zerosLike(parameters, VELOCITY)),
    }),
    update(gradients: NamedTensors, state: OptimiserState, parameters: NamedTensors, learningRate: number) {
      state.step += 1;
      for (const [name, { data: values }] of parameters) {
        const gradient = numbersOf(gradients, name);
        // Velocity starts at 0, so that the first step is the plain gradient, as PyTorch's.
        const velocity = momentum === 0 ? undefined : numbersOf(state.averages, VELOCITY + name);
        for (let at = 0; at < values.length; at++) {
          const value = values[at] ?? 0;
          let direction = (gradient[at] ?? 0) + weightDecay * value;
          if (velocity !== undefined) {
            direction += momentum * (velocity[at] ?? 0);
            velocity[at] = direction;
          }
          values[at] = value - learningRate * direction;
        }
      }
    },
  };
}
