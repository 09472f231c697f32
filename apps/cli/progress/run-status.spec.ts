import type { Envelope } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { eventOf } from '../following/run-in-process.ts';
import { RunStatusCounter } from './run-status.ts';

describe('where a run is', () => {
  it('follows each client from download to upload', () => {
    const counter = new RunStatusCounter(10, 0);
    const take = (type: string, data: unknown, atMs: number): boolean => {
      const event = eventOf({ type, data } as Envelope);
      return event !== undefined && counter.take(event, atMs);
    };
    take('round.opened', { round: 1 }, 0);
    for (const client of ['a', 'b', 'c']) take('download.delivered', { client }, 1);
    take('download.lost', { client: 'd' }, 1);
    take('upload.sent', { client: 'a' }, 2);
    take('upload.delivered', { client: 'a' }, 2);
    take('upload.sent', { client: 'b' }, 3);
    expect(counter.status(3)).toEqual({ round: 1, rounds: 10, training: 1, sending: 1, lost: 1 });
    expect(take('links.measured', {}, 3)).toBe(false);
  });

  it('expects the rounds to come to last as long as those it saw, also after a resume', () => {
    const counter = new RunStatusCounter(10, 0);
    counter.take({ kind: 'round-opened', round: 5 }, 1000);
    expect(counter.status(1500).remainingMs).toBeUndefined();
    counter.take({ kind: 'round-opened', round: 6 }, 3000);
    counter.take({ kind: 'round-opened', round: 7 }, 5000);
    expect(counter.status(5000).remainingMs).toBe(8000);
  });

  it('counts what clients train after the last download, and then says no more than that they do', () => {
    const counter = new RunStatusCounter(2, 0, 12);
    counter.take({ kind: 'round-opened', round: 1 }, 0);
    counter.take({ kind: 'round-opened', round: 2 }, 1000);
    expect(counter.status(1000).remainingMs).toBe(13_000);
    counter.take({ kind: 'round-opened', round: 3 }, 2000);
    expect(counter.status(2000).remainingMs).toBeUndefined();
  });
});
