-- Leases ready items: queue, how many, lease, the Pull's number, 1 if this repeats a lost
-- one, a lease's time in microseconds, how many bytes may be taken. Returns how many
-- microseconds there is nothing to do (-1: nothing waits; -2: the lease is lost), then
-- IDs and packed items.
local name, max, lease, pull = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local again, ttl, room = ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7])
local t = now()
local q = queue(name)
local pulls = TAG .. ':pulls:' .. lease
local out = {0}

local function deliver(id, i)
  out[#out + 1] = id
  out[#out + 1] = pack(i)
end

-- before tells whether a comes before b in a Pull: a group stands where its first item
-- stands, and comes whole.
local heads = {}
local function before(a, b)
  local x, y = heads[a.group] or a, heads[b.group] or b
  if x == y then x, y = a, b end
  if x.ready ~= y.ready then return x.ready < y.ready end
  return x.place < y.place
end

-- repeated delivers again what this Pull took before its answer was lost.
local function repeated()
  local taken = {}
  for _, m in ipairs(call('ZRANGEBYSCORE', LEASED, lease, lease)) do
    local at = string.find(m, '\0', 1, true)
    if string.sub(m, 1, at - 1) == name then
      local i = load(q, string.sub(m, at + 8))
      i.id = string.sub(m, at + 8)
      if i.pull == pull then taken[#taken + 1] = i end
    end
  end
  for _, i in ipairs(taken) do
    local head = i.group ~= '' and (heads[i.group] or i)
    if head and (i.ready < head.ready or (i.ready == head.ready and i.place < head.place)) then head = i end
    if head then heads[i.group] = head end
  end
  table.sort(taken, before)
  for _, i in ipairs(taken) do deliver(i.id, i) end
end

-- take writes before anything is removed: Redis allows only removals when it is full, and
-- work taken then could not be done.
local function take(id, i)
  i.lease, i.pull, i.attempt = lease, pull, i.attempt + 1
  save(q, id, i)
  call('ZADD', LEASED, lease, name .. '\0' .. entry(id, i))
  room = room - #i.body
  deliver(id, i)
end

-- takeGroup takes what is due of a group, unless that is more than fits.
local function takeGroup(head, group)
  local from, to = '[' .. group .. '\0\0', '(' .. group .. '\0\0' .. bytes(t + 1)
  local n = call('ZLEXCOUNT', q.g, from, to)
  if max < n and #out > 1 then return false end
  call('HSET', q.h, group, n)
  for _, m in ipairs(call('ZRANGEBYLEX', q.g, from, to)) do
    local id = string.sub(m, #group + 17)
    take(id, load(q, id))
    call('ZREM', q.g, m)
  end
  call('ZREM', q.w, head)
  max = max - n
  return true
end

local function takeHead(head)
  local id = string.sub(head, 8)
  local i = load(q, id)
  if i.group ~= '' then return takeGroup(head, i.group) end
  take(id, i)
  call('ZREM', q.w, head)
  max = max - 1
  return true
end

reclaim(t, ttl)
if not lives(lease, t) then
  wake(t)
  return {-2}
end
local last = tonumber(call('HGET', pulls, name) or 0)
if last >= pull then
  repeated()
  return out
end
for _, head in ipairs(call('ZRANGEBYSCORE', q.w, '-inf', t, 'LIMIT', 0, max)) do
  if max < 1 or room < 0 or not takeHead(head) then break end
end
if #out > 1 or again then call('HSET', pulls, name, pull) end
if #out == 1 then
  local head = call('ZRANGE', q.w, 0, 0, 'WITHSCORES')
  out[1] = head[2] and math.max(tonumber(head[2]) - t, 0) or -1
end
wake(t)
return out
