import { parentPort, workerData } from 'node:worker_threads';
import { failureOf } from '../workers/job-failure.ts';
import type { GenerationMessage, GenerationOrder } from './generation-messages.ts';
import { generateText } from './generate-text.ts';

const order = workerData as GenerationOrder;
const say = (message: GenerationMessage): void => {
  parentPort?.postMessage(message);
};

try {
  const generated = await generateText(order, {
    onPiece: (piece) => {
      say({ piece });
    },
    onNote: (note) => {
      say({ note });
    },
  });
  say({ generated });
} catch (error) {
  say({ failure: failureOf(error) });
}
