-- A page of the friends that match. Walks the whole list, because the total is part of the answer.
-- ARGV: floor, expireMs, order, direction, member to start from, limit, text to find ('' for any), tag to find ('')
-- Answers as page.lua does, the friends counted being those that match
local limit = tonumber(ARGV[6])
local found, instead = readable(ARGV[1], tonumber(ARGV[2]))
if not found then return instead end

local order = ARGV[3] == 'NAME' and BY_NAME or NEWEST
local forward, start, text, tag = ARGV[4] == 'after', ARGV[5], ARGV[7], ARGV[8]

local function matches(entry)
  -- Most entries do not have it anywhere: told by a glance, before they are taken apart.
  if not string.find(entry, text ~= '' and text or tag, 1, true) then return false end
  local search, tags = string.match(entry, '^[^\n]*\n[^\n]*\n([^\n]*)\n([^\n]*)\n')
  return (text == '' or string.find(search, text, 1, true)) and (tag == '' or string.find(tags, tag, 1, true))
end

-- How many of the order lie before the page's edge.
local edge = 0
if start ~= '' then
  edge = redis.call('ZLEXCOUNT', order, '-', (forward and '[' or '(') .. start)
elseif not forward then
  edge = found.friends
end

local members = redis.call('ZRANGE', order, 0, -1)
local before, after = {}, {}
-- In pieces, because unpack puts each id on Lua's stack, which holds 8,000.
local PIECE = 1000
for first = 1, #members, PIECE do
  local ids = {}
  for place = first, math.min(first + PIECE - 1, #members) do
    ids[#ids + 1] = string.sub(members[place], string.find(members[place], '\0', 1, true) + 1)
  end
  for offset, entry in ipairs(redis.call('HMGET', FRIENDS, unpack(ids))) do
    if not standsAt(order, members[first + offset - 1], entry) then error('SPOILED: an order is not of the entries') end
    if matches(entry) then
      local side = first + offset - 1 <= edge and before or after
      side[#side + 1] = entry
    end
  end
end

local entries = {}
if forward then
  for place = 1, math.min(limit + 1, #after) do entries[place] = after[place] end
else
  for place = #before, math.max(1, #before - limit), -1 do entries[#entries + 1] = before[place] end
end
return { 'ok', found.revision, #before + #after, forward and #before or #after, entries }
