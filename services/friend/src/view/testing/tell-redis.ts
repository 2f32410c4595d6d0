import { connect } from 'node:net';
import type { RedisForView } from './start-redis-for-view.ts';

/**
 * Sends one inline command (https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands), as the user
 * of the URL, to all servers that it is for, and answers the first bytes of the last reply, as Redis wrote them.
 */
export async function tellRedis(redis: Pick<RedisForView, 'url' | 'serversFor'>, command: string): Promise<string> {
  let reply = '';
  for (const server of (await redis.serversFor?.(command)) ?? [redis]) reply = await tellServer(server, command);
  return reply;
}

function tellServer(redis: { url: string }, command: string): Promise<string> {
  const { port, username, password } = new URL(redis.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`AUTH ${username} ${password}\r\n`));
    socket.once('error', reject);
    const letIn = '+OK\r\n';
    socket.once('data', (bytes) => {
      if (bytes.toString('utf8') !== letIn) return reply(bytes);
      socket.once('data', reply);
      socket.write(`${command}\r\n`);
    });
    const reply = (bytes: Buffer) => {
      socket.destroy();
      const text = bytes.toString('utf8');
      if (text.startsWith('-')) reject(new Error(text));
      else resolve(text);
    };
  });
}
