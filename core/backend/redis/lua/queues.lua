-- Queues. Of each queue there are
--
--   :i  a hash: ID -> item, as packed below
--   :w  a sorted set by ready time of what a Pull can take next: waiting items without a
--       group, and the first waiting item of each group that nobody holds
--   :g  a sorted set by bytes of all waiting items that have a group: group, \0\0, ready
--       time, place, ID; a group's zero bytes are written as \0\1
--   :h  a hash: group -> how many of its items are held
--
-- An item's place is its Push's version: it decides between equal times. In :w and
-- :leased an item is its place and its ID, so that the first pushed comes first.
local ITEM = '>I7I7I7I3I5I5I2' -- place, ready, again, attempt, lease, pull, length of the group
local SECOND = 1000000

local function item(packed)
  local place, ready, again, attempt, lease, pull, n, at = struct.unpack(ITEM, packed)
  return {place = place, ready = ready, again = again, attempt = attempt, lease = lease, pull = pull,
    group = string.sub(packed, at, at + n - 1), body = string.sub(packed, at + n)}
end

local function pack(i)
  return struct.pack(ITEM, i.place, i.ready, i.again, i.attempt, i.lease, i.pull, #i.group) .. i.group .. i.body
end

local queues = {}
local function queue(name)
  local q = queues[name]
  if not q then
    local key = TAG .. ':q:' .. name
    q = {name = name, i = key .. ':i', w = key .. ':w', g = key .. ':g', h = key .. ':h'}
    queues[name] = q
  end
  return q
end

-- ring notes that something of a queue is ready at a time; wake tells the pullers at the
-- end of the script. They look by themselves every second, so later times are left to them.
local function ring(q, ready)
  if not q.ring or ready < q.ring then q.ring = ready end
end

local function wake(t)
  for name, q in pairs(queues) do
    if q.ring and q.ring <= t + SECOND then call('PUBLISH', TAG .. ':q:' .. name, '') end
  end
end

local function load(q, id)
  local packed = call('HGET', q.i, id)
  return packed and item(packed)
end

local function save(q, id, i) call('HSET', q.i, id, pack(i)) end

local function entry(id, i) return bytes(i.place) .. id end

local function inGroup(id, i) return i.group .. '\0\0' .. bytes(i.ready) .. bytes(i.place) .. id end

-- first returns the ready time, place and :w entry of a group's first waiting item.
local function first(q, group)
  local m = call('ZRANGEBYLEX', q.g, '[' .. group .. '\0\0', '(' .. group .. '\0\1', 'LIMIT', 0, 1)[1]
  if not m then return nil end
  local ready, place, at = struct.unpack('>I7I7', m, #group + 3)
  return ready, place, bytes(place) .. string.sub(m, at)
end

-- stand puts a waiting item in line, as the head of its group if it is its first.
local function stand(q, id, i)
  ring(q, i.ready)
  if i.group == '' then
    call('ZADD', q.w, i.ready, entry(id, i))
    return
  end
  local ready, place, head = first(q, i.group)
  call('ZADD', q.g, 0, inGroup(id, i))
  if call('HEXISTS', q.h, i.group) == 1 then return end
  if head then
    if ready < i.ready or (ready == i.ready and place < i.place) then return end
    call('ZREM', q.w, head)
  end
  call('ZADD', q.w, i.ready, entry(id, i))
end

-- release ends the hold on one item of a group; the group is free with the last.
local function release(q, group)
  if group == '' or call('HINCRBY', q.h, group, -1) > 0 then return end
  call('HDEL', q.h, group)
  local ready, _, head = first(q, group)
  if head then
    call('ZADD', q.w, ready, head)
    ring(q, ready)
  end
end

-- hasten brings a waiting item forward. For a leased one it only counts if the delivery
-- is retried: then the retry is no later.
local function hasten(q, id, i, ready)
  if i.lease ~= 0 then
    if i.again == 0 or ready < i.again then
      i.again = ready
      save(q, id, i)
    end
    return
  end
  if ready >= i.ready then return end
  if i.group ~= '' then
    call('ZREM', q.g, inGroup(id, i))
    call('ZREM', q.w, entry(id, i))
  end
  i.ready = ready
  save(q, id, i)
  stand(q, id, i)
end

local function push(q, id, place, ready, group, body)
  local i = load(q, id)
  if i then return hasten(q, id, i, ready) end
  i = {place = place, ready = ready, again = 0, attempt = 0, lease = 0, pull = 0, group = group, body = body}
  save(q, id, i)
  stand(q, id, i)
end

local function unlease(q, id, i) call('ZREM', LEASED, q.name .. '\0' .. entry(id, i)) end

local function ack(q, id, i)
  call('HDEL', q.i, id)
  unlease(q, id, i)
  release(q, i.group)
end

-- giveBack makes a leased item wait until ready, or until a Push asked for it.
local function giveBack(q, id, i, ready)
  unlease(q, id, i)
  if i.again ~= 0 and i.again < ready then ready = i.again end
  i.ready, i.again, i.lease, i.pull = ready, 0, 0, 0
  save(q, id, i)
  stand(q, id, i)
  release(q, i.group)
end
