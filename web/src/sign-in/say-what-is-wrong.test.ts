import { expect, test } from 'vitest';
import { sayWhatIsWrong } from './say-what-is-wrong.ts';

const text = { name: 'nickname', type: 'text', required: true, maxLength: 4 };
const password = { name: 'newPassword', type: 'password', required: true, minLength: 8, maxLength: 10 };

test.each([
  ['', text, 'Enter a name.'],
  ['  ', text, 'Enter a name.'],
  ['', { ...text, name: 'city' }, 'Fill this in.'],
  ['', { ...text, required: false }, undefined],
  [' Ben ', text, undefined],
  ['😀😀😀😀', text, undefined],
  ['Bennie', text, 'Use at most 4 characters. This has 6.'],
  ['1234567', password, 'Use at least 8 characters. This has 7.'],
  ['        ', password, undefined],
  ['12345678901', password, 'Use at most 10 characters. This has 11.'],
  ['bén', { ...text, pattern: '[A-Za-z0-9_]+' }, 'Use only letters from a to z, digits and _.'],
  ['ben_', { ...text, pattern: '[A-Za-z0-9_]+' }, undefined],
  ['http://a.example/b.png', { ...text, type: 'url', maxLength: 99 }, 'Enter an address that begins with https://.'],
  ['picture', { ...text, type: 'url', maxLength: 99 }, 'Enter an address that begins with https://.'],
  ['https://a.example/b.png', { ...text, type: 'url', maxLength: 99 }, undefined],
])('%j for %j: %s', (value, asked, said) => {
  expect(sayWhatIsWrong(value, asked)).toBe(said);
});
