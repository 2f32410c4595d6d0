-- A page of the friends that match. Walks the whole list, because the total is part of the answer.
-- ARGV: floor, expireMs, order, member to start after, limit, text to find ('' for any), tag to find ('')
-- Answers as page.lua does, the friends counted being those that match
local limit = tonumber(ARGV[5])
local found, instead = readable(ARGV[1], tonumber(ARGV[2]))
if not found then return instead end

local order = ARGV[3] == 'NAME' and BY_NAME or NEWEST
local start, text, tag = ARGV[4], ARGV[6], ARGV[7]

-- Whether an entry stands in the order where it says that it does. The reader sees this only of those that match.
local function standsAt(each, entry)
  if not entry then return false end
  local byName, newest = sortKeys(entry)
  local key = order == BY_NAME and byName or newest
  return key ~= nil and string.sub(each, 1, #key + 1) == key .. '\0'
    and string.find(entry, string.sub(each, #key + 2), #byName + #newest, true) ~= nil
end

local function matches(entry)
  -- Most entries do not have it anywhere: told by a glance, before they are taken apart.
  if not string.find(entry, text ~= '' and text or tag, 1, true) then return false end
  local search, tags = string.match(entry, '^[^\n]*\n[^\n]*\n([^\n]*)\n([^\n]*)\n')
  return (text == '' or string.find(search, text, 1, true)) and (tag == '' or string.find(tags, tag, 1, true))
end

-- How many of the order lie before the page.
local behind = start == '' and 0 or redis.call('ZLEXCOUNT', order, '-', '[' .. start)

local members = redis.call('ZRANGE', order, 0, -1)
local total, before, after, entries = 0, 0, {}, {}
-- In pieces, because unpack puts each id on Lua's stack, which holds 8,000.
local PIECE = 1000
for first = 1, #members, PIECE do
  local ids = {}
  for place = first, math.min(first + PIECE - 1, #members) do
    ids[#ids + 1] = string.sub(members[place], string.find(members[place], '\0', 1, true) + 1)
  end
  for offset, entry in ipairs(redis.call('HMGET', FRIENDS, unpack(ids))) do
    if not standsAt(members[first + offset - 1], entry) then error('SPOILED: an order is not of the entries') end
    if matches(entry) then
      total = total + 1
      if first + offset - 1 <= behind then
        before = before + 1
      elseif #after <= limit then
        after[#after + 1], entries[#entries + 1] = members[first + offset - 1], entry
      end
    end
  end
end
return { 'ok', found.revision, total, before, table.concat(after, '\n'), entries }
