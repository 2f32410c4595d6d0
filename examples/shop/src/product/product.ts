import { type AggregateEvent, AggregateRoot, draftEvent, type OutboxEvent } from '@kith/event-delivery';
import { productCreated, productNameUpdated } from '../contracts/product-events.ts';
import type { Moment } from '../moment.ts';

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
export class Product {
  readonly root: AggregateRoot<ProductEvent>;
  #state: ProductState;

  constructor(state: ProductState) {
    this.root = new AggregateRoot({ kind: 'product', id: state.id, version: state.version });
    this.#state = state;
  }

  static create(input: Pick<ProductState, 'name' | 'description' | 'price'>, moment: Moment): Product {
    const product = new Product({ id: moment.newId(), version: 0, createdAt: moment.now, ...input });
    const { name: productName, description, price } = input;
    product.#raiseVersion({});
    const stamp = product.root.stamp(moment);
    product.root.record({ name: 'product.created', ...stamp, productName, description, price });
    return product;
  }

  get state(): ProductState {
    return this.#state;
  }

  updateName(newName: string, moment: Moment): void {
    const { name: oldName } = this.#state;
    if (oldName === newName) return;
    this.#raiseVersion({ name: newName });
    this.root.record({ name: 'product.name-updated', ...this.root.stamp(moment), oldName, newName });
  }

  #raiseVersion(change: Partial<ProductState>): void {
    this.#state = { ...this.#state, ...change, version: this.root.raiseVersion() };
  }
}

/** What other services learn of it. */
export function toContract(event: ProductEvent): OutboxEvent {
  const { id: eventId, occurredAt, source } = event;
  const place = { eventId, ownerId: source.id, revision: source.version!, occurredAt };
  switch (event.name) {
    case 'product.created': {
      const { productName: name, description, price } = event;
      return draftEvent(productCreated, { ...place, data: { name, description, price } });
    }
    case 'product.name-updated': {
      const { oldName, newName } = event;
      return draftEvent(productNameUpdated, { ...place, data: { oldName, newName } });
    }
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
