-- ARGV: token, leaseMs, floor
-- Answers: granted (also again, to the token that has it) | held (by another) | fresh (there is a view to read)
local found = view()
if found and found.revision >= found.floor and found.revision >= tonumber(ARGV[3]) then return 'fresh' end

local holder = redis.call('HGET', LEASE, 'token')
-- One that never ends, or not for very long, was made by nobody who loads.
local LONGEST_LEASE_MS = 600000
local leftMs = redis.call('PTTL', LEASE)
if holder and holder ~= ARGV[1] and leftMs >= 0 and leftMs <= LONGEST_LEASE_MS then return 'held' end
redis.call('HSET', LEASE, 'token', ARGV[1])
redis.call('PEXPIRE', LEASE, ARGV[2])
raiseFloor(ARGV[3])
return 'granted'
