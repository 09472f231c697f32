import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listSettings, readSettings } from '#operations';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { z } from 'zod';
import { channelVariables } from '../apps/channel/settings.ts';
import { commandVariables } from '../apps/cli/settings.ts';
import { coordinatorVariables } from '../apps/coordinator/settings.ts';
import { rewardModelVariables } from '../apps/reward-model/settings.ts';
import { trainerVariables } from '../apps/trainer/environment.ts';

const ROOT = resolve(import.meta.dirname, '..');
const SCHEMAS: Readonly<Record<string, z.ZodObject>> = {
  'dist/apps/coordinator/main.js': coordinatorVariables,
  'dist/apps/channel/main.js': channelVariables,
  'dist/apps/trainer/main.js': trainerVariables,
};

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

const compose = parse(readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const ours = Object.entries(compose.services).flatMap(([name, service]) => {
  const main = service.command?.[1] ?? '';
  const schema = SCHEMAS[main];
  return schema === undefined ? [] : [{ name, main, schema, environment: service.environment ?? {} }];
});

describe('deploy/compose.yaml', () => {
  it('starts a coordinator, a channel and two sites, from programs that there are', () => {
    expect(ours.map(({ name }) => name)).toEqual(['coordinator', 'channel', 'site-0', 'site-1']);
    for (const { main } of ours) {
      expect(existsSync(join(ROOT, main.replace('dist/', '').replace(/\.js$/, '.ts')))).toBe(true);
    }
  });

  it.each(ours)('gives $name only variables that it knows, with values that it takes', ({ schema, environment }) => {
    const known = listSettings(schema).map(({ name }) => name);
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
    const set = Object.entries(environment).map(([name, value]) => {
      return [name, String(value).replace(/\$\{[^}]+\}/g, '0123456789abcdef')];
    });
    expect(() => readSettings(schema, Object.fromEntries(set) as Record<string, string>)).not.toThrow();
  });

  it('names only services and volumes that it has', () => {
    const services = Object.keys(compose.services);
    for (const { depends_on: needed = {}, volumes = [] } of Object.values(compose.services)) {
      expect(services).toEqual(expect.arrayContaining(Object.keys(needed)));
      const named = volumes.map((volume) => volume.split(':')[0] ?? '').filter((name) => /^[a-z]/.test(name));
      expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
    }
  });
});

describe('the README', () => {
  it('lists every variable', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const services = [coordinatorVariables, channelVariables, trainerVariables, rewardModelVariables];
    const all = [...services, commandVariables].flatMap(listSettings);
    expect([...new Set(all.map(({ name }) => name))].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
