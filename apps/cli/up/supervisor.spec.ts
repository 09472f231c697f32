import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Part, RunningPart } from './part.ts';
import { Supervisor } from './supervisor.ts';

/** A part that runs until it is told to die. */
class Puppet implements Part {
  readonly name: string;
  readonly events: string[];
  starts = 0;
  failures = 0;
  die: (how: string) => void = () => undefined;

  constructor(name: string, events: string[]) {
    this.name = name;
    this.events = events;
  }

  start(): Promise<RunningPart> {
    this.starts += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error('no luck'));
    }
    this.events.push(`start ${this.name}`);
    const ended = Promise.withResolvers<string>();
    this.die = ended.resolve;
    const stop = (): Promise<void> => {
      this.events.push(`stop ${this.name}`);
      ended.resolve('stopped');
      return Promise.resolve();
    };
    return Promise.resolve({ address: `there-${this.starts}`, pid: this.starts, ended: ended.promise, stop });
  }
}

function supervised(): { supervisor: Supervisor; notes: string[]; events: string[] } {
  const notes: string[] = [];
  const onNote = (text: string): number => notes.push(text);
  const supervisor = new Supervisor({ onChange: () => undefined, onNote, nowMs: () => performance.now() });
  return { supervisor, notes, events: [] };
}

describe('keeping parts running', () => {
  it('starts them in order, and stops them in the other', async () => {
    const { supervisor, events } = supervised();
    for (const name of ['broker', 'coordinator']) await supervisor.keep(new Puppet(name, events));
    await supervisor.stop();
    expect(events).toEqual(['start broker', 'start coordinator', 'stop coordinator', 'stop broker']);
    expect(supervisor.status().map(({ state }) => state)).toEqual(['stopped', 'stopped']);
  });

  it('starts again what dies, with longer waits, and says so', async () => {
    const { supervisor, notes, events } = supervised();
    const part = new Puppet('channel', events);
    await supervisor.keep(part);
    part.failures = 1;
    part.die('SIGKILL');
    while (part.starts < 3) await sleep(20);
    await sleep(20);
    expect(notes).toEqual([
      'channel ended (SIGKILL)',
      'channel is started again in 0.5 s',
      'channel does not start: no luck',
      'channel is started again in 1 s',
      'channel runs again',
    ]);
    expect(supervisor.status()).toMatchObject([{ state: 'running', restarts: 2, address: 'there-3' }]);
    await supervisor.stop();
  });

  it('says what did not start the first time, and does not try again', async () => {
    const { supervisor, events } = supervised();
    const part = new Puppet('trainer', events);
    part.failures = 1;
    await expect(supervisor.keep(part)).rejects.toThrow('no luck');
    await supervisor.stop();
    expect(part.starts).toBe(1);
  });

  it('gives up waiting when all is to stop', async () => {
    const { supervisor, notes, events } = supervised();
    const part = new Puppet('channel', events);
    await supervisor.keep(part);
    part.die('SIGKILL');
    while (notes.length < 2) await sleep(5);
    await supervisor.stop();
    expect(part.starts).toBe(1);
  });
});
