-- SPDX-License-Identifier: MIT
--
-- One check of one program: judged and recorded in one step, on Redis's clock.
--
-- KEYS[1]  gp:{user}:u   what is known of the user
-- ARGV     the program, packed by store-program.c; then packed numbers, in
--          milliseconds and counts, ages with 1 added (0: none):
--          interval tolerance round window journal retention grace away_after
--          away_interval (5 bytes each) programs_max (2) notice_after with 2 added
--          (4; 1 no notice, 0 one whatever was counted, also with a report)
--          is_report (1) checks bursts early_rounds (4 each) early_age
--          journal_age human_age (5 each), times of their own that the steps of its
--          ladder count in, in seconds (3, 3, 3; 0: no more), what the userdb says (4;
--          2^32 - 1: not known)
-- Returns  packed: verdict (1; 0 admitted, 1 in round, 2 early, 3 free after human
--          activity), flags (1; 1 a journal line is due, 2 this login was held
--          before it began, 4 the user is away, 8 the user's programs together are
--          too many, 16 a notice is due), wait, round_left (5 each; 3: what is left
--          of the grace), early rounds lately, checks (4 each), every (5), early rounds
--          in each of those times (1, 1, 1; 255: or more)
--
-- What is kept of a user stands in store-user.lua, which comes before this;
-- store-keep.lua comes after it.  All programs together have a rate too, of a user with more than programs_max, as long as
-- there was no human activity: until its theoretical arrival time has passed.
--
-- The rate is kept as GCRA keeps it: a theoretical arrival time that each
-- admitted round moves on by one interval.  In a record times are offsets from the
-- last admitted round:
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
local FORMAT, MAX3, MAX2 = '>I4I3I3I3I2I3I3I2I2B', 16777215, 65535
local max, min = math.max, math.min
local CLOCK_SLACK, DAY, HELD_SLACK, HELD_VALID = 1000, 86400000, 1000, 30000

local interval, tolerance, round, window, journal, retention, grace, away_after,
  away_interval, programs_max, notice_after, is_report, checks_more, bursts,
  early_more, early_age, journal_age, human_age, within_1, within_2, within_3,
  userdb_now =
  take('>I5I5I5I5I5I5I5I5I5I2I4BI4I4I4I5I5I5I3I3I3I4', ARGV[2])
is_report, notice_after = is_report == 1, notice_after - 2

local held_until, told = 0, 0
if beside then
  held_until, told = take('>I5I4', value, beside)
  held_until, told = held_until % HAS_OWN * 10, told * 1000
end
local has_waited = false
if held_until > 0 and not is_report and now >= held_until - HELD_SLACK then
  has_waited, held_until = now < held_until + HELD_VALID, 0
end

-- Whose login was held while nothing was known of the program cannot be told: all
-- that are heard of now may have been.
if crowd_held > 0 and not is_report and now >= crowd_held - HELD_SLACK and
   now < crowd_held + HELD_VALID then
  has_waited = true
end

-- The person: free for a while after what only a person does; and who has done
-- nothing for long is away.
local person_is_changed = false
if userdb_now ~= userdb and userdb_now < TURN - 1 then
  userdb, person_is_changed = userdb_now, true
end
if human_age > 0 and now - human_age + 1 - human >= 1000 then
  human, crowd_tat, person_is_changed = now - human_age + 1, 0, true
elseif human == 0 and away_after > 0 and not is_report then
  -- Nobody is away before there was time to see them; nor free for that.
  human, person_is_changed = max(0, now - grace - 1000), true
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
if crowd_tat <= now or crowd_tat > now + interval + tolerance + CLOCK_SLACK then
  crowd_tat, crowd_early, crowd_held = 0, 0, 0
end

local is_new = not mine
local at, tat, last, early_start, journal_due = 0, 0, 0, 0, 0
local every, checks, early, early_before, window_number = 0, 0, 0, 0, 0
if mine then
  local ahead
  at, ahead, last, early_start, journal_due, every, checks, early, early_before,
    window_number = take(FORMAT, value, mine_record)
  local age = (now10 - at) % TURN
  if age >= TURN / 2 then
    -- A clock that went back starts the record anew: nobody is locked out.
    is_new, last, early_start, journal_due, every, checks = true, 0, 0, 0, 0, 0
    early, early_before, own_at = 0, 0, nil
  else
    at = (now10 - age) * 10
    -- The interval may have been shortened since, or the clock have jumped.
    tat = at + min(ahead * 10, interval + tolerance)
    last = at + last * 100
    if early_start > 0 then early_start = at + early_start * 100 end
    if journal_due > 0 then journal_due = at + journal_due * 1000 end
  end
end

-- Early rounds lately: this window, and the share of the one before that is
-- less than a window old.
local number = (now - now % window) / window
local distance = (number - window_number) % 256
if distance > 1 or now - last >= 2 * window then
  early_before, early = 0, 0
elseif distance == 1 then
  early_before, early = early, 0
end

-- What the session has seen since it last asked.
local heard, early_news = last, early_more
checks = checks + checks_more
if early_more > 0 then
  early = early + early_more
  early_start = max(early_start, now - early_age + 1)
end
if journal_age > 0 then
  journal_due = max(journal_due, now - journal_age + 1 + journal)
end
if bursts > 0 then
  local elapsed = now - last
  -- A program that was away for long says nothing about how often it checks, and
  -- neither does a clock that went back.
  if last > 0 and elapsed >= 0 and elapsed <= 12 * max(every, interval) then
    local sample = elapsed / bursts
    every = every == 0 and sample or (3 * every + sample) / 4
  end
  last = now
end

-- All programs together go no faster than so many may: who invents new ones gains
-- nothing.  As long as there are no more than that each has its own interval, and
-- nothing is kept.
local crowd_wait = 0
if programs_max > 0 and known + (mine and 0 or 1) > programs_max and
   not is_report and not is_free and now >= tat - tolerance then
  local crowd_tat_more = max(crowd_tat, now) + interval / programs_max
  crowd_wait = math.ceil(max(0, crowd_tat_more - now - interval - tolerance))
  if crowd_wait == 0 then
    crowd_tat, person_is_changed = crowd_tat_more, true
  elseif early_start == 0 or now >= early_start + round then
    crowd_early, person_is_changed = crowd_early + 1, true
  end
end

local verdict = 2
local journal_is_due = now >= journal_due
-- Nothing is known of the last round, but that it is over.
if is_new then at = now10 * 10 - round - 10 end
if not is_report then
  checks = checks + 1
  if is_free then
    verdict = 3
  elseif crowd_wait > 0 then
    tat = now + crowd_wait + tolerance
    if early_start == 0 or now >= early_start + round then
      early, early_start, early_news = max(early + 1, crowd_early), now, early_news + 1
    end
    if journal_is_due then journal_due = now + journal end
  elseif now >= tat - tolerance then
    verdict = 0
    -- As exact as the record is.
    at, early_start = now10 * 10, 0
    tat = max(at, tat) + interval
  elseif now < at + round then
    verdict = 1
  else
    if early_start == 0 or now >= early_start + round then
      early, early_start, early_news = early + 1, now, early_news + 1
    end
    if journal_is_due then journal_due = now + journal end
  end
end

local share = early_before * (1 - (now % window) / window)
local lately = early + (share - share % 1)
-- Also beside a check that is in time: those that are not ask nothing mostly.
local notice_is_due = (notice_after == -2 or not is_report and not is_free and
  notice_after >= 0 and lately > notice_after) and
  not (told > 0 and now - told < DAY)
if notice_is_due then told = now end

-- The same for each time of their own that steps of the ladder count in.
local own, has_own, within = '', false, '\0\0\0'
if within_1 > 0 then
  local spans = { within_1 * 1000, within_2 * 1000, within_3 * 1000 }
  within = ''
  for i = 1, 3 do
    local span, count, before, kept = spans[i], 0, 0, 0
    if span == 0 then
      own, within = own .. '\0\0\0', within .. '\0'
    else
      if own_at then count, before, kept = byte(value, own_at + 3 * i - 3, own_at + 3 * i) end
      local number = (now - now % span) / span % 256
      local distance = (number - kept) % 256
      if distance > 1 or now - heard >= 2 * span then
        count, before = 0, 0
      elseif distance == 1 then
        count, before = 0, count
      end
      count = min(count + early_news, 255)
      local share = before * (1 - (now % span) / span)
      own = own .. pack('BBB', count, before, number)
      within = within .. pack('B', min(count + (share - share % 1), 255))
      has_own = has_own or count > 0 or before > 0
    end
  end
end

-- In the form of the record: offsets, and nothing greater than it holds.  Two fields go
-- as one number, since each that is packed takes time.
local ahead, since, early_ago, due = (tat - at) / 10 + 0.5, (last - at) / 100, 0, 0
if ahead < 0 then ahead = 0 elseif ahead > MAX3 then ahead = MAX3 end
if since < 0 then since = 0 elseif since > MAX3 then since = MAX3 end
if early_start > 0 then early_ago = min(max(1, (early_start - at) / 100), MAX3) end
if journal_due > at then
  due = min(max(1, (journal_due - at) / 1000 + 0.5), MAX2)
end
if every > MAX3 then every = MAX3 end
if checks > MAX3 then checks = MAX3 end
if early > MAX2 then early = MAX2 end
if early_before > MAX2 then early_before = MAX2 end
local record = pack('>I4I6I5I6I5', at / 10 % TURN,
  (ahead - ahead % 1) * 16777216 + (since - since % 1), (early_ago - early_ago % 1) * 65536 + due,
  (every - every % 1) * 16777216 + checks,
  early * 16777216 + early_before * 256 + number % 256)
local wait = tat - tolerance - now
local round_left = is_free and human + grace - now or at + round - now
local answer = pack('>BBI5I5I4I4I5', verdict, (journal_is_due and 1 or 0) +
  (has_waited and 2 or 0) + (is_away and 4 or 0) + (crowd_wait > 0 and 8 or 0) +
  (notice_is_due and 16 or 0), wait > 0 and wait or 0,
  round_left > 0 and round_left or 0, lately, checks, every) .. within

-- Mostly nothing but the record has changed, and stays where it is.
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
