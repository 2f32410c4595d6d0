-- Which folding made a word. All there are so far come from the first one; the service folds them anew, in batches, and
-- finds what is left to do in this index, which is empty when all is done and costs words of the newest folding nothing.
ALTER TABLE user_word ADD COLUMN folding smallint NOT NULL DEFAULT 1;
CREATE INDEX user_word_folded_before ON user_word (user_id) WHERE folding < 2;
