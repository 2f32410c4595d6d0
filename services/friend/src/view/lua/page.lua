-- ARGV: floor, expireMs, order (name of the key), member to start after ('' for the first page), limit
-- Answers: 'ok', revision, how many friends, whether there is more behind the start, at most limit + 1 members (one to a
-- line: one text costs less than many), their entries. That each entry is of its member, the reader sees.
local limit = tonumber(ARGV[5])
local found, instead = readable(ARGV[1], tonumber(ARGV[2]))
if not found then return instead end

local order = ARGV[3] == 'NAME' and BY_NAME or NEWEST
local start = ARGV[4]
local members = redis.call('ZRANGEBYLEX', order, start == '' and '-' or '(' .. start, '+', 'LIMIT', 0, limit + 1)
local behind = start ~= '' and redis.call('ZRANGEBYLEX', order, '-', '[' .. start, 'LIMIT', 0, 1)

local entries = {}
if #members > 0 then
  local find, sub, ids = string.find, string.sub, {}
  for place, each in ipairs(members) do ids[place] = sub(each, find(each, '\0', 1, true) + 1) end
  entries = redis.call('HMGET', FRIENDS, unpack(ids))
end
return { 'ok', found.revision, found.friends, behind and #behind or 0, table.concat(members, '\n'), entries }
