import type { AddressInfo } from 'node:net';
import { liveFriendList } from '@kith/event-contracts';
import { natsOptions } from '@kith/event-delivery';
import { connect } from 'nats';
import { WebSocketServer } from 'ws';
import { collectGarbageHere } from '../processes/collect-garbage.ts';
import { answerQuestions } from '../processes/helper-process.ts';
import { firstAnswer } from './first-answer.ts';

/**
 * The floor of a push: what NATS brings is put between two pieces of text and sent. It speaks just enough of
 * graphql-transport-ws for the clients, and takes their word for who they are.
 */
answerQuestions({
  collectGarbage: collectGarbageHere,
  async serve({ natsUrl }: { natsUrl: string }) {
    const nc = await connect(natsOptions(natsUrl));
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (socket) => {
      let ownerId = '';
      const next = (change: string) =>
        socket.send(`{"id":"watch","type":"next","payload":{"data":{"friendListChanged":${change}}}}`);
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { type: string; payload?: { authorization?: string } };
        if (message.type === 'connection_init') {
          ownerId = message.payload?.authorization?.split(' ')[1] ?? '';
          socket.send('{"type":"connection_ack"}');
        } else if (message.type === 'subscribe') {
          const heard = nc.subscribe(liveFriendList(ownerId), {
            callback: (_error, { data: bytes }) => next(text(bytes)),
          });
          socket.on('close', () => heard.unsubscribe());
          // From this answer on nothing may be missed.
          void nc.flush().then(() => next(JSON.stringify(firstAnswer)));
        }
      });
    });
    await new Promise((resolve) => server.once('listening', resolve));
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
});

const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
