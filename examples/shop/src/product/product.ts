import { type AggregateEvent, AggregateRoot, type RecordsEvents } from '@kith/event-delivery/domain-events';
import type { Moment } from '../rules/moment.ts';

/** Domain events of a product. */
export type ProductEvent = ProductCreated | ProductNameUpdated;

export interface ProductCreated extends AggregateEvent<'product.created', 'product'> {
  readonly productName: string;
  readonly description: string;
  readonly price: number;
}
export interface ProductNameUpdated extends AggregateEvent<'product.name-updated', 'product'> {
  readonly oldName: string;
  readonly newName: string;
}

export interface ProductState {
  readonly id: string;
  /** How many events it has recorded in its life: each raises it by 1. */
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly price: number;
  readonly createdAt: Date;
}

/** Aggregate: a product. The stock that it is shown with is a copy, and no part of it. */
export class Product implements RecordsEvents<ProductEvent> {
  readonly #root: AggregateRoot<ProductEvent>;
  #state: ProductState;

  constructor(state: ProductState) {
    this.#root = new AggregateRoot({ kind: 'product', id: state.id, version: state.version });
    this.#state = state;
  }

  static create(input: Pick<ProductState, 'name' | 'description' | 'price'>, moment: Moment): Product {
    const product = new Product({ id: moment.newId(), version: 0, createdAt: moment.now, ...input });
    const { name: productName, description, price } = input;
    product.#raiseVersion({});
    const stamp = product.#root.stamp(moment);
    product.#root.record({ name: 'product.created', ...stamp, productName, description, price });
    return product;
  }

  get state(): ProductState {
    return this.#state;
  }

  /** What has happened since it was loaded, in order. */
  get events() {
    return this.#root.events;
  }

  takeEvents() {
    return this.#root.takeEvents();
  }

  updateName(newName: string, moment: Moment): void {
    const { name: oldName } = this.#state;
    if (oldName === newName) return;
    this.#raiseVersion({ name: newName });
    this.#root.record({ name: 'product.name-updated', ...this.#root.stamp(moment), oldName, newName });
  }

  #raiseVersion(change: Partial<ProductState>): void {
    this.#state = { ...this.#state, ...change, version: this.#root.raiseVersion() };
  }
}
