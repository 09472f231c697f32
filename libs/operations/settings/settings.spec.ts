import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { describeSettings, listSettings } from './list-settings.ts';
import { readSettings } from './read-settings.ts';
import { databaseVariable, serviceVariables } from './service-variables.ts';

const variables = z.object({ DATABASE_URL: databaseVariable.describe('the record'), ...serviceVariables(4000) });
const url = 'postgres://somebody@localhost/airtune';

describe('the settings of a service', () => {
  it('come from the environment, with defaults, and leave alone what is not theirs', () => {
    const settings = readSettings(variables, { DATABASE_URL: url, AIRTUNE_PORT: '0', PATH: '/bin', AIRTUNE_HOST: '' });
    expect(settings).toEqual({
      DATABASE_URL: url,
      AIRTUNE_HOME: '.airtune',
      AIRTUNE_HOST: '127.0.0.1',
      AIRTUNE_PORT: 0,
      AIRTUNE_LOG_LEVEL: 'log',
    });
  });

  it.each([
    [{}, /^DATABASE_URL: /],
    [{ DATABASE_URL: 'mysql://x' }, /^DATABASE_URL: must begin with postgres:\/\//],
    [{ DATABASE_URL: url, AIRTUNE_PORT: 'many' }, /^AIRTUNE_PORT: must be a number/],
    [{ DATABASE_URL: url, AIRTUNE_PORT: '70000' }, /^AIRTUNE_PORT: .*65,?535/],
    [{ DATABASE_URL: url, AIRTUNE_LOG_LEVEL: 'loud' }, /^AIRTUNE_LOG_LEVEL: .*debug/],
  ])('%j is refused, and the variable named', (environment, message) => {
    expect(() => readSettings(variables, environment)).toThrow(message);
    expect(() => readSettings(variables, environment)).toThrow(expect.objectContaining({ code: 'settings.invalid' }));
  });

  it('are listed with meaning and default, from the same declaration', () => {
    expect(listSettings(variables)[0]).toEqual({
      name: 'DATABASE_URL',
      meaning: 'the record',
      default: undefined,
      required: true,
    });
    expect(describeSettings(variables)).toMatch(/DATABASE_URL {7}the record \(required\)\n.*\(default: \.airtune\)/);
    expect(listSettings(variables).map(({ meaning }) => meaning)).not.toContain('');
  });
});
