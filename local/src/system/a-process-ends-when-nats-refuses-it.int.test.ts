import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNats } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { fieldsOfEach, ofEach, SERVICE_NAMES, usersOfNats, WITH_DATABASE } from '@kith/services';
import { expect, onTestFinished, test } from 'vitest';
import { composeSupergraph } from './compose-supergraph.ts';
import { runKithProcess } from './run-kith-process.ts';
import { environmentOf } from './wire-processes.ts';

test.each([...SERVICE_NAMES, 'gateway' as const])(
  'the %s process that NATS refuses ends with one sentence that names the variable',
  async (program) => {
    const folder = await mkdtemp(join(tmpdir(), 'kith-refused-'));
    const database = await createTestDatabase(WITH_DATABASE.find((name) => name === program) ?? 'user');
    const nats = await startNats({ users: usersOfNats });
    onTestFinished(async () => {
      await Promise.all([nats.stop(), database.drop()]);
      await rm(folder, { recursive: true, force: true });
    });
    const supergraphFile = join(folder, 'supergraph.graphql');
    if (program === 'gateway') await composeSupergraph(supergraphFile);
    const nobody = `127.0.0.1:${await freePort()}`;
    const servers = {
      databaseUrl: database.url,
      natsUrl: nats.urlOf(program).replace(/:[0-9a-f]+@/, ':not-the-secret@'),
      redisUrl: `redis://${nobody}`,
    };
    const env = environmentOf(program, {
      access: { ...ofEach(SERVICE_NAMES, () => servers), gateway: servers, oneProcess: servers },
      ...fieldsOfEach(SERVICE_NAMES, 'Url', () => `http://${nobody}`),
      gatewayKey: 'a-key-of-sixteen-characters',
      operatorKey: 'another-key-of-sixteen-characters',
      signingKeyFile: join(folder, 'signing-keys.json'),
      supergraphFile,
    });
    const starting = runKithProcess({
      program,
      name: program,
      host: '127.0.0.1',
      port: await freePort(),
      env: () => env,
      logFolder: folder,
    });
    await expect(starting).rejects.toThrow(
      new RegExp(
        `^the ${program} process ended \\(1\\) .+: NATS_URL: NATS at 127.0.0.1:${nats.port} \\(as ${program}\\) refuses these`,
      ),
    );
    await expect(starting).rejects.not.toThrow(/not-the-secret/);
  },
);
