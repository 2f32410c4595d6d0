CREATE TABLE product (
  id          uuid PRIMARY KEY,
  version     bigint NOT NULL,
  name        text NOT NULL,
  description text NOT NULL,
  price       numeric(20, 2) NOT NULL,
  created_at  timestamptz NOT NULL
);

-- Copy: what the inventory says, as of `revision`. Apart from the products, so that it is kept whatever comes first.
CREATE TABLE stock_copy (product_id uuid PRIMARY KEY, remains bigint NOT NULL, revision bigint NOT NULL);
