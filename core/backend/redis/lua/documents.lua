-- Documents. A name is the rest of the key with each zero byte written as \0\1. In the
-- sorted set a name is followed by \0\0, which keeps the order of the keys, and then, if
-- the document has no value (an index entry), by its version: such a document costs one
-- entry instead of two.
local function namesKey(c) return TAG .. ':k:' .. c end
local function valuesKey(c) return TAG .. ':d:' .. c end
local function logKey(l) return TAG .. ':log:' .. l end

-- member is a document as it stands in the sorted set, nil if there is none.
local function member(c, name)
  return call('ZRANGEBYLEX', namesKey(c), '[' .. name .. '\0\0', '(' .. name .. '\0\1', 'LIMIT', 0, 1)[1]
end

local function hasValue(m, name) return #m == #name + 2 end

-- version of a document, 0 if there is none.
local function versionOf(c, name)
  local stored = call('HGET', valuesKey(c), name)
  if stored then return number(stored, 1) end
  local m = member(c, name)
  if m then return number(m, #name + 3) end
  return 0
end

local function delete(c, name)
  local m = member(c, name)
  if not m then return end
  call('ZREM', namesKey(c), m)
  if hasValue(m, name) then call('HDEL', valuesKey(c), name) end
end

-- put writes a document; fresh says that there is none.
local function put(c, name, version, value, fresh)
  if value == '' then
    if not fresh then delete(c, name) end
    call('ZADD', namesKey(c), 0, name .. '\0\0' .. bytes(version))
    return
  end
  if call('HSET', valuesKey(c), name, bytes(version) .. value) == 0 then return end
  local m = not fresh and member(c, name)
  if m then call('ZREM', namesKey(c), m) end
  call('ZADD', namesKey(c), 0, name .. '\0\0')
end

-- counter returns a counter's value, nil if the document is none.
local function counter(c, name)
  local stored = call('HGET', valuesKey(c), name)
  if not stored then return not member(c, name) and 0 or nil end
  local text = string.sub(stored, 8)
  local n = string.match(text, '^-?%d+$') and tonumber(text)
  return n and math.abs(n) < 2 ^ 53 and n -- beyond, Lua would round it
end
