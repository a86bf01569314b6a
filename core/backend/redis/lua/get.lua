-- Reads documents as of one moment: how many bytes to answer with, then collection, name
-- and, where the document may be an entry of a log, its version. Returns how many entries
-- are whole (the others are versions without values), then version and value of each, or
-- false.
local room = tonumber(ARGV[1])
local out, whole = {0}, 0
local n = 0

local function read(c, name, entryOf)
  local stored = call('HGET', valuesKey(c), name)
  if stored then return stored end
  local m = member(c, name)
  if m then return string.sub(m, #name + 3) end
  if entryOf == '' then return false end
  local e = call('XRANGE', logKey(c), entryOf .. '-0', entryOf .. '-0')[1]
  return e and bytes(tonumber(entryOf)) .. e[2][2]
end

for at = 2, #ARGV, 3 do
  local stored = read(ARGV[at], ARGV[at + 1], ARGV[at + 2])
  n = n + 1
  if room > 0 then
    whole = n
    room = room - (stored and #stored or 0)
  elseif stored then
    stored = string.sub(stored, 1, 7)
  end
  out[n + 1] = stored
end
out[1] = whole
return out
