import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer, ServicesBehind } from './peer.ts';
import { asFederation1, plainSchema } from './schemas-for-others.ts';

const GRAPHQL = { graphql: '16.12.0' };
const GRAFBASE = '@grafbase/cli-x86_64-unknown-linux-musl';

/** Each is set up for speed: no logs, no traces, no telemetry, keep-alive to the services, plans remembered. */
export const OTHER_GATEWAYS: readonly Peer[] = [
  {
    name: 'Grafbase (Rust)',
    packages: { [GRAFBASE]: '0.103.0' },
    async prepare(behind, { installed, folder, port }) {
      const config = join(folder, 'grafbase.toml');
      await writeFile(config, await grafbaseConfig(behind, folder));
      const args = ['--home', folder, 'dev', '--config', config, '--listen-address', `127.0.0.1:${port}`];
      return { command: join(installed, 'node_modules', GRAFBASE, 'grafbase'), args, path: '/graphql' };
    },
  },
  onNode('Hive (Rust planner in Node)', 'hive-runtime.mjs', {
    '@graphql-hive/gateway-runtime': '2.12.1',
    '@graphql-hive/router-runtime': '1.4.23',
    '@graphql-mesh/transport-http': '1.2.1',
  }),
  onNode('Apollo Gateway', 'apollo-gateway.mjs', { '@apollo/gateway': '2.14.4', '@apollo/server': '5.5.1' }),
  onNode('Mercurius', 'mercurius-gateway.mjs', {
    '@mercuriusjs/gateway': '5.2.0',
    fastify: '5.6.2',
    mercurius: '16.10.1',
  }),
];

/** A program of ours beside the packages that it imports, given what it needs as JSON. */
function onNode(name: string, program: string, packages: Readonly<Record<string, string>>): Peer {
  return {
    name,
    packages: { ...GRAPHQL, ...packages },
    async prepare(behind, { installed, port }) {
      const file = join(installed, program);
      await copyFile(new URL(`programs/${program}`, import.meta.url), file);
      const sdlOf = new Map(asFederation1(behind.services).map(({ name, sdl }) => [name, sdl]));
      const services = behind.services.map((service) => ({ ...service, federation1: sdlOf.get(service.name) }));
      return {
        command: process.execPath,
        args: [file, JSON.stringify({ ...behind, services, port })],
        path: '/graphql',
      };
    },
  };
}

async function grafbaseConfig({ services, headers }: ServicesBehind, folder: string): Promise<string> {
  const always = ['[[headers]]', 'rule = "forward"', 'name = "authorization"'];
  const added = Object.entries(headers).flatMap(([name, value]) => [
    '[[headers]]',
    ...['rule = "insert"', `name = "${name}"`, `value = "${value}"`],
  ]);
  const subgraphs = services.map(async ({ name, url, sdl }) => {
    const schema = join(folder, `${name}.graphql`);
    await writeFile(schema, plainSchema(sdl));
    return [`[subgraphs.${name}]`, `url = "${url}"`, `schema_path = "${schema}"`];
  });
  return [...always, ...added, ...(await Promise.all(subgraphs)).flat(), ''].join('\n');
}
