import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@kith/local-servers';
import { onTestFinished, test } from 'vitest';
import { collectLog } from '../contract-tests/collect-log.ts';
import { startConfiguredNats } from '../testing/nats/as-configured.ts';
import { connectJetStream } from './jetstream-broker.ts';

/** Between a client and its server; while it is shut, nothing that the server says is read. */
async function startGate(port: number) {
  const fromServer = new Set<Socket>();
  const all = new Set<Socket>();
  const gate = createServer((client) => {
    const server = createConnection({ port, host: '127.0.0.1' });
    fromServer.add(server);
    for (const socket of [client, server]) {
      all.add(socket);
      socket.on('error', () => undefined);
    }
    client.pipe(server);
    server.pipe(client);
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');
  return {
    port: (gate.address() as AddressInfo).port,
    shut() {
      for (const socket of fromServer) socket.unpipe().pause();
    },
    /** What the server has said before it closed the connection is lost on the way. */
    open() {
      for (const socket of fromServer) socket.resume();
    },
    stop() {
      for (const socket of all) socket.destroy();
      gate.close();
    },
  };
}

test('whom the server cuts off for reading too slowly is back by itself, and is told that it missed something', async () => {
  const nats = await startConfiguredNats('write_deadline: "200ms"\nmax_pending: 1048576\n');
  const gate = await startGate(nats.port);
  const connect = (port: number) =>
    connectJetStream({ servers: `nats://127.0.0.1:${port}`, name: 'test', log: collectLog() });
  const [slow, loud] = [await connect(gate.port), await connect(nats.port)];
  onTestFinished(async () => {
    await Promise.all([slow.close(), loud.close()]);
    gate.stop();
    await nats.stop();
  });
  const heard: string[] = [];
  let missed = 0;
  slow.listen('live.>', (_payload, subject) => heard.push(subject));
  slow.onReconnect(() => {
    missed += 1;
  });
  await eventually('it hears', () => {
    loud.announce('live.before', '');
    return heard.includes('live.before');
  });

  gate.shut();
  const large = 'x'.repeat(60_000);
  // More than the buffers of two sockets hold.
  for (let n = 0; n < 800; n += 1) {
    loud.announce('live.flood', large);
    if (n % 20 === 0) await sleep(5);
  }
  await sleep(500);
  gate.open();
  await eventually('it was cut off, and is back', () => missed > 0, { withinMs: 60_000 });
  await eventually('it hears again', () => {
    loud.announce('live.after', '');
    return heard.includes('live.after');
  });
});
