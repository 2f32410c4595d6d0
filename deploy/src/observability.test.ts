import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, test } from 'vitest';
import { DASHBOARDS } from './declare-dashboards.ts';
import { ALERTS, RECORDED } from './declare-rules.ts';
import { anchorOf, layOutFiles, RUNBOOKS } from './lay-out-files.ts';

const read = (path: string) => readFileSync(join(workspaceRoot, path), 'utf8');
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name as string);

const rules = [...RECORDED, ...ALERTS].map(({ expr }) => expr);
const lines = DASHBOARDS.flatMap(({ panels }) => panels.flatMap((panel) => panel.lines.map(({ expr }) => expr)));

/** Parses PromQL by Prometheus' own grammar: whether it is valid, and the metrics in it. */
function readPromQl(expr: string): { metrics: string[]; isRight: boolean } {
  const metrics: string[] = [];
  let isRight = true;
  parser.parse(expr).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) isRight = false;
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.push(expr.slice(from, to));
    },
  });
  return { metrics, isRight };
}

const sources = globSync('{gateway,services,packages}/**/*.ts', {
  cwd: workspaceRoot,
  exclude: (path) => /(^|\/)(node_modules|dist[^/]*|generated|testing)(\/|$)|\.test\.ts$/.test(path),
});
const measured = sources.flatMap((path) => found(read(path), /\bname: '(kith_\w+)'/g));
/** Of every process, by Node's client, and Prometheus' own. */
const OTHERS = ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'up'];

test.each([...new Set([...rules, ...lines])])('%s is PromQL, of metrics that are measured', (expr) => {
  const { metrics, isRight } = readPromQl(expr);
  expect(isRight).toBe(true);
  expect(metrics.length).toBeGreaterThan(0);
  const known = [...measured, ...RECORDED.map(({ record }) => record), ...OTHERS];
  const isKnown = (name: string) => known.includes(name) || known.includes(name.replace(/_(bucket|count|sum)$/, ''));
  expect(metrics.filter((name) => !isKnown(name))).toEqual([]);
});

test('what is no PromQL, and a metric of nobody, are found out', () => {
  expect(readPromQl('sum(rate(kith_x[5m])').isRight).toBe(false);
  expect(readPromQl('sum by (le) (rate(kith_x_bucket[5m])) / kith:y:z').metrics).toEqual(['kith_x_bucket', 'kith:y:z']);
});

test('every metric that is measured is on a dashboard, in a rule, or both', () => {
  const shown = [...rules, ...lines].flatMap((expr) => readPromQl(expr).metrics);
  const all = shown.flatMap((name) => [name, name.replace(/_(bucket|count|sum)$/, '')]);
  const hidden = measured.filter((name) => !all.includes(name));
  // How often a schema was read anew, and a planner ended, is of interest with the log beside it.
  expect([...new Set(hidden)].sort()).toEqual(['kith_planner_ends_total', 'kith_supergraph_reloads_total']);
});

test('every alert has a runbook under its name, which says what to do, and there is no other', () => {
  const headings = found(read(RUNBOOKS), /^## (.+)$/gm);
  expect(headings.sort()).toEqual(ALERTS.map(({ alert }) => alert).sort());
  for (const { alert } of ALERTS) {
    const [, text = ''] = read(RUNBOOKS).split(`## ${alert}\n`);
    expect(text.split('\n## ')[0]?.length).toBeGreaterThan(80);
  }
  expect(layOutFiles()['deploy/prometheus/kith-rules.yaml']).toContain(
    `${RUNBOOKS}#${anchorOf(ALERTS[0]?.alert ?? '')}`,
  );
});

test('the page of service levels names every indicator', () => {
  const named = found(read('docs/slo.md'), /`(kith:[\w:]+)`/g);
  expect([...new Set(named)].sort()).toEqual(RECORDED.map(({ record }) => record).sort());
});

describe.each(Object.entries(layOutFiles()))('%s', (path, text) => {
  test('is as the declarations have it: write it with `observability`', () => expect(read(path)).toBe(text));
});

test('no other file lies beside them', () => {
  const there = globSync('deploy/{prometheus,grafana}/**/*.{json,yaml}', { cwd: workspaceRoot });
  expect(there.sort()).toEqual(Object.keys(layOutFiles()).sort());
});
