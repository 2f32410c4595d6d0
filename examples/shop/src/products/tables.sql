-- `stock` is a copy of what the inventory says, as of `stock_revision`.
CREATE TABLE products (
  id text PRIMARY KEY, name text NOT NULL, revision bigint NOT NULL,
  stock int NOT NULL DEFAULT 0, stock_revision bigint NOT NULL DEFAULT 0
);
