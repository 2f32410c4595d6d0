-- Orders, as their commands leave them.
CREATE TABLE orders (
  id         uuid PRIMARY KEY,
  version    bigint NOT NULL,
  status     text NOT NULL CHECK (status IN ('CREATED', 'PAID', 'CANCELLED')),
  items      jsonb NOT NULL,
  address    jsonb NOT NULL,
  refund     numeric(20, 2) NOT NULL,
  created_at timestamptz NOT NULL
);

-- Read model: the orders as their events tell of them. Each part has the revision that it is from, so that events may
-- come twice and in any order; what came before the order's first event is there already, and shown when that has come.
CREATE TABLE order_summary (
  id               uuid PRIMARY KEY,
  created_at       timestamptz,
  total_price      numeric(20, 2),
  item_count       int,
  address          jsonb,
  address_revision bigint NOT NULL DEFAULT 0,
  status           text,
  refund           numeric(20, 2) NOT NULL DEFAULT 0,
  status_revision  bigint NOT NULL DEFAULT 0
);

-- Copy: which products there are, as their service says.
CREATE TABLE known_product (id uuid PRIMARY KEY, name text NOT NULL, name_revision bigint NOT NULL);
