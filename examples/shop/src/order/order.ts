import { AggregateRoot, type RecordsEvents } from '@kith/event-delivery/domain-events';
import type { Address } from '../contracts/address.ts';
import type { Moment } from '../rules/moment.ts';
import { toFen, toYuan } from '../rules/money.ts';
import { Refusal } from '../rules/refusal.ts';
import type { OrderEvent, OrderItem } from './order-events.ts';

export type OrderStatus = 'CREATED' | 'PAID' | 'CANCELLED';

export interface OrderState {
  readonly id: string;
  /** How many events it has recorded in its life: each raises it by 1. */
  readonly version: number;
  readonly status: OrderStatus;
  readonly items: readonly OrderItem[];
  readonly address: Address;
  /** What was paid for an order that is cancelled now. */
  readonly refund: number;
  readonly createdAt: Date;
}

/**
 * Aggregate: an order and its rules. Whoever has paid or cancelled it has closed it; what was paid for an order that
 * cannot be sent is to be given back. Methods decide and record; they throw Refusal, and then nothing has changed.
 */
export class Order implements RecordsEvents<OrderEvent> {
  readonly #root: AggregateRoot<OrderEvent>;
  #state: OrderState;

  constructor(state: OrderState) {
    this.#root = new AggregateRoot({ kind: 'order', id: state.id, version: state.version });
    this.#state = state;
  }

  static create(input: { readonly items: readonly OrderItem[]; readonly address: Address }, moment: Moment): Order {
    const { items, address } = input;
    const before = { id: moment.newId(), version: 0, status: 'CREATED', refund: 0, createdAt: moment.now } as const;
    const order = new Order({ ...before, items, address });
    const { totalPrice } = order;
    order.#record({}, (stamp) => ({ name: 'order.created', ...stamp, items, totalPrice, address }), moment);
    return order;
  }

  get state(): OrderState {
    return this.#state;
  }

  /** What has happened since it was loaded, in order. */
  get events() {
    return this.#root.events;
  }

  takeEvents() {
    return this.#root.takeEvents();
  }

  get totalPrice(): number {
    return toYuan(this.#state.items.reduce((sum, { count, itemPrice }) => sum + toFen(itemPrice) * count, 0));
  }

  changeAddress(newAddress: Address, moment: Moment): void {
    this.#refuseUnlessOpen();
    const oldAddress = this.#state.address;
    if (isSame(oldAddress, newAddress)) return;
    const change = { address: newAddress };
    this.#record(change, (stamp) => ({ name: 'order.address-changed', ...stamp, oldAddress, newAddress }), moment);
  }

  pay(paidPrice: number, moment: Moment): void {
    this.#refuseUnlessOpen();
    if (toFen(paidPrice) !== toFen(this.totalPrice)) {
      throw new Refusal('PAID_PRICE_DIFFERS', `The order costs ${this.totalPrice}: pay that.`, 'paidPrice');
    }
    this.#record({ status: 'PAID' }, (stamp) => ({ name: 'order.paid', ...stamp, paidPrice }), moment);
  }

  /** The inventory has not taken its stock. Of an order that is paid already the payment goes back. */
  cancelOutOfStock(moment: Moment): void {
    if (this.#state.status === 'CANCELLED') return;
    const refund = this.#state.status === 'PAID' ? this.totalPrice : 0;
    const change = { status: 'CANCELLED', refund } as const;
    this.#record(change, (stamp) => ({ name: 'order.cancelled', ...stamp, reason: 'OUT_OF_STOCK', refund }), moment);
  }

  #refuseUnlessOpen(): void {
    const { status } = this.#state;
    if (status === 'PAID') throw new Refusal('ORDER_IS_PAID', 'The order is paid: it cannot be changed any more.');
    if (status === 'CANCELLED') throw new Refusal('ORDER_IS_CANCELLED', 'The order is cancelled: place a new one.');
  }

  #record(
    change: Partial<OrderState>,
    event: (stamp: ReturnType<AggregateRoot<OrderEvent>['stamp']>) => OrderEvent,
    moment: Moment,
  ): void {
    const version = this.#root.raiseVersion();
    this.#state = { ...this.#state, ...change, version };
    this.#root.record(event(this.#root.stamp(moment)));
  }
}

const isSame = (one: Address, other: Address) =>
  one.province === other.province && one.city === other.city && one.detail === other.detail;
