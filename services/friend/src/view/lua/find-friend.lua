-- ARGV: floor, expireMs, friend's id
-- Answers: 'ok', revision, entry or false
local found, instead = readable(ARGV[1], tonumber(ARGV[2]))
if not found then return instead end
return { 'ok', found.revision, redis.call('HGET', FRIENDS, ARGV[3]) }
