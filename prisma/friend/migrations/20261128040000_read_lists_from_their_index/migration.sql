-- A list is read from its index, whose entries of one owner stand together, and not from a page of the table for each
-- friend. Remarks and tags are too long for an index, and most entries have none: those that do have an index of their own.
--
-- Building these holds up changes (not reads) of a large table for as long as it takes. To have it built meanwhile, run
-- both CREATE statements with CONCURRENTLY behind INDEX before this migration, which then finds them there.
CREATE UNIQUE INDEX IF NOT EXISTS friend_by_owner ON friend (owner_id, friend_id) INCLUDE (pinned, since);
CREATE INDEX IF NOT EXISTS friend_told ON friend (owner_id) WHERE remark IS NOT NULL OR tags <> '{}';

ALTER TABLE friend DROP CONSTRAINT friend_pkey, ADD CONSTRAINT friend_pkey PRIMARY KEY USING INDEX friend_by_owner;
