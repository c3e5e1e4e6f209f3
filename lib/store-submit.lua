-- SPDX-License-Identifier: MIT
--
-- One message of one user: judged by all windows and charged to all of them or
-- to none, in one step, on Redis's clock.  The sums are those of rate.c, which
-- also knows what a message costs; a tick is 0.1 ms.
--
-- KEYS[1]  gp:{user}:p   hash; beside the programs of store-poll.lua it has
--          h  human activity: when the user last did what only a person does,
--             4 bytes, seconds since 1970
--          s  sending: 4 bytes, when the last message was taken, seconds since
--             1970; then 9 bytes for each window: its name (3) and theoretical
--             arrival time (6, ticks since 1970).  The name is the time of the
--             window in seconds, 2^23 more for a window of recipients.
-- ARGV     retention (ms); a token that comes back with the answer, so that none is
--          taken for another's, and begins with "1" if a refusal is only
--          observed; and for each window 15 bytes: name (3), cost of the message (6), what the
--          window holds (6), in ticks
-- Returns  number of the window that refused (0: none did; the longest wait
--          counts), wait, now (ticks), and the token with s as it is now but
--          for its first 4 bytes
local TICKS_PER_SECOND, CLOCK_SLACK = 10000, 1
local RECIPIENTS = 8388608
local WINDOW, SLOT = 'I3I6I6', 'I3I6'

local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * TICKS_PER_SECOND + math.floor(tonumber(time[2]) / 100)

local key = KEYS[1]
local count = #ARGV[3] / 15
local windows, slots, packed_slots = {}, {}, ''
local passes_anyway = string.byte(ARGV[2]) == 49
local last, refused_by, wait = 0, 0, 0

-- Where a window's slot is among the old ones: mostly where it was.
local function find(old, old_count, i, name)
  if i <= old_count and old[2 * i] == name then return 2 * i end
  for j = 2, 2 * old_count, 2 do
    if old[j] == name then return j end
  end
end

local function pack_slots()
  return struct.pack('>' .. string.rep(SLOT, count), unpack(slots))
end

if count > 0 then
  windows = { struct.unpack('>' .. string.rep(WINDOW, count), ARGV[3]) }
  local packed, old, old_count = redis.call('HGET', key, 's'), {}, 0
  if packed and (#packed - 4) % 9 == 0 then
    old_count = (#packed - 4) / 9
    old = { struct.unpack('>I4' .. string.rep(SLOT, old_count), packed) }
    last = old[1]
  end
  for i = 1, count do
    local name, cost, whole =
      windows[3 * i - 2], windows[3 * i - 1], windows[3 * i]
    local tat, place = now, find(old, old_count, i, name)
    -- No message can move it further ahead than the window's own time: if it
    -- is, the clock went back, and the window starts empty.
    if place and old[place + 1] > now and old[place + 1] - now <=
       (name % RECIPIENTS + CLOCK_SLACK) * TICKS_PER_SECOND then
      tat = old[place + 1]
    end
    slots[2 * i - 1], slots[2 * i] = name, tat
    if tat + cost - now - whole > wait then
      refused_by, wait = i, tat + cost - now - whole
    end
  end
end

if refused_by == 0 then
  local stamp = struct.pack('>I4', seconds)
  if count > 0 then
    for i = 1, count do slots[2 * i] = slots[2 * i] + windows[3 * i - 1] end
    packed_slots = pack_slots()
    redis.call('HSET', key, 'h', stamp, 's', stamp .. packed_slots)
  else
    redis.call('HSET', key, 'h', stamp)
  end
else
  packed_slots = pack_slots()
  if passes_anyway then
    redis.call('HSET', key, 'h', struct.pack('>I4', seconds))
  end
end
-- A minute more or less does not matter for days.
if (refused_by == 0 or passes_anyway) and math.abs(seconds - last) > 60 then
  redis.call('PEXPIRE', key, ARGV[1])
end
return { refused_by, wait, now, ARGV[2] .. packed_slots }
