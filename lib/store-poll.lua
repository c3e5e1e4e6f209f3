-- SPDX-License-Identifier: MIT
--
-- One check of one program: judged and recorded in one step, on Redis's clock.
--
-- KEYS[1]  gp:{user}:u   what is known of the user
-- ARGV     the program, packed by store-program.c; then numbers, packed by
--          store-question.c, two (three) in one since each that is unpacked takes time;
--          of intervals and rounds in 10 ms, of other terms in seconds:
--          interval (3 bytes) tolerance (3), round (3) window (3), journal (3)
--          retention (3), grace (3) away_after (3; 2^24 - 1 never), away_interval (3)
--          notice_after with 2 added (18 bits; 1 no notice, 0 one whatever was counted,
--          also with a report) programs_max (6 bits; 63 any number), checks (3) bursts (2)
--          flags (1: 1 the userdb says nothing, 2 is a report, 4 more follows, 8 there
--          are notices); and what seldom follows:
--          early_rounds (4), early_age journal_age human_age (5 each), milliseconds
--          with 1 added (0: none), times of their own that the steps of the
--          ladder count in, in seconds (3, 3, 3; 0: no more), what the userdb says (4;
--          2^32 - 1: not known)
-- Returns  the record as it is now (26); in one number (6) the time, verdict (2 bits; 0
--          admitted, 1 in round, 2 early, 3 free after human activity) and flags (5
--          bits; 1 a journal line is due, 2 this login was held before it began, 4 the
--          user is away, 8 the user's programs together are too many, 16 a notice is
--          due); if there are times of their own what is kept for them (9); and for who
--          is free what is left of the grace (5, ms)
--
-- What is kept of a user stands in store-user.lua, which comes before this with
-- store-poll-plain.lua, the short way for the commonest checks, which also unpacks what
-- is asked; store-keep.lua comes after it.  All programs together have a rate too, of a
-- user with more than programs_max, as long as there was no human activity: until its
-- theoretical arrival time has passed.
--
-- The rate is kept as GCRA keeps it: a theoretical arrival time that each
-- admitted round moves on by one interval.  In a record times are offsets from the
-- last admitted round, and so they are here, in milliseconds; false for none:
--
--   bytes  field
--   4      at           last admitted round, 10 ms, the low 32 bits: 248 days back
--   3      ahead        theoretical arrival time - at, 10 ms
--   3      last         last heard of - at, 100 ms
--   3      early_start  begin of the last early round - at, 100 ms; 0 none
--   2      journal_due  when a journal line is due again - at, s; 0 now
--   3      every        measured time between bursts, ms; 0 unknown
--   3      checks
--   2,2,1  early rounds in this window, in the one before, number of the window
local CLOCK_SLACK, DAY, HELD_SLACK, HELD_VALID = 1000, 86400000, 1000, 30000
local USERDB_SAYS_NOTHING, IS_REPORT, HAS_MORE = 1, 2, 4
local pack = struct.pack

interval, tolerance, round = interval * 10, tolerance * 10, round * 10
window = window * 1000
local retention = keeping % HALF * 1000
local grace = (person - away_after) / HALF * 1000
away_after = away_after * 1000
local bursts = (news % HALF - flags) / 256
local is_report = flags % 4 >= IS_REPORT
local early_more, early_age, journal_age, human_age, within_1, within_2, within_3 =
  0, 0, 0, 0, 0, 0, 0
local userdb_now = flags % 2 == USERDB_SAYS_NOTHING and 0 or userdb
if flags % 8 >= HAS_MORE then
  early_more, early_age, journal_age, human_age, within_1, within_2, within_3,
    userdb_now = take('>I4I5I5I5I3I3I3I4', ARGV[2], 37)
  if userdb_now == TURN - 1 then userdb_now = userdb end
end

local held_until, told, has_waited = 0, 0, false
if beside then
  held_until, told = take('>I5I4', value, beside)
  held_until, told = held_until % HAS_OWN * 10, told * 1000
  if held_until > 0 and not is_report and now >= held_until - HELD_SLACK then
    has_waited, held_until = now < held_until + HELD_VALID, 0
  end
end
-- Whose login was held while nothing was known of the program cannot be told: all
-- that are heard of now may have been.
if crowd_held > 0 and not is_report and now >= crowd_held - HELD_SLACK and
   now < crowd_held + HELD_VALID then
  has_waited = true
end

-- The person: free for a while after what only a person does; and who has done
-- nothing for long is away.
local person_is_changed = userdb_now ~= userdb
userdb = userdb_now
if human_age > 0 and now - human_age + 1 - human >= 1000 then
  human, crowd_tat, person_is_changed = now - human_age + 1, 0, true
elseif human > now then
  -- A clock that went back gives nobody an hour.
  human, person_is_changed = now, true
elseif human == 0 and away_after < NEVER * 1000 and not is_report then
  -- Nobody is away before there was time to see them; nor free for that.
  human, person_is_changed = now - grace - 1000, true
end
idle = now - human
local is_free, is_away = idle < grace, false
if away_after < NEVER * 1000 and idle >= away_after then
  local away_interval = (limits - limits % HALF) / HALF * 1000
  if away_interval > interval then
    is_away, tolerance = true, tolerance * away_interval / interval
    interval = away_interval
  end
end
-- No check can move it further ahead: if it is, the clock went back or the policy
-- was changed.  Clocks are set by less than a second all the time.
if crowd_tat <= now or crowd_tat > now + interval + tolerance + CLOCK_SLACK then
  crowd_tat, crowd_early, crowd_held = 0, 0, 0
end

-- Nothing is known of the last round of who is new, but that it is over; and all else
-- was when time began.
local is_new = true
local age = round + 10 + unit
local ahead, last, early_start, journal_due, every, checks, counts =
  age - now, age - now, false, false, 0, 0, 0
if mine then
  local at, when, starts, measured
  at, when, starts, measured, counts = take('>I4I6I5I6I5', value, mine_record)
  local age10 = (now10 - at) % TURN
  if age10 >= TURN / 2 then
    -- A clock that went back starts the record anew: nobody is locked out.
    counts = counts % 256
  else
    is_new, age = false, age10 * 10 + unit
    last = when % HALF
    -- The interval may have been shortened since, or the clock have jumped.
    ahead, last = (when - last) / HALF * 10, last * 100
    if ahead > interval + tolerance then ahead = interval + tolerance end
    if starts > 0 then
      journal_due = starts % 65536
      early_start = (starts - journal_due) / 65536 * 100
      journal_due = journal_due > 0 and journal_due * 1000
      early_start = early_start > 0 and early_start
    end
    checks = measured % HALF
    every = (measured - checks) / HALF
  end
end

-- How many programs there are, and where they end.
local known, finish = 0, first
local length = value and byte(value, first)
while length do
  local stop = finish + length % 128 + 1 + BYTES
  if length >= 128 then
    stop = stop + ((byte(value, stop) or 0) >= 128 and BESIDE + OWN or BESIDE)
  end
  if stop > #value + 1 then break end
  known, finish = known + 1, stop
  length = byte(value, stop)
end

-- Early rounds lately: this window, and the share of the one before that is
-- less than a window old.
local elapsed = age - last
local number = (now - now % window) / window % 256
local distance = (number - counts) % 256
local early, early_before = 0, 0
if counts >= 256 and elapsed < 2 * window then
  early_before = (counts - counts % 256) / 256 % 65536
  early = (counts - counts % HALF) / HALF
  if distance == 1 then
    early_before, early = early, 0
  elseif distance > 1 then
    early_before, early = 0, 0
  end
end

-- What the session has seen since it last asked.
local early_news = early_more
checks = checks + (news - news % HALF) / HALF
if early_more > 0 then
  early = early + early_more
  early_age = age - early_age + 1
  if not early_start or early_age > early_start then early_start = early_age end
end
if journal_age > 0 then
  journal_age = age - journal_age + 1 + (keeping - keeping % HALF) / HALF * 1000
  if not journal_due or journal_age > journal_due then journal_due = journal_age end
end
if bursts > 0 then
  -- A program that was away for long says nothing about how often it checks, and
  -- neither does a clock that went back.
  if not is_new and elapsed >= 0 and
     (elapsed <= 12 * interval or elapsed <= 12 * every) then
    local sample = elapsed / bursts
    every = every == 0 and sample or (3 * every + sample) / 4
  end
  last = age
end

-- All programs together go no faster than so many may: who invents new ones gains
-- nothing.  As long as there are no more than that each has its own interval, and
-- nothing is kept.
local crowd_wait, is_due = 0, age + tolerance >= ahead
if is_due and not is_report and not is_free then
  local programs_max = limits % 64
  if known + (mine and 0 or 1) > programs_max then
    local crowd_tat_more = (crowd_tat > now and crowd_tat or now) +
      interval / programs_max
    crowd_wait = math.ceil(math.max(0, crowd_tat_more - now - interval - tolerance))
    if crowd_wait == 0 then
      crowd_tat, person_is_changed = crowd_tat_more, true
    elseif not early_start or age >= early_start + round then
      crowd_early, person_is_changed = crowd_early + 1, true
    end
  end
end

local verdict, answer_flags = 2, 0
if not journal_due or age >= journal_due then answer_flags = 1 end
if not is_report then
  checks = checks + 1
  if is_free then
    verdict = 3
  elseif is_due and crowd_wait == 0 then
    verdict = 0
    -- As exact as the record is.
    local moved = age - unit
    ahead = (ahead > moved and ahead - moved or 0) + interval
    age, last, early_start = unit, last - moved, false
    journal_due = journal_due and journal_due - moved
  elseif age < round and crowd_wait == 0 then
    verdict = 1
  else
    if crowd_wait > 0 then
      ahead, answer_flags = age + crowd_wait + tolerance, answer_flags + 8
    end
    if not early_start or age >= early_start + round then
      early, early_start, early_news = early + 1, age, early_news + 1
      if crowd_wait > 0 and early < crowd_early then early = crowd_early end
    end
    if answer_flags % 2 == 1 then
      journal_due = age + (keeping - keeping % HALF) / HALF * 1000
    end
  end
end

-- Also beside a check that is in time: those that are not ask nothing mostly.
local notice_after, notice_is_due = (limits % HALF - limits % 64) / 64 - 2, false
if notice_after ~= -1 then
  local share = early_before * (1 - (now % window) / window)
  local lately = early + (share - share % 1)
  notice_is_due = (notice_after == -2 or not is_report and not is_free and
    lately > notice_after) and not (told > 0 and now - told < DAY)
  if notice_is_due then told = now end
end

-- The same for each time of their own that steps of the ladder count in.
local own, has_own = '', false
if within_1 > 0 then
  local spans = { within_1 * 1000, within_2 * 1000, within_3 * 1000 }
  for i = 1, 3 do
    local span, count, before, kept = spans[i], 0, 0, 0
    if span == 0 then
      own = own .. '\0\0\0'
    else
      if own_at and not is_new then
        count, before, kept = byte(value, own_at + 3 * i - 3, own_at + 3 * i)
      end
      local number = (now - now % span) / span % 256
      local distance = (number - kept) % 256
      if distance > 1 or elapsed >= 2 * span then
        count, before = 0, 0
      elseif distance == 1 then
        count, before = 0, count
      end
      count = math.min(count + early_news, 255)
      own = own .. pack('BBB', count, before, number)
      has_own = has_own or count > 0 or before > 0
    end
  end
end

-- In the form of the record: nothing greater than it holds.  What stands behind the point
-- is cut off by struct, but not where two are in one number.
ahead = (ahead + 5) / 10
if ahead < 0 then ahead = 0 elseif ahead > MAX3 then ahead = MAX3 end
if last < 0 then last = 0 elseif last > MAX3 * 100 then last = MAX3 * 100 end
local starts = 0
if early_start then
  early_start = early_start / 100
  starts = early_start < 1 and 1 or early_start > MAX3 and MAX3 or early_start
  starts = (starts - starts % 1) * 65536
end
if journal_due and journal_due > 0 then
  journal_due = journal_due / 1000 + 0.5
  starts = starts +
    (journal_due < 1 and 1 or journal_due > MAX2 and MAX2 or journal_due)
end
if every > MAX3 then every = MAX3 end
if checks > MAX3 then checks = MAX3 end
if early > MAX2 then early = MAX2 end
local answer = pack('>I4I6I5I6I5I6', (now - age) / 10 % TURN,
  (ahead - ahead % 1) * HALF + (last - last % 100) / 100, starts,
  (every - every % 1) * HALF + checks,
  early * HALF + early_before * 256 + number,
  now * 128 + verdict * 32 + answer_flags + (has_waited and 2 or 0) +
  (is_away and 4 or 0) + (notice_is_due and 16 or 0))
local record = sub(answer, 1, BYTES)
answer = answer .. own
if is_free then answer = answer .. pack('>I5', human + grace - now) end

-- Where nothing but the record has changed it stays where it is.
local part = retention / 32
if mine and not beside and not has_own and not notice_is_due and not person_is_changed and
   marks < 128 and crowd_tat == 0 and (now - now % part) / part % 32 == marks % 32 then
  redis.call('SETRANGE', key, mine_record - 1, record)
  return answer
end
local beside_now = (held_until > 0 or told > 0 or has_own) and
  pack('>I5I4', (held_until - held_until % 10) / 10 + (has_own and HAS_OWN or 0),
  told / 1000) .. (has_own and own or '') or ''
record = pack('B', #program + (beside_now ~= '' and 128 or 0)) .. program .. record ..
  beside_now
-- What is new to us and only brings counts is not kept; but that there was a notice.
local is_kept = mine or not is_report or notice_is_due
if not value and not is_kept and not person_is_changed then return answer end
local count = mine and known or known + 1
local programs = mine and
  sub(value, first, mine - 1) .. record .. sub(value, after, finish - 1) or
  (value and sub(value, first, finish - 1) or '') .. (is_kept and record or '')
