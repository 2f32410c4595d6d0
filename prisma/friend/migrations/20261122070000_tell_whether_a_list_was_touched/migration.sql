-- Counts what commands decide by and no list shows: blocks, and the end of an account. A list whose revision and
-- hidden changes are still the same is a list that nobody has touched.
ALTER TABLE friend_list ADD COLUMN hidden_changes bigint NOT NULL DEFAULT 0;
