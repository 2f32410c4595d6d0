-- The stock of each product. `product_name` is a copy of what the product service says, as of `name_revision`.
CREATE TABLE inventory (
  product_id    uuid PRIMARY KEY,
  version       bigint NOT NULL DEFAULT 0,
  remains       bigint NOT NULL DEFAULT 0 CHECK (remains >= 0),
  product_name  text NOT NULL,
  former_name   text,
  name_revision bigint NOT NULL
);

-- What the product service has answered, as of `version` of the product.
CREATE TABLE product_description (
  product_id  uuid PRIMARY KEY,
  version     bigint NOT NULL,
  description text NOT NULL,
  price       numeric(20, 2) NOT NULL
);
