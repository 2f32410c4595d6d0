CREATE TABLE orders (id text PRIMARY KEY, product_id text NOT NULL, quantity int NOT NULL);
