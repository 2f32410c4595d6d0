import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { gateway } = await withTestGateway();

const FILLING = Buffer.alloc(3 * 1024 * 1024, 'x');

test.each([
  ['a body that is too long', 413, 'content-type: application/json\r\n'],
  ['a body that is no JSON', 415, 'content-type: text/plain\r\n'],
  ['a compressed one', 415, 'content-type: application/json\r\ncontent-encoding: gzip\r\n'],
])('%s is answered with %i, and the rest of it is taken', async (_what, status, headers) => {
  for (const chunked of [false, true]) {
    const framing = chunked ? 'transfer-encoding: chunked' : `content-length: ${FILLING.length}`;
    const head = `POST /graphql HTTP/1.1\r\nhost: kith\r\n${headers}${framing}\r\n\r\n`;
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    const errors: Error[] = [];
    let text = '';
    socket
      .on('error', (error) => errors.push(error))
      .on('data', (chunk) => {
        text += chunk;
      });
    const closed = once(socket, 'close');
    socket.write(head);
    if (chunked) socket.write(`${FILLING.length.toString(16)}\r\n`);
    socket.write(FILLING.subarray(0, 1_000_000));
    await eventually('the answer, before the body is whole', () => text.includes('"code":"BAD_USER_INPUT"'));
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    socket.write(FILLING.subarray(1_000_000));
    if (chunked) socket.write('\r\n0\r\n\r\n');
    await closed;
    expect(errors).toEqual([]);
  }
});

test('headers that are too long are answered with 431, and the rest is taken', async () => {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const errors: Error[] = [];
  let text = '';
  socket
    .on('error', (error) => errors.push(error))
    .on('data', (chunk) => {
      text += chunk;
    });
  socket.write(`GET /live HTTP/1.1\r\nhost: kith\r\nlong: ${'x'.repeat(20_000)}`);
  await eventually('the answer', () => text.includes('"code":"BAD_USER_INPUT"'));
  expect(text).toMatch(/^HTTP\/1.1 431 /);
  socket.write(FILLING);
  socket.end();
  await once(socket, 'close');
  expect(errors).toEqual([]);
});

test.each([
  ['no HTTP', 'hello\r\n\r\n'],
  [
    'two lengths',
    'POST /graphql HTTP/1.1\r\nhost: kith\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a length that is no number', 'POST /graphql HTTP/1.1\r\nhost: kith\r\ncontent-length: x\r\n\r\n'],
])('%s is answered with 400 and a code', async (_what, text) => {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.write(text);
  await eventually('the answer', () => heard.includes('"code":"BAD_USER_INPUT"'));
  expect(heard).toMatch(/^HTTP\/1.1 400 /);
  socket.destroy();
});

test('none of it was an error of ours', () => {
  expect(gateway.logged).toEqual([]);
});
