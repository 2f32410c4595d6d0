/**
 * A WebSocket to a server that takes whoever comes, and answers a subscription at once, by its variables: each message is
 * a result, a list of errors, or the end. https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export class ListeningSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  static answer: (variables: Readonly<Record<string, unknown>>) => readonly (object | readonly object[] | 'end')[] =
    () => [];
  static readonly open = new Set<ListeningSocket>();

  readyState: number = ListeningSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    ListeningSocket.open.add(this);
    setTimeout(() => {
      this.readyState = ListeningSocket.OPEN;
      this.onopen?.();
    });
  }

  send(text: string): void {
    const { type, id, payload } = JSON.parse(text) as { type: string; id?: string; payload?: { variables: object } };
    if (type === 'connection_init') this.#say({ type: 'connection_ack' });
    if (type === 'ping') this.#say({ type: 'pong' });
    if (type !== 'subscribe') return;
    for (const each of ListeningSocket.answer({ ...payload?.variables })) {
      if (each === 'end') this.#say({ type: 'complete', id });
      else this.#say({ type: Array.isArray(each) ? 'error' : 'next', id, payload: each });
    }
  }

  /** As by a network that is gone. */
  static cutAll(): void {
    for (const socket of [...ListeningSocket.open]) socket.#end(1006, '');
  }

  close(code = 1000, reason = ''): void {
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (!ListeningSocket.open.delete(this)) return;
    this.readyState = ListeningSocket.CLOSED;
    this.onclose?.({ code, reason, wasClean: code === 1000 });
  }

  #say(message: object): void {
    setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }));
  }
}
