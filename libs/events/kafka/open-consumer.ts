import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.ts';

/** How long a consumer may take to leave its group. */
const LEAVE_MS = 5000;

/** A consumer of a group, which gives up after a while what the broker does not answer, says so, and is then begun anew. */
export function openConsumer({ kafka, settings }: KafkaConnection, groupId: string): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout: settings.sessionTimeoutMs,
    heartbeatInterval: Math.min(3000, settings.sessionTimeoutMs / 4),
    rebalanceTimeout: 30_000,
    maxWaitTimeInMs: 250,
    maxBytesPerPartition: 2 * 1024 ** 2,
    maxBytes: 4 * 1024 ** 2,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: 8 },
  });
}

/** A broker that is gone lets nobody leave in good order: what was not committed is handled again, to the same effect. */
export async function leaveInTime(leaving: Promise<unknown>): Promise<void> {
  await Promise.race([leaving.catch(() => undefined), sleep(LEAVE_MS, undefined, { ref: false })]);
}
