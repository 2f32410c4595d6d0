import { type AggregateEvent, AggregateRoot, type RecordsEvents } from '@kith/event-delivery/domain-events';
import type { Moment } from '../rules/moment.ts';
import { Refusal } from '../rules/refusal.ts';

/** Domain event of an inventory. */
export interface InventoryChanged extends AggregateEvent<'inventory.changed', 'inventory'> {
  readonly remains: number;
}

export interface InventoryState {
  readonly productId: string;
  /** How many events it has recorded in its life: each raises it by 1. */
  readonly version: number;
  readonly remains: number;
}

const MOST = 1_000_000_000_000;

/** Aggregate: the stock of one product. It never goes below 0. */
export class Inventory implements RecordsEvents<InventoryChanged> {
  readonly #root: AggregateRoot<InventoryChanged>;
  #state: InventoryState;
  /** Its event is recorded, and nobody has looked at it. */
  #isYetToTell = false;

  constructor(state: InventoryState) {
    this.#root = new AggregateRoot({ kind: 'inventory', id: state.productId, version: state.version });
    this.#state = state;
  }

  get state(): InventoryState {
    return this.#state;
  }

  /** What has happened since it was loaded, in order. */
  get events() {
    return this.#root.events;
  }

  takeEvents() {
    return this.#root.takeEvents();
  }

  increase(by: number, moment: Moment): void {
    const remains = this.#state.remains + by;
    if (remains > MOST) throw new Refusal('TOO_MUCH_STOCK', `An inventory holds ${MOST} at most.`, 'increaseNumber');
    this.#change(remains, moment);
  }

  /** Whoever takes more than there is has not asked before: see `takeStock`. */
  decrease(by: number, moment: Moment): void {
    const remains = this.#state.remains - by;
    if (remains < 0) throw new RangeError(`${this.#state.productId}: ${by} of ${this.#state.remains} cannot be taken`);
    this.#change(remains, moment);
  }

  /** However often it changes before anybody looks, it tells once, and then what remains in the end. */
  #change(remains: number, moment: Moment): void {
    this.#state = { ...this.#state, remains };
    if (this.#isYetToTell) return;
    this.#isYetToTell = true;
    this.#state = { ...this.#state, version: this.#root.raiseVersion() };
    const stamp = this.#root.stamp(moment);
    this.#root.record(() => {
      this.#isYetToTell = false;
      return { name: 'inventory.changed', ...stamp, remains: this.#state.remains };
    });
  }
}
