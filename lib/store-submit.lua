-- SPDX-License-Identifier: MIT
--
-- One message of one user: judged by all windows and charged to all of them or
-- to none, in one step, on Redis's clock.  The sums are those of rate.c.
--
-- KEYS[1]  gp:{user}:p   hash; beside the programs of store-poll.lua it has
--          h  human activity: when the user last did what only a person does,
--             4 bytes, seconds since 1970
--          m  4 bytes: when the last message was taken, seconds since 1970;
--             then 9 bytes for each window of messages: its seconds (3), its
--             theoretical arrival time (6), in ticks of 0.1 ms since 1970
--          r  the windows of recipients, 9 bytes each
-- ARGV     retention (ms), passes_anyway (1: a refusal is only observed),
--          recipients, number of windows of messages, then COUNT SECONDS of each
--          window, those of messages first
-- Returns  number of the window that refused (0: none did; the longest wait
--          counts), wait (ticks; -1: this can never pass), then for each window
--          how far its theoretical arrival time is ahead of now
local TICKS_PER_SECOND, CLOCK_SLACK = 10000, 1

local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * TICKS_PER_SECOND + math.floor(tonumber(time[2]) / 100)

local key = KEYS[1]
local n = {}
for i = 1, #ARGV do n[i] = tonumber(ARGV[i]) end
local retention, passes_anyway, recipients, messages_count =
  n[1], n[2] == 1, n[3], n[4]

-- What is remembered: seconds of a window -> its theoretical arrival time.
local function read_slots(packed, first)
  local slots = {}
  if packed and #packed >= first - 1 and (#packed - first + 1) % 9 == 0 then
    for i = first, #packed, 9 do
      local window_seconds, tat = struct.unpack('>I3I6', packed, i)
      slots[window_seconds] = tat
    end
  end
  return slots
end

local windows, has_old_recipients = {}, false
if #n > 4 then
  local packed = redis.call('HMGET', key, 'm', 'r')
  local of_messages, of_recipients =
    read_slots(packed[1], 5), read_slots(packed[2], 1)
  has_old_recipients = packed[2]
  for i = 5, #n, 2 do
    local w = { count = n[i], seconds = n[i + 1] }
    w.is_messages = #windows < messages_count
    w.cost = w.is_messages and 1 or recipients
    w.unit = math.floor(w.seconds * TICKS_PER_SECOND / w.count)
    w.whole = w.unit * w.count
    local slots = w.is_messages and of_messages or of_recipients
    -- No message can move it further ahead than the window's own time: if it
    -- is, the clock went back, and the window starts empty.
    w.tat = math.max(now, slots[w.seconds] or 0)
    if w.tat > now + (w.seconds + CLOCK_SLACK) * TICKS_PER_SECOND then
      w.tat = now
    end
    windows[#windows + 1] = w
  end
end

local refused_by, wait = 0, 0
for i, w in ipairs(windows) do
  local w_wait = w.tat + w.cost * w.unit - now - w.whole
  if wait >= 0 and w.cost > w.count then
    refused_by, wait = i, -1
  elseif wait >= 0 and w_wait > wait then
    refused_by, wait = i, w_wait
  end
end

local changed = {}
if refused_by == 0 and #windows > 0 then
  local m, r = struct.pack('>I4', seconds), ''
  for _, w in ipairs(windows) do
    w.tat = w.tat + w.cost * w.unit
    local slot = struct.pack('>I3I6', w.seconds, w.tat)
    if w.is_messages then m = m .. slot else r = r .. slot end
  end
  changed = { 'm', m }
  if r ~= '' then
    changed[3], changed[4] = 'r', r
  elseif has_old_recipients then
    redis.call('HDEL', key, 'r')
  end
end
if refused_by == 0 or passes_anyway then
  changed[#changed + 1] = 'h'
  changed[#changed + 1] = struct.pack('>I4', seconds)
  redis.call('HSET', key, unpack(changed))
  redis.call('PEXPIRE', key, retention)
end

local reply = { refused_by, wait }
for i, w in ipairs(windows) do reply[i + 2] = w.tat - now end
return reply
