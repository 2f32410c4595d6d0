-- ARGV: revision
-- Answers: the view's revision, nothing when there is no view
raiseFloor(ARGV[1])
return redis.call('HGET', META, 'revision')
