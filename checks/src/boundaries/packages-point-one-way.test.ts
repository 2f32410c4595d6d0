import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { SERVICE_NAMES, SERVICES } from '@kith/services';
import { describe, expect, test } from 'vitest';

type Manifest = { name: string; dependencies?: Record<string, string>; devDependencies?: Record<string, string> };

/** Layers, the lowest first: a package, its tests included, depends on its own level and those before it alone. */
const LEVELS = [
  ['@kith/local-servers', '@kith/written-text', '@kith/event-contracts', '@kith/event-delivery', '@kith/services'],
  ['@kith/migrations', '@kith/client', '@kith/live-list', '@kith/service-kit', '@kith/example-shop'],
  ['@kith/supergraph', '@kith/presence'],
  ['@kith/user', '@kith/friend', '@kith/gateway', '@kith/web'],
  ['@kith/local'],
  ['@kith/operator', '@kith/deploy'],
  ['@kith/checks', '@kith/e2e', '@kith/bench'],
];
const levelOf = (name: string) => {
  const at = LEVELS.findIndex((names) => names.includes(name));
  // A service of its own is where the services are.
  return at < 0 ? LEVELS.findIndex((names) => names.includes('@kith/user')) : at;
};

const manifests = globSync('{*,*/*}/package.json', { cwd: workspaceRoot })
  .filter((path) => !path.includes('node_modules'))
  .map((path) => ({
    folder: dirname(path),
    ...(JSON.parse(readFileSync(join(workspaceRoot, path), 'utf8')) as Manifest),
  }));
const needsOf = ({ dependencies, devDependencies }: Pick<Manifest, 'dependencies' | 'devDependencies'>) =>
  Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name.startsWith('@kith/'));

describe.each(manifests.map((manifest) => [manifest.name, manifest] as const))('%s', (name, manifest) => {
  test('depends on no later layer', () => {
    expect(needsOf(manifest).filter((needed) => levelOf(needed) > levelOf(name))).toEqual([]);
  });

  test('does not depend on itself by way of others', () => {
    const reached = new Set<string>();
    const follow = (names: readonly string[]) => {
      for (const needed of names.filter((each) => !reached.has(each))) {
        reached.add(needed);
        follow(needsOf(manifests.find((each) => each.name === needed) ?? {}));
      }
    };
    follow(needsOf(manifest));
    expect([...reached]).not.toContain(name);
  });
});

test.each(SERVICE_NAMES)(
  '%s imports no other service, not the gateway, and nothing by a way out of its folder',
  (name) => {
    const { folder } = SERVICES[name];
    const root = join(workspaceRoot, folder);
    const files = globSync('**/*.ts', { cwd: root }).filter((path) => !path.includes('generated'));
    const strangers = new Set([
      '@kith/gateway',
      ...SERVICE_NAMES.filter((other) => other !== name).map((other) => `@kith/${other}`),
    ]);
    const crossing = files.flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)]
        .map(([, imported = '']) => imported)
        .filter(
          (it) =>
            strangers.has(it) ||
            (it.startsWith('.') && relative(root, resolve(root, dirname(path), it)).startsWith('..')),
        )
        .map((imported) => `${path}: ${imported}`),
    );
    expect(files.length).toBeGreaterThan(0);
    expect(crossing).toEqual([]);
  },
);

test('pnpm is not told to be silent about circles', () => {
  expect(readFileSync(join(workspaceRoot, 'pnpm-workspace.yaml'), 'utf8')).not.toMatch(/ignoreWorkspaceCycles/);
});
