import { expect, test } from 'vitest';
import { drawFlameGraph } from './draw-flame-graph.ts';
import { type CpuProfile, ownerOf, readCallTree, timeByOwner } from './read-cpu-profile.ts';

const node = (id: number, functionName: string, url = '', children: number[] = []) => ({
  ...{ id, children },
  callFrame: { functionName, url, lineNumber: 0 },
});
const OURS = 'file:///somewhere/gateway/src/plan/answer-by-plan.ts';
const LIBRARY = 'file:///somewhere/node_modules/.pnpm/ws@8/node_modules/ws/lib/sender.js';
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 5]),
    node(2, 'answer', OURS, [3]),
    node(3, 'send', LIBRARY, [4]),
    node(4, 'writev'),
    node(5, '(idle)'),
  ],
  startTime: 0,
  endTime: 10_000,
  samples: [2, 4, 5, 3, 4, 2],
  timeDeltas: [1_000, 2_000, 3_000, 1_000, 2_000, 1_000],
};

test('time is that of a function and of all that it calls; what rests takes none', () => {
  const tree = readCallTree(profile, 10);
  expect(tree).toMatchObject({ name: '(root)', self: 0, total: 7_000 });
  expect(tree.children).toMatchObject([{ name: 'answer', self: 2_000, total: 7_000 }]);
  expect(tree.children[0]?.children).toMatchObject([{ name: 'send', self: 1_000, total: 5_000 }]);
});

test('of a profile only the last part is read', () => {
  expect(readCallTree(profile, 4).total).toBe(4_000);
  expect(() => readCallTree({ ...profile, samples: [5], timeDeltas: [10] }, 10)).toThrow('nothing at work');
});

test('time is counted by whose code it is', () => {
  expect(timeByOwner(readCallTree(profile, 10))).toEqual([
    ['the kernel, by writing to sockets', 4_000],
    ['gateway/src/plan', 2_000],
    ['ws', 1_000],
  ]);
  expect(ownerOf({ name: 'x', url: 'node:net' })).toBe('Node');
  expect(ownerOf({ name: '(garbage collector)', url: '' })).toBe('V8: (garbage collector)');
  expect(ownerOf({ name: 'x', url: 'file:///a/node_modules/@envelop/core/x.js' })).toBe('@envelop/core');
  expect(ownerOf({ name: 'x', url: 'file:///a/services/friend/src/main.ts' })).toBe('services/friend/src');
});

test('a flame graph shows every frame that is wide enough, and its names are no markup', () => {
  const svg = drawFlameGraph('a < b', {
    ...{ name: '<anonymous>', url: OURS, self: 0, total: 1_000_000 },
    children: [
      { name: 'wide', url: LIBRARY, self: 900_000, total: 900_000, children: [] },
      { name: 'narrow', url: '', self: 10, total: 10, children: [] },
    ],
  });
  expect(svg).toContain('a &lt; b');
  expect(svg).toContain('&lt;anonymous&gt;');
  expect(svg).toContain('<title>wide · ws · 90.0 %</title>');
  expect(svg).not.toContain('narrow');
});
