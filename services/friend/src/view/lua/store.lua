-- ARGV: token, revision, expireMs, how many friends, id and entry of each, how many requests, id and JSON of each
-- Answers: stored | superseded (the view is newer than this) | the floor that it is below | lost-lease
local token, revision, expireMs = ARGV[1], ARGV[2], ARGV[3]

local lease = redis.call('HMGET', LEASE, 'token', 'floor')
if lease[1] ~= token then return 'lost-lease' end
local found = view()
local floor = math.max(whole(lease[2] or '0'), found and found.floor or 0)
if found and found.revision > tonumber(revision) and found.revision >= floor then return 'superseded' end
if tonumber(revision) < floor then return floor end

for _, key in ipairs(VIEW) do redis.call('DEL', key) end

-- In pieces, because unpack puts each argument on Lua's stack, which holds 8,000.
local PIECE = 1000
local next = 4
local friends = tonumber(ARGV[next])
for first = 0, friends - 1, PIECE do
  local byName, newest, entries = {}, {}, {}
  for place = first, math.min(first + PIECE, friends) - 1 do
    local id, entry = ARGV[next + 1 + 2 * place], ARGV[next + 2 + 2 * place]
    local nameKey, newestKey = sortKeys(entry)
    byName[#byName + 1], byName[#byName + 2] = 0, member(nameKey, id)
    newest[#newest + 1], newest[#newest + 2] = 0, member(newestKey, id)
    entries[#entries + 1], entries[#entries + 2] = id, entry
  end
  redis.call('ZADD', BY_NAME, unpack(byName))
  redis.call('ZADD', NEWEST, unpack(newest))
  redis.call('HSET', FRIENDS, unpack(entries))
end
next = next + 1 + 2 * friends
local requests = tonumber(ARGV[next])
for place = 0, requests - 1 do
  redis.call('HSET', REQUESTS, ARGV[next + 1 + 2 * place], ARGV[next + 2 + 2 * place])
end
redis.call('HSET', META, 'revision', revision, 'floor', revision, 'friends', friends, 'requests', requests)
for _, key in ipairs(VIEW) do redis.call('PEXPIRE', key, expireMs) end
redis.call('DEL', LEASE)
return 'stored'
