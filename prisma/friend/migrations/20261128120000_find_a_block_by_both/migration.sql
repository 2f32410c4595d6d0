-- Who is blocked by very many is looked up together with one of them: without the owner in the index, all were read.
--
-- Building it holds up changes (not reads) of a large table for as long as it takes. To have it built meanwhile, run the
-- CREATE statement with CONCURRENTLY behind INDEX before this migration, which then finds it there.
CREATE INDEX IF NOT EXISTS block_by_blocked_and_owner ON block (blocked_id, owner_id);
DROP INDEX block_by_blocked;
