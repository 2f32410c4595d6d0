import { describe, expect, test } from 'vitest';
import { issuerUrlsOf, readSubgraphsSettings } from './subgraph-settings.ts';

const read = (subgraph: object) => readSubgraphsSettings(JSON.stringify({ subgraphs: { Circles: subgraph } }));

test('a subgraph is told nothing that it is not said to be told', () => {
  expect(read({ urls: 'http://circles:4200' }).get('circles')).toEqual({
    ...{ urls: ['http://circles:4200'], path: '/graphql', readyPath: '/ready', headers: {}, forwardHeaders: [] },
    ...{ gatewayKey: false, viewerToken: false, multiplexed: false, signsTokens: false },
  });
});

test('several processes are a list, or separated by commas', () => {
  const urls = ['http://a:1', 'http://b:2'];
  expect(read({ urls }).get('circles')?.urls).toEqual(urls);
  expect(read({ urls: 'http://a:1/, http://b:2' }).get('circles')?.urls).toEqual(urls);
});

test('headers are known by their names in lower case', () => {
  const settings = read({ urls: 'http://a:1', headers: { 'X-Tenant': 'kith' }, forwardHeaders: ['X-Locale'] });
  expect(settings.get('circles')).toMatchObject({ headers: { 'x-tenant': 'kith' }, forwardHeaders: ['x-locale'] });
});

test('how plain subscriptions are offered, and where if elsewhere', () => {
  const ofIt = (subscriptions: object) => read({ urls: 'http://a:1', subscriptions }).get('circles')?.subscriptions;
  expect(ofIt({ protocol: 'graphql-sse' })).toEqual({ protocol: 'graphql-sse', atMost: 10_000 });
  const elsewhere = { protocol: 'graphql-transport-ws', urls: 'ws://a:2, wss://b:3', path: '/ws', atMost: 5 };
  expect(ofIt(elsewhere)).toEqual({ ...elsewhere, urls: ['http://a:2', 'https://b:3'] });
});

describe('refused, with where it stands', () => {
  test.each([
    ['no address', {}, 'subgraphs.Circles.urls'],
    ['an empty list of addresses', { urls: [] }, 'subgraphs.Circles.urls'],
    ['an address that is none', { urls: 'circles:4200' }, 'http://'],
    ['a path in the address', { urls: 'http://a:1/api/graphql' }, '`path`'],
    ['a path that begins nowhere', { urls: 'http://a:1', path: 'api' }, 'slash'],
    ['a word that nobody knows', { urls: 'http://a:1', timeout: 3 }, 'timeout'],
    ['a time that is none', { urls: 'http://a:1', timeoutMs: 0 }, 'timeoutMs'],
    ['a header with a line break', { urls: 'http://a:1', headers: { a: 'b\r\nc: d' } }, 'headers'],
    ['a header’s name that is none', { urls: 'http://a:1', headers: { 'a b': 'c' } }, 'headers'],
    ['the gateway’s key by another way', { urls: 'http://a:1', headers: { 'X-Kith-Gateway-Key': 'k' } }, 'headers'],
    ['a client’s token by another way', { urls: 'http://a:1', forwardHeaders: ['Authorization'] }, 'not passed on'],
    ['a protocol that nobody speaks', { urls: 'http://a:1', subscriptions: { protocol: 'graphql-ws' } }, 'graphql-sse'],
    ['subscriptions without a protocol', { urls: 'http://a:1', subscriptions: {} }, 'subscriptions.protocol'],
    [
      'a path in their address',
      { urls: 'http://a:1', subscriptions: { protocol: 'graphql-sse', urls: 'ws://a:1/x' } },
      '`path`',
    ],
    ['a client’s cookies', { urls: 'http://a:1', forwardHeaders: ['cookie'] }, 'not passed on'],
    [
      'a client that says it is the gateway',
      { urls: 'http://a:1', forwardHeaders: ['x-kith-gateway-key'] },
      'not passed on',
    ],
  ])('%s', (_what, subgraph, says) => {
    expect(() => read(subgraph)).toThrow(says);
  });

  test.each(['', 'no JSON', '[]', '{}', '{"subgraphs":[]}', '{"subgraphs":{"":{"urls":"http://a:1"}}}'])(
    '%j',
    (text) => {
      expect(() => readSubgraphsSettings(text)).toThrow('The file of subgraphs');
    },
  );

  test('two whose names differ in case alone', () => {
    const twice = { a: { urls: 'http://a:1' }, A: { urls: 'http://a:2' } };
    expect(() => readSubgraphsSettings(JSON.stringify({ subgraphs: twice }))).toThrow('twice');
  });
});

test('one subgraph signs tokens', () => {
  const of = (...signing: boolean[]) =>
    readSubgraphsSettings(
      JSON.stringify({
        subgraphs: Object.fromEntries(
          signing.map((signsTokens, at) => [`s${at}`, { urls: `http://a:${at + 1}`, signsTokens }]),
        ),
      }),
    );
  expect(issuerUrlsOf(of(false, true))).toEqual(['http://a:2']);
  expect(() => issuerUrlsOf(of(false))).toThrow('signsTokens');
  expect(() => issuerUrlsOf(of(true, true))).toThrow('signsTokens');
});
