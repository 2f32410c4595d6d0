import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeYaml } from './write-yaml.ts';

test('reads like a document written by hand', () => {
  expect(
    writeYaml({ info: { title: 'Events of Kith', version: '1.0.0' }, tags: ['a', { b: 1 }], none: [], no: {} }),
  ).toBe(
    `info:
  title: Events of Kith
  version: "1.0.0"
tags:
  - a
  - b: 1
none: []
"no": {}
`,
  );
});

test('a parser reads back what was written', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      expect(parse(writeYaml(plain))).toEqual(plain);
    }),
  );
});
