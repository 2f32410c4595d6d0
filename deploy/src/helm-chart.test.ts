import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayConfig } from '@kith/gateway';
import { loadService, workspaceRoot } from '@kith/local';
import { SERVICE_NAMES, SERVICES } from '@kith/services';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { type Manifest, type ProcessValues, renderChart, valuesWith, whatIsWrongWith } from './testing/render-chart.ts';
import { whatKubernetesRefuses } from './testing/validate-manifest.ts';

const everything = valuesWith(({ processes }) => {
  for (const process of Object.values(processes))
    Object.assign(process, { enabled: true, filesSecret: 'certificates' });
});
everything.pullSecrets = ['registry'];
const manifests = await renderChart(everything);
const ofKind = (kind: string, from: readonly Manifest[] = manifests) => from.filter((each) => each.kind === kind);
const oneOf = (kind: string, name: string) => {
  const found = ofKind(kind).find(({ metadata }) => metadata.name === `social-${name}`);
  if (!found) throw new Error(`There is no ${kind} ${name}.`);
  return found;
};
type Variable = { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } };
type Container = Record<string, { httpGet: { path: string; port: string } }> & { command: string[]; env: Variable[] };
type Pod = { template: { spec: { containers: [Container]; volumes: unknown[] } } };
const containerOf = (name: string) => (oneOf('Deployment', name).spec as Pod).template.spec.containers[0];

const SCHEMAS: Record<string, z.ZodObject> = {
  ...Object.fromEntries(
    await Promise.all(SERVICE_NAMES.map(async (name) => [name, (await loadService(name)).configSchema])),
  ),
  gateway: gatewayConfig,
};
const PROCESSES = Object.keys(SCHEMAS);

describe('rendered with Go templates', () => {
  test.each(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))(
    '%s is as Kubernetes has it, with no unknown field',
    (_, manifest) => expect(whatKubernetesRefuses(manifest)).toEqual([]),
  );

  test('a field of no schema, of a wrong type or under a wrong name is found', () => {
    const changed = (change: (spec: never) => void) => {
      const copy = structuredClone(oneOf('Deployment', 'user'));
      change(copy.spec as never);
      return whatKubernetesRefuses(copy).join();
    };
    expect(changed((spec: object) => void Object.assign(spec, { replicaz: 1 }))).toContain(
      '/spec/replicaz is no field',
    );
    expect(changed((spec: object) => void Object.assign(spec, { revisionHistoryLimit: 'x' }))).not.toBe('');
    expect(
      changed((spec: Pod) => void Object.assign(spec.template.spec.containers[0], { readynessProbe: {} })),
    ).toContain('readynessProbe is no field');
  });

  test('each process has a deployment, a service, a budget, an autoscaler and a policy, where they are on', async () => {
    for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy']) {
      expect([kind, ofKind(kind).map(({ metadata }) => metadata.name)]).toEqual([
        kind,
        PROCESSES.map((name) => `social-${name}`).sort(),
      ]);
    }
    const byDefault = await renderChart(valuesWith());
    expect(ofKind('Deployment', byDefault).map(({ metadata }) => metadata.name)).not.toContain('social-webhook');
    expect(ofKind('NetworkPolicy', byDefault).length).toBe(3);
  });

  test('the name of a service stands for the addresses of all its processes, so that gateways spread their calls', () => {
    for (const { metadata, spec } of ofKind('Service')) {
      const expected = metadata.name === 'social-gateway' ? undefined : 'None';
      expect([metadata.name, (spec as { clusterIP?: string }).clusterIP]).toEqual([metadata.name, expected]);
    }
  });

  test('a number of replicas is said only where no autoscaler says it', () => {
    const scaled = ofKind('HorizontalPodAutoscaler').map(({ metadata }) => metadata.name);
    for (const { metadata, spec } of ofKind('Deployment')) {
      expect([metadata.name, 'replicas' in spec]).toEqual([metadata.name, !scaled.includes(metadata.name)]);
    }
  });
});

describe.each(PROCESSES)('%s', (name) => {
  const values = everything.processes[name] as ProcessValues;
  const { env } = containerOf(name);
  const variables = env.map((each) => each.name);

  test('is given every variable it requires, none twice, and none it does not know', () => {
    const { shape } = SCHEMAS[name] as z.ZodObject;
    const needed = Object.keys(shape).filter((key) => !(shape[key] as z.ZodType).safeParse(undefined).success);
    expect(needed.filter((key) => !variables.includes(key))).toEqual([]);
    expect(variables.filter((key) => !(key in shape))).toEqual([]);
    expect(new Set(variables).size).toBe(variables.length);
  });

  test('finds what is secret by reference, and no secret as a text', () => {
    const secret = /_KEY$|_DATABASE_URL$|^NATS_URL$|^REDIS_URL$/;
    for (const variable of env.filter((each) => secret.test(each.name))) {
      expect(variable.value).toBeUndefined();
      expect(variable.valueFrom?.secretKeyRef).toEqual({ name: `kith-${name}`, key: variable.name });
    }
    expect(variables).toContain('NATS_URL');
  });

  test('runs a program that is there, and is asked whether it lives and is ready', () => {
    expect(containerOf(name).command).toEqual(['node', values.program]);
    expect(existsSync(join(workspaceRoot, values.program))).toBe(true);
    expect(containerOf(name).livenessProbe?.httpGet).toEqual({ path: '/live', port: 'http' });
    expect(containerOf(name).readinessProbe?.httpGet).toEqual({ path: '/ready', port: 'http' });
    expect(env).toContainEqual({ name: 'PORT', value: String(values.port) });
  });
});

test.each(SERVICE_NAMES)('%s is what the list of services says', (name) => {
  const { folder, port, asks, database, redisKeys, signsTokens = false } = SERVICES[name];
  const { program, secretVariables, storePorts, ...said } = everything.processes[name] as ProcessValues;
  expect(program).toBe(`${folder}/main.ts`);
  expect(said).toMatchObject({ port, asks: [...asks], signsTokens });
  expect(storePorts).toEqual([...(database ? [5432] : []), 4222, ...(redisKeys ? [6379] : [])]);
  if (database) expect(secretVariables).toContain(database.urlVariable);
  for (const other of asks) {
    const { urlVariable, port: itsPort } = SERVICES[other as keyof typeof SERVICES];
    expect(containerOf(name).env).toContainEqual({ name: urlVariable, value: `http://social-${other}:${itsPort}` });
  }
});

test('migrations run before each installation and upgrade, by a program that is there', () => {
  const { metadata, spec } = oneOf('Job', 'migrate');
  expect(metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
  const { command } = (spec as Pod).template.spec.containers[0];
  expect(existsSync(join(workspaceRoot, command[1] ?? ''))).toBe(true);
});

test('only those that ask a service may reach it', () => {
  type Policy = { ingress: { ports: { port: number }[]; from?: { podSelector?: { matchLabels: object } }[] }[] };
  const reached = (name: string) => {
    const { ingress } = oneOf('NetworkPolicy', name).spec as Policy;
    const own = ingress.find(({ ports }) => ports[0]?.port === everything.processes[name]?.port);
    return own?.from?.map(({ podSelector }) => Object.values(podSelector?.matchLabels ?? {}).at(-1)).sort();
  };
  expect(reached('friend')).toEqual(['gateway', 'operator', 'user']);
  expect(reached('user')).toEqual(['friend', 'gateway', 'operator']);
  expect(reached('webhook')).toEqual(['operator']);
  expect(reached('gateway')).toBeUndefined();
});

test.each([
  ['a setting that is no text', (values: object) => void Object.assign(values, { settings: { LOG_LEVEL: 1 } })],
  ['a name that nobody knows', (values: object) => void Object.assign(values, { imgae: {} })],
  [
    'a process that there is none of',
    ({ processes }: { processes: object }) => void Object.assign(processes, { x: {} }),
  ],
  ['a port out of range', (values: object) => void Object.assign(values, { metricsPort: 70_000 })],
])('the schema refuses %s', (_, change) => {
  expect(whatIsWrongWith(valuesWith())).toEqual([]);
  expect(whatIsWrongWith(valuesWith(change as never))).not.toEqual([]);
});

test('a text of the values stays one text, whatever it holds', async () => {
  const text = 'a: "b" #c\n- d\\ \'e\' {{ .Values }} ü';
  const rendered = await renderChart(valuesWith(({ settings }) => void Object.assign(settings, { TRACES_TO: text })));
  const [deployment] = ofKind('Deployment', rendered);
  const { env } = ((deployment as Manifest).spec as Pod).template.spec.containers[0];
  expect(env).toContainEqual({ name: 'TRACES_TO', value: text });
});
