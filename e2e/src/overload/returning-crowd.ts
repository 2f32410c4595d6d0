import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

const QUERY = 'subscription ($after: String) { friendListChanged(after: $after) { cursor revision } }';

interface Person {
  readonly token: string;
  cursor: string | null;
  revisions: number[];
}

/** Many people on one socket each, as cheap for the test as can be; who is refused comes back as a client would. */
export class ReturningCrowd {
  readonly people: readonly Person[];
  readonly #url: string;
  #sockets: WebSocket[] = [];
  /** Upgrades and subscriptions that were refused for the moment. */
  refusals = 0;

  constructor(gatewayUrl: string, tokens: readonly string[]) {
    this.#url = `${gatewayUrl.replace('http', 'ws')}/graphql`;
    this.people = tokens.map((token) => ({ token, cursor: null, revisions: [] }));
  }

  /** Resolves when every socket has sent its subscription, with the cursor its owner was given last. */
  async subscribe(people = this.people): Promise<void> {
    await Promise.all(people.map((person) => this.#subscribe(person)));
  }

  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets = [];
  }

  async #subscribe(person: Person): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      if (await this.#tryToSubscribe(person)) return;
      this.refusals += 1;
      await delay(Math.min(100 * 2 ** failures, 2_000) * (0.5 + Math.random() / 2));
    }
  }

  #tryToSubscribe(person: Person): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#url, 'graphql-transport-ws', { perMessageDeflate: false });
      const say = (message: object) => socket.send(JSON.stringify(message));
      socket.on('error', () => resolve(false));
      socket.on('close', () => resolve(false));
      socket.on('open', () => say({ type: 'connection_init', payload: { authorization: `Bearer ${person.token}` } }));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'connection_ack') {
          say({ id: '1', type: 'subscribe', payload: { query: QUERY, variables: { after: person.cursor } } });
          this.#sockets.push(socket);
          resolve(true);
        } else if (message.type === 'error' || message.payload?.errors) {
          // Refused for the moment: everything else would be a mistake in the query.
          socket.terminate();
          this.refusals += 1;
          setTimeout(() => void this.#subscribe(person), 100 + 400 * Math.random());
        } else if (message.type === 'next') {
          const { cursor, revision } = message.payload.data.friendListChanged;
          person.cursor = cursor;
          person.revisions.push(revision);
        }
      });
    });
  }
}
