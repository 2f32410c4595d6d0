-- ARGV: floor, expireMs
-- Answers: 'ok', revision, entries, requests as JSON
local found, instead = readable(ARGV[1], tonumber(ARGV[2]))
if not found then return instead end
return { 'ok', found.revision, redis.call('HVALS', FRIENDS), redis.call('HVALS', REQUESTS) }
