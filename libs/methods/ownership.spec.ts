import { describe, expect, it } from '@jest/globals';
import { methodNamed, methods } from './catalogue.ts';
import type { Method } from './method.ts';
import { groupsThatAre, isPersonal, isShared, personalTensors, sharedTensors, trains } from './ownership.ts';
import { groupOf } from './parameter-groups.ts';

const names = [
  'adapter.0.down.weight',
  'adapter.11.up.bias',
  'lora.3.query.a',
  'lora.3.value.b',
  'head.dense.weight',
  'head.output.bias',
];
const trained = new Map(names.map((name) => [name, { shape: [1], data: new Float32Array(1) }]));

describe('PFTT', () => {
  const pftt = methodNamed('pftt');

  it('shares the adapters and nothing else', () => {
    expect([...sharedTensors(pftt, trained).keys()]).toEqual(['adapter.0.down.weight', 'adapter.11.up.bias']);
  });

  it('keeps LoRA and head personal', () => {
    expect([...personalTensors(pftt, trained).keys()]).toEqual(names.slice(2));
    expect(groupsThatAre(pftt, 'personal')).toEqual(['lora', 'head']);
  });
});

it.each(methods)('$name gives every trained tensor to exactly one side and shares something', (method) => {
  const trained = [...names, 'decoder.11.output.bias', 'value.weight'].filter((name) => trains(method, groupOf(name)));
  expect(trained.length).toBeGreaterThan(0);
  for (const name of trained) expect(isShared(method, name)).not.toBe(isPersonal(method, name));
  expect(groupsThatAre(method, 'shared').length).toBeGreaterThan(0);
});

it('a contender of the paper is a declaration and nothing more', () => {
  const fedLora: Method = {
    name: 'fed-lora',
    summary: 'LoRA and head are shared, there are no adapters',
    base: 'encoder',
    parameters: { lora: 'shared', head: 'shared' },
    learner: 'supervised',
    aggregation: 'federated-averaging',
  };
  expect(trains(fedLora, 'adapters')).toBe(false);
  expect([...sharedTensors(fedLora, trained).keys()]).toEqual(names.slice(2));
  expect(personalTensors(fedLora, trained).size).toBe(0);
});

it('names what exists when asked for what does not', () => {
  expect(() => methodNamed('pfft')).toThrow('There is no method "pfft"; there is pftt, pfit.');
  expect(() => isShared(methodNamed('pftt'), 'encoder.weight')).toThrow('belongs to no parameter group');
});
