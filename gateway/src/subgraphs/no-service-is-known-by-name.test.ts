import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SERVICE_NAMES, SERVICES } from '@kith/services';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('..', import.meta.url));
const files = globSync('**/*.ts', { cwd: src }).filter((file) => !/\.test\.ts$|(^|\/)testing\//.test(file));

/** As code would name it: in a text, as a variable of the environment, or as a part of a name. */
const namesOf = (service: (typeof SERVICE_NAMES)[number]) => [
  new RegExp(`['"\`]${service}(['"\`]|-|[A-Z])`),
  new RegExp(`\\b${SERVICES[service].urlVariable}\\b`),
  new RegExp(`@kith/${service}\\b`),
];

test.each(SERVICE_NAMES)('the gateway does not know %s', (service) => {
  expect(files.length).toBeGreaterThan(60);
  const knowing = files.filter((file) => {
    const code = readFileSync(`${src}/${file}`, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
    return namesOf(service).some((name) => name.test(code));
  });
  expect(knowing).toEqual([]);
});

/** It shows visitors what they may try first, and knows nothing of it. */
const SHOWN = ['pages/graphiql.ts'];

test.each(['friendList', 'FriendList', 'friend-list'])('nor a kind of list: %s', (word) => {
  const knowing = files.filter((file) => readFileSync(`${src}/${file}`, 'utf8').includes(word));
  expect(knowing.filter((file) => !SHOWN.includes(file))).toEqual([]);
});
