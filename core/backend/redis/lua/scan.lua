-- Reads a page of a collection or log: its name, the first and last name as ZRANGEBYLEX
-- wants them, the first and last ID as XRANGE wants them, 1 to go backwards, 1 for keys
-- only, how many entries, how many bytes to touch. Returns 'log' or 'documents', whether
-- there may be more (1 or 0), then pairs: ID and value, or member of the sorted set and
-- version and value ('' where the member has the version).
local c, from, to, fromID, toID = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local back, keysOnly, limit, room = ARGV[6] == '1', ARGV[7] == '1', tonumber(ARGV[8]), tonumber(ARGV[9])

-- batch is how many of the next entries to read, judged by the largest so far, so that
-- a script never touches much more than its room.
local largest, touched = 0, 0
local function batch()
  if touched == 0 then return 4 end
  return math.max(1, math.min(64, math.floor((room - touched) / (largest + 1))))
end

local function touch(size)
  largest = math.max(largest, size)
  touched = touched + size
end

-- values adds what belongs to members, until there is no more room.
local function values(out, members)
  local at = 1
  while at <= #members and touched < room do
    local part, names = {}, {}
    for n = at, math.min(#members, at + batch() - 1) do
      part[#part + 1] = members[n]
      local stop = string.find(members[n], '\0\0', 1, true)
      if stop == #members[n] - 1 then names[#names + 1] = string.sub(members[n], 1, stop - 1) end
    end
    local stored = #names > 0 and call('HMGET', valuesKey(c), unpack(names))
    local nth = 1
    for _, m in ipairs(part) do
      local value = ''
      if string.find(m, '\0\0', 1, true) == #m - 1 then
        value = stored[nth]
        nth = nth + 1
      end
      touch(#m + #value)
      out[#out + 1] = m
      out[#out + 1] = keysOnly and string.sub(value, 1, 7) or value
    end
    at = at + #part
  end
  return at <= #members
end

local function documents()
  local out = {'documents', 0}
  local members
  if back then
    members = call('ZREVRANGEBYLEX', namesKey(c), to, from, 'LIMIT', 0, limit)
  else
    members = call('ZRANGEBYLEX', namesKey(c), from, to, 'LIMIT', 0, limit)
  end
  if values(out, members) or #members == limit then out[2] = 1 end
  return out
end

local function entries()
  local out = {'log', 1}
  local key = logKey(c)
  while touched < room and limit > 0 do
    local n = math.min(limit, batch())
    local es
    if back then es = call('XREVRANGE', key, toID, fromID, 'COUNT', n) else es = call('XRANGE', key, fromID, toID, 'COUNT', n) end
    for _, e in ipairs(es) do
      touch(#e[2][2] + 40)
      out[#out + 1] = e[1]
      out[#out + 1] = keysOnly and '' or e[2][2]
    end
    if #es < n then
      out[2] = 0
      break
    end
    limit = limit - n
    if back then toID = '(' .. es[n][1] else fromID = '(' .. es[n][1] end
  end
  return out
end

if call('EXISTS', logKey(c)) == 1 then return entries() end
return documents()
