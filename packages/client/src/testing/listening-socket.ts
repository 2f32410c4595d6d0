/**
 * A WebSocket to a server that takes whoever comes, and answers a subscription with `answers` at once:
 * https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export class ListeningSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  static answers: readonly object[] = [];
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
    const { type, id } = JSON.parse(text) as { type: string; id?: string };
    if (type === 'connection_init') this.#say({ type: 'connection_ack' });
    if (type === 'ping') this.#say({ type: 'pong' });
    if (type === 'subscribe') for (const payload of ListeningSocket.answers) this.#say({ type: 'next', id, payload });
  }

  close(code = 1000, reason = ''): void {
    if (!ListeningSocket.open.delete(this)) return;
    this.readyState = ListeningSocket.CLOSED;
    this.onclose?.({ code, reason, wasClean: true });
  }

  #say(message: object): void {
    setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }));
  }
}
