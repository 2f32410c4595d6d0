import { connect, createServer, type Socket } from 'node:net';
import { type ChildServer, eventually, redisUrl, startRedis } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { openRedis } from '../testing/open-redis.ts';

/** An address that leads to one server, and after a failover to another; connections that are there stay where they are. */
async function addressOf(server: ChildServer) {
  let port = server.port;
  const sockets = new Set<Socket>();
  const listening = createServer((from) => {
    const to = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listening.close();
  });
  return {
    url: redisUrl((listening.address() as { port: number }).port, 'kith'),
    leadTo: (next: ChildServer) => {
      port = next.port;
    },
  };
}

async function start(): Promise<ChildServer> {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  return server;
}

async function tell(server: ChildServer, ...command: [string, ...string[]]) {
  const client = new Redis(server.url);
  await client.call(...command);
  client.disconnect();
}

const demote = (old: ChildServer, next: ChildServer) => tell(old, 'REPLICAOF', '127.0.0.1', String(next.port));

test('a server that is demoted while we are connected to it is left for the one that took over', async () => {
  const [old, next] = [await start(), await start()];
  const address = await addressOf(old);
  const redis = openRedis(address.url);
  await eventually('Redis answers', () => redis.connected);
  address.leadTo(next);
  await demote(old, next);
  await redis.send('SET', 'a', 'lost').catch(() => undefined);
  await eventually('the new primary takes what is written', async () => {
    return redis.connected && (await redis.send('SET', 'a', 'kept').catch(() => undefined)) === 'OK';
  });
  const reader = new Redis(next.url);
  expect(await reader.get('a')).toBe('kept');
  reader.disconnect();
  expect(redis.lines).toEqual([
    'Redis does not answer at the address in REDIS_URL: nobody minds',
    'Redis answers again',
  ]);
});

test('as long as the address leads to the demoted server it is said to be away, and is used once it is promoted', async () => {
  const [old, next] = [await start(), await start()];
  const redis = openRedis(old.url);
  await eventually('Redis answers', () => redis.connected);
  await demote(old, next);
  await redis.send('SET', 'a', 1).catch(() => undefined);
  await eventually('it is known to be demoted', () => !redis.connected);
  await tell(old, 'REPLICAOF', 'NO', 'ONE');
  await eventually('Redis answers', () => redis.connected);
  expect(await redis.send('SET', 'a', 2)).toBe('OK');
});

test('a replica that was given for an address from the beginning is away', async () => {
  const [old, next] = [await start(), await start()];
  await demote(old, next);
  const redis = openRedis(old.url);
  await eventually('it is said', () => redis.lines.length > 0);
  expect(redis.connected).toBe(false);
});

test('a connection that is killed under a command fails the command, and is opened again', async () => {
  const server = await start();
  const redis = openRedis(server.url);
  await eventually('Redis answers', () => redis.connected);
  const blocked = redis.send('BLPOP', 'nothing', 0).catch((error: Error) => error.message);
  await tell(server, 'CLIENT', 'KILL', 'TYPE', 'normal');
  expect(await blocked).toMatch(/Connection is closed|max retries/);
  await eventually('Redis answers', () => redis.connected);
  expect(await redis.send('GET', 'nothing')).toBeNull();
});

test('a user and a password in the URL are shown to the server', async () => {
  const server = await start();
  await tell(server, 'ACL', 'SETUSER', 'somebody', 'on', '>secret', '+@all', '~*');
  const redis = openRedis(`redis://somebody:secret@127.0.0.1:${server.port}`);
  await eventually('Redis answers', () => redis.connected);
  expect(await redis.send('ACL', 'WHOAMI')).toBe('somebody');
});
