import { connect } from 'node:net';

/**
 * Sends one inline command (https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands) and answers
 * the first bytes of the reply, as Redis wrote them.
 */
export function tellRedis(redis: { port: number }, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(redis.port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      const reply = bytes.toString('utf8');
      if (reply.startsWith('-')) reject(new Error(reply));
      else resolve(reply);
    });
  });
}
