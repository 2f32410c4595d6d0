import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Client, type Dispatcher } from 'undici';
import {
  endByAnswer,
  MAX_EVENT_BYTES,
  readResult,
  type Stream,
  type StreamListener,
  StreamLost,
  StreamRefused,
  type StreamRequest,
  speaksSomethingElse,
  tooLarge,
} from './stream-ends.ts';

const CONNECT_WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 10_000;
/** A server of this protocol sends a comment every few seconds; one that says nothing for so long is gone. */
const SILENT_AT_MOST_MS = 60_000;

/**
 * A subscription over GraphQL over SSE, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode), with backpressure: the
 * response is read as its events are taken.
 *
 * @throws {StreamLost | StreamRefused}
 */
export async function* streamOverSse(request: StreamRequest, { signal, opened }: StreamListener): Stream {
  const { name, url, path, servername, headers, operation } = request;
  const client = new Client(url, {
    connect: { timeout: CONNECT_WITHIN_MS, ...(servername !== undefined && { servername }) },
    ...{ headersTimeout: ANSWER_WITHIN_MS, bodyTimeout: SILENT_AT_MOST_MS },
  });
  const close = () => void client.destroy();
  signal.addEventListener('abort', close);
  try {
    if (signal.aborted) return;
    const {
      statusCode,
      headers: answered,
      body,
    } = await client.request({
      ...{ path, method: 'POST', body: JSON.stringify(operation) },
      headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
    });
    if (statusCode === 200 && /^text\/event-stream\b/i.test(String(answered['content-type']))) {
      opened();
      return yield* resultsIn(body, name);
    }
    const text = await shortTextOf(body);
    const result = statusCode === 200 ? readResult(text) : undefined;
    if (!result?.data) throw endByAnswer(name, statusCode, text);
    yield result;
  } catch (error) {
    if (error instanceof StreamRefused || error instanceof StreamLost) throw error;
    throw new StreamLost(`The ${name} service is not reached, or was lost.`, { cause: error });
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function* resultsIn(body: Dispatcher.ResponseData['body'], name: string): Stream {
  const events: EventSourceMessage[] = [];
  let isTooLarge = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_BYTES,
    onEvent: (event) => void events.push(event),
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') isTooLarge = true;
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const { event, data } of events.splice(0)) {
      if (event === 'complete') return;
      if (event !== 'next') continue;
      // The parser bounds what is not whole yet.
      if (data.length > MAX_EVENT_BYTES) throw tooLarge(name);
      const result = readResult(data);
      if (!result) throw speaksSomethingElse(name);
      yield result;
    }
    if (isTooLarge) throw tooLarge(name);
  }
  throw new StreamLost(`The ${name} service has cut the stream.`);
}

/** What a refusal says; no more of it than is reasonable. */
async function shortTextOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_EVENT_BYTES) break;
    pieces.push(chunk);
  }
  return Buffer.concat(pieces).toString('utf8');
}
