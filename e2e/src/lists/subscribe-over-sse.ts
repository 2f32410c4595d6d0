import { request } from 'node:http';
import type { AnsweredError } from '../people/ask-gateway.ts';
import { FRIEND_LIST } from './friend-list-as-seen.ts';
import type { Ending, Subscription, SubscriptionOptions } from './subscribe-over-websocket.ts';

/**
 * The same over server-sent events, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md): read from the wire by hand, so that it can be cut.
 */
export function subscribeOverSse(options: SubscriptionOptions): Subscription {
  const { gatewayUrl, token, after, onChange, watched = FRIEND_LIST } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
  const lost = (message: string) => end({ how: 'lost', message });
  const sending = request(`${gatewayUrl}/graphql`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
  sending.on('error', (error) => lost(error.message));
  sending.on('response', (response) => {
    if (!response.headers['content-type']?.startsWith('text/event-stream')) {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => end({ how: 'refused', errors: errorsIn(body) }));
      return;
    }
    let rest = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      const events = (rest + text).split('\n\n');
      rest = events.pop()!;
      for (const event of events) take(event);
    });
    response.on('error', (error) => lost(error.message));
    response.on('close', () => lost('the stream was cut'));
  });
  sending.end(JSON.stringify({ query: watched.query, variables: { ...watched.variables, after } }));

  function take(event: string): void {
    const fields = event.split('\n').map((line) => line.split(/: ?(.*)/, 2) as [string, string]);
    const name = fields.find(([field]) => field === 'event')?.[1];
    if (name === 'complete') end({ how: 'completed' });
    const data = fields.flatMap(([field, value]) => (field === 'data' ? [value] : [])).join('\n');
    if (name !== 'next' || data === '') return;
    const result = JSON.parse(data) as { data?: Record<string, never>; errors?: AnsweredError[] };
    if (result.errors) end({ how: 'refused', errors: result.errors });
    else if (result.data) onChange(Object.values(result.data)[0]!);
  }

  return {
    ended,
    stop: () => void sending.destroy(),
    cut: () => void sending.socket?.destroy(),
    stall: () => void sending.socket?.pause(),
    readOn: () => void sending.socket?.resume(),
  };
}

function errorsIn(body: string): readonly AnsweredError[] {
  try {
    return (JSON.parse(body) as { errors: AnsweredError[] }).errors;
  } catch {
    return [{ message: body.slice(0, 200) }];
  }
}
