-- `name` is a copy of what products says, as of `name_revision`.
CREATE TABLE stock (
  product_id text PRIMARY KEY, quantity int NOT NULL DEFAULT 0, revision bigint NOT NULL DEFAULT 0,
  name text, name_revision bigint NOT NULL DEFAULT 0
);
