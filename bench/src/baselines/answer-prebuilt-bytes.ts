import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from '../processes/helper-process.ts';

/** The floor of every HTTP server in Node: reads the request, answers bytes that were there before. */
answerQuestions({
  serve: (text: string) =>
    new Promise<string>((resolve) => {
      const bytes = Buffer.from(text);
      const headers = { 'content-type': 'application/json', 'content-length': bytes.length };
      const server = createServer((request, response) => {
        request.resume().on('end', () => response.writeHead(200, headers).end(bytes));
      });
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    }),
});
