-- SPDX-License-Identifier: MIT
--
-- One message of one user: judged by all windows and charged to all of them or
-- to none, in one step, on Redis's clock.  The sums are those of rate.c, which
-- also knows what a message costs; a tick is 0.1 ms.
--
-- KEYS[1]  gp:{user}:u   what is kept of a user stands in store-user.lua, which comes
--          before this, and store-keep.lua after it; of what was sent it is: when the
--          last message was taken (4 bytes, seconds since 1970); then for each window its
--          name (3) and theoretical arrival time (6, ticks since 1970).  The name is the
--          time of the window in seconds, 2^23 more for a window of recipients.
-- ARGV     '', since it is about no program; retention (ms); a token that comes back with
--          the answer, so that none is taken for another's, and begins with "1" if a
--          refusal is only observed; and for each window 15 bytes: name (3), cost of the
--          message (6), what the window holds (6), in ticks
-- Returns  number of the window that refused (0: none did; the longest wait
--          counts), wait, now (ticks), and the token with the windows as they are
--          now
local TICKS_PER_SECOND, CLOCK_SLACK = 10000, 1
local RECIPIENTS = 8388608
local WINDOW, SLOT = 'I3I6I6', 'I3I6'
local ticks = seconds * TICKS_PER_SECOND + (microseconds - microseconds % 100) / 100

local count = #ARGV[4] / 15
local windows, slots = {}, {}
local passes_anyway = byte(ARGV[3]) == 49
local refused_by, wait = 0, 0

-- Where a window's slot is among the old ones: mostly where it was.
local function find_slot(old, old_count, i, name)
  if i <= old_count and old[2 * i] == name then return 2 * i end
  for j = 2, 2 * old_count, 2 do
    if old[j] == name then return j end
  end
end

if count > 0 then
  windows = { take('>' .. string.rep(WINDOW, count), ARGV[4]) }
  local old, old_count = {}, 0
  if #sending >= 5 and (#sending - 5) % 9 == 0 then
    old_count = (#sending - 5) / 9
    old = { take('>I4' .. string.rep(SLOT, old_count), sending, 2) }
  end
  for i = 1, count do
    local name, cost, whole =
      windows[3 * i - 2], windows[3 * i - 1], windows[3 * i]
    local tat, place = ticks, find_slot(old, old_count, i, name)
    -- No message can move it further ahead than the window's own time: if it
    -- is, the clock went back, and the window starts empty.
    if place and old[place + 1] > ticks and old[place + 1] - ticks <=
       (name % RECIPIENTS + CLOCK_SLACK) * TICKS_PER_SECOND then
      tat = old[place + 1]
    end
    slots[2 * i - 1], slots[2 * i] = name, tat
    if tat + cost - ticks - whole > wait then
      refused_by, wait = i, tat + cost - ticks - whole
    end
  end
end

if refused_by == 0 then
  for i = 1, count do slots[2 * i] = slots[2 * i] + windows[3 * i - 1] end
end
local packed_slots = struct.pack('>' .. string.rep(SLOT, count), unpack(slots))
if refused_by == 0 and count > 0 then
  sending = struct.pack('>BI4', count, seconds) .. packed_slots
end
local answer = { refused_by, wait, ticks, ARGV[3] .. packed_slots }
if refused_by > 0 and not passes_anyway then return answer end
human, crowd_tat = seconds * 1000, 0
local programs, count, retention = value and sub(value, first) or '', 0, ARGV[2] + 0
