-- SPDX-License-Identifier: MIT
--
-- One check of one program: judged and recorded in one step, on Redis's clock.
--
-- KEYS[1]  gp:{user}:p   hash: program -> packed record; names of one byte are
--          those of store-submit.lua
-- ARGV     program, then numbers (milliseconds and counts):
--          interval tolerance round window journal retention
--          is_report checks bursts early_rounds early_age journal_age
--          grace away_after away_interval programs_max human_age notice_after
--          (-1 no notice, -2 one whatever was counted, also with a report)
-- Returns  verdict (0 admitted, 1 in round, 2 early, 3 free after human
--          activity), wait, round_left (3: what is left of the grace),
--          early rounds lately, checks, every, flags (1 a journal line is due,
--          2 this login was held before it began, 4 the user is away, 8 the
--          user's programs together are too many, 16 a notice is due)
--
-- Human activity is field "h": 4 bytes as store-submit.lua writes them.  Of a user
-- with more than programs_max programs 7 bytes follow, kept as long as there is no
-- human activity: 5 the theoretical arrival time of all programs together, 10 ms
-- since 1970; 2 how many rounds were early for it, until it has passed.
--
-- Beside a program's record the hash may have "held PROGRAM": until when a login of
-- the program was held (ms since 1970), while no check has seen it; and "told
-- PROGRAM": when its user was last given a notice.
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
local REMEMBERED_MAX, SWEEPS, CLOCK_SLACK = 32, 7, 1000

local key, program = KEYS[1], ARGV[1]
local n = {}
for i = 2, #ARGV do n[i - 1] = tonumber(ARGV[i]) end
local interval, tolerance, round, window, journal, retention =
  n[1], n[2], n[3], n[4], n[5], n[6]
local is_report, checks_more, bursts, early_more, early_age, journal_age =
  n[7] == 1, n[8], n[9], n[10], n[11], n[12]
local grace, away_after, away_interval, programs_max, human_age =
  n[13], n[14], n[15], n[16], n[17]
local notice_after = n[18]
local DAY = 86400000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function least(value, top)
  return math.max(0, math.min(math.floor(value), top))
end

local HELD, TOLD = 'held ' .. program, 'told ' .. program
local HELD_SLACK, HELD_VALID = 1000, 30000
local found = redis.call('HMGET', key, program, HELD, 'h', TOLD)
local packed, held_until = found[1], tonumber(found[2])
local has_waited = false
if held_until and not is_report and now >= held_until - HELD_SLACK then
  has_waited = now < held_until + HELD_VALID
  redis.call('HDEL', key, HELD)
end

-- The person: free for a while after what only a person does; and who has done
-- nothing for long is away.
local human, user_tat, user_early = 0, 0, 0
local person = found[3]
if person and #person == 11 then
  human, user_tat, user_early = struct.unpack('>I4I5I2', person)
elseif person and #person == 4 then
  human = struct.unpack('>I4', person)
end
human, user_tat = human * 1000, user_tat * 10
local person_is_changed = false
if human_age >= 0 and now - human_age - human >= 1000 then
  human, user_tat, person_is_changed = now - human_age, 0, true
elseif human == 0 and away_after > 0 and not is_report then
  -- Nobody is away before there was time to see them; nor free for that.
  human, person_is_changed = math.max(0, now - grace - 1000), true
elseif human > now then
  -- A clock that went back gives nobody an hour.
  human, person_is_changed = now, true
end
local is_free = human > 0 and now - human < grace
local is_away = away_after > 0 and now - human >= away_after and
  away_interval > interval
if is_away then
  tolerance = tolerance * away_interval / interval
  interval = away_interval
end
-- No check can move it further ahead: if it is, the clock went back or the policy
-- was changed.  Clocks are set by less than a second all the time.
if user_tat <= now or user_tat > now + interval + tolerance + CLOCK_SLACK then
  user_tat, user_early = 0, 0
end

local is_new = not packed or #packed ~= BYTES
local at, ahead, last, early_start, journal_due = 0, 0, 0, 0, 0
local at_before = 0
local every, checks, early, early_before, window_number = 0, 0, 0, 0, 0
if not is_new then
  at, ahead, last, early_start, journal_due, every, checks, early,
    early_before, window_number = struct.unpack(FORMAT, packed)
  at = at * 10
  -- A clock that went back starts the record anew: nobody is locked out.
  is_new = at > now
  at_before = is_new and 0 or at
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
  -- A program that was away for long says nothing about how often it checks, and
  -- neither does a clock that went back.
  if last > 0 and elapsed >= 0 and elapsed <= 12 * math.max(every, interval) then
    local sample = elapsed / bursts
    every = every == 0 and sample or (3 * every + sample) / 4
  end
  last = now
end

-- All programs together go no faster than so many may: who invents new ones gains
-- nothing.  As long as there are no more than that each has its own interval, and
-- nothing is kept.
local user_wait = 0
if not is_report and not is_free and programs_max > 0 and
    now >= tat - tolerance and redis.call('HLEN', key) > programs_max then
  local tat_more = math.max(user_tat, now) + interval / programs_max
  user_wait = math.ceil(math.max(0, tat_more - now - interval - tolerance))
  if user_wait == 0 then
    user_tat, person_is_changed = tat_more, true
  elseif early_start == 0 or now >= early_start + round then
    user_early, person_is_changed = user_early + 1, true
  end
end

local verdict = 2
local journal_is_due = now >= journal_due
if not is_report then
  checks = checks + 1
  if is_free then
    verdict = 3
    if is_new then at = now - now % 10 - round - 10 end
  elseif user_wait > 0 then
    if is_new then at = now - now % 10 - round - 10 end
    tat = now + user_wait + tolerance
    if early_start == 0 or now >= early_start + round then
      early, early_start = math.max(early + 1, user_early), now
    end
    if journal_is_due then journal_due = now + journal end
  elseif now >= tat - tolerance then
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

-- A user is not remembered by programs of old, nor by ever new ones.  A key in use
-- does not expire, so what is old in it is looked for several times in the retention.
local part = retention / SWEEPS
local horizon = now - retention + part
if not is_report and
    (is_new or math.floor(at_before / part) ~= math.floor(at / part)) then
  local all = redis.call('HGETALL', key)
  local kept, oldest, oldest_at = 0, nil, nil
  for i = 1, #all, 2 do
    local name, value, seen = all[i], all[i + 1], 0
    local is_program = #name > 1 and #value == BYTES
    if is_program then
      local a, _, l = struct.unpack('>I5I3I3', value)
      seen = a * 10 + l * 100
    elseif name == 's' and #value >= 4 then
      seen = struct.unpack('>I4', value) * 1000
    elseif name == 'h' then
      seen = now
    elseif string.sub(name, 1, 5) == 'held ' then
      seen = tonumber(value) or 0
    elseif string.sub(name, 1, 5) == 'told ' then
      seen = tonumber(value) or 0
      if now - seen < DAY then seen = now end
    end
    if seen < horizon then
      redis.call('HDEL', key, name)
    elseif is_program then
      kept = kept + 1
      if not oldest_at or seen < oldest_at then
        oldest, oldest_at = name, seen
      end
    end
  end
  if is_new and kept >= REMEMBERED_MAX then redis.call('HDEL', key, oldest) end
  -- Of who was not there for so long it is enough to know that.
  local long_ago = math.min(horizon, now - away_after)
  if human > 0 and human < long_ago then
    human, person_is_changed = long_ago, true
  end
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

if person_is_changed then
  local seconds = math.floor(human / 1000)
  redis.call('HSET', key, 'h', user_tat > 0 and
    struct.pack('>I4I5I2', seconds, math.floor(user_tat / 10),
      least(user_early, MAX2)) or struct.pack('>I4', seconds))
  redis.call('PEXPIRE', key, retention)
end

local share = 1 - (now % window) / window
local lately = early + math.floor(early_before * share)
-- Also beside a check that is in time: those that are not ask nothing mostly.
local notice_is_due = (notice_after == -2 or not is_report and not is_free and
  notice_after >= 0 and lately > notice_after) and
  not (found[4] and now - tonumber(found[4]) < DAY)
if notice_is_due then
  redis.call('HSET', key, TOLD, now)
  redis.call('PEXPIRE', key, retention)
end
local round_left = is_free and human + grace - now or at + round - now
return { verdict, math.max(0, math.floor(tat - tolerance - now)),
  math.max(0, math.floor(round_left)), lately,
  checks, math.floor(every), (journal_is_due and 1 or 0) +
  (has_waited and 2 or 0) + (is_away and 4 or 0) + (user_wait > 0 and 8 or 0) +
  (notice_is_due and 16 or 0) }
