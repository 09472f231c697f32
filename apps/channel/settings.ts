import { kafkaVariables, serviceVariables } from '#operations';
import { z } from 'zod';

const PORT = 4001;

/** What a channel is told by its environment. */
export const channelVariables = z.object({ ...serviceVariables(PORT), ...kafkaVariables });
