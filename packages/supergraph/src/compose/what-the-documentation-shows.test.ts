import { readFileSync } from 'node:fs';
import { readAnnouncement } from '@kith/event-contracts';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { readLiveLists } from '../declarations/read-live-lists.ts';
import { issuerUrlsOf, readSubgraphsSettings } from '../settings/subgraph-settings.ts';
import { composeSubgraphs } from './compose-subgraphs.ts';

const page = readFileSync(new URL('../../../../docs/live-lists.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('## Lists of your own'), page.indexOf('## The path of a pushed frame'));

/** The blocks of code of that language, in order. */
const blocks = (language: string) =>
  [...section.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``, 'g'))].map(([, code = '']) => code);

test('the subgraph that the page on live lists shows composes, and its list is live', () => {
  const [sdl = ''] = blocks('graphql');
  expect(readLiveLists(parse(composeSubgraphs([{ name: 'board', sdl }])))).toMatchObject([
    { kind: 'board', field: 'boardChanged', owner: 'boardId', subgraph: 'board' },
  ]);
});

test('the announcement that it shows is read, and so is the file of subgraphs', () => {
  const [announcement = '', file = ''] = blocks('json');
  expect(readAnnouncement(announcement, { kind: 'board', owner: '7' })?.change).toMatchObject({ revision: 5 });
  const settings = readSubgraphsSettings(file);
  expect([...settings.keys()]).toEqual(['user', 'board']);
  expect(issuerUrlsOf(settings)).toEqual(['http://user:4101']);
});
