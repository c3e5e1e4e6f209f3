-- SPDX-License-Identifier: MIT
--
-- One check of one program: judged and recorded in one step, on Redis's clock.
--
-- KEYS[1]  gp:{user}:p   hash: program -> packed record; names of one byte are
--          those of store-submit.lua
-- ARGV     program, then numbers (milliseconds and counts):
--          interval tolerance round window journal retention
--          is_report checks bursts early_rounds early_age journal_age
-- Returns  verdict (0 admitted, 1 in round, 2 early), wait, round_left,
--          early rounds lately, checks, every, flags (1 a journal line is due,
--          2 this login was held before it began)
--
-- Beside a program's record the hash may have "held PROGRAM": until when a login of
-- the program was held (ms since 1970), while no check has seen it.
--
-- The rate is kept as GCRA keeps it: a theoretical arrival time that each
-- admitted round moves on by one interval.  The record is packed, since Redis
-- holds one for each program; times are offsets from the last admitted round:
--
--   bytes  field
--   5      at           last admitted round, 10 ms since 1970
--   3      ahead        theoretical arrival time - at, 10 ms
--   3      last         last heard of - at, 100 ms
--   3      early_start  begin of the last early round - at, 100 ms; 0 none
--   2      journal_due  when a journal line is due again - at, s; 0 now
--   3      every        measured time between bursts, ms; 0 unknown
--   3      checks
--   2,2,2  early rounds in this window, in the one before, number of the window
local FORMAT, BYTES = '>I5I3I3I3I2I3I3I2I2I2', 28
local MAX3, MAX2 = 16777215, 65535
local PROGRAMS_MAX = 32

local key, program = KEYS[1], ARGV[1]
local n = {}
for i = 2, #ARGV do n[i - 1] = tonumber(ARGV[i]) end
local interval, tolerance, round, window, journal, retention =
  n[1], n[2], n[3], n[4], n[5], n[6]
local is_report, checks_more, bursts, early_more, early_age, journal_age =
  n[7] == 1, n[8], n[9], n[10], n[11], n[12]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function least(value, top)
  return math.max(0, math.min(math.floor(value), top))
end

local HELD = 'held ' .. program
local HELD_SLACK, HELD_VALID = 1000, 30000
local found = redis.call('HMGET', key, program, HELD)
local packed, held_until = found[1], tonumber(found[2])
local has_waited = false
if held_until and not is_report and now >= held_until - HELD_SLACK then
  has_waited = now < held_until + HELD_VALID
  redis.call('HDEL', key, HELD)
end
local is_new = not packed or #packed ~= BYTES
local at, ahead, last, early_start, journal_due = 0, 0, 0, 0, 0
local every, checks, early, early_before, window_number = 0, 0, 0, 0, 0
if not is_new then
  at, ahead, last, early_start, journal_due, every, checks, early,
    early_before, window_number = struct.unpack(FORMAT, packed)
  at = at * 10
  -- A clock that went back starts the record anew: nobody is locked out.
  is_new = at > now
end
local tat
if is_new then
  at, last, early_start, journal_due, every, checks = 0, 0, 0, 0, 0, 0
  early, early_before, tat = 0, 0, 0
else
  -- The interval may have been shortened since, or the clock have jumped.
  tat = math.min(at + ahead * 10, at + interval + tolerance)
  last = at + last * 100
  if early_start > 0 then early_start = at + early_start * 100 end
  if journal_due > 0 then journal_due = at + journal_due * 1000 end
end

-- Early rounds lately: this window, and the share of the one before that is
-- less than a window old.
local number = math.floor(now / window)
local distance = (number - window_number) % 65536
if distance == 1 then
  early_before, early = early, 0
elseif distance > 1 then
  early_before, early = 0, 0
end

-- What the session has seen since it last asked.
checks = checks + checks_more
if early_more > 0 then
  early = early + early_more
  early_start = math.max(early_start, now - early_age)
end
if journal_age >= 0 then
  journal_due = math.max(journal_due, now - journal_age + journal)
end
if bursts > 0 then
  local elapsed = now - last
  -- A program that was away for long says nothing about how often it checks.
  if last > 0 and elapsed <= 12 * math.max(every, interval) then
    local sample = elapsed / bursts
    every = every == 0 and sample or (3 * every + sample) / 4
  end
  last = now
end

local verdict = 2
local journal_is_due = now >= journal_due
if not is_report then
  checks = checks + 1
  if now >= tat - tolerance then
    verdict = 0
    -- As exact as the record is.
    at, early_start = now - now % 10, 0
    tat = math.max(at, tat) + interval
  elseif now < at + round then
    verdict = 1
  else
    if early_start == 0 or now >= early_start + round then
      early, early_start = early + 1, now
    end
    if journal_is_due then journal_due = now + journal end
  end
end

if is_new and not is_report then
  -- A user is not remembered by programs of old, nor by ever new ones.
  local all = redis.call('HGETALL', key)
  local kept, oldest, oldest_at = 0, nil, nil
  for i = 1, #all, 2 do
    local seen = 0
    if #all[i] == 1 then
      seen = nil
    elseif #all[i + 1] == BYTES then
      local a, _, l = struct.unpack('>I5I3I3', all[i + 1])
      seen = a * 10 + l * 100
    end
    if not seen then
      -- no program
    elseif seen < now - retention then
      redis.call('HDEL', key, all[i])
    else
      kept = kept + 1
      if not oldest_at or seen < oldest_at then
        oldest, oldest_at = all[i], seen
      end
    end
  end
  if kept >= PROGRAMS_MAX then redis.call('HDEL', key, oldest) end
end
if not (is_new and is_report) then
  redis.call('HSET', key, program, struct.pack(FORMAT, at / 10,
    least((tat - at) / 10 + 0.5, MAX3), least((last - at) / 100, MAX3),
    early_start > 0 and math.max(1, least((early_start - at) / 100, MAX3)) or 0,
    journal_due > at and
      math.max(1, least((journal_due - at) / 1000 + 0.5, MAX2)) or 0,
    least(every, MAX3), least(checks, MAX3), least(early, MAX2),
    least(early_before, MAX2), number % 65536))
  redis.call('PEXPIRE', key, retention)
end

local share = 1 - (now % window) / window
return { verdict, math.max(0, tat - tolerance - now),
  math.max(0, at + round - now), early + math.floor(early_before * share),
  checks, math.floor(every), (journal_is_due and 1 or 0) + (has_waited and 2 or 0) }
