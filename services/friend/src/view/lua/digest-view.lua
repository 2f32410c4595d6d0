-- ARGV: of how many friends at most a digest is made, since Redis does nothing else meanwhile
-- Answers: how many friends, digest: SHA-1 of the revision, the friends' JSON in the order of their ids, and that of the
-- requests, as of the rows (digest-lists.ts) | false where there is no view, too large a one, or one with a fault, which
-- somebody else has to look at. Prolongs nothing, minds no floor.
local found = view()
if not found or found.friends > tonumber(ARGV[1]) then return false end
whole(redis.call('HGET', LEASE, 'floor') or '0')

local function textOf(lines)
  table.sort(lines)
  return table.concat(lines, '\n')
end

local function membersOf(order)
  local members = {}
  for _, each in ipairs(redis.call('ZRANGE', order, 0, -1)) do members[each] = true end
  return members
end

local byName, newest = membersOf(BY_NAME), membersOf(NEWEST)
local friends = {}
local entries = redis.call('HGETALL', FRIENDS)
for at = 1, #entries, 2 do
  local id, entry = entries[at], entries[at + 1]
  local nameKey, newestKey = sortKeys(entry)
  if not nameKey or not byName[member(nameKey, id)] or not newest[member(newestKey, id)] then return false end
  local json = string.match(entry, '^.*\n(.*)$')
  local begins = '{"userId":"' .. id .. '"'
  if string.sub(json, 1, #begins) ~= begins then return false end
  friends[#friends + 1] = json
end

local requests = {}
local asked = redis.call('HGETALL', REQUESTS)
for at = 1, #asked, 2 do
  local begins = '{"id":"' .. asked[at] .. '"'
  if string.sub(asked[at + 1], 1, #begins) ~= begins then return false end
  requests[#requests + 1] = asked[at + 1]
end
return { found.friends, redis.sha1hex(found.revision .. '\n' .. textOf(friends) .. '\n\n' .. textOf(requests)) }
