import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { answerQuestions } from '../processes/helper-process.ts';

/** The floor of everything sent over a WebSocket from Node: what comes in goes out. */
answerQuestions({
  serve: () =>
    new Promise<string>((resolve) => {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
      server.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
      server.on('listening', () => resolve(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`));
    }),
});
